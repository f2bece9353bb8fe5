import numpy as np
import pytest

from dystrack.scopes.geometry import PlaneGrid, PositionUm
from dystrack.scopes.samples.textures import cell_membranes, scattered_spots

MAKERS = [
    lambda seed: cell_membranes(7.0, (3, 4, 5), 1.2, seed),
    lambda seed: cell_membranes(20.0, (1, 3, 3), 1.2, seed),
    lambda seed: scattered_spots(10.0, (2, 4, 4), 2.0, seed),
]


@pytest.mark.parametrize("make", MAKERS)
def test_values_span_zero_to_one(make):
    values = make(0).values
    assert values.dtype == np.float32
    assert 0.0 <= values.min() < 0.05
    assert 0.8 < values.max() <= 1.0


@pytest.mark.parametrize("make", MAKERS)
def test_equal_seeds_give_equal_textures(make):
    cell_membranes.cache_clear()
    first = make(3).values
    cell_membranes.cache_clear()
    scattered_spots.cache_clear()
    np.testing.assert_array_equal(make(3).values, first)
    assert not np.array_equal(make(4).values, first)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_ends_of_a_period_meet(make, axis):
    values = np.moveaxis(make(0).values.astype(float), axis, 0)
    steps = np.abs(values - np.roll(values, 1, axis=0)).mean(axis=(1, 2))
    assert steps[0] <= steps[1:].max(initial=0.0)


@pytest.mark.parametrize("make", MAKERS)
def test_a_texture_repeats_and_stays_where_it_is(make):
    texture = make(0)
    (z_um, y_um, x_um), (depth, height, width) = texture.pixel_um, texture.values.shape
    middles = np.arange(-30, 60) + 0.5
    here = PlaneGrid(0.5 * z_um, middles * y_um, middles * x_um)
    there = here.relative_to(PositionUm(-depth * z_um, 3 * height * y_um, -width * x_um))
    np.testing.assert_array_equal(texture.plane(there), texture.plane(here))
    np.testing.assert_array_equal(texture.plane(here)[30:70, 30:70], texture.values[0, :40, :40])


def test_membranes_enclose_dark_cells_of_the_right_size():
    flat = cell_membranes(20.0, (1, 8, 8), 1.2, 0)
    assert flat.values.shape == (1, 336, 336)
    assert 0.05 < np.mean(flat.values > 0.5) < 0.2


def test_spots_are_as_wide_as_they_should_be():
    spots = scattered_spots(20.0, (2, 3, 3), 3.0, 0)
    voxel_um3 = np.prod(spots.pixel_um)
    filled_um3 = np.count_nonzero(spots.values) * voxel_um3
    greatest_um3 = 18 * 4 / 3 * np.pi * (3.0 * 1.5**0.5) ** 3
    assert 0.6 * greatest_um3 < filled_um3 <= 1.05 * greatest_um3
