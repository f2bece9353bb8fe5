"""How many objects an image has at each threshold, counted in one pass.

The method is described in `kernels.counting`; this module provides the arrays that it works on
and makes them longer when they are full. Without compiled code it labels the image at every value.
"""

from itertools import pairwise
from types import ModuleType
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.threads import n_threads_for, run_in_threads
from dystrack.pipelines.utilities.kernels.compiled import compiled_kernels

__all__ = ["histogram", "object_counts"]

Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]

_Item = TypeVar("_Item", bound=np.generic)

_N_LEVELS = 256
_VOXELS_OF_AN_EDGE = 24  # the first guess; a smoothed image has 30 to 90
_EDGES_OF_A_VOXEL = 3


def object_counts(image: Bytes) -> Counts:
    """Return for each t of 0 to 255 the number of face-connected objects of ``image >= t``."""
    kernels = compiled_kernels("counting")
    if kernels is None:
        return _counts_by_labelling(image)
    return _counts_by_forest(kernels, image)


def _counts_by_forest(kernels: ModuleType, image: Bytes) -> Counts:
    """Count the objects by a maximum spanning forest of the voxels."""
    stack = np.ascontiguousarray(image)
    if image.ndim == 2:  # noqa: PLR2004 - rows are planes of height 1, of which slabs are made
        stack = stack[:, None]
    return _forest_of(kernels, stack).object_counts()


def histogram(image: Bytes) -> Counts:
    """Return the number of voxels of each value from 0 to 255.

    They are counted plane by plane, because numpy widens what it counts to 8 bytes.
    """
    counts = np.zeros(_N_LEVELS, np.int64)
    for plane in image.reshape(-1, *image.shape[-2:]):
        counts += np.bincount(plane.ravel(), minlength=_N_LEVELS)
    return counts


