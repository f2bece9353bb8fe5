"""The largest object in an image, kept as the runs of its rows instead of a mask of all voxels."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import TargetNotFoundError
from dystrack.core.steps import announce
from dystrack.core.threads import n_threads_for, run_in_threads
from dystrack.pipelines.utilities.kernels.compiled import compiled_kernels

__all__ = ["Region", "largest_region", "region_of"]

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]

_MOST_OUTLINE_ROWS = 60


@dataclass(frozen=True, eq=False, slots=True)
class Region:
    """An object as the stretches that it covers in the rows of an image.

    Attributes
    ----------
    shape : tuple of int
        Shape of the image, (Z, Y, X) or (Y, X).
    rows : ndarray of int64, shape (N,)
        Row of each stretch, counted through all planes.
    firsts, lasts : ndarray of int32, shape (N,)
        Where it begins along x, and the voxel behind its last.
    """

    shape: tuple[int, ...]
    rows: Counts
    firsts: Ints
    lasts: Ints

    @property
    def n_voxels(self) -> int:
        """Return its size."""
        return int(self._lengths.sum())

    @property
    def centroid(self) -> PixelPosition:
        """Return the mean position of its voxels; z is 0.0 in 2-D."""
        lengths, height = self._lengths, self.shape[-2]
        sum_of_x = int(((self.firsts + self.lasts - 1) * lengths).sum()) // 2
        sums = (self.rows // height @ lengths, self.rows % height @ lengths, sum_of_x)
        return PixelPosition(*(float(total) / self.n_voxels for total in sums))

    @property
    def depth(self) -> float:
        """Return four standard deviations of its voxels along z, in planes; 0.0 in 2-D."""
        planes, lengths = self.rows // self.shape[-2], self._lengths
        off_middle = planes - np.average(planes, weights=lengths)
        return 4 * float(np.sqrt(np.average(off_middle**2, weights=lengths)))

    @property
    def last_column(self) -> int:
        """Return its greatest x."""
        return int(self.lasts.max()) - 1

    @property
    def mask(self) -> Mask:
        """Return it as a mask of the image's shape."""
        mask = np.zeros(self.shape, np.bool_)
        lengths = self._lengths
        begins = self.rows * self.shape[-1] + self.firsts - (np.cumsum(lengths) - lengths)
        mask.reshape(-1)[np.repeat(begins, lengths) + np.arange(self.n_voxels)] = True
        return mask

    @property
    def outline(self) -> list[list[float]]:
        """Return a polygon [y, x] around it as seen along z.

        It goes down the left border and up the right one, in up to 60 rows.
        """
        height, width = self.shape[-2:]
        left, right = np.full(height, width), np.full(height, -1)
        np.minimum.at(left, self.rows % height, self.firsts)
        np.maximum.at(right, self.rows % height, self.lasts - 1)
        rows = np.flatnonzero(right >= 0)
        rows = rows[:: -(-rows.size // _MOST_OUTLINE_ROWS) or 1]
        down = np.stack([rows, left[rows]], axis=1)
        up = np.stack([rows, right[rows]], axis=1)[::-1]
        points: list[list[float]] = np.concatenate([down, up]).astype(float).tolist()
        return points

    @property
    def _lengths(self) -> Counts:
        return (self.lasts - self.firsts).astype(np.int64)


def region_of(mask: Mask) -> Region:
    """Return all of a mask as one region."""
    rows = mask.reshape(-1, mask.shape[-1]).view(np.int8)
    steps = np.diff(rows, axis=1, prepend=np.int8(0), append=np.int8(0))
    numbers, firsts = np.nonzero(steps == 1)
    lasts = np.nonzero(steps == -1)[1]
    return Region(mask.shape, numbers, firsts.astype(np.int32), lasts.astype(np.int32))


def largest_region(image: Bytes, threshold: int) -> Region:
    """Return the object with the most voxels among those that reach a threshold.

    Parameters
    ----------
    image : ndarray of uint8, shape (Z, Y, X) or (Y, X)
        Image; its face-connected objects are taken from ``image >= threshold``.
    threshold : int
        Grey value from 1 to 255.

    Returns
    -------
    Region
        The largest object; of equals, the first in scan order.

    Raises
    ------
    TargetNotFoundError
        If no voxel reaches the threshold.
    """
    announce("Above the threshold", mask=lambda: image >= threshold)
    kernels = compiled_kernels("labelling")
    region = (
        _largest_by_labelling(image >= threshold)
        if kernels is None
        else _largest_by_runs(kernels, image, threshold)
    )
    if region is None:
        raise TargetNotFoundError(
            "The mask of the target is empty: no voxel reaches the threshold. "
            "Check exposure and `channel`."
        )
    return region


def _largest_by_runs(kernels: ModuleType, image: Bytes, threshold: int) -> Region | None:
    """Join the runs of the rows to objects with compiled code, and keep those of the largest."""
    rows = np.ascontiguousarray(image).reshape(-1, image.shape[-1])
    n_rows, n_threads = rows.shape[0], n_threads_for(image.size)
    counts = np.zeros(n_rows, np.int64)
    run_in_threads(
        lambda first, last: kernels.count_runs(rows, threshold, counts, first, last),
        n_rows,
        n_threads,
    )
    starts = np.concatenate([[0], np.cumsum(counts)])
    firsts, lasts, roots = (np.empty(starts[-1], np.int32) for _ in range(3))
    if not roots.size:
        return None
    run_in_threads(
        lambda first, last: kernels.find_runs(rows, threshold, starts, firsts, lasts, first, last),
        n_rows,
        n_threads,
    )
    kernels.join_runs(image.shape[-2], firsts, lasts, starts, roots)
    sizes = np.bincount(roots, weights=lasts - firsts)
    chosen = np.flatnonzero(roots == sizes.argmax())
    numbers = np.repeat(np.arange(n_rows), counts)[chosen]
    return Region(image.shape, numbers, firsts[chosen], lasts[chosen])


def _largest_by_labelling(mask: Mask) -> Region | None:
    """Label all objects, and keep the largest."""
    labels, n_objects = scipy.ndimage.label(mask)
    if n_objects == 0:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return region_of(labels == sizes.argmax())
