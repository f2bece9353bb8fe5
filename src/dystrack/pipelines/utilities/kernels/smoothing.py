"""The loops of `smoothing`, compiled when this module is imported."""

import numpy as np
from numba import float64, int64, uint8, void

from dystrack.pipelines.utilities.kernels.jit import Bytes, Counts, Floats, compiled_for, contiguous

__all__ = ["smooth_rows_across", "smooth_rows_along"]


@compiled_for(
    void(
        contiguous(uint8, 2),
        contiguous(uint8, 2, readonly=False),
        contiguous(float64, 1),
        contiguous(int64, 1),
        contiguous(float64, 1, readonly=False),
        int64,
        int64,
        int64,
    )
)
def smooth_rows_across(
    source: Bytes,
    target: Bytes,
    weights: Floats,
    mirrored: Counts,
    sums: Floats,
    n_between: int,
    first: int,
    last: int,
) -> None:
    """Correlate along N in the rows (P·N·Q, X) of an image, from the `first` to the `last`.

    Rows are counted in the order P, Q, N, in which neighbours are met again soon. `n_between` is
    Q; `mirrored` holds the positions along N where the axis is continued by its reflection, as
    far as `weights` reach from their centre; `sums` is room for a row.
    """
    radius = weights.size - 1
    n_across = mirrored.size - 2 * radius
    width = sums.size
    for number in range(first, last):
        n, p_q = number % n_across, number // n_across
        start = p_q // n_between * n_between * n_across + p_q % n_between
        centre = source[start + n * n_between]
        weight = weights[0]
        for x in range(width):
            sums[x] = centre[x] * weight
        for distance in range(radius, 0, -1):
            before = source[start + mirrored[n + radius - distance] * n_between]
            behind = source[start + mirrored[n + radius + distance] * n_between]
            weight = weights[distance]
            for x in range(width):
                sums[x] += np.float64(np.int32(before[x]) + np.int32(behind[x])) * weight
        smoothed = target[start + n * n_between]
        for x in range(width):
            smoothed[x] = np.uint8(np.int32(sums[x]))


@compiled_for(
    void(
        contiguous(uint8, 2),
        contiguous(uint8, 2, readonly=False),
        contiguous(float64, 1),
        contiguous(int64, 1),
        contiguous(float64, 1, readonly=False),
        contiguous(float64, 1, readonly=False),
        int64,
        int64,
    )
)
def smooth_rows_along(
    source: Bytes,
    target: Bytes,
    weights: Floats,
    mirrored: Counts,
    sums: Floats,
    padded: Floats,
    first: int,
    last: int,
) -> None:
    """Correlate along X in the rows (N, X) of an image, from the `first` to the `last`.

    `mirrored` is as above; `sums` is room for a row, `padded` for one with its reflections.
    """
    radius = weights.size - 1
    width = sums.size
    for number in range(first, last):
        row = source[number]
        for x in range(padded.size):
            padded[x] = row[mirrored[x]]
        centre = padded[radius:]
        weight = weights[0]
        for x in range(width):
            sums[x] = centre[x] * weight
        for distance in range(radius, 0, -1):
            before = padded[radius - distance :]
            behind = padded[radius + distance :]
            weight = weights[distance]
            for x in range(width):
                sums[x] += (before[x] + behind[x]) * weight
        smoothed = target[number]
        for x in range(width):
            smoothed[x] = np.uint8(np.int32(sums[x]))
