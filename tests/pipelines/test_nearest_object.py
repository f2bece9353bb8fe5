"""Following one cell among several."""

import numpy as np
import pytest

from dystrack.core.errors import ConfigurationError, TargetNotFoundError
from dystrack.core.findings import take_findings
from dystrack.pipelines.nearest_object import analyze_image
from pipelines.images import gaussian_body, noise, write_tiff

SHAPE = (11, 96, 128)
MIDDLE = (5, 47.5, 63.5)


def cells(*places, shape=SHAPE, width=5.0, seed=0):
    """Return bright cells over counted light."""
    image = np.full(shape, 3.0)
    for place in places:
        image += gaussian_body(shape, place[-len(shape) :], (2.0, width, width)[-len(shape) :], 60)
    return np.random.default_rng(seed).poisson(image).astype(np.uint8)


def analyse(tmp_path, image, **options):
    answer = analyze_image(write_tiff(tmp_path, image), findings=True, **options)
    return answer, *take_findings(answer.img_cache)


@pytest.mark.parametrize("shape", [SHAPE, SHAPE[1:]])
def test_the_cell_nearest_to_the_middle_is_taken_first(tmp_path, shape):
    image = cells((5, 40, 70), (5, 80, 20), (5, 15, 110), shape=shape)
    answer, cache, findings = analyse(tmp_path, image)
    assert answer[1:3] == pytest.approx((40, 70), abs=0.5)
    assert answer.img_msg == "OK"
    assert cache["size"] > 50
    assert findings.confidence > 0.8
    rows, columns = np.array(findings.outline).T
    assert rows.min() < 40 < rows.max()
    assert columns.min() < 70 < columns.max()


def test_a_neighbour_of_another_size_is_not_taken(tmp_path):
    _, cache, _ = analyse(tmp_path, cells(MIDDLE, width=8.0))
    image = np.maximum(cells((5, 60, 78), width=8.0), cells((5, 40, 60), width=3.0, seed=1))
    answer, _, _ = analyse(tmp_path, image, **cache)
    assert answer[1:3] == pytest.approx((60, 78), abs=1.5)


@pytest.mark.parametrize(
    ("division", "expected"), [("nearer", (40, 54)), ("both", (49, 66)), ("larger", None)]
)
def test_a_division_is_told_and_both_daughters_are_targets(tmp_path, division, expected):
    _, cache, _ = analyse(tmp_path, cells(MIDDLE, width=8.0))
    image = cells((5, 40, 54), (5, 58, 78), width=5.0)
    answer, _, findings = analyse(tmp_path, image, division=division, **cache)
    assert answer.img_msg == "WARN:DIVISION"
    assert [target.name for target in findings.targets] == ["followed", "sister"]
    places = sorted(target.place[1:] for target in findings.targets)
    assert places == [pytest.approx((40, 54), abs=1.0), pytest.approx((58, 78), abs=1.0)]
    if expected:
        assert answer[1:3] == pytest.approx(expected, abs=1.0)


def test_sizes_can_be_limited(tmp_path):
    with pytest.raises(TargetNotFoundError, match="No object of 50000 to any number of voxels"):
        analyse(tmp_path, cells(MIDDLE), min_size=50_000)


def test_dark_cells_are_found_in_bright_light(tmp_path):
    answer, _, _ = analyse(tmp_path, 255 - cells((5, 40, 70)), invert=True)
    assert answer[1:3] == pytest.approx((40, 70), abs=0.5)


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="`division` is 'none'"):
        analyse(tmp_path, cells(MIDDLE), division="none")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("shape", [(9, 64, 64), (128, 128)])
def test_noise_is_never_ok(tmp_path, shape, seed):
    try:
        answer, _, _ = analyse(tmp_path, noise(shape, 12, seed=seed))
    except TargetNotFoundError:
        return
    assert answer.img_msg != "OK"


@pytest.mark.parametrize("shape", [SHAPE, SHAPE[1:]])
def test_cells_that_touch_can_be_parted(tmp_path, shape):
    image = cells((5, 47, 56), (5, 47, 80), width=7.0, shape=shape)
    joined, _, _ = analyse(tmp_path, image)
    assert joined[1:3] == pytest.approx((47, 68), abs=1.0)
    answer, cache, _ = analyse(tmp_path, image, split=True)
    assert answer[1:3] == pytest.approx((47, 56), abs=2.0)
    again, _, _ = analyse(tmp_path, cells((5, 47, 70), width=7.0, shape=shape), split=True, **cache)
    assert again[1:3] == pytest.approx((47, 70), abs=1.0)


def test_a_dim_cell_beside_a_bright_one_can_have_a_threshold_of_its_own(tmp_path):
    dim = 0.25 * (cells((5, 47, 50)).astype(float) - 3) + 3
    image = np.maximum(dim, cells((5, 47, 100))).astype(np.uint8)
    lost, _, _ = analyse(tmp_path, image, threshold=25)
    assert lost[1:3] == pytest.approx((47, 100), abs=1.0)
    answer, _, _ = analyse(tmp_path, image, local_px=10)
    assert answer[1:3] == pytest.approx((47, 50), abs=1.0)
