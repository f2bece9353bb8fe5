"""How many objects an image has at each threshold, counted in one pass.

The method is described in `kernels.counting`; this module provides the arrays that it works on
and makes them longer when they are full. Without compiled code it labels the image at every value.
"""

from types import ModuleType
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.pipelines.utilities.kernels.compiled import compiled_kernels

__all__ = ["histogram", "object_counts"]

Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]

_Item = TypeVar("_Item", bound=np.generic)

_N_LEVELS = 256
_VOXELS_OF_AN_EDGE = 8  # the first guess; a smoothed image has 30
_EDGES_OF_A_VOXEL = 3


def object_counts(image: Bytes) -> Counts:
    """Return for each t of 0 to 255 the number of face-connected objects of ``image >= t``."""
    kernels = compiled_kernels("counting")
    if kernels is None:
        return _counts_by_labelling(image)
    stack = np.ascontiguousarray(image).reshape((1, *image.shape)[-3:])
    return _Forest(kernels, stack).object_counts()


def histogram(image: Bytes) -> Counts:
    """Return the number of voxels of each value from 0 to 255.

    They are counted plane by plane, because numpy widens what it counts to 8 bytes.
    """
    counts = np.zeros(_N_LEVELS, np.int64)
    for plane in image.reshape(-1, *image.shape[-2:]):
        counts += np.bincount(plane.ravel(), minlength=_N_LEVELS)
    return counts


class _Forest:
    """A maximum spanning forest of the voxels, as far as it has been built."""

    def __init__(self, kernels: ModuleType, stack: Bytes) -> None:
        self._kernels = kernels
        self._stack = stack
        self._width = stack.shape[2]
        self._black = np.zeros(self._width, np.uint8)
        self._marks = np.empty(self._width, np.uint8)
        self._labels = np.zeros(stack.shape[1:], np.int32)
        capacity = stack.size // _VOXELS_OF_AN_EDGE
        self._parents = np.empty(capacity + self._width, np.int32)
        self._peaks = np.empty(self._parents.size, np.uint8)
        self._weights = np.empty(capacity + _EDGES_OF_A_VOXEL * self._width, np.uint8)
        self._ends = np.empty((self._weights.size, 2), np.int32)
        self._n_labels = 0
        self._n_edges = 0

    def object_counts(self) -> Counts:
        """Build the forest, and count what is born less what is joined at each level."""
        n_rows = self._stack.shape[0] * self._stack.shape[1]
        row = self._take_rows(0)
        while row < n_rows:
            self._make_room()
            row = self._take_rows(row)
        peaks = self._peaks[: self._n_labels]
        is_peak = self._parents[: self._n_labels] == np.arange(self._n_labels)
        births = np.bincount(peaks[is_peak], minlength=_N_LEVELS)
        self._drop_needless_edges(self._parents)
        joins = np.bincount(self._weights[: self._n_edges], minlength=_N_LEVELS)
        counts = np.cumsum((births - joins)[::-1], dtype=np.int64)[::-1].copy()
        counts[0] = 1  # voxels of value 0 are left out of the forest; with them it is one tree
        return counts

    def _take_rows(self, first: int) -> int:
        """Take rows from `first` on into the forest until an array is full; return the next."""
        totals = np.array([self._n_labels, self._n_edges], np.int64)
        row: int = self._kernels.count_rows(
            self._stack,
            first,
            self._black,
            self._marks,
            self._labels,
            self._parents,
            self._peaks,
            self._ends,
            self._weights,
            totals,
        )
        self._n_labels, self._n_edges = totals.tolist()
        return row

    def _make_room(self) -> None:
        """Make room for at least one more row."""
        if self._n_labels + self._width > self._parents.size:
            self._parents, self._peaks = _doubled(self._parents), _doubled(self._peaks)
        if self._n_edges + _EDGES_OF_A_VOXEL * self._width > self._weights.size:
            self._drop_needless_edges(self._parents.copy())
            if 2 * self._n_edges + _EDGES_OF_A_VOXEL * self._width > self._weights.size:
                self._ends, self._weights = _doubled(self._ends), _doubled(self._weights)

    def _drop_needless_edges(self, parents: npt.NDArray[np.int32]) -> None:
        """Keep only edges that join two objects, the heaviest first; joins them in `parents`."""
        weights, ends = self._weights[: self._n_edges], self._ends[: self._n_edges]
        heaviest_first = np.argsort(weights, kind="stable")[::-1].copy()
        needed = np.zeros(self._n_edges, np.bool_)
        self._kernels.join_in_order(parents, ends, heaviest_first, needed)
        self._n_edges = int(np.count_nonzero(needed))
        weights[: self._n_edges], ends[: self._n_edges] = weights[needed], ends[needed]


def _doubled(array: npt.NDArray[_Item]) -> npt.NDArray[_Item]:
    """Return a copy with twice the room."""
    copy = np.empty((2 * array.shape[0], *array.shape[1:]), array.dtype)
    copy[: array.shape[0]] = array
    return copy


def _counts_by_labelling(image: Bytes) -> Counts:
    """Count the objects by labelling the image at every value that occurs."""
    counts = np.zeros(_N_LEVELS, np.int64)
    counts[0] = 1
    below = 0
    for value in (np.flatnonzero(histogram(image)[1:]) + 1).tolist():
        counts[below + 1 : value + 1] = scipy.ndimage.label(image >= value)[1]
        below = value
    return counts
