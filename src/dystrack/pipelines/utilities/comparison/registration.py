"""How far an image is shifted against another one, without finding any object in it.

The cross-correlation of two windowed images, whitened by ``|R| ** -0.7`` and low-passed: sharp
where the images agree, without the ringing of a plain phase correlation in images that are smooth
or noisy (Knapp and Carter 1976 call such weights a generalised cross-correlation).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.pipelines.utilities.comparison.peaks import vertex_offset

__all__ = ["Reference", "Shift"]

_WHITENING = 0.7
_LOW_PASS_PX = 1.0
_TAPER_FRACT = 0.15  # of each side of y and x, and of z where there are planes to spare
_MOST_SHIFT_FRACT = 0.45  # beyond half the frame a shift cannot be told from one the other way
_FAR_FRACT = 0.15  # from this shift on, what both images show is compared once more
_PEAK_RADII_PX = (2, 8, 8)  # what belongs to one peak, along z, y, x
_FLOOR = 1e-6  # of the strongest frequency: weaker ones are rounding errors

_Array = npt.NDArray[np.float32]
_Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the contents of an image lie from where they lie in the reference.

    Attributes
    ----------
    z_px, y_px, x_px : float
        Shift in pixels; z_px is 0.0 in 2-D.
    confidence : float
        Height of the highest peak of the correlation, divided by that of the second. Images of the
        same sample gave 5 and more, images that have nothing in common up to 1.5.
    """

    z_px: float
    y_px: float
    x_px: float
    confidence: float

    @property
    def zyx_px(self) -> tuple[float, float, float]:
        """Return the shift along z, y, x in pixels."""
        return self.z_px, self.y_px, self.x_px


class Reference:
    """An image that others are compared with; what can be computed beforehand is.

    Parameters
    ----------
    image : ndarray of shape (Z, Y, X) or (Y, X)
        The image.
    """

    def __init__(self, image: npt.NDArray[np.generic]) -> None:
        self.shape = image.shape
        self._image = image
        self._fft_shape = tuple(scipy.fft.next_fast_len(size, real=True) for size in image.shape)
        self._window = _window(image.shape)
        self._low_pass = _low_pass(self._fft_shape)
        self._conjugate = np.conj(self._spectrum(image))

    def shift_of(
        self,
        image: npt.NDArray[np.generic],
        without: Sequence[float] | None = None,
    ) -> Shift:
        """Return how far an image is shifted against the reference.

        Parameters
        ----------
        image : ndarray
            Image of the reference's shape.
        without : sequence of float or None, default None
            A shift along z, y, x in pixels that is not looked for: that of a background which does
            not move with the sample.

        Returns
        -------
        Shift
            The most likely shift, at most 0.45 of the frame along each axis.
        """
        shift = self._coarse_shift_of(image, without)
        steps = [round(px) for px in (shift.z_px, shift.y_px, shift.x_px)][-image.ndim :]
        if all(abs(n) <= _FAR_FRACT * size for n, size in zip(steps, image.shape, strict=True)):
            return shift
        shared = Reference(self._image[_overlap(image.shape, [-n for n in steps])])
        rest = shared._coarse_shift_of(image[_overlap(image.shape, steps)], None)
        z, y, x = (0, *steps)[-3:]
        return Shift(z + rest.z_px, y + rest.y_px, x + rest.x_px, shift.confidence)

    def _coarse_shift_of(
        self, image: npt.NDArray[np.generic], without: Sequence[float] | None
    ) -> Shift:
        """Return the shift, a little too small where the images share only a part."""
        correlation = self._correlate(image)
        _leave_out_far_shifts(correlation)
        if without is not None:
            _leave_out(correlation, tuple(round(px) for px in without)[-image.ndim :])
        peak = _highest(correlation)
        height = float(correlation[peak])
        place = [_vertex(correlation, peak, axis) for axis in range(image.ndim)]
        _leave_out(correlation, peak)
        second = float(correlation.max())
        z, y, x = (0.0, *place)[-3:]
        return Shift(z, y, x, confidence=height / second if second > 0.0 else 0.0)

    def _spectrum(self, image: npt.NDArray[np.generic]) -> npt.NDArray[np.complex64]:
        values = image.astype(np.float32)
        values -= values.mean()
        values *= self._window
        spectrum: npt.NDArray[np.complex64] = scipy.fft.rfftn(values, self._fft_shape, workers=-1)
        return spectrum

    def _correlate(self, image: npt.NDArray[np.generic]) -> _Array:
        """Return the correlation for each shift, negative ones at the end of each axis."""
        cross = self._spectrum(image)
        cross *= self._conjugate
        strength = np.abs(cross)
        strength += _FLOOR * strength.max() + np.finfo(np.float32).tiny
        cross *= self._low_pass / strength**_WHITENING
        correlation: _Array = scipy.fft.irfftn(cross, self._fft_shape, workers=-1)
        return correlation


