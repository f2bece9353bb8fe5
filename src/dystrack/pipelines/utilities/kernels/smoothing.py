"""The loops of `smoothing`, compiled when this module is imported.

A sum of weighted grey values is first computed in single precision, which is fast. What is kept of
it is its whole part. That is certain unless the sum lies closer to a whole number than single
precision can err; there it is computed again as scipy computes it.

Blocks of columns, and single rows, are first copied to floating-point values that stay in the
cache, continued on both sides. So each value is converted once, an image may be smoothed in place,
and neighbours lie at distances that the compiler knows. Indices are unsigned for the same reason:
numba asks of others whether they count from the end.
"""

import numpy as np
from numba import float32, float64, int64, uint8, void

from dystrack.pipelines.utilities.kernels.jit import (
    Bytes,
    Counts,
    Floats,
    Singles,
    approximate,
    compiled_for,
    contiguous,
    inlined,
)

__all__ = ["COLUMNS_AT_ONCE", "PAIRS_AT_ONCE", "smooth_across", "smooth_along"]

PAIRS_AT_ONCE = 4
"""Single-precision weights are followed by zeros up to the centre and a multiple of so many."""

COLUMNS_AT_ONCE = 128
"""Width of the blocks in which neighbouring rows are added up."""

_MANY_PAIRS = 12  # as many as a sigma of 3 pixels has
_Place = np.uint64
_Whole = int | np.int64


@approximate
def _add_many_pairs(
    values: Singles, centre: _Place, step: _Place, weights: Singles, sums: Singles
) -> None:
    """Add the twelve nearest weighted pairs about a stretch of `values`, each a step further."""
    w_1, w_2, w_3, w_4 = weights[1], weights[2], weights[3], weights[4]
    w_5, w_6, w_7, w_8 = weights[5], weights[6], weights[7], weights[8]
    w_9, w_10, w_11, w_12 = weights[9], weights[10], weights[11], weights[12]
    s_2, s_3, s_4, s_5 = _Place(2) * step, _Place(3) * step, _Place(4) * step, _Place(5) * step
    s_6, s_7, s_8, s_9 = _Place(6) * step, _Place(7) * step, _Place(8) * step, _Place(9) * step
    s_10, s_11 = _Place(10) * step, _Place(11) * step
    before, behind = centre - step, centre + step
    for x in range(sums.size):
        a, b = before + _Place(x), behind + _Place(x)
        total = (values[a] + values[b]) * w_1 + (values[a - step] + values[b + step]) * w_2
        total += (values[a - s_2] + values[b + s_2]) * w_3
        total += (values[a - s_3] + values[b + s_3]) * w_4
        total += (values[a - s_4] + values[b + s_4]) * w_5
        total += (values[a - s_5] + values[b + s_5]) * w_6
        total += (values[a - s_6] + values[b + s_6]) * w_7
        total += (values[a - s_7] + values[b + s_7]) * w_8
        total += (values[a - s_8] + values[b + s_8]) * w_9
        total += (values[a - s_9] + values[b + s_9]) * w_10
        total += (values[a - s_10] + values[b + s_10]) * w_11
        sums[x] += total + (values[a - s_11] + values[b + s_11]) * w_12


@approximate
def _add_pairs(
    values: Singles, centre: _Place, step: _Place, weights: Singles, sums: Singles, first: _Whole
) -> None:
    """Add four weighted pairs in the same way, from the `first`."""
    w_1, w_2, w_3, w_4 = weights[first], weights[first + 1], weights[first + 2], weights[first + 3]
    s_2, s_3 = _Place(2) * step, _Place(3) * step
    before, behind = centre - _Place(first) * step, centre + _Place(first) * step
    for x in range(sums.size):
        a, b = before + _Place(x), behind + _Place(x)
        total = (values[a] + values[b]) * w_1 + (values[a - step] + values[b + step]) * w_2
        total += (values[a - s_2] + values[b + s_2]) * w_3
        sums[x] += total + (values[a - s_3] + values[b + s_3]) * w_4


@inlined
def _add_roughly(
    values: Singles, centre: _Place, step: _Place, weights: Singles, sums: Singles
) -> None:
    """Add up weighted stretches of `values` about `centre`."""
    for x in range(sums.size):
        sums[x] = values[centre + _Place(x)] * weights[0]
    # Distances that the compiler knows spare it most checks of what may overlap.
    if weights.size > _MANY_PAIRS:
        _add_many_pairs(values, centre, step, weights, sums)
    else:
        if weights.size > 1:
            _add_pairs(values, centre, step, weights, sums, 1)
        if weights.size > 1 + PAIRS_AT_ONCE:
            _add_pairs(values, centre, step, weights, sums, 1 + PAIRS_AT_ONCE)
    for first in range(1 + _MANY_PAIRS, weights.size, PAIRS_AT_ONCE):
        _add_pairs(values, centre, step, weights, sums, first)


