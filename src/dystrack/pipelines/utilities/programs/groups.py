"""A program with everything that it starts: ended together, whatever it does; the one door.

On Windows that is a job object, which the system ends when nobody holds it any more. Elsewhere it
is a process group, and a shell that waits for this process to go, and then ends the group.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

__all__ = ["ProgramGroup"]

_ENDED_S = 5.0
_GUARD = 'read -r line; kill -s KILL -- "-$1" 2>/dev/null'
_KILL_ON_CLOSE = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
_LIMITS_CLASS = 9  # JobObjectExtendedLimitInformation
_LIMITS_BYTES = 144  # of that structure on 64 bits
_FLAGS_AT = 16  # where it has its flags


class ProgramGroup:
    """A running program, and whatever it starts.

    Parameters
    ----------
    words : sequence of str
        The program and its arguments.

    Attributes
    ----------
    process : subprocess.Popen
        The program; what it prints and takes are pipes.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - the user's own
            list(words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
        )
        try:
            self._bond: _Job | _Guard = (
                _Job(self.process) if sys.platform == "win32" else _Guard(self.process.pid)
            )
        except BaseException:
            self.process.kill()
            raise

    def end(self) -> None:
        """End the program and what it has started."""
        self._bond.end()
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_ENDED_S)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()


class _Guard:
    """A shell that ends a process group once this process is gone."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._shell = subprocess.Popen(  # noqa: S603 - our own line
            ["/bin/sh", "-c", _GUARD, "sh", str(pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def end(self) -> None:
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)


class _Job:
    """A job object of Windows; the system ends its programs when its last handle is closed."""

    def __init__(self, process: "subprocess.Popen[bytes]", kernel: Any = None) -> None:
        self._kernel = kernel or _windows_kernel()
        self._job = self._kernel.CreateJobObjectW(None, None)
        limits = bytearray(_LIMITS_BYTES)
        limits[_FLAGS_AT : _FLAGS_AT + 4] = _KILL_ON_CLOSE.to_bytes(4, "little")
        handle: Any = process
        is_held = (
            self._job
            and self._kernel.SetInformationJobObject(
                self._job, _LIMITS_CLASS, bytes(limits), len(limits)
            )
            and self._kernel.AssignProcessToJobObject(self._job, int(handle._handle))  # noqa: SLF001
        )
        if not is_held:
            msg = "Windows gave no job object for the program."
            raise OSError(msg)

    def end(self) -> None:
        if self._job:
            self._kernel.TerminateJobObject(self._job, 1)
            self._kernel.CloseHandle(self._job)
            self._job = None


def _windows_kernel() -> Any:
    """Return the functions of kernel32, with handles as wide as they are."""
    import ctypes  # noqa: PLC0415 - on Windows only

    loader: Any = ctypes
    kernel = loader.WinDLL("kernel32", use_last_error=True)
    handle, number = ctypes.c_void_p, ctypes.c_uint32
    kernel.CreateJobObjectW.restype = handle
    kernel.SetInformationJobObject.argtypes = (handle, ctypes.c_int, ctypes.c_char_p, number)
    kernel.AssignProcessToJobObject.argtypes = (handle, handle)
    kernel.TerminateJobObject.argtypes = (handle, number)
    kernel.CloseHandle.argtypes = (handle,)
    return kernel
