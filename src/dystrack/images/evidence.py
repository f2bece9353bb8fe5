"""Whether an image shows anything but noise, and whether an object stands out from it."""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.threads import n_threads_for, run_in_threads

__all__ = [
    "contrast_confidence",
    "evidence_of",
    "evidence_of_pattern",
    "extent_confidence",
    "extent_of",
]

_BINS_ALONG_Y_OR_X = 32
_SMALLEST_BIN_PX = 4
_DEGREE_OF_SHADING = 4
_BEYOND_SPECKS_BINS = 3
_PATTERN_LAG_PX = 2
_COARSEST_PATTERN_PX = 25
_BRIGHTEST_PATTERN_SD = 2.0  # so that a few bright specks do not count for a pattern
_SD_OF_MAD = 1.4826
_SD_OF_MEAN_DEVIATION = 1.2533
_HALF_SURE = 0.1  # noise, shading and specks reach 0.06, a dim real prescan 0.19
_FEW_PLANES = 257  # of 255 at most, which 16 bits hold
_ROUNDING_SD = 12**-0.5  # of whole grey values, once for each axis that was smoothed
_CERTAIN_CONTRAST_SD = 5.0  # brightest spots of smoothed noise reach 3.5
_CERTAIN_EDGE_SD = 2.0
_DIM_SHARE = 0.25
_SPECK_SD_PX = 1.3  # dust, hot pixels: at most three pixels wide
_CERTAIN_AREA = 1.5  # in areas of such a speck


def evidence_of(image: npt.NDArray[np.generic]) -> float:
    """Return how sure it is that an image shows a sample.

    Noise averages out in bins of many pixels, a sample does not. So the variance of bins of the
    projection along z is compared with the one that its noise alone would give. What an empty field
    shows as well does not count: shading (a polynomial in y and x is subtracted) and specks that
    are smaller than two bins (a median filter takes them away).

    Parameters
    ----------
    image : ndarray of shape (Z, Y, X) or (Y, X)
        Grey values before any smoothing.

    Returns
    -------
    float
        ``(r - 1) / (r + 1)`` with the ratio r of the variances: 0 for noise, 0.5 where the sample
        has twice the variance of the noise, towards 1 for a clear image.
    """
    return _evidence_in(_projection(image))


def evidence_of_pattern(image: npt.NDArray[np.generic]) -> float:
    """Return how sure it is that an image shows a pattern, however fine.

    A pattern is alike two pixels further on, noise is not. Neither shading nor specks count: what
    is far brighter than most of the image is cut.

    Parameters
    ----------
    image : ndarray of shape (Z, Y, X) or (Y, X)
        Grey values before any smoothing.

    Returns
    -------
    float
        ``c / (c + 0.1)`` with the correlation c of the projection along z with itself, two pixels
        further along y or x, whichever is less alike; or the result of `evidence_of`, if higher.
    """
    projection = _projection(image)
    if min(projection.shape) <= _PATTERN_LAG_PX:
        return 0.0
    fine = _cut(_without_coarse(projection))
    along_y = fine[_PATTERN_LAG_PX:] * fine[:-_PATTERN_LAG_PX]
    along_x = fine[:, _PATTERN_LAG_PX:] * fine[:, :-_PATTERN_LAG_PX]
    variance = float((fine**2).mean())
    alike = min(float(along_y.mean()), float(along_x.mean())) / variance if variance else 0.0
    return max(alike / (alike + _HALF_SURE) if alike > 0 else 0.0, _evidence_in(projection))


