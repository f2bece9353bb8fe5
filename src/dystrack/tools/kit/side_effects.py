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
    """Note what changes while a pipeline runs in this thread; the working directory is put back.

    Warning filters are not looked at where something was imported, or compiled by a thread of our
    own: that is a library's doing. Threads that others start meanwhile are not the pipeline's.

    Yields
    ------
    list of str
        At the end, what has changed, such as ``"changes the working directory"``.
    """
    effects: list[str] = []
    folder = Path.cwd()
    filters, environment = list(warnings.filters), dict(os.environ)
    n_modules, is_ours = len(sys.modules), _are_kernels_prepared()
    threads: list[threading.Thread] = []
    try:
        with _noting_started_threads(threads):
            yield effects
    finally:
        if Path.cwd() != folder:
            effects.append("changes the working directory")
            os.chdir(folder)
        if any(map(_is_left_over, threads)):
            effects.append("leaves a thread running")
        is_ours = is_ours or _are_kernels_prepared() or len(sys.modules) != n_modules
        if list(warnings.filters) != filters and not is_ours:
            effects.append("changes the warning filters")
        if dict(os.environ) != environment:
            effects.append("changes environment variables")


@contextmanager
def _noting_started_threads(started: list[threading.Thread]) -> Iterator[None]:
    """Note the threads that this one starts, and those that they start."""
    this, start = threading.current_thread(), threading.Thread.start

    def noted_start(self: threading.Thread) -> None:
        if threading.current_thread() in (this, *started):
            started.append(self)
        start(self)

    threading.Thread.start = noted_start  # type: ignore[method-assign]
    try:
        yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


def _are_kernels_prepared() -> bool:
    """Return whether a thread imports and compiles just now, which changes filters meanwhile."""
    return any(thread.name in _PREPARING for thread in threading.enumerate())


def _is_left_over(thread: threading.Thread) -> bool:
    """Return whether a thread goes on that is none of our own pools and compilers."""
    return thread.is_alive() and not thread.name.startswith("dystrack")