@inlined
def _exact_sum(values: Singles, centre: _Place, step: _Place, weights: Floats) -> np.float64:
    """Return a sum in the order and precision of scipy."""
    total = np.float64(values[centre]) * weights[0]
    for distance in range(weights.size - 1, 0, -1):
        reach = _Place(distance) * step
        total += np.float64(values[centre - reach] + values[centre + reach]) * weights[distance]
    return np.float64(total)


@inlined
def _is_doubtful(total: np.float32, tolerance: np.float32) -> bool:
    """Say whether the whole part of a rough sum is not certain."""
    return bool(np.int32(total - tolerance) != np.int32(total + tolerance))


@inlined
def _any_is_doubtful(sums: Singles, tolerance: np.float32, target: Bytes) -> bool:
    """Set `target` to the whole parts of rough sums, and say whether they are not all certain."""
    differences = np.int32(0)
    for x in range(target.size):
        highest, lowest = np.int32(sums[x] + tolerance), np.int32(sums[x] - tolerance)
        differences = np.int32(differences | np.int32(highest ^ lowest))
        target[x] = np.uint8(highest)
    return bool(differences != 0)


@inlined
def _smooth(
    values: Singles,
    centre: _Place,
    step: _Place,
    weights: Floats,
    rough_weights: Singles,
    tolerance: np.float32,
    sums: Singles,
    target: Bytes,
) -> None:
    """Set `target` to the whole parts of the sums of weighted stretches; `sums` may be longer."""
    _add_roughly(values, centre, step, rough_weights, sums)
    if not _any_is_doubtful(sums, tolerance, target):
        return
    for x in range(target.size):
        if _is_doubtful(sums[x], tolerance):
            exact = _exact_sum(values, centre + _Place(x), step, weights)
            target[x] = np.uint8(np.int32(exact))


_WEIGHTS_AND_ROOM = (
    contiguous(int64, 1),  # mirrored
    contiguous(float64, 1),  # weights
    contiguous(float32, 1),  # rough_weights
    float32,  # tolerance
    contiguous(float32, 1, readonly=False),  # values
    contiguous(float32, 1, readonly=False),  # sums
    int64,  # first
    int64,  # last
)


@compiled_for(void(contiguous(uint8, 3), contiguous(uint8, 3, readonly=False), *_WEIGHTS_AND_ROOM))
def smooth_across(
    source: Bytes,
    target: Bytes,
    mirrored: Counts,
    weights: Floats,
    rough_weights: Singles,
    tolerance: np.float32,
    values: Singles,
    sums: Singles,
    first: int,
    last: int,
) -> None:
    """Correlate along N in the blocks of columns of (P, N, X); `target` may be `source`.

    Blocks are numbered along P and X. `mirrored` holds the positions along N where the axis is
    continued by its reflection, as far as `weights` reach from their centre; `values` is room for
    a block, continued as far as the `rough_weights` reach, and `sums` for a row of it.
    """
    n_blocks = (source.shape[2] + COLUMNS_AT_ONCE - 1) // COLUMNS_AT_ONCE
    margin = rough_weights.size - weights.size
    step, block = _Place(COLUMNS_AT_ONCE), sums[:COLUMNS_AT_ONCE]
    for number in range(first, last):
        p, begin = number // n_blocks, number % n_blocks * COLUMNS_AT_ONCE
        end = min(begin + COLUMNS_AT_ONCE, source.shape[2])
        for n in range(mirrored.size):
            row, place = source[p, mirrored[n], begin:end], _Place(n + margin) * step
            for x in range(row.size):
                values[place + _Place(x)] = np.float32(row[x])
        for n in range(source.shape[1]):
            centre, row = _Place(n + rough_weights.size - 1) * step, target[p, n, begin:end]
            _smooth(values, centre, step, weights, rough_weights, tolerance, block, row)


@compiled_for(void(contiguous(uint8, 2), contiguous(uint8, 2, readonly=False), *_WEIGHTS_AND_ROOM))
def smooth_along(
    source: Bytes,
    target: Bytes,
    mirrored: Counts,
    weights: Floats,
    rough_weights: Singles,
    tolerance: np.float32,
    values: Singles,
    sums: Singles,
    first: int,
    last: int,
) -> None:
    """Correlate along X in the rows (N, X) from `first` to `last`; `target` may be `source`."""
    radius, width = weights.size - 1, source.shape[1]
    margin, centre = _Place(rough_weights.size - weights.size), _Place(rough_weights.size - 1)
    for number in range(first, last):
        row = source[number]
        for x in range(radius):
            values[margin + _Place(x)] = np.float32(row[mirrored[x]])
            far = radius + width + x
            values[margin + _Place(far)] = np.float32(row[mirrored[far]])
        for x in range(width):
            values[centre + _Place(x)] = np.float32(row[x])
        row = target[number]
        _smooth(values, centre, _Place(1), weights, rough_weights, tolerance, sums, row)