def extent_of(image: npt.NDArray[np.generic]) -> tuple[float, float, float]:
    """Return the size of what is bright in an image.

    Parameters
    ----------
    image : ndarray of shape (Z, Y, X) or (Y, X)
        Grey values, of which those count that are clearly above the median of a coarser image.

    Returns
    -------
    tuple of float
        Four standard deviations along y, x in pixels, behind 0.0 for z, which is not measured.
    """
    plane = _projection(image)
    bin_px = max(_SMALLEST_BIN_PX, min(plane.shape) // _BINS_ALONG_Y_OR_X)
    bins = scipy.ndimage.median_filter(_binned(plane, bin_px), _BEYOND_SPECKS_BINS)
    if not bins.size:
        return 0.0, 0.0, 0.0
    bright = _bright_part(bins)
    y, x = (bin_px * _width(bright.sum(axis=axis)) for axis in (1, 0))
    return 0.0, y, x


def extent_confidence(
    smoothed: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], gauss_sigma: float
) -> float:
    """Return how sure it is that an object is larger than a speck.

    Parameters
    ----------
    smoothed : ndarray of shape (Z, Y, X) or (Y, X)
        Smoothed grey values.
    mask : ndarray of bool
        The object.
    gauss_sigma : float
        Sigma of the smoothing in pixels.

    Returns
    -------
    float
        ``a² / (a² + 1.5²)`` with the area a, seen along z, in which the object has half its height,
        in areas of a speck of three pixels that is smoothed.
    """
    background = float(np.median(smoothed[~mask])) if not mask.all() else 0.0
    inner = mask & (smoothed >= (float(smoothed[mask].max()) + background) / 2)
    area = np.count_nonzero(inner.reshape((-1, *inner.shape[-2:])).any(axis=0))
    of_speck = 2 * np.pi * np.log(2) * (gauss_sigma**2 + _SPECK_SD_PX**2)
    share = float(area / of_speck)
    return share**2 / (share**2 + _CERTAIN_AREA**2)


