from dataclasses import replace

import numpy as np
import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.scopes.geometry import PositionUm, ScanSettings, View
from dystrack.scopes.samples.bodies import Organoid, Primordium
from dystrack.scopes.samples.imaging import Imaging
from dystrack.scopes.samples.layers import Debris
from dystrack.scopes.samples.motion import Motion
from dystrack.scopes.samples.sample import Sample

SCAN = ScanSettings((15, 60, 80), VoxelSize(2.5, 1.0, 1.0))
MOTION = Motion(
    PositionUm(1.0, 2.0, 3.0), PositionUm(0.0, 0.01, 0.02), jitter_um=PositionUm(0.1, 0.5, 0.5)
)
ORGANOID = Sample(Organoid(), MOTION, (Debris(),), Imaging(vibration_um=0.2))


def centred(sample, time_s, scan=SCAN):
    return View(sample.target_um(time_s, scan.field), scan)


@pytest.mark.parametrize("time_s", [0.0, 300.0, 12_345.6])
def test_it_looks_the_same_at_any_time_for_the_same_seed(time_s):
    view = centred(ORGANOID, time_s)
    first = ORGANOID.render(time_s, view)
    ORGANOID.render(99.0, view)
    np.testing.assert_array_equal(replace(ORGANOID).render(time_s, view), first)
    assert not np.array_equal(replace(ORGANOID, seed=1).render(time_s, view), first)
    assert not np.array_equal(ORGANOID.render(time_s + 1.0, view), first)


@pytest.mark.parametrize(
    ("shape", "bit_depth", "dtype"),
    [((15, 60, 80), 8, np.uint8), ((15, 60, 80), 16, np.uint16), ((60, 80), 8, np.uint8)],
)
def test_an_image_is_as_the_scan_wants_it(shape, bit_depth, dtype):
    scan = ScanSettings(shape, VoxelSize(2.5, 1.0, 1.0), bit_depth)
    image = ORGANOID.render(0.0, centred(ORGANOID, 0.0, scan))
    assert (image.shape, image.dtype) == (shape, dtype)
    assert image.max() == (255 if bit_depth == 8 else 4095)


@pytest.mark.parametrize(
    "way", [PositionUm(0.0, 0.0, 0.0), PositionUm(5.0, 0.0, 0.0), PositionUm(-2.5, 7.0, -9.0)]
)
def test_the_sample_appears_where_it_is(way):
    view = View(ORGANOID.position_um(600.0).minus(way), SCAN)
    image = ORGANOID.render(600.0, view).astype(float)
    image[image < 60] = 0
    for axis, (size, step) in enumerate(zip(SCAN.shape, SCAN.voxel_size, strict=True)):
        profile = image.sum(axis=tuple({0, 1, 2} - {axis}))
        place_um = (np.average(np.arange(size), weights=profile) - (size - 1) / 2) * step
        assert place_um == pytest.approx(way[axis], abs=0.7)


def test_a_black_frame_is_black():
    imaging = Imaging(dropout_every_s=1000.0, dropout_length_s=100.0, black_level=0.1)
    sample = replace(ORGANOID, imaging=imaging)
    assert not sample.render(950.0, centred(sample, 950.0)).any()
    assert sample.render(850.0, centred(sample, 850.0)).any()


def test_nothing_is_in_view_in_a_black_frame():
    imaging = Imaging(dropout_every_s=1000.0, dropout_length_s=100.0)
    sample = Sample(Organoid(PositionUm(5.0, 20.0, 26.0)), imaging=imaging)
    assert sample.is_in_view(850.0, centred(sample, 850.0))
    assert not sample.is_in_view(950.0, centred(sample, 950.0))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (Organoid(), PositionUm(1.0, 2.0, 3.0)),
        (Primordium(), PositionUm(1.0, 2.0, 3.0 - 0.3 * 80.0)),
    ],
)
def test_the_target_is_where_the_body_wants_to_be_seen(body, expected):
    sample = Sample(body, MOTION)
    assert sample.position_um(0.0) == pytest.approx(PositionUm(1.0, 2.0, 3.0))
    assert sample.target_um(0.0, SCAN.field) == pytest.approx(expected)


@pytest.mark.parametrize(("x_um", "in_view"), [(0.0, True), (13.9, True), (14.1, False)])
def test_it_is_in_view_as_long_as_nothing_is_cut_off(x_um, in_view):
    sample = Sample(Organoid(PositionUm(5.0, 20.0, 26.0)))
    assert sample.is_in_view(0.0, View(PositionUm(0.0, 0.0, x_um), SCAN)) is in_view
