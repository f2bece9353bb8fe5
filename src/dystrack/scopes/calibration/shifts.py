"""How far two images of the same sample are shifted, to a small part of a pixel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Plane", "Shift", "plane_shift", "stack_depth", "without_fixed_pattern"]

Plane = NDArray[np.floating]
"""An image of shape (Y, X)."""

Shift = tuple[float, float]
"""Distance along y and x in pixels."""

_FINE_PX = 1.5  # finer than this is noise
_COARSE_PX = 12.0  # coarser is illumination
_LEAST_OVERLAP_PX = 16
_NOTHING = 1e-12


def without_fixed_pattern(planes: Sequence[Plane]) -> list[Plane]:
    """Take away what is the same in all images, wherever the stage was: dust, the chip, the light.

    A fixed pattern does not move with the stage, so a registration that follows it finds no move.

    Parameters
    ----------
    planes : sequence of ndarray of shape (Y, X)
        At least three images of different places.

    Returns
    -------
    list of ndarray of shape (Y, X)
        The images less their median.
    """
    stack = np.stack([plane.astype(float) for plane in planes])
    return list(stack - np.median(stack, axis=0))


def plane_shift(reference: Plane, moved: Plane) -> Shift:
    """Return how far the content of one image is shifted against another.

    Phase correlation of what is neither noise nor illumination, under a window; then once more on
    the part that both images show, where the window costs nothing of what they share.

    Parameters
    ----------
    reference, moved : ndarray of shape (Y, X)
        Images of the same shape.

    Returns
    -------
    tuple of float
        Along y and x in pixels: where something of `reference` lies in `moved`, less where it lay.
    """
    one, other = _band_passed(reference), _band_passed(moved)
    first = _correlated(one, other)
    full_px = round(first[0]), round(first[1])
    one, other = _overlap(one, other, full_px)
    if min(one.shape) < _LEAST_OVERLAP_PX:
        return first
    rest = _correlated(one, other)
    return full_px[0] + rest[0], full_px[1] + rest[1]


def stack_depth(reference: NDArray[np.integer], moved: NDArray[np.integer]) -> float:
    """Return how many planes the content of one stack is shifted against another.

    Parameters
    ----------
    reference, moved : ndarray of shape (Z, Y, X)
        Stacks of the same shape.

    Returns
    -------
    float
        Where something of `reference` lies in `moved`, less where it lay, in planes; NaN where
        nothing tells.
    """
    one, other = (np.stack([_band_passed(p) for p in stack]) for stack in (reference, moved))
    most = len(one) // 2
    steps = range(-most, most + 1)
    likeness = np.array([_likeness(one, other, step) for step in steps])
    best = int(np.argmax(likeness))
    if not 0 < best < len(likeness) - 1:
        return float("nan")
    return steps[best] + _vertex(*likeness[best - 1 : best + 2])


def _band_passed(plane: Plane | NDArray[np.integer]) -> Plane:
    values = plane.astype(float)
    fine: Plane = ndimage.gaussian_filter(values, _FINE_PX)
    coarse: Plane = ndimage.gaussian_filter(values, _COARSE_PX)
    return fine - coarse


def _correlated(one: Plane, other: Plane) -> Shift:
    """Return the place of the highest phase correlation under a Hann window."""
    window = np.hanning(one.shape[0])[:, None] * np.hanning(one.shape[1])
    spectrum = np.fft.fft2(other * window) * np.conj(np.fft.fft2(one * window))
    size = np.abs(spectrum)
    waves_y, waves_x = (np.fft.fftfreq(n) for n in one.shape)
    # White, but for frequencies that hold nothing; the peak is then a Gaussian of known width.
    smooth = np.exp(-2 * (np.pi * _FINE_PX) ** 2 * (waves_y[:, None] ** 2 + waves_x**2))
    surface = np.fft.ifft2(spectrum / (size + _NOTHING) * smooth).real
    top = np.unravel_index(int(np.argmax(surface)), surface.shape)
    y, x = int(top[0]), int(top[1])
    return _refined(surface[:, x], y), _refined(surface[y], x)


def _refined(line: Plane, top: int) -> float:
    """Return the place of a peak between pixels, counted from the first one in both directions."""
    length = len(line)
    beside = [max(float(line[(top + step) % length]), _NOTHING) for step in (-1, 0, 1)]
    place = top + _vertex(*np.log(beside))
    return place - length if place > length / 2 else place


def _vertex(left: float, middle: float, right: float) -> float:
    """Return where a parabola through three values one apart has its top, from the middle one."""
    bend = left - 2 * middle + right
    return 0.0 if bend >= 0 else 0.5 * float(left - right) / float(bend)


def _overlap(one: Plane, other: Plane, shift: tuple[int, int]) -> tuple[Plane, Plane]:
    """Return what both images show."""
    kept_one, kept_other = [], []
    for length, step in zip(one.shape, shift, strict=True):
        kept_one.append(slice(max(0, -step), length - max(0, step)))
        kept_other.append(slice(max(0, step), length + min(0, step)))
    return one[tuple(kept_one)], other[tuple(kept_other)]


def _likeness(one: Plane, other: Plane, step: int) -> float:
    """Return the correlation of two stacks with one shifted along z."""
    depth = len(one)
    a = one[max(0, -step) : depth - max(0, step)].ravel()
    b = other[max(0, step) : depth + min(0, step)].ravel()
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length else 0.0
