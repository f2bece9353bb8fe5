"""One session for each folder: two would answer each prescan twice."""

import contextlib
import errno
import hashlib
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dystrack.core.errors import FolderError
from dystrack.manager.watching.image_names import LOCK_NAME

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["FolderLock", "is_owned", "own_folder"]


class FolderLock:
    """A lock in the folder, for all computers, and on Linux a name that only one process can have.

    There the lock can be deleted, alone or with the folder. It is then taken again as soon as that
    is noticed, and the name keeps other sessions of this computer out meanwhile. The system lifts
    both when the process ends, however it ends. Where the file system has no locks, nothing is
    kept out.

    Parameters
    ----------
    folder : Path
        The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name: socket.socket | None = None
        self._lock: BaseFileLock | None = None
        self._lock_id: tuple[int, int] | None = None

    def take(self) -> None:
        """Take the lock.

        Raises
        ------
        FolderError
            If another session has it.
        """
        self._name = self._bind_name()
        try:
            self._lock_file()
        except FolderError:
            self.release()
            raise

    def keep(self) -> None:
        """Take the lock again if it was deleted; raise `FolderError` if another session has it."""
        if self._lock is not None and _id_of(self._folder / LOCK_NAME) != self._lock_id:
            self._lock.release(force=True)
            self._lock_file()

    def release(self) -> None:
        """Let other sessions in."""
        if self._lock is not None:
            self._lock.release(force=True)
        if self._name is not None:
            self._name.close()
        self._lock = self._name = None

    def _bind_name(self) -> "socket.socket | None":
        if sys.platform != "linux":
            return None
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(_name_of(self._folder))
        except OSError as error:
            name.close()
            if error.errno == errno.EADDRINUSE:
                raise self._refusal() from None
            return None
        return name

    def _lock_file(self) -> None:
        from filelock import FileLock, Timeout  # noqa: PLC0415 - the one door to filelock

        path = self._folder / LOCK_NAME
        self._lock = FileLock(path)
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            self._lock = None
            raise self._refusal() from None
        except (NotImplementedError, OSError):
            self._lock = None
        self._lock_id = _id_of(path)

    def _refusal(self) -> FolderError:
        return FolderError(
            f"Another DySTrack watches {self._folder} already; two would answer each prescan "
            "twice. End the other one first, or watch another folder."
        )


@contextmanager
def own_folder(folder: Path) -> Iterator[FolderLock]:
    """Keep a second session out of a folder; yields the lock, to be kept from time to time.

    Raises
    ------
    FolderError
        If another session watches it.
    """
    lock = FolderLock(folder)
    lock.take()
    try:
        yield lock
    finally:
        lock.release()


def is_owned(folder: Path) -> bool:
    """Return whether a session watches a folder, as far as its locks tell; keeps nobody out."""
    if sys.platform == "linux" and _has_name(folder):
        return True
    from filelock import FileLock, Timeout  # noqa: PLC0415 - the one door to filelock

    path = folder / LOCK_NAME
    try:
        if not path.exists():
            return not folder.is_dir()  # a folder out of reach does not tell
        with FileLock(path).acquire(blocking=False):
            return False
    except Timeout:
        return True
    except (NotImplementedError, OSError):  # it cannot be told: better no false alarm
        return True


def _has_name(folder: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_name_of(folder))
        except OSError:
            return False
    return True


def _name_of(folder: Path) -> str:
    """Return the name of a folder, by whatever path it is called; it vanishes with its process."""
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()
    return f"\0dystrack-{digest[:32]}"


def _id_of(path: Path) -> tuple[int, int] | None:
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None
