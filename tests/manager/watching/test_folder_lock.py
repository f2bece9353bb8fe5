import shutil
import subprocess
import sys

import pytest

from dystrack.core.errors import FolderError
from dystrack.manager.watching import folder_lock
from dystrack.manager.watching.folder_lock import own_folder

IS_LINUX = sys.platform == "linux"


def assert_is_kept_out(folder):
    with pytest.raises(FolderError, match="Another DySTrack"), own_folder(folder):
        pass


@pytest.fixture
def without_names(monkeypatch):
    """Have it as on systems where only the file is a lock."""
    monkeypatch.setattr(folder_lock.FolderLock, "_bind_name", lambda self: None)


def test_a_second_session_is_kept_out(tmp_path):
    with own_folder(tmp_path):
        assert_is_kept_out(tmp_path)
    with own_folder(tmp_path):
        pass


def test_the_lock_in_the_folder_alone_keeps_others_out(tmp_path, without_names):
    with own_folder(tmp_path):
        assert_is_kept_out(tmp_path)


@pytest.mark.skipif(not IS_LINUX, reason="elsewhere a file that is locked cannot be deleted")
@pytest.mark.parametrize("what", ["the lock", "the folder"])
def test_when_the_lock_is_deleted_others_are_kept_out_all_the_same(what, tmp_path):
    folder = tmp_path / "watched"
    folder.mkdir()
    with own_folder(folder):
        if what == "the lock":
            (folder / "dystrack.lock").unlink()
        else:
            shutil.rmtree(folder)
            folder.mkdir()
        assert_is_kept_out(folder)
        assert_is_kept_out(folder / ".." / "watched")


def test_another_process_is_kept_out_too(tmp_path):
    code = (
        "from pathlib import Path; import sys\n"
        "from dystrack.manager.watching.folder_lock import own_folder\n"
        "own_folder(Path(sys.argv[1])).__enter__()"
    )
    with own_folder(tmp_path):
        (tmp_path / "dystrack.lock").unlink() if IS_LINUX else None
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=False
        )
    assert b"Another DySTrack" in done.stderr


@pytest.mark.skipif(not IS_LINUX, reason="elsewhere a file that is locked cannot be deleted")
def test_a_lock_that_was_deleted_is_taken_again(tmp_path, without_names):
    with own_folder(tmp_path) as lock:
        (tmp_path / "dystrack.lock").unlink()
        lock.keep()
        assert_is_kept_out(tmp_path)
        lock.keep()


@pytest.mark.skipif(not IS_LINUX, reason="elsewhere a file that is locked cannot be deleted")
def test_who_comes_too_late_for_that_ends(tmp_path, without_names):
    with own_folder(tmp_path) as lock:
        (tmp_path / "dystrack.lock").unlink()
        with own_folder(tmp_path), pytest.raises(FolderError, match="Another DySTrack"):
            lock.keep()


@pytest.mark.parametrize("error", [NotImplementedError, OSError])
def test_where_there_are_no_locks_nothing_is_kept_out(tmp_path, monkeypatch, error, without_names):
    import filelock

    def no_locks(*args, **kwargs):
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", no_locks)
    with own_folder(tmp_path) as lock:
        lock.keep()
        with own_folder(tmp_path):
            pass
