"""How many cores an analysis may use, so that several programs on one computer do not fight."""

import contextlib
import math
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

__all__ = ["CoreShare", "core_share", "limit_threads", "usable_cores"]

_BUSY_S = 60.0
_FORGOTTEN_S = 3600.0
_LOOK_EVERY_S = 1.0


class CoreShare(NamedTuple):
    """What a program may use of a computer.

    Attributes
    ----------
    n_cores : int
        Cores that the system leaves to this program.
    n_programs : int
        Programs that analysed large prescans here within the last minute, this one included.
    n_threads : int
        Threads that this program takes for itself.
    """

    n_cores: int
    n_programs: int
    n_threads: int


def usable_cores() -> int:
    """Return on how many cores the system lets this program run."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class _Marks:
    """Files, one for each program, whose age tells when it last analysed on several cores."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.gettempdir(), "dystrack_cores")
        self.limit: int | None = None
        self._n_others = 0
        self._looked_s = self._left_s = -math.inf

    def n_others(self) -> int:
        """Count the other programs that were busy lately; at most once a second."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = now_s
            with contextlib.suppress(OSError):  # then nobody shares
                self._n_others = self._count()
        return self._n_others

    def leave_one(self) -> None:
        """Tell the others that this program is busy; at most once a second."""
        now_s = time.monotonic()
        if now_s - self._left_s < _LOOK_EVERY_S:
            return
        self._left_s = now_s
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o777, exist_ok=True)
            (self.folder / str(os.getpid())).touch()

    def _count(self) -> int:
        n, now_s, own = 0, time.time(), str(os.getpid())
        for mark in os.scandir(self.folder) if self.folder.is_dir() else ():
            age_s = now_s - mark.stat().st_mtime
            if age_s > _FORGOTTEN_S:
                Path(mark.path).unlink(missing_ok=True)
            elif age_s < _BUSY_S and mark.name != own:
                n += 1
        return n


_marks = _Marks()


def limit_threads(n_threads: int | None) -> None:
    """Set how many threads analyses in this process may use at the most; None for their share.

    Parameters
    ----------
    n_threads : int or None
        Number of threads, from 1.
    """
    _marks.limit = n_threads


def core_share(*, is_busy: bool = False) -> CoreShare:
    """Return what this program may use of the computer now.

    Programs that analyse large prescans in the same minute share the cores equally, unless a number
    of threads was set.

    Parameters
    ----------
    is_busy : bool, optional, default False
        Whether this program is about to use its share, so that others leave it that.

    Returns
    -------
    CoreShare
        Cores, programs and threads.
    """
    n_cores, n_programs = usable_cores(), _marks.n_others() + 1
    if is_busy and n_cores > 1:
        _marks.leave_one()
    n_threads = _marks.limit or max(1, n_cores // n_programs)
    return CoreShare(n_cores, n_programs, n_threads)
