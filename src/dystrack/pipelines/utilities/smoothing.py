"""Gaussian smoothing of 8-bit images, exactly as `scipy.ndimage.gaussian_filter` does it."""

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.errors import ConfigurationError
from dystrack.core.threads import n_threads_for, run_in_threads
from dystrack.pipelines.utilities.kernels.compiled import compiled_kernels

__all__ = ["smooth"]

Bytes = npt.NDArray[np.uint8]

_NO_SIGMA_PX = 1e-15  # scipy leaves an axis alone up to here
_TRUNCATE = 4.0  # scipy's default: the kernel ends after so many sigmas
_VECTOR = 16  # sums of whole vectors take no remainder


def smooth(image: Bytes, sigma_px: float | Sequence[float], *, overwrite: bool = False) -> Bytes:
    """Smooth an image with a Gaussian, in 8 bits.

    The result is, bit for bit, that of ``scipy.ndimage.gaussian_filter(image, sigma_px)`` on the
    uint8 array, which truncates to uint8 after each axis. Compiled code does the same arithmetic
    in a fraction of the time; it is used once it has proven on this machine that it agrees.

    Parameters
    ----------
    image : ndarray of uint8, shape (Z, Y, X) or (Y, X)
        Image.
    sigma_px : float or sequence of float
        Standard deviation in pixels, for all axes or for each; 0 leaves an axis alone.
    overwrite : bool, optional, default False
        Whether `image` may be overwritten, which saves memory; one that is read-only never is.

    Returns
    -------
    ndarray of uint8
        Smoothed image of the same shape.

    Raises
    ------
    ConfigurationError
        If `sigma_px` is negative or not finite.
    """
    sigmas = np.broadcast_to(np.asarray(sigma_px, dtype=float), image.ndim)
    if not np.isfinite(sigmas).all() or (sigmas < 0).any():
        raise ConfigurationError(
            f"gauss_sigma must be 0 or greater, but is {sigma_px}. Give a number of pixels, "
            "by default 3.0."
        )
    kernels = compiled_kernels("smoothing")
    if kernels is None or not all(_agrees_with_scipy(sigma) for sigma in set(sigmas.tolist())):
        smoothed: Bytes = scipy.ndimage.gaussian_filter(image, sigmas)
        return smoothed
    return _smooth_compiled(kernels, image, sigmas.tolist(), overwrite=overwrite)


def _smooth_compiled(
    kernels: ModuleType, image: Bytes, sigmas_px: Sequence[float], *, overwrite: bool = False
) -> Bytes:
    """Smooth along one axis after the other; all but the first time in place."""
    depth, height, width = shape = (1, *image.shape)[-3:]
    source = np.ascontiguousarray(image).reshape(shape)
    may_overwrite = overwrite and source.flags.writeable
    smoothed = source if may_overwrite else np.empty(shape, np.uint8)
    views = {0: (1, depth, height * width), 1: shape, 2: (depth * height, width)}
    for axis, sigma_px in zip((0, 1, 2)[-image.ndim :], sigmas_px, strict=True):
        if sigma_px > _NO_SIGMA_PX:
            view = views[axis]
            _smooth_axis(kernels, source.reshape(view), smoothed.reshape(view), sigma_px)
            source = smoothed
    return (source if overwrite or source is smoothed else source.copy()).reshape(image.shape)


def _smooth_axis(kernels: ModuleType, source: Bytes, target: Bytes, sigma_px: float) -> None:
    """Smooth (P, N, X) along N or (N, X) along X into `target`, in threads."""
    weights = _half_kernel(sigma_px)
    radius = weights.size - 1
    is_across = source.ndim == 3  # noqa: PLR2004 - (P, N, X)
    length, width = source.shape[1], source.shape[-1]
    mirrored = np.pad(np.arange(length, dtype=np.int64), radius, mode="symmetric")
    reach = -(-radius // kernels.PAIRS_AT_ONCE) * kernels.PAIRS_AT_ONCE
    rough_weights = np.zeros(1 + reach, np.float32)
    rough_weights[: radius + 1] = weights
    # Each weighted value is rounded at most so many times.
    tolerance = np.float32(255 * 2.0**-24 * (radius + 5))
    if is_across:
        smooth, n_columns = kernels.smooth_across, kernels.COLUMNS_AT_ONCE
        n_items, room = source.shape[0] * -(-width // n_columns), (length + 2 * reach) * n_columns
    else:
        smooth, n_columns = kernels.smooth_along, -(-width // _VECTOR) * _VECTOR
        n_items, room = source.shape[0], n_columns + 2 * reach

    def smooth_part(first: int, last: int) -> None:
        given = source, target, mirrored, weights, rough_weights, tolerance
        smooth(*given, np.zeros(room, "f4"), np.empty(n_columns, "f4"), first, last)

    run_in_threads(smooth_part, n_items, n_threads_for(source.size))


def _half_kernel(sigma_px: float) -> npt.NDArray[np.float64]:
    """Return the weights of a Gaussian from its centre outwards, computed as scipy does."""
    radius = int(_TRUNCATE * sigma_px + 0.5)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / (sigma_px * sigma_px) * offsets**2)
    return np.ascontiguousarray((weights / weights.sum())[radius:])


@lru_cache(maxsize=64)
def _agrees_with_scipy(sigma_px: float) -> bool:
    """Say whether compiled code and scipy round alike here, on noise and on every flat value.

    They might not where one of the two was compiled to fuse multiplication and addition.
    """
    kernels = compiled_kernels("smoothing")
    noise = np.random.default_rng(0).integers(0, 256, (12, 20, 33), dtype=np.uint8)
    flat = np.broadcast_to(np.arange(256, dtype=np.uint8)[:, None, None], (256, 2, 2))
    return kernels is not None and all(
        np.array_equal(
            _smooth_compiled(kernels, probe, [sigma_px] * 3),
            scipy.ndimage.gaussian_filter(probe, sigma_px),
        )
        for probe in (noise, noise.transpose(2, 1, 0), np.swapaxes(flat, 0, 1), flat)
    )
