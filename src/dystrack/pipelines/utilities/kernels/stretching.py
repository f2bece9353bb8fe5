"""The loop of `preparation`, compiled when this module is imported."""

import numpy as np
import numpy.typing as npt
from numba import float64, uint8, uint16, void

from dystrack.pipelines.utilities.kernels.jit import Bytes, compiled_for, contiguous

__all__ = ["stretch"]


@compiled_for(void(contiguous(uint16, 2), contiguous(uint8, 2, readonly=False), float64, float64))
def stretch(values: npt.NDArray[np.uint16], target: Bytes, lowest: float, span: float) -> None:
    """Set `target` to values as parts of a span in 8 bits, truncated."""
    for number in range(values.shape[0]):
        row, stretched = values[number], target[number]
        for x in range(row.size):
            stretched[x] = np.uint8(np.int32((np.float64(row[x]) - lowest) / span * 255.0))
