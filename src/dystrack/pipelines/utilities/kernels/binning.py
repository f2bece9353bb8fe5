"""The loop of `reduction`, compiled when this module is imported."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import int64, uint8, uint16, uint32, void

from dystrack.pipelines.utilities.kernels.jit import compiled_for, contiguous

__all__ = ["bin_planes"]


@compiled_for(
    [
        void(
            contiguous(scalar, 3),
            contiguous(scalar, 2, readonly=False),
            int64,
            contiguous(uint32, 1, readonly=False),
        )
        for scalar in (uint8, uint16)
    ]
)
def bin_planes(
    planes: npt.NDArray[Any], target: npt.NDArray[Any], n: int, sums: npt.NDArray[np.uint32]
) -> None:
    """Set `target` (Y, X) to the rounded means of bins of `n` by `n` through `planes` (Z, Y, X).

    `sums` is room for a row. Sums of 16-bit values fit up to 65,536 voxels a bin.
    """
    n_voxels = np.uint32(planes.shape[0] * n * n)
    half, shift = np.uint32(n_voxels // np.uint32(2)), np.uint32(0)
    while np.uint32(1) << shift < n_voxels:
        shift = np.uint32(shift + np.uint32(1))
    is_usual = n == 2 and np.uint32(1) << shift == n_voxels  # noqa: PLR2004 - vector code
    for y in range(target.shape[0]):
        sums[:] = 0
        for z in range(planes.shape[0]):
            for row_y in range(y * n, y * n + n):
                row = planes[z, row_y]
                for x in range(sums.size):
                    sums[x] += row[x]
        binned = target[y]
        if is_usual:
            for x in range(binned.size):
                total = np.uint32(sums[2 * x] + sums[2 * x + 1])
                binned[x] = np.uint32(total + half) >> shift
        else:
            for x in range(binned.size):
                total = half
                for i in range(x * n, x * n + n):
                    total += sums[i]
                binned[x] = np.uint32(total) // n_voxels
