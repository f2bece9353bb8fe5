"""The loops of `counting`, compiled when this module is imported.

Take the graph whose vertices are voxels and whose edges join face neighbours, an edge weighing as
much as the darker of its two ends. At threshold t it has the voxels and the edges of at least t,
so ``objects[t] = voxels[t] - edges of a maximum spanning forest of at least t``. The forest is
built in one raster pass and one sort of what that leaves over:

- an edge is dropped where a path of heavier edges leads around a unit square;
- an edge as heavy as the peak of one of the two objects that it joins is the heaviest way out of
  that object, so it is in the forest, and its weight cancels the birth of the object: the two
  become one and neither is counted;
- the few other edges, saddles between peaks, are joined in order of weight (Kruskal).

None of this depends on the order in which voxels are met. So slabs of an image can each have their
forest, which the edges between their planes then join.
"""

import numpy as np
from numba import boolean, int32, int64, uint8, void

from dystrack.pipelines.utilities.kernels.jit import (
    Bytes,
    Counts,
    Flags,
    Ints,
    compiled_for,
    contiguous,
    inlined,
)

__all__ = ["count_rows", "join_in_order", "join_planes"]

_RISES, _LEFT, _UP, _FRONT = 1, 2, 4, 8
_NOTHING, _AS_ABOVE, _AS_IN_FRONT = 0, 16, 32

_Three = tuple[np.int64, np.int64, np.int64]


@inlined
def _root(parents: Ints, member: np.int64) -> np.int64:
    """Return the representative of an object, halving the path to it."""
    while parents[member] != member:
        parents[member] = parents[parents[member]]
        member = np.int64(parents[member])
    return member


@inlined
def _darker(one: np.uint8, other: np.uint8) -> np.uint8:
    """Return the smaller of two values."""
    if one < other:
        return one
    return other


@inlined
def _mark_edges(row: Bytes, above: Bytes, front: Bytes, corner: Bytes, marks: Bytes) -> None:
    """Mark which edges to earlier neighbours the forest needs, and where a row rises.

    Edges of a voxel are taken by falling weight (left, up, front where equal), and dropped where
    an edge taken before leads around a square to the same neighbour. A voxel that rises beside one
    that is no darker, and needs no other edge, just belongs to the same object.
    """
    for x in range(row.size):
        here, up, fore, up_fore = row[x], above[x], front[x], corner[x]
        left, up_left, fore_left = np.uint8(0), np.uint8(0), np.uint8(0)
        if x > 0:
            left, up_left, fore_left = row[x - 1], above[x - 1], front[x - 1]
        rises = left < here
        needs_left = rises & (left > 0)
        needs_left &= ((up <= left) | (up_left < left)) & ((fore <= left) | (fore_left < left))
        weight, front_weight = _darker(here, up), _darker(here, fore)
        needs_up = (weight > 0) & ((left < weight) | (up_left < weight))
        needs_up &= (front_weight <= weight) | (up_fore < weight)
        needs_front = (front_weight > 0) & ((left < front_weight) | (fore_left < front_weight))
        needs_front &= (up < front_weight) | (up_fore < front_weight)
        is_alone = rises & (not needs_left)
        as_above = is_alone & (up >= here) & (not needs_front)
        as_in_front = is_alone & (fore >= here) & (not needs_up)
        mark = (
            np.uint8(rises) * np.uint8(_RISES)
            + np.uint8(needs_left) * np.uint8(_LEFT)
            + np.uint8(needs_up) * np.uint8(_UP)
            + np.uint8(needs_front) * np.uint8(_FRONT)
        )
        mark = np.uint8(_AS_ABOVE) if as_above else mark
        marks[x] = np.uint8(_AS_IN_FRONT) if as_in_front else mark


@inlined
def _can_rise(parents: Ints, peaks: Bytes, neighbour: np.int64, value: np.uint8) -> np.bool_:
    """Say whether a voxel is the peak of its object, so that a brighter one can take its place."""
    return value > 0 and peaks[_root(parents, neighbour)] == value


@inlined
def _label_of_risen(
    parents: Ints,
    peaks: Bytes,
    here: np.uint8,
    values: tuple[np.uint8, np.uint8, np.uint8],
    labels: _Three,
    n_labels: np.int64,
) -> np.int64:
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


@inlined
def _join(
    parents: Ints,
    peaks: Bytes,
    ends: Ints,
    weights: Bytes,
    n: np.int64,
    a: np.int64,
    b: np.int64,
    weight: np.uint8,
) -> np.int64:
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


