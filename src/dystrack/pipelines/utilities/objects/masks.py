"""Objects in a mask, and where they are."""

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import PixelPosition
from dystrack.pipelines.utilities.objects.regions import largest_region
from dystrack.pipelines.utilities.preparation import refuse_constant

__all__ = ["centre_of_mass", "centroid", "depth_of", "largest_object", "last_column"]

Mask = npt.NDArray[np.bool_]


def largest_object(mask: Mask) -> Mask:
    """Keep only the object with the most voxels.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X) or (Y, X)
        Mask of one or more face-connected objects.

    Returns
    -------
    ndarray of bool
        Mask of the largest object; of equals, the first in scan order.

    Raises
    ------
    TargetNotFoundError
        If the mask is empty.
    """
    return largest_region(mask.view(np.uint8), 1).mask


def centroid(mask: Mask) -> PixelPosition:
    """Return the mean position of the voxels of a mask that is not empty; z is 0.0 in 2-D."""
    return _weighted_mean_position(mask)


def centre_of_mass(image: npt.NDArray[np.uint8]) -> PixelPosition:
    """Return the centre of an image, weighted by its grey values; z is 0.0 in 2-D."""
    refuse_constant(image)
    return _weighted_mean_position(image)


def _weighted_mean_position(weights: npt.NDArray[np.bool_ | np.uint8]) -> PixelPosition:
    """Return the mean position of voxels by their sums along each axis, which are exact."""
    stack = weights.reshape((1, *weights.shape)[-3:])
    along_x = stack.sum(axis=2, dtype=np.int64)
    sums = (along_x.sum(axis=1), along_x.sum(axis=0), stack.sum(axis=(0, 1), dtype=np.int64))
    total = int(sums[0].sum())
    return PixelPosition(*(float(np.arange(s.size) @ s) / total for s in sums))


def last_column(mask: Mask) -> int:
    """Return the greatest x of a mask that is not empty."""
    occupied = mask.reshape(-1, mask.shape[-1]).any(axis=0)
    return int(np.flatnonzero(occupied)[-1])


def depth_of(image: npt.NDArray[np.generic]) -> int:
    """Return the number of planes of an image (Z, Y, X); 1 of one in 2-D."""
    return image.shape[0] if image.ndim == 3 else 1  # noqa: PLR2004 - (Z, Y, X)
