"""Locks an open file against other programs: one small door for each system."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

__all__ = ["exclusive_lock"]

if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def exclusive_lock(file: BinaryIO, n_bytes: int) -> Iterator[None]:
        """Keep others from reading or writing the first `n_bytes` of a file.

        Parameters
        ----------
        file : binary file
            File that is open for writing.
        n_bytes : int
            How many bytes from the beginning are locked; they need not be there yet.

        Yields
        ------
        None
            While the lock is held.
        """
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, n_bytes)
        try:
            yield
        finally:
            file.flush()
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, n_bytes)

else:
    import fcntl

    @contextmanager
    def exclusive_lock(file: BinaryIO, n_bytes: int) -> Iterator[None]:
        """Ask others not to read or write a file: an advisory lock, the only kind there is here.

        Parameters
        ----------
        file : binary file
            File that is open for writing.
        n_bytes : int
            Not asked: the complete file is locked.

        Yields
        ------
        None
            While the lock is held.
        """
        del n_bytes
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        try:
            yield
        finally:
            file.flush()
            fcntl.flock(file.fileno(), fcntl.LOCK_UN)
