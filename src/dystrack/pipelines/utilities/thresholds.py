"""Thresholds that separate a target from the background: a number, or one for each pixel."""

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.errors import TargetNotFoundError
from dystrack.pipelines.utilities.objects.counting import histogram, object_counts
from dystrack.pipelines.utilities.preparation import refuse_constant

__all__ = ["local_thresholds", "object_count_threshold", "object_counts", "otsu_threshold"]

Bytes = npt.NDArray[np.uint8]

_N_LEVELS = 256
_COUNT_SIGMA = 3
_TOO_BRIGHT = 250
_SD_OF_MAD = 1.4826
_LEAST_LOCAL_SD = 6.0
_LEAST_LOCAL_GREY = 2.0


def object_count_threshold(smoothed: Bytes, count_reduction: float = 0.5) -> int:
    """Find the threshold at which the objects of the background have gone.

    A low threshold cuts the background into many objects. As it rises, their number passes a
    maximum and falls, until only the target and little else is left. The threshold is the first
    behind the maximum at which the smoothed number has fallen to `count_reduction` of it, or
    rises again because the target itself begins to break up.

    Parameters
    ----------
    smoothed : ndarray of uint8, shape (Z, Y, X) or (Y, X)
        Smoothed image.
    count_reduction : float, optional, default 0.5
        Fraction of the greatest number of objects.

    Returns
    -------
    int
        Threshold from 1 to 249; the mask is ``smoothed >= threshold``.

    Raises
    ------
    TargetNotFoundError
        If there is no such threshold.
    """
    refuse_constant(smoothed)
    counts = object_counts(smoothed)
    curve = scipy.ndimage.gaussian_filter1d(counts, _COUNT_SIGMA)
    highest_before = np.maximum.accumulate(curve)
    threshold = _N_LEVELS - 2
    for level in range(1, _N_LEVELS - 1):
        most = highest_before[level - 1]
        has_fallen = curve[level] <= count_reduction * most or curve[level + 1] > curve[level]
        if most > curve[level] and has_fallen:
            threshold = level
            break
    while threshold > 1 and counts[threshold] == 0:
        threshold -= 1
    if threshold >= _TOO_BRIGHT or counts[threshold] == 0:
        raise TargetNotFoundError(
            f"No threshold separates a target from the background (it would be {threshold} of "
            f"255; the brightest smoothed voxel is {smoothed.max()}). Check exposure, saturation "
            "and `channel`; `count_reduction` or `gauss_sigma` may have to be adapted."
        )
    return threshold


def local_thresholds(
    image: npt.NDArray[np.uint8], radius_px: float, least: float = 0.0
) -> npt.NDArray[np.float32]:
    """Return for each pixel half the height of the brightest one in its surroundings.

    So a dim object beside a bright one has an outline of its own.

    Parameters
    ----------
    image : ndarray of uint8, shape (Z, Y, X) or (Y, X)
        Image without background.
    radius_px : float
        Radius of the surroundings along y and x, about that of an object.
    least : float, optional, default 0.0
        No threshold is lower than this, or than six standard deviations of the image about its
        median, by the median deviation.

    Returns
    -------
    ndarray of float32
        Thresholds.
    """
    median = float(np.median(image))
    noise = _SD_OF_MAD * float(np.median(np.abs(image - median)))
    lowest = max(least, median + _LEAST_LOCAL_SD * noise, median + _LEAST_LOCAL_GREY)
    window = 2 * round(radius_px) + 1
    highest = scipy.ndimage.maximum_filter(image, (1, window, window)[-image.ndim :])
    return np.asarray(np.maximum(highest / 2, lowest), np.float32)


def otsu_threshold(smoothed: Bytes) -> int:
    """Find the threshold that separates the two classes of grey values best.

    Of all thresholds it is the first with the greatest variance between the classes [1]_.

    Parameters
    ----------
    smoothed : ndarray of uint8
        Smoothed image.

    Returns
    -------
    int
        Threshold; the mask is ``smoothed >= threshold``.

    Raises
    ------
    TargetNotFoundError
        If all voxels are equal.

    Notes
    -----
    Sums of voxels are in single precision, as in scikit-image, so that both find the same.

    References
    ----------
    .. [1] N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on
       Systems, Man, and Cybernetics 9(1), 62-66, 1979.
    """
    refuse_constant(smoothed)
    lowest, highest = int(smoothed.min()), int(smoothed.max())
    counts = histogram(smoothed)[lowest : highest + 1].astype(np.float32)
    mass = counts * np.arange(lowest, highest + 1)
    n_below, n_above = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
    mean_below, mean_above = np.cumsum(mass) / n_below, np.cumsum(mass[::-1])[::-1] / n_above
    distances = mean_below[:-1] - mean_above[1:]
    return lowest + int(np.argmax(n_below[:-1] * n_above[1:] * distances**2))
