import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dystrack.core.errors import TargetNotFoundError
from dystrack.pipelines.utilities.objects.masks import (
    centre_of_mass,
    centroid,
    depth_of,
    largest_object,
    last_column,
)
from pipelines.images import largest_by_labelling, noise

SHAPES = st.tuples(*[st.integers(1, 7)] * 3) | st.tuples(*[st.integers(1, 12)] * 2)
MASKS = arrays(np.bool_, SHAPES).filter(np.any)


@settings(deadline=None, max_examples=100)
@given(MASKS)
def test_largest_object_equals_labelling(mask):
    expected = largest_by_labelling(mask)
    np.testing.assert_array_equal(largest_object(mask), expected)


def test_of_equals_the_first_in_scan_order(with_and_without_numba):
    mask = np.array([[0, 0, 1, 1, 0], [1, 0, 0, 0, 0], [1, 0, 0, 1, 1]], bool)
    np.testing.assert_array_equal(np.argwhere(largest_object(mask)), [[0, 2], [0, 3]])


def test_objects_that_touch_at_an_edge_only_are_two(with_and_without_numba):
    mask = np.zeros((2, 4, 4), bool)
    mask[0, :2, :2] = mask[1, 2:, 2:] = True
    mask[1, 3, 1] = True
    expected = mask.copy()
    expected[0] = False
    np.testing.assert_array_equal(largest_object(mask), expected)


def test_object_that_closes_late_is_one(with_and_without_numba):
    comb = np.ones((5, 9), bool)
    comb[:-1, 1::2] = False
    np.testing.assert_array_equal(largest_object(comb), comb)


def test_large_mask(with_and_without_numba):
    mask = noise((10, 60, 70), 9) > 5
    np.testing.assert_array_equal(largest_object(mask), largest_by_labelling(mask))


def test_empty_mask_is_refused(with_and_without_numba):
    with pytest.raises(TargetNotFoundError, match="mask of the target is empty"):
        largest_object(np.zeros((3, 4), bool))


@settings(deadline=None, max_examples=100)
@given(MASKS)
def test_centroid_is_the_mean_position(mask):
    expected = np.argwhere(mask).mean(axis=0)
    assert centroid(mask)[-mask.ndim :] == pytest.approx(expected)
    assert len(centroid(mask)) == 3
    assert mask.ndim == 3 or centroid(mask).z == 0.0


@pytest.mark.parametrize("shape", [(20, 30), (7, 20, 30)])
def test_centre_of_mass_equals_scipy(shape):
    image = noise(shape, 255)
    expected = scipy.ndimage.center_of_mass(image.astype(float))
    assert centre_of_mass(image)[-len(shape) :] == pytest.approx(expected)


def test_image_without_contrast_has_no_centre():
    with pytest.raises(TargetNotFoundError, match="every voxel is 0"):
        centre_of_mass(np.zeros((4, 5), np.uint8))


def test_last_column_is_the_greatest_x():
    mask = np.zeros((3, 5, 9), bool)
    mask[0, 4, 2] = mask[2, 0, 6] = True
    assert last_column(mask) == 6
    assert last_column(mask[0]) == 2


def test_depth():
    assert depth_of(np.zeros((5, 6))) == 1
    assert depth_of(np.zeros((4, 5, 6))) == 4
