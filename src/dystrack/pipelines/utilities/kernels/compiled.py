"""The door to the compiled loops, and the way on where they cannot be had, or not yet."""

import threading
import warnings
from importlib import import_module
from types import ModuleType
from typing import Literal

__all__ = ["PURPOSES", "Purpose", "compiled_kernels", "wait_for_kernels"]

Purpose = Literal["stretching", "smoothing", "counting", "labelling", "binning", "forests"]

PURPOSES: tuple[Purpose, ...] = (
    "counting",
    "smoothing",
    "labelling",
    "stretching",
    "binning",
    "forests",
)
"""What kernels are for, in the order in which they are loaded: what saves most comes first."""


class _Loading:
    """The kernels, which a thread loads from disk, or compiles where they are not there yet."""

    def __init__(self) -> None:
        self.modules: dict[Purpose, ModuleType] = {}
        self.failure: Exception | None = None
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> threading.Thread:
        """Start at the first call, and return the thread."""
        with self._starting:
            if self._thread is None:
                # No daemon: a process that ended in the middle of LLVM's work would crash.
                self._thread = threading.Thread(target=self._load, name="dystrack-compiler")
                self._thread.start()
            return self._thread

    def _load(self) -> None:
        try:
            for purpose in PURPOSES:
                name = f"dystrack.pipelines.utilities.kernels.{purpose}"
                self.modules[purpose] = import_module(name)
        except Exception as error:  # noqa: BLE001 - a broken numba raises all kinds of errors
            self.failure = error


_loading = _Loading()


def compiled_kernels(purpose: Purpose) -> ModuleType | None:
    """Return compiled kernels, if they are ready; nobody ever waits for them.

    The first call has a thread load them, in a fraction of a second where they were compiled
    before, in some seconds otherwise. Until then the plain method gives the same results.

    Parameters
    ----------
    purpose : {"counting", "smoothing", "labelling", "stretching", "binning", "forests"}
        What for.

    Returns
    -------
    module or None
        Module of the kernels; None where they are not ready, or numba cannot be used.

    Warns
    -----
    UserWarning
        Once, if numba cannot be used; it is not tried again in this process. Every result is the
        same without it, but comes later.
    """
    kernels = _loading.modules.get(purpose)
    if kernels is None:
        _loading.start()
        error, _loading.failure = _loading.failure, None
        if error is not None:
            warnings.warn(
                f"numba cannot be used ({type(error).__name__}: {error}). Results are the same, "
                "but an object-count threshold takes seconds instead of milliseconds. "
                "Try: pip install --force-reinstall numba llvmlite",
                UserWarning,
                stacklevel=2,
            )
    return kernels


def wait_for_kernels() -> None:
    """Wait until the kernels are ready, or known not to be had: for measurements."""
    _loading.start().join()
