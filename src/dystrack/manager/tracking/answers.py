"""What a pipeline may answer; what fails here is a failed analysis."""

import math
import numbers
from typing import Any

import numpy as np

from dystrack.core.coordinates import PixelPosition
from dystrack.core.coords_file import clean_message
from dystrack.core.errors import InvalidAnswerError, RefusedMoveError
from dystrack.core.protocols import AnalysisResult

__all__ = ["check_answer", "check_inside_image"]

_N_VALUES = 5
# No camera or scanner has more; holds where the image does not tell its shape.
_LARGEST_AXIS_PX = 1_000_000


def check_answer(answer: object) -> AnalysisResult:
    """Return a pipeline's answer if it keeps the contract.

    Parameters
    ----------
    answer : object
        Whatever the pipeline returned.

    Returns
    -------
    AnalysisResult
        Three finite floats, a message that fits on one line, a cache.

    Raises
    ------
    InvalidAnswerError
        If it is not five values, three of them finite real numbers and the last one a dict.
    """
    contract = "A pipeline returns exactly z_pos, y_pos, x_pos, img_msg, img_cache."
    if not isinstance(answer, tuple | list):
        msg = f"The pipeline returned {_shown(answer)}. {contract}"
        raise InvalidAnswerError(msg)
    if len(answer) != _N_VALUES:
        msg = f"The pipeline returned {len(answer)} values instead of {_N_VALUES}. {contract}"
        raise InvalidAnswerError(msg)
    z, y, x, message, cache = answer
    if not isinstance(cache, dict):
        msg = f"The pipeline's cache is {_shown(cache)}; return a dictionary, {{}} if unused."
        raise InvalidAnswerError(msg)
    position = (_finite("z", z), _finite("y", y), _finite("x", x))
    return AnalysisResult(*position, clean_message(message), cache)


def check_inside_image(
    position: PixelPosition, shape_zyx: tuple[int, int, int] | None, margin_px: float
) -> None:
    """Refuse a target outside its image.

    Parameters
    ----------
    position : PixelPosition
        The target.
    shape_zyx : tuple of int or None
        Size of the image along Z, Y, X; None where the file does not tell.
    margin_px : float
        How far outside a target may lie in pixels; infinite to allow any.

    Raises
    ------
    RefusedMoveError
        If it lies further outside along any axis.
    """
    sizes = shape_zyx or (_LARGEST_AXIS_PX,) * 3
    for axis, value, size in zip("zyx", position, sizes, strict=True):
        lowest, highest = 0 - margin_px, size - 1 + margin_px
        if not lowest <= value <= highest:
            msg = (
                f"Target is outside the image: {axis} = {value:.1f} px, allowed {lowest:g} to "
                f"{highest:g}. Nothing of it was sent. Check the pipeline's settings, such as "
                "`channel`; `frame_margin_px` allows targets beyond the border."
            )
            raise RefusedMoveError(msg)


def _finite(axis: str, value: Any) -> float:
    """Return a coordinate as a float."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        msg = f"The pipeline's {axis}_pos is {_shown(value)}; return a number, in pixels."
        raise InvalidAnswerError(msg)
    if not math.isfinite(value):
        msg = (
            f"The pipeline's {axis}_pos is {value}. It found no target: the image may be empty, "
            "or its settings may not fit."
        )
        raise InvalidAnswerError(msg)
    return float(value)


def _shown(value: object) -> str:
    """Return a short text for any value, for a message."""
    return f"{str(value)[:60]!r} ({type(value).__name__})"