def _overlap(shape: tuple[int, ...], steps: list[int]) -> tuple[slice, ...]:
    """Return the part of an image that one shifted by so many pixels against it shows as well."""
    return tuple(
        slice(max(step, 0), size + min(step, 0)) for size, step in zip(shape, steps, strict=True)
    )


def _window(shape: tuple[int, ...]) -> _Array:
    """Return weights that fall to 0 at the borders, where contents come and go."""
    window = np.ones((1,) * len(shape), np.float32)
    for axis, size in enumerate(shape):
        n_taper = max(round(size * _TAPER_FRACT), 1)
        ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n_taper) + 0.5) / n_taper)
        along = np.ones(size, np.float32)
        if size > 2 * n_taper + 1:
            along[:n_taper], along[-n_taper:] = ramp, ramp[::-1]
        window = window * along.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return window


def _low_pass(shape: tuple[int, ...]) -> _Array:
    """Return a Gaussian low-pass for the spectrum of real values."""
    frequencies = [np.fft.fftfreq(size) for size in shape[:-1]] + [np.fft.rfftfreq(shape[-1])]
    low_pass = np.ones((1,) * len(shape), np.float32)
    for axis, along in enumerate(frequencies):
        gain = np.exp(-2 * (np.pi * _LOW_PASS_PX * along) ** 2).astype(np.float32)
        low_pass = low_pass * gain.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return low_pass


def _leave_out_far_shifts(correlation: _Array) -> None:
    """Forget shifts of nearly half the frame and more, in place."""
    for axis, size in enumerate(correlation.shape):
        most = int(size * _MOST_SHIFT_FRACT)
        far = [slice(None)] * correlation.ndim
        far[axis] = slice(most + 1, size - most)
        correlation[tuple(far)] = 0.0


def _leave_out(correlation: _Array, at: _Index) -> None:
    """Forget a peak and what belongs to it, in place."""
    around = (
        np.arange(index - radius, index + radius + 1) % size
        for index, size, radius in zip(
            at, correlation.shape, _PEAK_RADII_PX[-correlation.ndim :], strict=True
        )
    )
    correlation[np.ix_(*around)] = 0.0


def _highest(correlation: _Array) -> _Index:
    return tuple(map(int, np.unravel_index(correlation.argmax(), correlation.shape)))


def _vertex(correlation: _Array, peak: _Index, axis: int) -> float:
    """Return where a peak lies along an axis, from a Gaussian through its three highest values."""
    size = correlation.shape[axis]
    index = peak[axis] - size if peak[axis] > size // 2 else peak[axis]
    beside = [list(peak) for _ in range(3)]
    for offset, at in zip((-1, 0, 1), beside, strict=True):
        at[axis] = (peak[axis] + offset) % size
    before, top, after = (float(correlation[tuple(at)]) for at in beside)
    if min(before, after) <= 0.0 or max(before, after) >= top:
        return float(index)
    return index + vertex_offset(*np.log((before, top, after)).tolist())
