"""What a pipeline changes in its process beside its answer."""

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["noting_side_effects"]

_PREPARING = {"dystrack-compiler", "dystrack-warm-up"}


@contextmanager
def noting_side_effects() -> Iterator[list[str]]:
    """Note what changes while a pipeline runs; the working directory is put back.

    Warning filters are not looked at where something was imported, or compiled by a thread of our
    own: that is a library's doing.

    Yields
    ------
    list of str
        At the end, what has changed, such as ``"changes the working directory"``.
    """
    effects: list[str] = []
    folder, threads = Path.cwd(), set(threading.enumerate())
    filters, environment = list(warnings.filters), dict(os.environ)
    n_modules, is_ours = len(sys.modules), _are_kernels_prepared()
    try:
        yield effects
    finally:
        if Path.cwd() != folder:
            effects.append("changes the working directory")
            os.chdir(folder)
        if any(map(_is_left_over, set(threading.enumerate()) - threads)):
            effects.append("leaves a thread running")
        is_ours = is_ours or _are_kernels_prepared() or len(sys.modules) != n_modules
        if list(warnings.filters) != filters and not is_ours:
            effects.append("changes the warning filters")
        if dict(os.environ) != environment:
            effects.append("changes environment variables")


def _are_kernels_prepared() -> bool:
    """Return whether a thread imports and compiles just now, which changes filters meanwhile."""
    return any(thread.name in _PREPARING for thread in threading.enumerate())


def _is_left_over(thread: threading.Thread) -> bool:
    return thread.is_alive() and not thread.name.startswith("dystrack")
