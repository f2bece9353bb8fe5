"""A request of the system to end (SIGTERM), which is taken like Ctrl-C."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import NoReturn

__all__ = ["Terminated", "termination_as_interrupt"]


class Terminated(KeyboardInterrupt):
    """The system, or another program, has asked this process to end."""


@contextlib.contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Raise `Terminated` on SIGTERM, so that a session tells of its end and leaves a report.

    Does nothing outside of the main thread, which alone hears of signals. Windows has no such
    request: there a process is ended at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise(*_: object) -> NoReturn:
    raise Terminated
