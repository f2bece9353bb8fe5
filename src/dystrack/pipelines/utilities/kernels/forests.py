"""The loop of `forest`, compiled when this module is imported."""

import numpy as np
import numpy.typing as npt
from numba import float32, int32, int64, void

from dystrack.pipelines.utilities.kernels.jit import Ints, compiled_for, contiguous

__all__ = ["vote"]

Singles = npt.NDArray[np.float32]


@compiled_for(
    void(
        contiguous(float32, 2),
        contiguous(int32, 1),
        contiguous(float32, 1),
        contiguous(int32, 2),
        contiguous(float32, 1),
        contiguous(int32, 1),
        contiguous(float32, 1, readonly=False),
        int64,
        int64,
    )
)
def vote(
    rows: Singles,
    feature: Ints,
    threshold: Singles,
    children: Ints,
    value: Singles,
    roots: Ints,
    votes: Singles,
    first: int,
    last: int,
) -> None:
    """Fill in the mean of what the trees say of the rows (N, F), from the `first` to the `last`.

    A node asks whether a feature is above its threshold; then the second of its `children` is
    next, otherwise the first. One whose `feature` is negative says its `value`.
    """
    n_trees = roots.size
    for row in range(first, last):
        total = np.float32(0.0)
        for tree in range(n_trees):
            node = roots[tree]
            asked = feature[node]
            while asked >= 0:
                node = children[node, 1 if rows[row, asked] > threshold[node] else 0]
                asked = feature[node]
            total += value[node]
        votes[row] = total / n_trees