def contrast_confidence(
    image: npt.NDArray[np.generic],
    smoothed: npt.NDArray[np.uint8],
    mask: npt.NDArray[np.bool_],
    gauss_sigma: float,
) -> float:
    """Return how sure it is that an object is not a bright spot of the noise.

    Parameters
    ----------
    image : ndarray of shape (Z, Y, X) or (Y, X)
        Grey values before smoothing.
    smoothed : ndarray
        The same, smoothed.
    mask : ndarray of bool
        The object, which was found in `smoothed`.
    gauss_sigma : float
        Sigma of the smoothing in pixels.

    Returns
    -------
    float
        The lesser of ``c² / (c² + 5²)`` with the contrast c of the object in standard deviations
        of the noise that is left after smoothing, and ``e² / (e² + 2²)`` with that across its
        outline, which shading does not have.
    """
    if mask.all():
        return 0.0
    middle = image.reshape((-1, *image.shape[-2:]))[image.shape[0] // 2 if image.ndim > 2 else 0]  # noqa: PLR2004
    noise_sd = _noise_variance(middle.astype(np.float32)) ** 0.5
    left_sd = noise_sd * _white_noise_left(gauss_sigma) ** image.ndim
    left_sd = float(np.hypot(left_sd, image.ndim * _ROUNDING_SD))
    contrast = (float(smoothed[mask].mean()) - float(np.median(smoothed[~mask]))) / left_sd
    across = _contrast_across_outline(smoothed, mask, math.ceil(gauss_sigma)) / left_sd
    return min(
        contrast**2 / (contrast**2 + _CERTAIN_CONTRAST_SD**2) if contrast > 0 else 0.0,
        across**2 / (across**2 + _CERTAIN_EDGE_SD**2) if across > 0 else 0.0,
    )


def _evidence_in(projection: npt.NDArray[np.float32]) -> float:
    bin_px = max(_SMALLEST_BIN_PX, min(projection.shape) // _BINS_ALONG_Y_OR_X)
    if min(projection.shape) < 2 * bin_px:
        return 0.0
    of_noise = _noise_variance(projection) / bin_px**2
    bins = scipy.ndimage.median_filter(_binned(projection, bin_px), _BEYOND_SPECKS_BINS)
    of_bins = float(_without_shading(bins).var())
    if of_bins <= of_noise:
        return 0.0
    return float((of_bins - of_noise) / (of_bins + of_noise))


def _contrast_across_outline(
    smoothed: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], width_px: int
) -> float:
    """Return how much brighter a rim within an object is than one around it."""
    width_px = max(width_px, 1)
    outer = scipy.ndimage.binary_dilation(mask, iterations=width_px) & ~mask
    inner = mask & ~scipy.ndimage.binary_erosion(mask, iterations=width_px, border_value=1)
    return float(smoothed[inner].mean()) - float(smoothed[outer].mean())


def _white_noise_left(gauss_sigma: float) -> float:
    """Return the share of white noise that a Gaussian leaves along one axis."""
    offsets = np.arange(-int(4 * gauss_sigma + 0.5), int(4 * gauss_sigma + 0.5) + 1)
    weights = np.exp(-0.5 * (offsets / max(gauss_sigma, 1e-9)) ** 2)
    return float(np.sqrt((weights**2).sum()) / weights.sum())


def _projection(image: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """Return the sum along z."""
    stack = image.reshape((-1, *image.shape[-2:]))
    # As narrow as sums of planes fit in (up to 65,536 planes of 16 bits): the wider, the slower.
    few = image.dtype == np.uint8 and len(stack) <= _FEW_PLANES
    narrow = np.uint16 if few else np.uint32 if image.dtype in (np.uint8, np.uint16) else None
    projection = np.empty(stack.shape[1:], np.float32)

    def project(first: int, last: int) -> None:
        projection[first:last] = stack[:, first:last].sum(axis=0, dtype=narrow)

    run_in_threads(project, projection.shape[0], n_threads_for(image.size))
    return projection


def _bright_part(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return by how much values exceed the lowest quarter between median and maximum.

    The maximum is the 99th percentile, so that one spot does not decide.
    """
    median, highest = np.percentile(values, (50, 99))
    floor = median + _DIM_SHARE * (highest - median)
    return np.asarray(np.clip(values - floor, 0.0, highest - floor), np.float64)


def _width(weights: npt.NDArray[np.float64]) -> float:
    """Return four standard deviations of a place along an axis, by the weight of each pixel."""
    total = float(weights.sum())
    if not total:
        return 0.0
    at = np.arange(weights.size)
    mean = float((weights * at).sum()) / total
    return 4 * math.sqrt(max(0.0, float((weights * (at - mean) ** 2).sum()) / total))


def _without_coarse(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Subtract what changes slowly, and leave the border out, where that cannot be told."""
    border = _COARSEST_PATTERN_PX // 2
    fine = plane - scipy.ndimage.uniform_filter(plane, _COARSEST_PATTERN_PX)
    is_large = min(plane.shape) > 2 * border + _COARSEST_PATTERN_PX
    return np.asarray(fine[border:-border, border:-border] if is_large else fine)


def _cut(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return deviations from the mean, those of bright and dark outliers cut."""
    middle = np.median(plane)
    deviations = np.abs(plane - middle)
    sd = _SD_OF_MAD * np.median(deviations) or _SD_OF_MEAN_DEVIATION * deviations.mean()
    most = _BRIGHTEST_PATTERN_SD * sd
    cut = np.clip(plane, middle - most, middle + most)
    return np.asarray(cut - cut.mean())


def _noise_variance(plane: npt.NDArray[np.float32]) -> float:
    """Return the variance of a pixel's noise, from differences between neighbours."""
    return float(min(np.diff(plane, axis=0).var(), np.diff(plane, axis=1).var()) / 2)


def _binned(plane: npt.NDArray[np.float32], bin_px: int) -> npt.NDArray[np.float32]:
    """Return the means of square bins; rows and columns that fill none are left out."""
    n_y, n_x = (size // bin_px for size in plane.shape)
    rows = plane[: n_y * bin_px, : n_x * bin_px].reshape(n_y, bin_px, n_x * bin_px).mean(axis=1)
    means: npt.NDArray[np.float32] = rows.reshape(n_y, n_x, bin_px).mean(axis=2)
    return means


def _without_shading(bins: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Subtract the polynomial in y and x that fits best."""
    basis = _shading_basis(*bins.shape)
    flat = bins.ravel()
    return flat - basis @ (basis.T @ flat)


@lru_cache(maxsize=8)
def _shading_basis(n_y: int, n_x: int) -> npt.NDArray[np.float32]:
    """Return orthonormal polynomials in y and x, one a column."""
    y, x = np.meshgrid(np.linspace(-1, 1, n_y), np.linspace(-1, 1, n_x), indexing="ij")
    powers = [
        (y**i * x**j).ravel()
        for i in range(_DEGREE_OF_SHADING + 1)
        for j in range(_DEGREE_OF_SHADING + 1 - i)
    ]
    return np.linalg.qr(np.stack(powers, axis=-1))[0].astype(np.float32)
