import numpy as np
import pytest

from dystrack.core.errors import CalibrationError
from dystrack.scopes.calibration.store import find_calibration
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.samples.scenes import SCENES
from dystrack.tools.microscope.calibrating import calibrate_scope
from scopes.calibration_rig import CalibrationScope, turned

LIMITS = {"easy": 0.01, "hard": 0.02}


def error_of(calibration, axes):
    """Return the greatest error of the matrix as a share of the right one."""
    right = np.linalg.inv(np.array(axes.matrix))
    return np.abs(np.array(calibration.matrix) - right).max() / np.abs(right).max()


def calibrated(scope, folder):
    return calibrate_scope(scope, folder, lambda _: None)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("difficulty", LIMITS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_matrix_is_right_on_every_scene(tmp_path, scene, difficulty, seed):
    axes = turned(3, mirrored=True)
    scope = CalibrationScope(scene, difficulty, axes=axes, seed=seed)
    start = scope.position_um()
    found = calibrated(scope, tmp_path)
    assert error_of(found, axes) <= LIMITS[difficulty]
    assert found.residual_px < 2
    assert scope.position_um() == pytest.approx(start)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 3, 48])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
def test_every_turn_mirror_and_swap_is_found(tmp_path, degrees, mirrored, swapped):
    axes = turned(degrees, mirrored=mirrored, swapped=swapped)
    found = calibrated(CalibrationScope("organoid", axes=axes), tmp_path)
    assert error_of(found, axes) <= LIMITS["easy"]
    shift = found.shift_to_stage(PositionUm(0.0, 3.0, -7.0))
    assert axes.to_world(shift) == pytest.approx((0.0, 3.0, -7.0), abs=0.1)
    assert (found.axes is None) == (degrees == 48)


@pytest.mark.parametrize("pattern", [0.02, 0.04, 0.1])
def test_a_fixed_pattern_does_not_count(tmp_path, pattern):
    axes = turned(3, mirrored=True)
    found = calibrated(CalibrationScope("organoid", axes=axes, pattern=pattern), tmp_path)
    assert error_of(found, axes) <= LIMITS["hard"]


@pytest.mark.parametrize("backlash_um", [1.0, 3.0])
def test_backlash_does_not_count(tmp_path, backlash_um):
    axes = turned(3)
    found = calibrated(CalibrationScope("organoid", axes=axes, backlash_um=backlash_um), tmp_path)
    assert error_of(found, axes) <= LIMITS["easy"]


@pytest.mark.parametrize("z_sign", [1, -1])
def test_the_direction_of_z_is_found(tmp_path, z_sign):
    found = calibrated(CalibrationScope("organoid", axes=turned(0, z_sign=z_sign)), tmp_path)
    assert found.z_sign == z_sign


class Dark(CalibrationScope):
    def _image(self, scan):
        return (
            np.random.default_rng(next(self._numbers)).integers(0, 30, scan.shape).astype(np.uint8)
        )


class Stuck(CalibrationScope):
    """Says that it moved."""

    def _image(self, scan):
        reads = self._stage.position
        self._stage._position = PositionUm(reads.z, 0.0, 0.0)
        image = super()._image(scan)
        self._stage._position = reads
        return image


class StuckFocus(CalibrationScope):
    def _image(self, scan):
        reads = self._stage.position
        self._stage._position = reads._replace(z=0.0)
        image = super()._image(scan)
        self._stage._position = reads
        return image


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        (lambda: Dark("organoid"), "do not fit"),
        (lambda: Stuck("organoid"), "do not fit"),
        (lambda: Stuck("organoid", pattern=0.04), "do not fit"),
        (lambda: CalibrationScope("organoid", axes=turned(3, scale=1.5)), "do not fit"),
        (lambda: CalibrationScope("organoid", claims=2.5), "do not fit"),
        (lambda: CalibrationScope("organoid", claims=0.5), "do not fit"),
        (lambda: StuckFocus("organoid"), "stack shows"),
    ],
)
def test_what_is_wrong_is_refused_and_the_stage_goes_back(tmp_path, scope, says):
    scope = scope()
    start = scope.position_um()
    with pytest.raises(CalibrationError, match=says):
        calibrated(scope, tmp_path)
    assert not list(tmp_path.iterdir())
    assert scope.position_um() == pytest.approx(start)


def test_it_is_kept_for_microscope_and_objective(tmp_path):
    scope = CalibrationScope("organoid", axes=turned(90))
    found = calibrated(scope, tmp_path)
    assert find_calibration(scope.facts(), tmp_path) == (found, "")
