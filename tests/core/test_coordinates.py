import pytest

from dystrack.core.coordinates import PixelPosition, VoxelSize, centre_of, offset_from_centre_um


@pytest.mark.parametrize(
    ("shape", "centre"),
    [
        ((21, 200, 500), (10, 99.5, 249.5)),
        ((200, 500), (0, 99.5, 249.5)),
        ((2, 3, 4, 5), (1, 1.5, 2)),
    ],
)
def test_centre(shape, centre):
    assert centre_of(shape) == centre


def test_offset_is_zero_at_the_centre_and_counts_in_um():
    shape, voxel = (5, 11, 21), VoxelSize(2.0, 0.5, 0.25)
    assert offset_from_centre_um(centre_of(shape), shape, voxel) == (0, 0, 0)
    target = PixelPosition(3, 4, 14)
    assert offset_from_centre_um(target, shape, voxel) == (2.0, -0.5, 1.0)
