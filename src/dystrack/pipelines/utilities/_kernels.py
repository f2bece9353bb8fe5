"""The loops over voxels that numba compiles; imported by `compiled.kernels` when first needed.

This is the only module that imports numba. Machine code is kept on disk beside this file, or in
the user's cache folder where that cannot be written, so that only the very first run compiles.
All kernels release the interpreter lock, and trust their callers with shapes and types.

Objects at all thresholds
-------------------------
Take the graph whose vertices are voxels and whose edges join face neighbours, an edge weighing as
much as the darker of its two ends. At threshold t it has the voxels and the edges of at least t,
so ``objects[t] = voxels[t] - edges of a maximum spanning forest of at least t``. The forest is
built in one raster pass and one sort of what that leaves over:

- an edge is dropped where a path of heavier edges leads around a unit square;
- an edge as heavy as the peak of one of the two objects that it joins is the heaviest way out of
  that object, so it is in the forest, and its weight cancels the birth of the object: the two
  become one and neither is counted;
- the few other edges, saddles between peaks, are joined in order of weight (Kruskal).
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt
from numba import boolean, float64, int32, int64, uint8, void

__all__ = [
    "count_rows",
    "draw_runs",
    "join_in_order",
    "label_runs",
    "smooth_rows_across",
    "smooth_rows_along",
]

# Some versions of numba are annotated, others are not.
_njit: Any = numba.njit
_config: Any = numba.config

if _config.DISABLE_JIT:
    raise ImportError("NUMBA_DISABLE_JIT is set")

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])
_Bytes = npt.NDArray[np.uint8]
_Ints = npt.NDArray[np.int32]
_Counts = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]
_Whole = int | np.integer[Any]

_RISES, _LEFT, _UP, _FRONT = 1, 2, 4, 8


def _contiguous(scalar: Any, ndim: int, *, readonly: bool = True) -> Any:
    """Return the type of a contiguous array; one that may be read-only takes both kinds."""
    return numba.types.Array(scalar, ndim, "C", readonly=readonly)


def _compiled(signature: Any) -> Callable[[_Kernel], _Kernel]:
    """Compile for `signature` at once, from the disk cache where there is one."""

    def compile_kernel(kernel: _Kernel) -> _Kernel:
        try:
            compiled: _Kernel = _njit(signature, nogil=True, cache=True)(kernel)
        except Exception:  # noqa: BLE001 - whatever is wrong with the cache, compiling works
            compiled = _njit(signature, nogil=True)(kernel)
        return compiled

    return compile_kernel


def _inlined(kernel: _Kernel) -> _Kernel:
    """Compile as a part of the kernels that call it."""
    compiled: _Kernel = _njit(nogil=True)(kernel)
    return compiled


# --- Smoothing ------------------------------------------------------------------------------------


@_inlined
def _mirrored(index: int, size: int) -> int:
    """Return the position that a position outside ``0 … size - 1`` reflects (d c b a|a b c d)."""
    index %= 2 * size
    return index if index < size else 2 * size - 1 - index


@_compiled(
    void(
        _contiguous(uint8, 4),
        _contiguous(uint8, 4, readonly=False),
        _contiguous(float64, 1),
        int64,
        int64,
    )
)
def smooth_rows_across(
    source: _Bytes, target: _Bytes, weights: _Floats, first: int, last: int
) -> None:
    """Correlate along the second axis of (P, N, Q, X), for row `first` to `last` of P·Q·N."""
    n_across, n_between, width = source.shape[1:]
    radius = weights.size - 1
    sums = np.empty(width, np.float64)
    for number in range(first, last):
        n = number % n_across
        q = number // n_across % n_between
        p = number // n_across // n_between
        centre = source[p, n, q]
        for x in range(width):
            sums[x] = centre[x] * weights[0]
        for distance in range(radius, 0, -1):
            before = source[p, _mirrored(n - distance, n_across), q]
            behind = source[p, _mirrored(n + distance, n_across), q]
            weight = weights[distance]
            for x in range(width):
                sums[x] += np.float64(np.int32(before[x]) + np.int32(behind[x])) * weight
        smoothed = target[p, n, q]
        for x in range(width):
            smoothed[x] = np.uint8(np.int32(sums[x]))


@_compiled(
    void(
        _contiguous(uint8, 2),
        _contiguous(uint8, 2, readonly=False),
        _contiguous(float64, 1),
        int64,
        int64,
    )
)
def smooth_rows_along(
    source: _Bytes, target: _Bytes, weights: _Floats, first: int, last: int
) -> None:
    """Correlate along the second axis of (P, X), for row `first` to `last`."""
    width = source.shape[1]
    radius = weights.size - 1
    padded = np.empty(width + 2 * radius, np.float64)
    sums = np.empty(width, np.float64)
    for number in range(first, last):
        row = source[number]
        for x in range(width):
            padded[x + radius] = row[x]
        for x in range(radius):
            padded[x] = row[_mirrored(x - radius, width)]
            padded[x + radius + width] = row[_mirrored(x + width, width)]
        for x in range(width):
            sums[x] = padded[x + radius] * weights[0]
        for distance in range(radius, 0, -1):
            before = padded[radius - distance : radius - distance + width]
            behind = padded[radius + distance : radius + distance + width]
            weight = weights[distance]
            for x in range(width):
                sums[x] += (before[x] + behind[x]) * weight
        smoothed = target[number]
        for x in range(width):
            smoothed[x] = np.uint8(np.int32(sums[x]))


# --- Objects at all thresholds --------------------------------------------------------------------


@_inlined
def _root(parents: _Ints, member: _Whole) -> _Whole:
    """Return the representative of an object, halving the path to it."""
    while parents[member] != member:
        parents[member] = parents[parents[member]]
        member = parents[member]
    return member


@_inlined
def _mark_edges(row: _Bytes, above: _Bytes, front: _Bytes, corner: _Bytes, marks: _Bytes) -> None:
    """Mark which edges to earlier neighbours the forest needs, and where a row rises.

    Edges of a voxel are taken by falling weight (left, up, front where equal), and dropped where
    an edge taken before leads around a square to the same neighbour.
    """
    for x in range(row.size):
        here, up, fore, up_fore = row[x], above[x], front[x], corner[x]
        left, up_left, fore_left = np.uint8(0), np.uint8(0), np.uint8(0)
        if x > 0:
            left, up_left, fore_left = row[x - 1], above[x - 1], front[x - 1]
        rises = left < here
        needs_left = rises & (left > 0)
        needs_left &= ((up <= left) | (up_left < left)) & ((fore <= left) | (fore_left < left))
        weight = min(here, up)
        needs_up = (weight > 0) & ((left < weight) | (up_left < weight))
        needs_up &= (min(here, fore) <= weight) | (up_fore < weight)
        weight = min(here, fore)
        needs_front = (weight > 0) & ((left < weight) | (fore_left < weight))
        needs_front &= (up < weight) | (up_fore < weight)
        marks[x] = (
            np.uint8(rises) * np.uint8(_RISES)
            + np.uint8(needs_left) * np.uint8(_LEFT)
            + np.uint8(needs_up) * np.uint8(_UP)
            + np.uint8(needs_front) * np.uint8(_FRONT)
        )


@_inlined
def _can_rise(parents: _Ints, peaks: _Bytes, neighbour: _Whole, value: _Whole) -> bool:
    """Say whether a voxel is the peak of its object, so that a brighter one can take its place."""
    return bool(value > 0 and peaks[_root(parents, neighbour)] == value)


@_inlined
def _label_of_risen(
    parents: _Ints,
    peaks: _Bytes,
    here: _Whole,
    values: tuple[_Whole, _Whole, _Whole],
    labels: tuple[_Whole, _Whole, _Whole],
    n_labels: int,
) -> _Whole:
    """Return the object of a voxel that is brighter than the one on its left.

    It is the object of a neighbour that is no darker; else one whose peak rises to this voxel;
    else a new one.
    """
    if values[1] >= here:
        return labels[1]
    if values[2] >= here:
        return labels[2]
    if _can_rise(parents, peaks, labels[0], values[0]):
        label = _root(parents, labels[0])
    elif _can_rise(parents, peaks, labels[1], values[1]):
        label = _root(parents, labels[1])
    elif _can_rise(parents, peaks, labels[2], values[2]):
        label = _root(parents, labels[2])
    else:
        label = n_labels
        parents[label] = label
    peaks[label] = here
    return label


@_inlined
def _join(
    parents: _Ints,
    peaks: _Bytes,
    ends: _Ints,
    weights: _Bytes,
    n: int,
    a: _Whole,
    b: _Whole,
    weight: _Whole,
) -> int:
    """Join two objects if the edge between them is in the forest for certain, else note it."""
    a, b = _root(parents, a), _root(parents, b)
    if a == b:
        return n
    if peaks[a] < peaks[b]:
        a, b = b, a
    if peaks[b] == weight:
        parents[b] = a
        return n
    ends[n, 0] = a
    ends[n, 1] = b
    weights[n] = weight
    return n + 1


@_inlined
def _count_row(
    row: _Bytes,
    above: _Bytes,
    front: _Bytes,
    marks: _Bytes,
    labels: _Ints,
    labels_above: _Ints,
    parents: _Ints,
    peaks: _Bytes,
    ends: _Ints,
    weights: _Bytes,
    totals: _Counts,
) -> None:
    """Take the voxels of one row into the forest; `labels` holds those in front until then."""
    n_labels, n_edges = totals
    label: _Whole = 0
    for x in range(row.size):
        mark = marks[x]
        if mark == 0:
            labels[x] = label
            continue
        here, up, fore = row[x], above[x], front[x]
        label_left, label_up, label_front = label, labels_above[x], labels[x]
        if mark & _RISES:
            left = row[x - 1] if x > 0 else np.uint8(0)
            values, known = (left, up, fore), (label_left, label_up, label_front)
            label = _label_of_risen(parents, peaks, here, values, known, n_labels)
            n_labels = max(n_labels, label + 1)
            if mark & _LEFT and label_left != label:
                n_edges = _join(parents, peaks, ends, weights, n_edges, label, label_left, left)
        if mark & _UP and label_up != label:
            weight = min(here, up)
            n_edges = _join(parents, peaks, ends, weights, n_edges, label, label_up, weight)
        if mark & _FRONT and label_front != label:
            weight = min(here, fore)
            n_edges = _join(parents, peaks, ends, weights, n_edges, label, label_front, weight)
        labels[x] = label
    totals[0] = n_labels
    totals[1] = n_edges


@_compiled(
    int64(
        _contiguous(uint8, 3),
        int64,
        _contiguous(int32, 2, readonly=False),
        _contiguous(int32, 1, readonly=False),
        _contiguous(uint8, 1, readonly=False),
        _contiguous(int32, 2, readonly=False),
        _contiguous(uint8, 1, readonly=False),
        _contiguous(int64, 1, readonly=False),
    )
)
def count_rows(
    image: _Bytes,
    first: int,
    labels: _Ints,
    parents: _Ints,
    peaks: _Bytes,
    ends: _Ints,
    weights: _Bytes,
    totals: _Counts,
) -> int:
    """Take rows (of Z·Y) into the forest until an array is full; return the next row.

    `totals` holds how many `parents` (and `peaks`), and how many `ends` (and `weights`), are in
    use. `labels` of shape (Y, X) holds the last plane.
    """
    height, width = labels.shape
    n_rows = image.shape[0] * height
    nothing = np.zeros(width, np.uint8)
    marks = np.zeros(width, np.uint8)
    for number in range(first, n_rows):
        if totals[0] + width > parents.size or totals[1] + 3 * width > weights.size:
            return number
        z, y = number // height, number % height
        row = image[z, y]
        above = image[z, y - 1] if y > 0 else nothing
        front = image[z - 1, y] if z > 0 else nothing
        corner = image[z - 1, y - 1] if y > 0 and z > 0 else nothing
        _mark_edges(row, above, front, corner, marks)
        _count_row(
            row,
            above,
            front,
            marks,
            labels[y],
            labels[max(y - 1, 0)],
            parents,
            peaks,
            ends,
            weights,
            totals,
        )
    return int(n_rows)


@_compiled(
    void(
        _contiguous(int32, 1, readonly=False),
        _contiguous(int32, 2),
        _contiguous(int64, 1),
        _contiguous(boolean, 1, readonly=False),
    )
)
def join_in_order(parents: _Ints, ends: _Ints, order: _Counts, in_forest: _Flags) -> None:
    """Join objects by edges in the given order, and mark the edges that joined any."""
    for i in range(order.size):
        edge = order[i]
        a, b = _root(parents, ends[edge, 0]), _root(parents, ends[edge, 1])
        if a != b:
            parents[b] = a
            in_forest[edge] = True


# --- Largest object -------------------------------------------------------------------------------


@_inlined
def _find_runs(mask: _Flags, firsts: _Ints, lasts: _Ints, starts: _Counts) -> None:
    """Note where the runs of True in each row begin and end, and where each row's runs begin."""
    n = 0
    width = mask.shape[1]
    for number in range(mask.shape[0]):
        starts[number] = n
        before = False
        for x in range(width):
            here = mask[number, x]
            if here != before:
                if here:
                    firsts[n] = x
                else:
                    lasts[n] = x
                    n += 1
                before = here
        if before:
            lasts[n] = width
            n += 1
    starts[mask.shape[0]] = n


