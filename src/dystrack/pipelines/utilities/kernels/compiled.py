"""The door to the compiled loops, and the way on where they cannot be had."""

import os
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Literal

__all__ = ["compiled_kernels", "run_in_threads"]

_MAX_THREADS = 4
_ROWS_WORTH_A_THREAD = 1000

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


def run_in_threads(run_rows: Callable[[int, int], None], n_rows: int) -> None:
    """Run a kernel that releases the interpreter lock over ranges of rows, in threads.

    Parameters
    ----------
    run_rows : callable
        Function of the first row and the row behind the last. Ranges must not depend on each other.
    n_rows : int
        Number of rows; few rows are run at once.
    """
    n_threads = min(_MAX_THREADS, os.cpu_count() or 1, n_rows // _ROWS_WORTH_A_THREAD)
    if n_threads < 2:  # noqa: PLR2004 - one thread is this one
        run_rows(0, n_rows)
        return
    edges = [n_rows * i // n_threads for i in range(n_threads + 1)]
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(run_rows, edges[:-1], edges[1:]))
