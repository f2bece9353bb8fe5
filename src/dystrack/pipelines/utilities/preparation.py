"""Checks of a loaded image, and the path from there to an 8-bit plane or stack."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.errors import TargetNotFoundError, UnsupportedImageError
from dystrack.core.steps import announce
from dystrack.core.threads import n_threads_for, run_in_threads
from dystrack.pipelines.utilities.kernels.compiled import compiled_kernels

__all__ = ["extremes", "prepare_image", "refuse_constant", "select_channel", "to_uint8"]

_MAX_DIMENSIONS = 4
_MOST_CHANNELS = 5
_SAMPLES_OF_COLOUR = (3, 4)
_VOXELS_AT_A_TIME = 1 << 16


def prepare_image(
    image: npt.NDArray[Any],
    channel: int | None = None,
    warn_8bit: bool = True,
    invert: bool = False,
) -> npt.NDArray[np.uint8]:
    """Check an image, pick a channel, and convert to 8 bits.

    Parameters
    ----------
    image : ndarray of shape (C, Z, Y, X), (C, Y, X), (Z, Y, X) or (Y, X)
        Image without axes of length 1.
    channel : int, optional, default None
        Index along the first axis; None if there is a single channel and no such axis.
    warn_8bit : bool, optional, default True
        Whether to warn of a conversion.
    invert : bool, optional, default False
        Whether to swap dark and bright.

    Returns
    -------
    ndarray of uint8, shape (Z, Y, X) or (Y, X)
        The channel, in 8 bits and contiguous; read-only if it is the image itself.

    Raises
    ------
    UnsupportedImageError
        If the dimensions, the channel or the kind of values are not what a pipeline takes.
    TargetNotFoundError
        If all voxels are equal.

    Warns
    -----
    UserWarning
        If the image was converted, or `channel` seems to pick a plane.
    """
    grey = select_channel(image, channel)
    _check_values(grey)
    refuse_constant(grey)
    prepared = to_uint8(grey, warn_8bit)
    if invert:
        in_place = prepared if prepared.flags.writeable else None
        prepared = np.bitwise_not(prepared, out=in_place)
    announce("In 8 bits", prepared)
    return prepared


def select_channel(image: npt.NDArray[Any], channel: int | None) -> npt.NDArray[Any]:
    """Pick a channel and check the dimensions.

    Parameters
    ----------
    image : ndarray
        Image of 2 to 4 dimensions.
    channel : int or None
        Index along the first axis, or None.

    Returns
    -------
    ndarray of shape (Z, Y, X) or (Y, X)
        View on the channel.

    Raises
    ------
    UnsupportedImageError
        If the dimensions do not fit.
    """
    if not 2 <= image.ndim <= _MAX_DIMENSIONS or image.size == 0:  # noqa: PLR2004 - a plane
        raise UnsupportedImageError(
            f"The image has the shape {image.shape}; a plane (Y, X), a stack (Z, Y, X), or one of "
            "them for each channel (C, …) is needed. Take the prescan without further axes."
        )
    if image.ndim > 2 and image.shape[-1] in _SAMPLES_OF_COLOUR:  # noqa: PLR2004
        raise UnsupportedImageError(
            f"The image has the shape {image.shape} and looks like a colour (RGB) picture. "
            "Let the microscope save raw channels."
        )
    grey = image if channel is None else _channel_of(image, channel)
    if grey.ndim not in (2, 3):
        raise UnsupportedImageError(
            f"The image has {image.ndim} dimensions, {image.shape}. "
            f"Choose a channel: `channel` 0 to {image.shape[0] - 1}."
        )
    return grey


def _channel_of(image: npt.NDArray[Any], channel: int) -> npt.NDArray[Any]:
    """Return one entry of the first axis, which is meant to be the channels."""
    n_channels = image.shape[0]
    if image.ndim < 3:  # noqa: PLR2004 - (C, Y, X)
        raise UnsupportedImageError(
            f"`channel` is {channel}, but the image is a single plane of shape {image.shape}. "
            "Leave `channel` out."
        )
    if not -n_channels <= channel < n_channels:
        raise UnsupportedImageError(
            f"`channel` is {channel}, but the image of shape {image.shape} has channels "
            f"0 to {n_channels - 1}."
        )
    if n_channels > _MOST_CHANNELS:
        warnings.warn(
            f"`channel` picks one of {n_channels} entries of the first axis of {image.shape}. "
            "If that axis is z, leave `channel` out.",
            UserWarning,
            stacklevel=4,
        )
    picked: npt.NDArray[Any] = image[channel]
    return picked


def _check_values(image: npt.NDArray[Any]) -> None:
    """Refuse values that are no finite real numbers."""
    if image.dtype.kind not in "buif":
        raise UnsupportedImageError(
            f"The image holds values of type {image.dtype}; integers or real numbers are needed."
        )
    if image.dtype.kind == "f":
        lowest, highest = map(float, extremes(image))
        if not np.isfinite(highest - lowest):
            raise UnsupportedImageError(
                f"The image holds values that are not finite (from {lowest} to {highest}). "
                "Check how the microscope software processes the prescan before it is saved."
            )


def refuse_constant(image: npt.NDArray[Any]) -> None:
    """Raise `TargetNotFoundError` if all voxels of an image are equal."""
    lowest, highest = extremes(image)
    if lowest == highest:
        raise TargetNotFoundError(
            f"There is nothing to find: every voxel is {lowest} (after smoothing, if any). "
            "Check shutter, laser power, detector gain and `channel`."
        )


def to_uint8(image: npt.NDArray[Any], warn_8bit: bool = True) -> npt.NDArray[np.uint8]:
    """Stretch the values of an image over 0 to 255.

    Computes ``(v - min) / (max - min) * 255`` in double precision and truncates, a small part of
    the image at a time.

    Parameters
    ----------
    image : ndarray of bool, int or float
        Finite values that are not all equal.
    warn_8bit : bool, optional, default True
        Whether to warn of a conversion.

    Returns
    -------
    ndarray of uint8
        The same shape, contiguous; a read-only view of `image` if it is that already.

    Warns
    -----
    UserWarning
        If the image was not 8-bit.
    """
    if image.dtype == np.uint8:
        own = np.ascontiguousarray(image).view()
        own.flags.writeable = not np.shares_memory(own, image)
        return own
    if warn_8bit:
        warnings.warn(
            f"The image is {image.dtype} and was converted to uint8, from its own minimum to its "
            "maximum. 8-bit prescans are faster; `warn_8bit=False` silences this.",
            UserWarning,
            stacklevel=3,
        )
    lowest, highest = extremes(image)
    return _stretched(image, float(lowest), float(highest) - float(lowest))


def extremes(image: npt.NDArray[Any]) -> tuple[Any, Any]:
    """Return the lowest and the highest value of an image; not a number if any is none."""
    planes = image.reshape(-1, *image.shape[-2:])
    found: list[tuple[Any, Any]] = []

    def look(first: int, last: int) -> None:
        part = planes[first:last]
        found.append((part.min(), part.max()))

    run_in_threads(look, len(planes), n_threads_for(image.size))
    lowest, highest = zip(*found, strict=True)
    return np.min(lowest), np.max(highest)


def _stretched(image: npt.NDArray[Any], lowest: float, span: float) -> npt.NDArray[np.uint8]:
    """Return values as parts of a span in 8 bits, truncated, a small part at a time in threads."""
    lines = image.reshape(-1, image.shape[-1])
    stretched = np.empty(lines.shape, np.uint8)
    lines_at_a_time = max(1, _VOXELS_AT_A_TIME // image.shape[-1])
    is_16_bit = image.dtype.kind == "u" and image.dtype.itemsize == 2  # noqa: PLR2004
    kernels = compiled_kernels("stretching") if is_16_bit else None

    def stretch(first: int, last: int) -> None:
        for start in range(first, last, lines_at_a_time):
            part = slice(start, min(start + lines_at_a_time, last))
            if kernels is None:
                stretched[part] = (lines[part].astype(float) - lowest) / span * 255
            else:
                values = np.ascontiguousarray(lines[part], np.uint16)
                kernels.stretch(values, stretched[part], lowest, span)

    run_in_threads(stretch, len(lines), n_threads_for(image.size))
    return stretched.reshape(image.shape)
