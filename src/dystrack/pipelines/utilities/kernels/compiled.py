"""The door to the compiled loops, and the way on where they cannot be had."""

import threading
import warnings
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Literal

__all__ = ["compiled_kernels"]

_given_up = threading.Event()


@cache
def compiled_kernels(
    purpose: Literal["smoothing", "counting", "labelling", "forests"],
) -> ModuleType | None:
    """Return compiled kernels, compiling them or loading them from disk at the first call.

    Parameters
    ----------
    purpose : {"smoothing", "counting", "labelling", "forests"}
        What for. Only the kernels for this purpose are compiled, in about a second.

    Returns
    -------
    module or None
        Module of the kernels; None where numba cannot be used.

    Warns
    -----
    UserWarning
        Once, if numba cannot be used, whatever for; it is not tried again in this process.
        Every result is the same without it, but comes later.
    """
    if _given_up.is_set():
        return None
    try:
        return import_module(f"dystrack.pipelines.utilities.kernels.{purpose}")
    except Exception as error:  # noqa: BLE001 - a broken numba raises all kinds of errors
        _given_up.set()
        warnings.warn(
            f"numba cannot be used ({type(error).__name__}: {error}). Results are the same, but "
            "an object-count threshold takes seconds instead of milliseconds. "
            "Try: pip install --force-reinstall numba llvmlite",
            UserWarning,
            stacklevel=2,
        )
        return None
