import ctypes
import errno
import os
import signal
import subprocess
import sys

import pytest

from dystrack.images import write_lock
from dystrack.images.write_lock import is_being_written

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="read leases are a matter of Linux")
INVALID_HANDLE = ctypes.c_void_p(-1).value


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "prescan.tif"
    path.write_bytes(b"pixels")
    return path


# Windows, by a fake of its library


class FakeKernel32:
    """Opens a file, or fails with an error."""

    def __init__(self, error):
        self.error = error
        self.opened = []
        self.closed = []

    def CreateFileW(self, name, access, share, *others):  # noqa: N802 -- as Windows calls it
        self.opened.append((name, access, share))
        return INVALID_HANDLE if self.error else 1234

    def CloseHandle(self, handle):  # noqa: N802 -- as Windows calls it
        self.closed.append(handle)

    def last_error(self):
        return self.error


@pytest.mark.parametrize(
    ("error", "answer"),
    [(0, False), (32, True), (5, None), (33, None), (64, None)],
    ids=["opens", "sharing violation", "access denied", "lock violation", "network name gone"],
)
def test_windows_answers_by_sharing(error, answer, path):
    kernel32 = FakeKernel32(error)
    assert write_lock._probe_by_sharing(kernel32, kernel32.last_error, path) is answer
    assert kernel32.closed == ([] if error else [1234])


def test_windows_is_asked_to_share_with_all_but_writers(path):
    kernel32 = FakeKernel32(0)
    write_lock._probe_by_sharing(kernel32, kernel32.last_error, path)
    read, share_read_and_delete = 0x80000000, 0x1 | 0x4
    assert kernel32.opened == [(str(path), read, share_read_and_delete)]


@pytest.mark.parametrize("error", [2, 3])
def test_windows_says_when_the_file_is_gone(error, path):
    kernel32 = FakeKernel32(error)
    with pytest.raises(FileNotFoundError):
        write_lock._probe_by_sharing(kernel32, kernel32.last_error, path)


# Linux, by fakes


@pytest.fixture
def lease(monkeypatch):
    """Have the system answer to the lease as told."""

    def answer(error):
        def take(descriptor):
            if error:
                raise OSError(error, os.strerror(error))

        monkeypatch.setattr(write_lock, "_file_system", lambda descriptor: 0xEF53)
        monkeypatch.setattr(write_lock, "_take_and_release_lease", take)

    return answer


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (0, False),
        (errno.EAGAIN, True),
        (errno.EACCES, None),
        (errno.EINVAL, None),
        (errno.ENOLCK, None),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="opens without blocking, as POSIX can")
def test_linux_answers_by_a_lease(error, answer, path, lease):
    lease(error)
    assert write_lock._probe_by_lease(path) is answer


@pytest.mark.skipif(sys.platform == "win32", reason="opens without blocking, as POSIX can")
@pytest.mark.parametrize(
    "magic", [0x6969, 0xFF534D42, 0xFE534D42, 0x794C7630, 0x65735546, 0x01021997],
    ids=["NFS", "CIFS", "SMB 2", "overlay", "FUSE", "9p"],
)  # fmt: skip
def test_file_systems_that_would_not_tell_the_truth_are_not_asked(magic, path, lease, monkeypatch):
    lease(0)
    monkeypatch.setattr(write_lock, "_file_system", lambda descriptor: magic)
    assert write_lock._probe_by_lease(path) is None


@pytest.mark.skipif(sys.platform == "win32", reason="opens without blocking, as POSIX can")
def test_a_file_that_may_not_be_opened_gives_no_answer(path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    assert write_lock._probe_by_lease(path) is None


# Linux, really


@pytest.fixture
def true_answers(path):
    """Skip where the file system of the test folder, or this user, cannot tell: we did not ask."""
    import fcntl

    kind = subprocess.check_output(["/usr/bin/stat", "-f", "-c", "%t", str(path)], text=True)
    if int(kind, 16) not in write_lock._LOCAL_FILE_SYSTEMS:
        pytest.skip("this file system gives no answer")
    with path.open("rb") as file:
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError:
            pytest.skip("this user gets no answer")


@on_linux
@pytest.mark.parametrize(
    ("mode", "answer"), [("ab", True), ("r+b", True), ("wb", True), ("rb", False)]
)
def test_a_file_that_is_open_here(mode, answer, path, true_answers):
    with path.open(mode):
        assert is_being_written(path) is answer
    assert is_being_written(path) is False


@on_linux
def test_a_file_that_is_open_in_another_process(path, true_answers):
    code = "import sys; file = open(sys.argv[1], 'ab'); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        writer.stdout.readline()
        assert is_being_written(path) is True
        writer.stdin.close()
        writer.wait()
        assert is_being_written(path) is False


@on_linux
def test_asking_never_disturbs_a_writer(path, true_answers):
    """Writers come all the time while we ask: each opens the file, and no signal ends us."""
    code = (
        "import os, sys\nfor _ in range(2000):\n    os.close(os.open(sys.argv[1], os.O_WRONLY))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)]) as writer:
        answers = set()
        while writer.poll() is None:
            answers.add(is_being_written(path))
    assert writer.returncode == 0
    assert answers <= {True, False}


@on_linux
def test_the_signal_of_a_lease_is_one_that_is_ignored():
    assert signal.getsignal(signal.SIGURG) == signal.SIG_DFL


# All systems


def test_folders_give_no_answer(tmp_path):
    assert is_being_written(tmp_path) is None


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(FileNotFoundError):
        is_being_written(tmp_path / "gone.tif")


@pytest.mark.parametrize(
    ("system", "name"), [("darwin", "_cannot_know"), ("linux", "_probe_by_lease")]
)
def test_each_system_has_its_door(system, name, monkeypatch):
    monkeypatch.setattr(sys, "platform", system)
    assert write_lock._probe_of_system.__wrapped__() is getattr(write_lock, name)


def test_other_systems_only_know_whether_the_file_is_there(path):
    assert write_lock._cannot_know(path) is None
    path.unlink()
    with pytest.raises(FileNotFoundError):
        write_lock._cannot_know(path)
