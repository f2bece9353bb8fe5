"""What a pipeline may answer; what fails here is a failed analysis.

Everything here runs the user's code: texts, numbers and dictionaries may be of types of their own.
It belongs where the pipeline runs.
"""

import math
import numbers
from typing import Any

import numpy as np

from dystrack.core.analysis import Analysis
from dystrack.core.error_texts import safe_text
from dystrack.core.errors import InvalidAnswerError, WorkerError
from dystrack.core.exchange.coords_file import clean_message
from dystrack.core.findings import take_findings

__all__ = ["check_answer", "contained"]

_N_VALUES = 5


def check_answer(answer: object) -> Analysis:
    """Return a pipeline's answer if it keeps the contract.

    Parameters
    ----------
    answer : object
        Whatever the pipeline returned.

    Returns
    -------
    Analysis
        Three finite floats, a message that fits on one line, a plain dict without findings, and
        those.

    Raises
    ------
    InvalidAnswerError
        If it is not five values, three of them finite real numbers and the last one a dict whose
        keys are text.
    """
    contract = "A pipeline returns exactly z_pos, y_pos, x_pos, img_msg, img_cache."
    if not isinstance(answer, tuple | list):
        msg = f"The pipeline returned {_shown(answer)}. {contract}"
        raise InvalidAnswerError(msg)
    if len(answer) != _N_VALUES:
        msg = f"The pipeline returned {len(answer)} values instead of {_N_VALUES}. {contract}"
        raise InvalidAnswerError(msg)
    z, y, x, message, cache = answer
    position = (_finite("z", z), _finite("y", y), _finite("x", x))
    rest, findings = take_findings(_plain_dict(cache))
    return Analysis(*position, clean_message(safe_text(message)), rest, findings)


def contained(error: BaseException) -> Exception:
    """Return an error that ends an analysis and nothing else: a `WorkerError` for worse ones."""
    if isinstance(error, Exception):
        return error
    what = f"raised {type(error).__name__}: {safe_text(error)}"
    if isinstance(error, SystemExit):
        what = f"called sys.exit({safe_text(error.code)})"
    return WorkerError(f"The pipeline {what}.").with_traceback(error.__traceback__)


def _plain_dict(cache: object) -> dict[str, Any]:
    """Return a cache as the dict that it is, whatever its type makes of it."""
    if not isinstance(cache, dict):
        msg = f"The pipeline's cache is {_shown(cache)}; return a dictionary, {{}} if unused."
        raise InvalidAnswerError(msg)
    plain = dict(dict.items(cache))
    for name in plain:
        if type(name) is not str:
            msg = (
                f"The pipeline's cache has the key {_shown(name)}. Its keys are names of keyword "
                "arguments; put other dictionaries inside."
            )
            raise InvalidAnswerError(msg)
    return plain


def _finite(axis: str, value: Any) -> float:
    """Return a coordinate as a float."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        msg = f"The pipeline's {axis}_pos is {_shown(value)}; return a number, in pixels."
        raise InvalidAnswerError(msg)
    try:
        number = float(value)
    except Exception as error:
        msg = f"The pipeline's {axis}_pos is no usable number: {safe_text(error)}"
        raise InvalidAnswerError(msg) from error
    if not math.isfinite(number):
        msg = (
            f"The pipeline's {axis}_pos is {number}. It found no target: the image may be empty, "
            "or its settings may not fit."
        )
        raise InvalidAnswerError(msg)
    return number


def _shown(value: object) -> str:
    """Return a short text for any value, for a message."""
    return f"{safe_text(value)[:60]!r} ({type(value).__name__})"
