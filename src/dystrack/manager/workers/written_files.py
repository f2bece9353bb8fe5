"""Which files a pipeline opens for writing, so that nobody takes them for prescans."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

__all__ = ["written_files"]

_WRITING = os.O_WRONLY | os.O_RDWR


class _Recorder:
    """Listens to what Python says of its own doings, once it has been needed."""

    def __init__(self) -> None:
        self._is_hooked = False
        self._thread: int | None = None
        self._paths: set[str] = set()

    @contextlib.contextmanager
    def recording(self) -> Iterator[set[str]]:
        """Record what this thread opens for writing, or gives a name by renaming."""
        if not self._is_hooked:  # for good: there is no way to take a hook off
            sys.addaudithook(self._hear)
            self._is_hooked = True
        self._paths = set()
        self._thread = threading.get_ident()
        try:
            yield self._paths
        finally:
            self._thread = None

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._thread is None or self._thread != threading.get_ident():
            return
        if event == "open" and len(arguments) > 2:  # noqa: PLR2004 - path, mode, flags
            if isinstance(arguments[2], int) and arguments[2] & _WRITING:
                self._add(arguments[0])
        elif event == "os.rename":
            self._add(arguments[1])

    def _add(self, path: object) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            self._paths.add(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - text, as given


_RECORDER = _Recorder()


def written_files() -> contextlib.AbstractContextManager[set[str]]:
    """Return a context that has the absolute paths of what this thread writes by Python's means.

    Other threads do not count: a simulated microscope may write prescans in one of them.
    """
    return _RECORDER.recording()
