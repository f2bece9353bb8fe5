"""Positions in pixels and in microns, and from an image to the stage."""

from typing import NamedTuple

__all__ = ["PixelPosition", "VoxelSize", "centre_of", "offset_from_centre_um"]


class PixelPosition(NamedTuple):
    """A point in an image, in pixels counted from the centre of its first voxel.

    Attributes
    ----------
    z, y, x : float
        Coordinates in pixels; z is 0.0 in 2-D.
    """

    z: float
    y: float
    x: float


class VoxelSize(NamedTuple):
    """Distance between neighbouring voxels.

    Attributes
    ----------
    z_um, y_um, x_um : float
        Distance along each axis in µm; z_um is 0.0 where there is a single plane.
    """

    z_um: float
    y_um: float
    x_um: float


def centre_of(shape: tuple[int, ...]) -> PixelPosition:
    """Return the centre of an image (…, Z, Y, X) or (Y, X): ``(size - 1) / 2``; z is 0.0 in 2-D."""
    depth, height, width = (1, *shape)[-3:]
    return PixelPosition((depth - 1) / 2, (height - 1) / 2, (width - 1) / 2)


def offset_from_centre_um(
    target: PixelPosition, shape: tuple[int, ...], voxel_size: VoxelSize
) -> tuple[float, float, float]:
    """Return how far a target lies from the centre of its image.

    Parameters
    ----------
    target : PixelPosition
        Target in pixels.
    shape : tuple of int
        Shape whose last axes are (Z, Y, X) or (Y, X).
    voxel_size : VoxelSize
        Distance between voxels in µm.

    Returns
    -------
    tuple of float
        Offsets along z, y and x in µm: what a stage that shares the image's axes must move.
    """
    centre = centre_of(shape)
    return (
        (target.z - centre.z) * voxel_size.z_um,
        (target.y - centre.y) * voxel_size.y_um,
        (target.x - centre.x) * voxel_size.x_um,
    )
