"""What a pipeline may answer; what fails here is a failed analysis.

Everything here runs the user's code: texts, numbers and dictionaries may be of types of their own.
It belongs where the pipeline runs.
"""

import math
import numbers
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dystrack.core.analysis import Analysis
from dystrack.core.error_texts import safe_text
from dystrack.core.errors import InvalidAnswerError, WorkerError
from dystrack.core.exchange.coords_file import clean_message
from dystrack.core.findings import asking_for_findings, take_findings
from dystrack.core.protocols import Pipeline
from dystrack.images.evidence import evidence_of_pattern
from dystrack.images.readers import read_image
from dystrack.images.waiting import vouch_for
from dystrack.manager.workers.written_files import written_files

__all__ = ["ask", "check_answer", "contained"]

_LARGEST_LOOKED_AT_BYTES = 64_000_000  # more would take more than a few ms to read once more

_N_VALUES = 5


def ask(
    pipeline: Pipeline, path: str, img_kwargs: Mapping[str, Any], img_cache: Mapping[str, Any]
) -> Analysis:
    """Run a pipeline on a complete prescan and return its checked answer.

    Where it does not say itself how sure it is, what the image shows goes with it.

    Raises
    ------
    InvalidAnswerError
        If the answer breaks the contract.
    Exception
        What the pipeline raises.
    """
    with vouch_for(Path(path)), written_files() as written:
        kwargs = {**asking_for_findings(pipeline), **img_kwargs}
        analysis = check_answer(pipeline(path, **kwargs, **img_cache))
    analysis = analysis._replace(written=tuple(sorted(written)))
    if analysis.findings.confidence is not None:
        return analysis
    return analysis._replace(evidence=_evidence(Path(path), img_kwargs.get("channel")))


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


def _evidence(path: Path, channel: object) -> float | None:
    """Return what an image shows; None where that takes too long or cannot be told."""
    try:
        if path.stat().st_size > _LARGEST_LOOKED_AT_BYTES:
            return None
        image = read_image(path)
        if image.axes.startswith("C") and isinstance(channel, int):
            return evidence_of_pattern(image.pixels[channel])
        return evidence_of_pattern(image.pixels)
    except Exception:  # noqa: BLE001 - the answer stands, whatever is the matter with the image
        return None


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