@inlined
def _count_row(
    row: Bytes,
    above: Bytes,
    front: Bytes,
    marks: Bytes,
    labels: Ints,
    labels_above: Ints,
    parents: Ints,
    peaks: Bytes,
    ends: Ints,
    weights: Bytes,
    totals: Counts,
) -> None:
    """Take the voxels of one row into the forest; `labels` holds those in front until then."""
    n_labels, n_edges = totals[0], totals[1]
    label = np.int64(0)
    for x in range(row.size):
        mark = marks[x]
        if mark == _NOTHING or mark >= _AS_ABOVE:
            label = np.int64(labels_above[x]) if mark == _AS_ABOVE else label
            label = np.int64(labels[x]) if mark == _AS_IN_FRONT else label
            labels[x] = label
            continue
        here, up, fore = row[x], above[x], front[x]
        label_left, label_up, label_front = label, np.int64(labels_above[x]), np.int64(labels[x])
        if mark & _RISES:
            left = row[x - 1] if x > 0 else np.uint8(0)
            values, known = (left, up, fore), (label_left, label_up, label_front)
            label = _label_of_risen(parents, peaks, here, values, known, n_labels)
            if label == n_labels:
                n_labels += 1
            if mark & _LEFT and label_left != label:
                n_edges = _join(parents, peaks, ends, weights, n_edges, label, label_left, left)
        if mark & _UP and label_up != label:
            weight = _darker(here, up)
            n_edges = _join(parents, peaks, ends, weights, n_edges, label, label_up, weight)
        if mark & _FRONT and label_front != label:
            weight = _darker(here, fore)
            n_edges = _join(parents, peaks, ends, weights, n_edges, label, label_front, weight)
        labels[x] = label
    totals[0] = n_labels
    totals[1] = n_edges


@compiled_for(
    int64(
        contiguous(uint8, 3),
        int64,
        int64,
        contiguous(uint8, 1),
        contiguous(uint8, 1, readonly=False),
        contiguous(int32, 2, readonly=False),
        contiguous(int32, 1, readonly=False),
        contiguous(uint8, 1, readonly=False),
        contiguous(int32, 2, readonly=False),
        contiguous(uint8, 1, readonly=False),
        contiguous(int64, 1, readonly=False),
    )
)
def count_rows(
    image: Bytes,
    first: int,
    last: int,
    black: Bytes,
    marks: Bytes,
    labels: Ints,
    parents: Ints,
    peaks: Bytes,
    ends: Ints,
    weights: Bytes,
    totals: Counts,
) -> int:
    """Take rows (of Z·Y) up to the `last` into the forest until an array is full; return the next.

    `totals` holds how many `parents` (and `peaks`), and how many `ends` (and `weights`), are in
    use. `labels` of shape (Y, X) holds the last plane. `black` is a row of zeros, which stands for
    what lies outside, and `marks` is room for a row.
    """
    height, width = labels.shape
    for number in range(first, last):
        if totals[0] + width > parents.size or totals[1] + 3 * width > weights.size:
            return number
        z, y = number // height, number % height
        row = image[z, y]
        above = image[z, y - 1] if y > 0 else black
        front = image[z - 1, y] if z > 0 else black
        corner = image[z - 1, y - 1] if y > 0 and z > 0 else black
        _mark_edges(row, above, front, corner, marks)
        _count_row(
            row,
            above,
            front,
            marks,
            labels[y],
            labels[y - 1 if y > 0 else 0],
            parents,
            peaks,
            ends,
            weights,
            totals,
        )
    return last


@compiled_for(
    int64(
        contiguous(uint8, 2),
        contiguous(uint8, 2),
        contiguous(int32, 2),
        contiguous(int32, 2),
        int64,
        contiguous(int32, 1, readonly=False),
        contiguous(uint8, 1, readonly=False),
        contiguous(int32, 2, readonly=False),
        contiguous(uint8, 1, readonly=False),
        int64,
    )
)
def join_planes(
    plane: Bytes,
    front: Bytes,
    labels: Ints,
    labels_front: Ints,
    offset: int,
    parents: Ints,
    peaks: Bytes,
    ends: Ints,
    weights: Bytes,
    n_edges: int,
) -> int:
    """Join the forests of two slabs along the planes in which they touch; return how many edges.

    `labels_front` are members of the joint forest, `labels` after `offset` was added. An edge is
    dropped where a square leads to the same neighbour, as above.
    """
    n = np.int64(n_edges)
    for y in range(plane.shape[0]):
        for x in range(plane.shape[1]):
            weight = _darker(plane[y, x], front[y, x])
            if weight == 0:
                continue
            if x > 0 and plane[y, x - 1] >= weight and front[y, x - 1] >= weight:
                continue
            if y > 0 and plane[y - 1, x] >= weight and front[y - 1, x] >= weight:
                continue
            label = np.int64(labels[y, x]) + offset
            n = _join(parents, peaks, ends, weights, n, label, np.int64(labels_front[y, x]), weight)
    return int(n)


@compiled_for(
    void(
        contiguous(int32, 1, readonly=False),
        contiguous(int32, 2),
        contiguous(uint8, 1),
        contiguous(int64, 1, readonly=False),
        contiguous(int32, 1, readonly=False),
        contiguous(boolean, 1, readonly=False),
    )
)
def join_in_order(
    parents: Ints, ends: Ints, weights: Bytes, places: Counts, order: Ints, in_forest: Flags
) -> None:
    """Join objects by edges, the heaviest first, and mark the edges that joined any.

    `places` holds 256 zeros; it and `order` are room to sort in.
    """
    for edge in range(weights.size):
        places[weights[edge]] += 1
    n = np.int64(0)
    for weight in range(255, -1, -1):
        n_alike = places[weight]
        places[weight] = n
        n += n_alike
    for edge in range(weights.size):
        order[places[weights[edge]]] = edge
        places[weights[edge]] += 1
    for i in range(order.size):
        edge = order[i]
        a = _root(parents, np.int64(ends[edge, 0]))
        b = _root(parents, np.int64(ends[edge, 1]))
        if a != b:
            parents[b] = a
            in_forest[edge] = True
