"""Bin large prescans before they are analysed, and tell what is found in pixels of the file."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import ConfigurationError
from dystrack.core.threads import n_threads_for, run_in_threads
from dystrack.pipelines.utilities.kernels.compiled import compiled_kernels

__all__ = ["NOT_REDUCED", "REDUCE_ABOVE", "Reduction", "choose_reduction"]

REDUCE_ABOVE = 500.0
"""From so many million voxels a prescan is binned, if nobody says otherwise."""

_FEWEST_PLANES = 8


@dataclass(frozen=True, slots=True)
class Reduction:
    """How many voxels of the file make one voxel of the image that is analysed.

    Attributes
    ----------
    z, yx : int
        Number along z, and along y and x; stacks of few planes keep them all.
    """

    z: int = 1
    yx: int = 1

    def binned(self, stack: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the mean of each bin.

        Parameters
        ----------
        stack : ndarray of shape (Z, Y, X) or (Y, X)
            Grey values; at the far borders, what does not fill a bin is left out.

        Returns
        -------
        ndarray
            Means of the same type, rounded (halves up) if it is a type of integers; `stack` itself
            if there is nothing to bin.
        """
        if self.yx == 1:
            return stack
        planes = stack.reshape((1, *stack.shape)[-3:])
        shape = [
            size // n for size, n in zip(planes.shape, (self.z, self.yx, self.yx), strict=True)
        ]
        binned = np.empty(shape, stack.dtype.newbyteorder("="))
        kernels = compiled_kernels("binning") if stack.dtype.str[1:] in ("u1", "u2") else None

        def bin_planes(first: int, last: int) -> None:
            for number in range(first, last):
                part = np.ascontiguousarray(planes[number * self.z :][: self.z], binned.dtype)
                if kernels is None:
                    binned[number] = _means(part, self.yx)
                else:
                    room = np.empty(part.shape[2], np.uint32)
                    kernels.bin_planes(part, binned[number], self.yx, room)

        run_in_threads(bin_planes, len(binned), n_threads_for(stack.size))
        return binned.reshape(binned.shape[-stack.ndim :])

    def sigma_px(self, sigma_px: float, n_dimensions: int) -> float | tuple[float, ...]:
        """Return a sigma in pixels of the file as one for each axis of the binned image."""
        if self.yx == 1:
            return sigma_px
        return (sigma_px / self.z, sigma_px / self.yx, sigma_px / self.yx)[-n_dimensions:]

    def in_file(self, place: PixelPosition) -> PixelPosition:
        """Return a place in the binned image in pixels of the file."""
        sizes = (self.z, self.yx, self.yx)
        return PixelPosition(*((p + 0.5) * n - 0.5 for p, n in zip(place, sizes, strict=True)))

    def in_image(self, place: PixelPosition) -> PixelPosition:
        """Return a place in the file in pixels of the binned image."""
        sizes = (self.z, self.yx, self.yx)
        return PixelPosition(*((p + 0.5) / n - 0.5 for p, n in zip(place, sizes, strict=True)))

    def outline_in_file(self, points: list[list[float]]) -> list[list[float]]:
        """Return points [y, x] of an outline in the binned image in pixels of the file."""
        return [[(value + 0.5) * self.yx - 0.5 for value in point] for point in points]


NOT_REDUCED = Reduction()


def choose_reduction(stack: npt.NDArray[Any], reduce: int | None, reduce_above: float) -> Reduction:
    """Return how far to bin an image.

    Parameters
    ----------
    stack : ndarray of shape (Z, Y, X) or (Y, X)
        Image.
    reduce : int or None
        Voxels along each axis that make one; None for the fewest of 1, 2, 4, … with which the image
        has no more than `reduce_above` million voxels.
    reduce_above : float
        Million voxels.

    Returns
    -------
    Reduction
        Bins; those along z only for stacks of at least 8 times as many planes.

    Raises
    ------
    ConfigurationError
        If one of them cannot be.
    """
    if reduce is not None and not 1 <= reduce <= min(stack.shape[-2:]):
        msg = (
            f"`reduce` is {reduce}; give 1, 2, 4, … up to the width of the image, or leave it out."
        )
        raise ConfigurationError(msg)
    if not reduce_above > 0:
        msg = f"`reduce_above` is {reduce_above}; give a number of million voxels above 0."
        raise ConfigurationError(msg)
    n = reduce or 1
    depth = stack.shape[0] if stack.ndim == 3 else 1  # noqa: PLR2004 - (Z, Y, X)
    while True:
        bins = Reduction(n if depth >= _FEWEST_PLANES * n else 1, n)
        if reduce is not None or stack.size / (bins.z * n * n) <= reduce_above * 1e6:
            return bins
        n *= 2


def _means(planes: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    """Return the means of bins as deep as the planes."""
    height, width = (size // n for size in planes.shape[1:])
    cut = planes[:, : height * n, : width * n].reshape(-1, height, n, width, n)
    is_whole = planes.dtype.kind in "bui"
    sums = cut.sum(axis=(0, 2, 4), dtype=np.int64 if is_whole else np.float64)
    n_voxels = len(planes) * n * n
    means: npt.NDArray[Any] = (sums + n_voxels // 2) // n_voxels if is_whole else sums / n_voxels
    return means