@_inlined
def _join_rows(
    parents: _Ints, firsts: _Ints, lasts: _Ints, starts: _Counts, one: int, other: int
) -> None:
    """Join the overlapping runs of two rows; the root is the first in scan order."""
    a, b = starts[one], starts[other]
    while a < starts[one + 1] and b < starts[other + 1]:
        if firsts[a] < lasts[b] and firsts[b] < lasts[a]:
            root, other_root = _root(parents, a), _root(parents, b)
            parents[max(root, other_root)] = min(root, other_root)
        if lasts[a] < lasts[b]:
            a += 1
        else:
            b += 1


@_compiled(
    void(
        _contiguous(boolean, 2),
        int64,
        _contiguous(int32, 1, readonly=False),
        _contiguous(int32, 1, readonly=False),
        _contiguous(int64, 1, readonly=False),
        _contiguous(int32, 1, readonly=False),
    )
)
def label_runs(
    mask: _Flags, height: int, firsts: _Ints, lasts: _Ints, starts: _Counts, roots: _Ints
) -> None:
    """Find the runs of the rows (Z·Y, X) of a mask, and for each the first run of its object."""
    _find_runs(mask, firsts, lasts, starts)
    for run in range(roots.size):
        roots[run] = run
    for number in range(mask.shape[0]):
        if number % height:
            _join_rows(roots, firsts, lasts, starts, number - 1, number)
        if number >= height:
            _join_rows(roots, firsts, lasts, starts, number - height, number)
    for run in range(roots.size):
        roots[run] = _root(roots, run)


@_compiled(
    void(
        _contiguous(boolean, 2, readonly=False),
        _contiguous(int32, 1),
        _contiguous(int32, 1),
        _contiguous(int64, 1),
        _contiguous(boolean, 1),
    )
)
def draw_runs(mask: _Flags, firsts: _Ints, lasts: _Ints, starts: _Counts, chosen: _Flags) -> None:
    """Set the chosen runs of the rows (Z·Y, X) of a mask to True."""
    for number in range(mask.shape[0]):
        for run in range(starts[number], starts[number + 1]):
            if chosen[run]:
                for x in range(firsts[run], lasts[run]):
                    mask[number, x] = True
