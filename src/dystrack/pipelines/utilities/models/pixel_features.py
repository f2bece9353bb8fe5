"""What a pixel classifier sees of each pixel: brightness and edges at several scales."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.pipelines.utilities.smoothing import smooth

__all__ = ["FEATURE_NAMES", "features_at", "grid_of", "normalised"]

_SIGMAS_PX = (1.0, 2.0, 4.0, 8.0)
_SIGMA_Z_SHARE = 0.5  # planes are further apart than pixels
_EDGE_SIGMAS = (1, 2)  # which of them
_DARK, _BRIGHT = 50.0, 99.8
_LEVELS = (20.0, 220.0)  # grey values that dark and bright become

FEATURE_NAMES = (
    *(f"brightness at {sigma:g} px" for sigma in _SIGMAS_PX),
    *(f"difference of {a:g} and {b:g} px" for a, b in pairwise(_SIGMAS_PX)),
    *(f"edge at {_SIGMAS_PX[i]:g} px" for i in _EDGE_SIGMAS),
)
"""What the features are, in their order."""

Bytes = npt.NDArray[np.uint8]


def normalised(image: npt.NDArray[Any]) -> Bytes:
    """Stretch an image so that its background and its brightest parts are always the same grey.

    Parameters
    ----------
    image : ndarray of shape (Z, Y, X) or (Y, X)
        Grey values.

    Returns
    -------
    ndarray of uint8
        The same shape; the median is 20, the 99.8th percentile 220.
    """
    sparse = image[..., ::2, ::2]
    dark, bright = (float(np.percentile(sparse, p)) for p in (_DARK, _BRIGHT))
    factor = (_LEVELS[1] - _LEVELS[0]) / max(bright - dark, 1.0)
    if image.dtype == np.uint8:
        table = np.clip((np.arange(256) - dark) * factor + _LEVELS[0], 0, 255).astype(np.uint8)
        in_table: Bytes = table[image]
        return in_table
    stretched = (image.astype(np.float32) - np.float32(dark)) * np.float32(factor)
    bounded: Bytes = np.clip(stretched + np.float32(_LEVELS[0]), 0, 255).astype(np.uint8)
    return bounded


def grid_of(shape: tuple[int, ...], step_px: int) -> tuple[int, ...]:
    """Return the shape of the grid of pixels that are looked at: each so many-th along y and x."""
    return (*shape[:-2], *(-(-size // step_px) for size in shape[-2:]))


def features_at(image: Bytes, step_px: int = 2) -> npt.NDArray[np.float32]:
    """Return the features of the pixels of a grid.

    Parameters
    ----------
    image : ndarray of uint8, shape (Z, Y, X) or (Y, X)
        Normalised image.
    step_px : int, default 2
        Distance between the pixels that are looked at, along y and x.

    Returns
    -------
    ndarray of float32, shape (N, F)
        One row a pixel of the grid, in the order of its shape.
    """
    sigmas = [(sigma * _SIGMA_Z_SHARE, sigma, sigma)[-image.ndim :] for sigma in _SIGMAS_PX]
    smoothed = [smooth(image, sigma) for sigma in sigmas]
    grids = [plane[..., ::step_px, ::step_px].astype(np.float32).ravel() for plane in smoothed]
    rows = np.empty((grids[0].size, len(FEATURE_NAMES)), np.float32)
    n = len(grids)
    for column, grid in enumerate(grids):
        rows[:, column] = grid
    for column, (finer, coarser) in enumerate(pairwise(grids), n):
        rows[:, column] = finer - coarser
    for column, index in enumerate(_EDGE_SIGMAS, 2 * n - 1):
        rows[:, column] = _edges(smoothed[index], step_px).ravel()
    return rows


def _edges(smoothed: Bytes, step_px: int) -> npt.NDArray[np.float32]:
    """Return how steep an image is along y and x, at the pixels of the grid."""
    height, width = smoothed.shape[-2:]
    ys, xs = np.arange(0, height, step_px), np.arange(0, width, step_px)

    def at(y: npt.NDArray[np.intp], x: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        picked = smoothed[..., np.clip(y, 0, height - 1), :][..., np.clip(x, 0, width - 1)]
        return picked.astype(np.float32)

    along_y, along_x = at(ys + 1, xs) - at(ys - 1, xs), at(ys, xs + 1) - at(ys, xs - 1)
    steepness: npt.NDArray[np.float32] = np.sqrt(along_y**2 + along_x**2)
    return steepness
