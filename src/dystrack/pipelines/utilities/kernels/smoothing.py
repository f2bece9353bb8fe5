"""The loops of `smoothing`, compiled when this module is imported.

A sum of weighted grey values is first computed in single precision, which is fast. What is kept of
it is its whole part. That is certain unless the sum lies closer to a whole number than single
precision can err; there it is computed again as scipy computes it.

Rows pass through a ring of floating-point rows, just as many as a weighted sum takes. So each row
is converted once, the ring stays in the cache, and an image may be smoothed in place.
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

_BLOCK = 32
_Whole = int | np.int64

COLUMNS_AT_ONCE = 256
"""Width of the blocks in which neighbouring rows are added up: they stay in the cache."""


@approximate
def _add_roughly(values: Singles, starts: Counts, weights: Singles, sums: Singles) -> None:
    """Add up weighted stretches of `values`: that of the centre, and pairs further and further out.

    `starts` holds where these stretches begin: the centre, then the two of each pair.
    """
    width = sums.size
    centre, weight = values[starts[0] :], weights[0]
    for x in range(width):
        sums[x] = centre[x] * weight
    for pair in range(1, weights.size, 4):
        w_1, w_2, w_3, w_4 = weights[pair], weights[pair + 1], weights[pair + 2], weights[pair + 3]
        place = 2 * pair - 1
        a_1, b_1 = values[starts[place] :], values[starts[place + 1] :]
        a_2, b_2 = values[starts[place + 2] :], values[starts[place + 3] :]
        a_3, b_3 = values[starts[place + 4] :], values[starts[place + 5] :]
        a_4, b_4 = values[starts[place + 6] :], values[starts[place + 7] :]
        for x in range(width):
            near = (a_1[x] + b_1[x]) * w_1 + (a_2[x] + b_2[x]) * w_2
            sums[x] += near + (a_3[x] + b_3[x]) * w_3 + (a_4[x] + b_4[x]) * w_4


@inlined
def _exact_sum(values: Singles, starts: Counts, weights: Floats, x: _Whole) -> np.float64:
    """Return the sum at `x` in the order and precision of scipy."""
    total = np.float64(values[starts[0] + x]) * weights[0]
    for distance in range(weights.size - 1, 0, -1):
        pair = values[starts[2 * distance - 1] + x] + values[starts[2 * distance] + x]
        total += np.float64(pair) * weights[distance]
    return np.float64(total)


@inlined
def _is_doubtful(total: np.float32, tolerance: np.float32) -> bool:
    """Say whether the whole part of a rough sum is not certain."""
    return bool(np.int32(total - tolerance) != np.int32(total + tolerance))


@inlined
def _smooth(
    values: Singles,
    starts: Counts,
    weights: Floats,
    rough_weights: Singles,
    tolerance: np.float32,
    sums: Singles,
    target: Bytes,
) -> None:
    """Set `target` to the whole parts of the sums of weighted stretches."""
    width = sums.size
    _add_roughly(values, starts, rough_weights, sums)
    n_doubtful = np.int32(0)
    for x in range(width):
        n_doubtful += np.int32(_is_doubtful(sums[x], tolerance))
        target[x] = np.uint8(np.int32(sums[x]))
    if n_doubtful == 0:
        return
    for first in range(0, width, _BLOCK):
        last = min(width, first + _BLOCK)
        n_doubtful = np.int32(0)
        for x in range(first, last):
            n_doubtful += np.int32(_is_doubtful(sums[x], tolerance))
        if n_doubtful > 0:
            for x in range(first, last):
                if _is_doubtful(sums[x], tolerance):
                    target[x] = np.uint8(np.int32(_exact_sum(values, starts, weights, x)))


@inlined
def _find_rows(
    starts: Counts, mirrored: Counts, place: _Whole, radius: _Whole, last_slot: _Whole
) -> None:
    """Note where in the ring the rows about a place begin; those of weight 0 are the centre's."""
    for pair in range((starts.size + 1) // 2):
        distance = pair if pair <= radius else np.int64(0)
        before = (mirrored[place + radius - distance] & last_slot) * COLUMNS_AT_ONCE
        if pair > 0:
            starts[2 * pair - 1] = before
        starts[2 * pair] = (mirrored[place + radius + distance] & last_slot) * COLUMNS_AT_ONCE


_WEIGHTS_AND_ROOM = (
    contiguous(int64, 1),  # mirrored
    contiguous(float64, 1),  # weights
    contiguous(float32, 1),  # rough_weights
    float32,  # tolerance
    contiguous(float32, 1, readonly=False),  # ring, or padded
    contiguous(float32, 1, readonly=False),  # sums
    contiguous(int64, 1, readonly=False),  # starts
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
    ring: Singles,
    sums: Singles,
    starts: Counts,
    first: int,
    last: int,
) -> None:
    """Correlate along N in the blocks of columns of (P, N, X); `target` may be `source`.

    Blocks are numbered along P and X. `mirrored` holds the positions along N where the axis is
    continued by its reflection, as far as `weights` reach from their centre; the arrays behind
    `tolerance` are room to work in.
    """
    radius, length = weights.size - 1, source.shape[1]
    n_blocks = (source.shape[2] + COLUMNS_AT_ONCE - 1) // COLUMNS_AT_ONCE
    last_slot = ring.size // COLUMNS_AT_ONCE - 1
    for number in range(first, last):
        p, begin = number // n_blocks, number % n_blocks * COLUMNS_AT_ONCE
        width = min(COLUMNS_AT_ONCE, source.shape[2] - begin)
        n_loaded = 0
        for n in range(length):
            while n_loaded < length and n_loaded <= n + radius:
                slot, row = (n_loaded & last_slot) * COLUMNS_AT_ONCE, source[p, n_loaded, begin:]
                for x in range(width):
                    ring[slot + x] = np.float32(row[x])
                n_loaded += 1
            _find_rows(starts, mirrored, n, radius, last_slot)
            row = target[p, n, begin:]
            _smooth(ring, starts, weights, rough_weights, tolerance, sums[:width], row)


@compiled_for(void(contiguous(uint8, 2), contiguous(uint8, 2, readonly=False), *_WEIGHTS_AND_ROOM))
def smooth_along(
    source: Bytes,
    target: Bytes,
    mirrored: Counts,
    weights: Floats,
    rough_weights: Singles,
    tolerance: np.float32,
    padded: Singles,
    sums: Singles,
    starts: Counts,
    first: int,
    last: int,
) -> None:
    """Correlate along X in the rows (N, X) from `first` to `last`; `target` may be `source`."""
    radius, width = weights.size - 1, source.shape[1]
    for pair in range((starts.size + 1) // 2):
        distance = pair if pair <= radius else 0
        if pair > 0:
            starts[2 * pair - 1] = radius - distance
        starts[2 * pair] = radius + distance
    for number in range(first, last):
        row = source[number]
        for x in range(radius):
            padded[x] = np.float32(row[mirrored[x]])
            padded[radius + width + x] = np.float32(row[mirrored[radius + width + x]])
        for x in range(width):
            padded[radius + x] = np.float32(row[x])
        _smooth(padded, starts, weights, rough_weights, tolerance, sums, target[number])
