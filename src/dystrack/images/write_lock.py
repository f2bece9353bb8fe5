"""Is anyone still writing a file? One small door for each system.

Windows
    Opening the file for reading while refusing to share it with writers fails with a sharing
    violation (error 32) as long as any program, on any computer, has it open for writing. While
    the door is open, for some microseconds, no program can open the file for writing; so ask only
    about files that look finished. Written from the documentation of ``CreateFileW``; tested with
    a fake only, never run on Windows.
Linux
    A read lease (``F_SETLEASE``, ``F_RDLCK``) is refused while any process on this computer has
    the file open for writing. It is given back at once; a program that opens the file for writing
    in these microseconds waits for that. Only the owner of the file or a process with
    ``CAP_LEASE`` may ask. On network, overlay and FUSE file systems the answer would not be true,
    so there is none. A writer on another computer that uses an NFS export of this one is not seen.
Others
    Nobody can say.
"""

import ctypes
import errno
import os
import signal
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, TypeAlias

__all__ = ["is_being_written"]

_Probe: TypeAlias = Callable[[Path], bool | None]

# Linux: magic numbers of statfs(2) of the file systems that keep leases truthfully.
_LOCAL_FILE_SYSTEMS: Final = frozenset(
    {
        0xEF53,  # ext2, ext3, ext4
        0x58465342,  # XFS
        0x9123683E,  # Btrfs
        0xF2F52010,  # F2FS
        0x01021994,  # tmpfs
        0x858458F6,  # ramfs
        0x2FC12FC1,  # ZFS
        0x3153464A,  # JFS
        0x4D44,  # FAT
        0x2011BAB0,  # exFAT
        0x7366746E,  # NTFS (ntfs3)
    }
)
_STATFS_BYTES: Final = 256  # more than the structure has; the magic number comes first
_MAGIC_BYTES: Final = ctypes.sizeof(ctypes.c_long)
_MAGIC_MASK: Final = 0xFFFFFFFF

# Windows: arguments and errors of CreateFileW.
_GENERIC_READ: Final = 0x80000000
_SHARE_READ: Final = 0x1
_SHARE_DELETE: Final = 0x4
_OPEN_EXISTING: Final = 3
_INVALID_HANDLE: Final = ctypes.c_void_p(-1).value
_ERRORS_NOT_FOUND: Final = frozenset({2, 3})
_ERROR_SHARING_VIOLATION: Final = 32


def is_being_written(path: Path) -> bool | None:
    """Say whether any program has a file open for writing.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool or None
        None if it cannot be known: on other systems than Windows and Linux, on Linux also for
        folders, on network shares, and for files of other users.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    return _probe_of_system()(path)


@cache
def _probe_of_system() -> _Probe:
    """Return the door of this system."""
    if sys.platform == "win32":
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.CreateFileW.restype = ctypes.c_void_p
        kernel32.CloseHandle.argtypes = [ctypes.c_void_p]
        return partial(_probe_by_sharing, kernel32, ctypes.get_last_error)
    if sys.platform != "linux":
        return _cannot_know
    return _probe_by_lease


def _cannot_know(path: Path) -> None:
    """Look only whether the file is there."""
    path.stat()


def _probe_by_sharing(kernel32: Any, last_error: Callable[[], int], path: Path) -> bool | None:
    """Ask by opening the file while refusing to share it with writers."""
    handle = kernel32.CreateFileW(
        str(path), _GENERIC_READ, _SHARE_READ | _SHARE_DELETE, None, _OPEN_EXISTING, 0, None
    )
    if handle != _INVALID_HANDLE:
        kernel32.CloseHandle(handle)
        return False
    error = last_error()
    if error in _ERRORS_NOT_FOUND:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return True if error == _ERROR_SHARING_VIOLATION else None


def _probe_by_lease(path: Path) -> bool | None:
    """Ask by a read lease, which is given back at once."""
    try:
        # A lease needs a file that is open for reading only; not blocking, in case of a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError:
        return None
    try:
        if _file_system(descriptor) not in _LOCAL_FILE_SYSTEMS:
            return None
        _take_and_release_lease(descriptor)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


def _take_and_release_lease(descriptor: int) -> None:
    """Take a read lease and give it back.

    `BlockingIOError` says that there is a writer, any other `OSError` that nobody can say. If a
    writer comes just in between, the system tells the holder of the lease by a signal: let it be
    SIGURG, which is ignored, instead of SIGIO, which would end this process.
    """
    import fcntl  # noqa: PLC0415 -- POSIX only

    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _file_system(descriptor: int) -> int:
    """Return the magic number of the file system on which an open file lies."""
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if _c_library().fstatfs(descriptor, buffer):
        raise OSError(ctypes.get_errno(), "fstatfs failed")
    return int.from_bytes(buffer.raw[:_MAGIC_BYTES], sys.byteorder) & _MAGIC_MASK


@cache
def _c_library() -> Any:
    return ctypes.CDLL(None, use_errno=True)
