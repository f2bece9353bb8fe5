"""Objects in a mask, and where they are."""

from types import ModuleType

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import TargetNotFoundError
from dystrack.pipelines.utilities.kernels.compiled import compiled_kernels
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
    if not mask.any():
        raise TargetNotFoundError(
            "The mask of the target is empty: no voxel reaches the threshold. "
            "Check exposure and `channel`."
        )
    kernels = compiled_kernels("labelling")
    return _largest_by_labelling(mask) if kernels is None else _largest_by_runs(kernels, mask)


def _largest_by_runs(kernels: ModuleType, mask: Mask) -> Mask:
    """Join the runs of the rows to objects with compiled code, and draw those of the largest."""
    depth, height, width = (1, *mask.shape)[-3:]
    rows = np.ascontiguousarray(mask).reshape(depth * height, width)
    n_runs = int(np.count_nonzero(rows[:, 0])) + int(np.count_nonzero(rows[:, 1:] > rows[:, :-1]))
    firsts, lasts, roots = (np.empty(n_runs, np.int32) for _ in range(3))
    starts = np.empty(depth * height + 1, np.int64)
    kernels.label_runs(rows, height, firsts, lasts, starts, roots)
    sizes = np.bincount(roots, weights=lasts - firsts)
    largest = np.zeros_like(rows)
    kernels.draw_runs(largest, firsts, lasts, starts, roots == sizes.argmax())
    return largest.reshape(mask.shape)


def _largest_by_labelling(mask: Mask) -> Mask:
    """Label all objects, and select the largest."""
    labels = scipy.ndimage.label(mask)[0]
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest: Mask = labels == sizes.argmax()
    return largest


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
