"""An acquisition engine that fails where Micro-Manager's would only take a note of a failure."""

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from pymmcore_plus.mda import MDAEngine

from dystrack.core.errors import ScopeError

if TYPE_CHECKING:
    import useq
    from numpy.typing import NDArray

__all__ = ["StrictEngine"]

_LOGGER = logging.getLogger("pymmcore-plus")
_ENGINE_MODULE = "_engine"


class StrictEngine(MDAEngine):
    """The engine of pymmcore-plus, which raises what that only logs: failed moves and snaps.

    It also keeps the images of the scan under way, in `frames`, so that no signal is needed.
    """

    def __init__(self, core: Any) -> None:
        super().__init__(core, restore_initial_state=False)
        self.frames: list[NDArray[np.integer]] = []
        self._put_back: Callable[[], object] | None = None

    def at_end(self, put_back: Callable[[], object]) -> None:
        """Have something done once when the scan ends, or when the acquisition does, if sooner."""
        self._put_back = put_back

    def put_back(self) -> None:
        """Do what is to be done at the end of a scan, if it was not done yet."""
        put_back, self._put_back = self._put_back, None
        if put_back is not None:
            put_back()

    def teardown_sequence(self, sequence: "useq.MDASequence") -> None:
        """End an acquisition; one that failed may have left the focus in the middle of a stack."""
        super().teardown_sequence(sequence)
        self.put_back()

    def setup_event(self, event: "useq.MDAEvent") -> None:
        """Prepare the hardware; raise `ScopeError` if any of it fails."""
        with _failures_raised():
            super().setup_event(event)

    def exec_event(self, event: "useq.MDAEvent") -> Generator[Any, Any, None]:
        """Take the images, and keep them; raise `ScopeError` if any of it fails.

        Yields
        ------
        tuple
            Image, event and metadata of each plane, or None; is sent what the runner wants.
        """
        with _failures_raised():
            images: Any = super().exec_event(event)
            wanted = None
            while True:
                try:
                    payload = images.send(wanted)
                except StopIteration:
                    return
                if payload is not None:
                    self.frames.append(np.array(payload[0]))
                wanted = yield payload


@contextmanager
def _failures_raised() -> Iterator[None]:
    """Raise what the engine logs as a warning; whatever level was set for its log."""
    failures = _Failures()
    level = _LOGGER.level
    _LOGGER.setLevel(min(level or logging.WARNING, logging.WARNING))
    _LOGGER.addFilter(failures)
    try:
        yield
    finally:
        _LOGGER.removeFilter(failures)
        _LOGGER.setLevel(level)
    if failures.texts:
        msg = f"Micro-Manager: {' '.join(failures.texts)} The scan was given up."
        raise ScopeError(msg)


class _Failures(logging.Filter):
    """Takes what the engine warns of out of its log."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        is_failure = record.levelno >= logging.WARNING and record.module == _ENGINE_MODULE
        if is_failure:
            self.texts.append(record.getMessage())
        return not is_failure