def _forest_of(kernels: ModuleType, stack: Bytes) -> "_Forest":
    """Build the forests of slabs in threads, and join them."""
    n_threads = n_threads_for(stack.size)
    depth = stack.shape[0]
    n_slabs = min(depth, n_threads)
    edges = [depth * i // n_slabs for i in range(n_slabs + 1)]
    forests = [_Forest(kernels, stack[a:b]) for a, b in pairwise(edges)]

    def build(first: int, last: int) -> None:
        for forest in forests[first:last]:
            forest.build()

    run_in_threads(build, n_slabs, n_threads)
    forest = forests[0]
    for other in forests[1:]:
        forest.join(other)
    return forest


class _Forest:
    """A maximum spanning forest of the voxels of a slab, as far as it has been built."""

    def __init__(self, kernels: ModuleType, stack: Bytes) -> None:
        self._kernels = kernels
        self.stack = stack
        self._width = stack.shape[2]
        self._black = np.zeros(self._width, np.uint8)
        self._marks = np.empty(self._width, np.uint8)
        self.labels = np.zeros(stack.shape[1:], np.int32)
        self.labels_first = self.labels
        capacity = stack.size // _VOXELS_OF_AN_EDGE
        self.parents = np.empty(capacity + self._width, np.int32)
        self.peaks = np.empty(self.parents.size, np.uint8)
        self.weights = np.empty(capacity + _EDGES_OF_A_VOXEL * self._width, np.uint8)
        self.ends = np.empty((self.weights.size, 2), np.int32)
        self.n_labels = 0
        self.n_edges = 0

    def build(self) -> None:
        """Take all voxels into the forest."""
        depth, height = self.stack.shape[:2]
        self._take_rows(0, height)
        self.labels_first = self.labels.copy()
        self._take_rows(height, depth * height)
        self._drop_needless_edges(self.parents.copy())

    def join(self, other: "_Forest") -> None:
        """Take in the forest of the next slab, and the edges between the two."""
        offset = self.n_labels
        self.parents = np.concatenate([self.parents[:offset], other.parents[: other.n_labels]])
        self.parents[offset:] += offset
        self.peaks = np.concatenate([self.peaks[:offset], other.peaks[: other.n_labels]])
        edges, theirs = slice(self.n_edges), slice(other.n_edges)
        room = np.empty((self.labels.size, 2), np.int32)
        self.ends = np.concatenate([self.ends[edges], other.ends[theirs] + offset, room])
        weights = self.weights[edges], other.weights[theirs]
        self.weights = np.concatenate([*weights, np.empty(len(room), np.uint8)])
        self.n_labels += other.n_labels
        self.n_edges = self._kernels.join_planes(
            other.stack[0],
            self.stack[-1],
            other.labels_first,
            self.labels,
            offset,
            self.parents,
            self.peaks,
            self.ends,
            self.weights,
            self.n_edges + other.n_edges,
        )
        self.stack, self.labels = other.stack, other.labels + np.int32(offset)

    def object_counts(self) -> Counts:
        """Count what is born less what is joined at each level."""
        peaks = self.peaks[: self.n_labels]
        is_peak = self.parents[: self.n_labels] == np.arange(self.n_labels)
        births = np.bincount(peaks[is_peak], minlength=_N_LEVELS)
        self._drop_needless_edges(self.parents)
        joins = np.bincount(self.weights[: self.n_edges], minlength=_N_LEVELS)
        counts = np.cumsum((births - joins)[::-1], dtype=np.int64)[::-1].copy()
        counts[0] = 1  # voxels of value 0 are left out of the forest; with them it is one tree
        return counts

    def _take_rows(self, first: int, last: int) -> None:
        """Take rows into the forest, and make room whenever an array is full."""
        while first < last:
            totals = np.array([self.n_labels, self.n_edges], np.int64)
            first = self._kernels.count_rows(
                self.stack,
                first,
                last,
                self._black,
                self._marks,
                self.labels,
                self.parents,
                self.peaks,
                self.ends,
                self.weights,
                totals,
            )
            self.n_labels, self.n_edges = totals.tolist()
            if first < last:
                self._make_room()

    def _make_room(self) -> None:
        """Make room for at least one more row."""
        if self.n_labels + self._width > self.parents.size:
            self.parents, self.peaks = _doubled(self.parents), _doubled(self.peaks)
        if self.n_edges + _EDGES_OF_A_VOXEL * self._width > self.weights.size:
            self._drop_needless_edges(self.parents.copy())
            if 2 * self.n_edges + _EDGES_OF_A_VOXEL * self._width > self.weights.size:
                self.ends, self.weights = _doubled(self.ends), _doubled(self.weights)

    def _drop_needless_edges(self, parents: npt.NDArray[np.int32]) -> None:
        """Keep only edges that join two objects, the heaviest first; joins them in `parents`."""
        weights, ends = self.weights[: self.n_edges], self.ends[: self.n_edges]
        needed = np.zeros(self.n_edges, np.bool_)
        places, order = np.zeros(_N_LEVELS, np.int64), np.empty(self.n_edges, np.int32)
        self._kernels.join_in_order(parents, ends, weights, places, order, needed)
        self.n_edges = int(np.count_nonzero(needed))
        weights[: self.n_edges], ends[: self.n_edges] = weights[needed], ends[needed]


def _doubled(array: npt.NDArray[_Item]) -> npt.NDArray[_Item]:
    """Return a copy with twice the room."""
    copy = np.empty((2 * array.shape[0], *array.shape[1:]), array.dtype)
    copy[: array.shape[0]] = array
    return copy


def _counts_by_labelling(image: Bytes) -> Counts:
    """Count the objects by labelling the image at every value that occurs.

    If the kernels get ready meanwhile, they take over.
    """
    counts = np.zeros(_N_LEVELS, np.int64)
    counts[0] = 1
    below = 0
    for value in (np.flatnonzero(histogram(image)[1:]) + 1).tolist():
        kernels = compiled_kernels("counting")
        if kernels is not None:
            return _counts_by_forest(kernels, image)
        counts[below + 1 : value + 1] = scipy.ndimage.label(image >= value)[1]
        below = value
    return counts
