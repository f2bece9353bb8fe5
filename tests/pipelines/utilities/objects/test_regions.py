import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dystrack.core.errors import TargetNotFoundError
from dystrack.pipelines.utilities.objects import regions
from dystrack.pipelines.utilities.objects.masks import centroid, last_column
from dystrack.pipelines.utilities.objects.regions import (
    _largest_by_labelling,
    largest_region,
    region_of,
)
from pipelines.images import largest_by_labelling, noise

SHAPES = st.tuples(*[st.integers(1, 7)] * 3) | st.tuples(*[st.integers(1, 12)] * 2)


def outline_by_projection(mask):
    """Return a polygon down the left border of a mask seen along z, and up the right one."""
    projection = mask.reshape(-1, *mask.shape[-2:]).any(axis=0)
    borders = [(y, np.flatnonzero(row)[[0, -1]]) for y, row in enumerate(projection) if row.any()]
    return [[y, left] for y, (left, _) in borders] + [[y, right] for y, (_, right) in borders[::-1]]


@settings(deadline=None, max_examples=200)
@given(arrays(np.uint8, SHAPES, elements=st.integers(0, 3)), st.integers(1, 3), st.integers(1, 5))
def test_largest_region_is_the_largest_object_in_any_number_of_threads(image, threshold, n_threads):
    mask = image >= threshold
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regions, "n_threads_for", lambda n_voxels: n_threads)
        if not mask.any():
            with pytest.raises(TargetNotFoundError, match="no voxel reaches the threshold"):
                largest_region(image, threshold)
            return
        region = largest_region(image, threshold)
    expected = largest_by_labelling(mask)
    for found in (region, _largest_by_labelling(mask)):
        np.testing.assert_array_equal(found.mask, expected)
    assert region.n_voxels == expected.sum()
    assert region.centroid == centroid(expected)
    assert region.last_column == last_column(expected)
    assert region.outline == outline_by_projection(expected)


def test_region_is_the_same_without_compiled_code(with_and_without_numba):
    image = noise((9, 50, 70), 9)
    region = largest_region(image, 6)
    np.testing.assert_array_equal(region.mask, largest_by_labelling(image >= 6))


def test_region_of_a_mask_is_all_of_it():
    mask = noise((5, 6, 7), 1).astype(bool)
    np.testing.assert_array_equal(region_of(mask).mask, mask)


def test_image_may_be_read_only_and_strided(with_and_without_numba):
    image = noise((6, 20, 30), 9)[:, ::2, ::-1]
    image.flags.writeable = False
    expected = largest_by_labelling(image >= 7)
    np.testing.assert_array_equal(largest_region(image, 7).mask, expected)


def test_an_outline_has_no_more_points_than_a_preview_can_show():
    assert len(region_of(np.ones((1000, 4), bool)).outline) <= 120


@pytest.mark.parametrize(("planes", "depth"), [(slice(0, 4), 20**0.5), (slice(2, 3), 0.0)])
def test_depth_is_four_standard_deviations_of_the_planes(planes, depth):
    mask = np.zeros((5, 6, 7), bool)
    mask[planes, 1:4, 2:6] = True
    assert region_of(mask).depth == pytest.approx(depth)
    assert region_of(mask[2]).depth == 0
