"""The loops of `masks`, compiled when this module is imported.

A run is a stretch of True in a row. Runs of neighbouring rows that overlap belong to one object,
which is known by its first run in scan order.
"""

import numpy as np
from numba import boolean, int32, int64, void

from dystrack.pipelines.utilities.kernels.jit import (
    Counts,
    Flags,
    Ints,
    compiled_for,
    contiguous,
    inlined,
)

__all__ = ["draw_runs", "label_runs"]

_Whole = int | np.int64


@inlined
def _first_run(roots: Ints, run: _Whole) -> _Whole:
    """Return the first run of an object as far as it is known, halving the path to it."""
    while roots[run] != run:
        roots[run] = roots[roots[run]]
        run = np.int64(roots[run])
    return run


@inlined
def _find_runs(mask: Flags, firsts: Ints, lasts: Ints, starts: Counts) -> None:
    """Note where the runs in each row begin and end, and where each row's runs begin."""
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


@compiled_for(
    void(
        contiguous(boolean, 2),
        int64,
        contiguous(int32, 1, readonly=False),
        contiguous(int32, 1, readonly=False),
        contiguous(int64, 1, readonly=False),
        contiguous(int32, 1, readonly=False),
    )
)
def label_runs(
    mask: Flags, height: int, firsts: Ints, lasts: Ints, starts: Counts, roots: Ints
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
        roots[run] = _first_run(roots, run)


@compiled_for(
    void(
        contiguous(boolean, 2, readonly=False),
        contiguous(int32, 1),
        contiguous(int32, 1),
        contiguous(int64, 1),
        contiguous(boolean, 1),
    )
)
def draw_runs(mask: Flags, firsts: Ints, lasts: Ints, starts: Counts, chosen: Flags) -> None:
    """Set the chosen runs of the rows (Z·Y, X) of a mask to True."""
    for number in range(mask.shape[0]):
        for run in range(starts[number], starts[number + 1]):
            if chosen[run]:
                for x in range(firsts[run], lasts[run]):
                    mask[number, x] = True
