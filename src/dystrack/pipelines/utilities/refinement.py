"""Look again, at full resolution, where an object of a binned image ends."""

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.coordinates import PixelPosition
from dystrack.pipelines.utilities.objects.regions import Region
from dystrack.pipelines.utilities.preparation import extremes
from dystrack.pipelines.utilities.reduction import Reduction
from dystrack.pipelines.utilities.smoothing import smooth

__all__ = ["leading_edge"]

Bytes = npt.NDArray[np.uint8]

_TIP_PX = 16
_FARTHEST_BINS = 2


def leading_edge(
    region: Region,
    threshold: int,
    stack: npt.NDArray[np.generic],
    binned: npt.NDArray[np.generic],
    bins: Reduction,
    gauss_sigma: float,
    *,
    invert: bool = False,
) -> float:
    """Return the greatest x of an object that was found in a binned image.

    Only the surroundings of its tip are looked at in the file. Bins have less noise than voxels,
    so the threshold there may be that of the bins or the next: the mean of both ends is returned.

    Parameters
    ----------
    region : Region
        The object, in bins.
    threshold : int
        Grey value that it reaches in the binned image after smoothing.
    stack, binned : ndarray of shape (Z, Y, X) or (Y, X)
        Grey values of the file, and the means of bins.
    bins : Reduction
        The bins.
    gauss_sigma : float
        Sigma of the smoothing in pixels of the file.
    invert : bool, optional, default False
        Whether dark was taken for bright.

    Returns
    -------
    float
        In pixels of the file; from the bins alone where the file shows no end near theirs.
    """
    roughly = bins.in_file(PixelPosition(0, 0, region.last_column)).x
    if bins.yx == 1:
        return roughly
    tip, around = _boxes_about_tip(region, stack.shape, bins, int(4 * gauss_sigma + 0.5))
    grey = _in_8_bits(stack[around], binned, invert=invert)
    smoothed = smooth(grey, gauss_sigma)
    cut = tuple(
        slice(t.start - a.start, t.stop - a.start) for t, a in zip(tip, around, strict=True)
    )
    ends = [_end_of_largest(smoothed[cut] >= level) for level in (threshold, threshold + 1)]
    edge = tip[-1].start + float(np.mean(ends))
    return edge if abs(edge - roughly) <= _FARTHEST_BINS * bins.yx else roughly


def _boxes_about_tip(
    region: Region, shape: tuple[int, ...], bins: Reduction, radius: int
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return where the tip lies in the file, and that with all that smoothing mixes into it."""
    last, height = region.last_column, region.shape[-2]
    rows = region.rows[region.lasts > last + 1 - -(-_TIP_PX // bins.yx)]
    spans = (
        (rows.min() // height, rows.max() // height, bins.z),
        ((rows % height).min(), (rows % height).max(), bins.yx),
        (last - _TIP_PX // bins.yx, last + _TIP_PX // bins.yx, bins.yx),
    )
    boxes = [
        tuple(
            slice(max(0, (int(first) - 1) * n - room), min(size, (int(end) + 2) * n + room))
            for (first, end, n), size in zip(spans[-len(shape) :], shape, strict=True)
        )
        for room in (0, radius)
    ]
    return boxes[0], boxes[1]


def _in_8_bits(
    values: npt.NDArray[np.generic], like: npt.NDArray[np.generic], *, invert: bool
) -> Bytes:
    """Return values on the scale on which another image was converted to 8 bits."""
    if values.dtype != np.uint8:
        lowest, highest = map(float, extremes(like))
        scaled = (values.astype(float) - lowest) / (highest - lowest) * 255
        values = np.clip(scaled, 0, 255).astype(np.uint8)
    return np.asarray(np.bitwise_not(values) if invert else values, np.uint8)


def _end_of_largest(mask: npt.NDArray[np.bool_]) -> float:
    """Return the greatest x of the largest object of a mask; not a number if there is none."""
    labels, n_objects = scipy.ndimage.label(mask)
    if not n_objects:
        return np.nan
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return float(np.flatnonzero((labels == sizes.argmax()).reshape(-1, mask.shape[-1]).any(0))[-1])
