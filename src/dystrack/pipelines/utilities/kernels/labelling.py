"""The loops of `regions`, compiled when this module is imported.

A run is a stretch of a row that reaches a threshold. Runs of neighbouring rows that overlap belong
to one object, which is known by its first run in scan order.
"""

import numpy as np
from numba import int32, int64, uint8, void

from dystrack.pipelines.utilities.kernels.jit import (
    Bytes,
    Counts,
    Ints,
    compiled_for,
    contiguous,
    inlined,
)

__all__ = ["count_runs", "find_runs", "join_runs"]

_Whole = int | np.int64


@inlined
def _first_run(roots: Ints, run: _Whole) -> _Whole:
    """Return the first run of an object as far as it is known, halving the path to it."""
    while roots[run] != run:
        roots[run] = roots[roots[run]]
        run = np.int64(roots[run])
    return run


@inlined
def _join_rows(
    roots: Ints, firsts: Ints, lasts: Ints, starts: Counts, one: int, other: int
) -> None:
    """Join the overlapping runs of two rows."""
    a, b = starts[one], starts[other]
    while a < starts[one + 1] and b < starts[other + 1]:
        if firsts[a] < lasts[b] and firsts[b] < lasts[a]:
            root, other_root = _first_run(roots, a), _first_run(roots, b)
            if root < other_root:
                roots[other_root] = root
            else:
                roots[root] = other_root
        if lasts[a] < lasts[b]:
            a += 1
        else:
            b += 1


@compiled_for(void(contiguous(uint8, 2), uint8, contiguous(int64, 1, readonly=False), int64, int64))
def count_runs(rows: Bytes, threshold: np.uint8, counts: Counts, first: int, last: int) -> None:
    """Count the runs of rows (Z·Y, X) from the `first` to the `last`."""
    for number in range(first, last):
        row = rows[number]
        n = np.int32(row[0] >= threshold)
        for x in range(1, row.size):
            n += np.int32((row[x] >= threshold) & (row[x - 1] < threshold))
        counts[number] = n


@compiled_for(
    void(
        contiguous(uint8, 2),
        uint8,
        contiguous(int64, 1),
        contiguous(int32, 1, readonly=False),
        contiguous(int32, 1, readonly=False),
        int64,
        int64,
    )
)
def find_runs(
    rows: Bytes,
    threshold: np.uint8,
    starts: Counts,
    firsts: Ints,
    lasts: Ints,
    first: int,
    last: int,
) -> None:
    """Note where the runs of rows begin and end; `starts` holds where each row's runs begin."""
    for number in range(first, last):
        run, end = starts[number], starts[number + 1]
        row, x = rows[number], 0
        while run < end:
            while row[x] < threshold:
                x += 1
            firsts[run] = x
            while x < row.size and row[x] >= threshold:
                x += 1
            lasts[run] = x
            run += 1


@compiled_for(
    void(
        int64,
        contiguous(int32, 1),
        contiguous(int32, 1),
        contiguous(int64, 1),
        contiguous(int32, 1, readonly=False),
    )
)
def join_runs(height: int, firsts: Ints, lasts: Ints, starts: Counts, roots: Ints) -> None:
    """Find the first run of each run's object; planes have `height` rows."""
    for run in range(roots.size):
        roots[run] = run
    for number in range(starts.size - 1):
        if number % height:
            _join_rows(roots, firsts, lasts, starts, number - 1, number)
        if number >= height:
            _join_rows(roots, firsts, lasts, starts, number - height, number)
    for run in range(roots.size):
        roots[run] = _first_run(roots, run)
