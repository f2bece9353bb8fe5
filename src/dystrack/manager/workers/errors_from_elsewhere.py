"""Errors as plain data, from a worker process to the session: never as pickled exceptions."""

import builtins
import contextlib
from typing import Any

from dystrack.core import errors
from dystrack.core.error_texts import (
    ErrorText,
    OriginalError,
    describe_error,
    format_error,
    safe_text,
)
from dystrack.core.errors import PipelineError
from dystrack.manager.workers.answers import contained

__all__ = ["error_as_data", "error_from_data"]

_KNOWN_TYPES = {builtins.__name__: builtins, errors.__name__: errors}


def error_as_data(error: BaseException) -> tuple[str, ...]:
    """Return module, name, message and own lines of any error, and its complete traceback."""
    kept = contained(error)
    text = describe_error(kept)
    module = safe_text(type(kept).__module__)
    return module, text.type_name, text.message, text.traceback, format_error(error)


def error_from_data(data: Any) -> Exception:
    """Return an error that says the same.

    Parameters
    ----------
    data : tuple of str
        From `error_as_data`.

    Returns
    -------
    Exception
        Of the same type if that is a builtin or one of DySTrack's, else a `PipelineError` that
        names the type. Its cause holds the traceback.
    """
    module, type_name, message, own_lines, formatted = map(str, data)
    text = ErrorText(type_name, message, own_lines)
    kind = getattr(_KNOWN_TYPES.get(module), type_name, None)
    error: Exception = PipelineError(str(text))
    if isinstance(kind, type) and issubclass(kind, Exception):
        with contextlib.suppress(TypeError):  # it takes more than a message
            error = kind(message)
    error.__cause__ = OriginalError(text, formatted)
    return error
