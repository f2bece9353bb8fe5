import threading

from dystrack.manager.watching.folder import (
    ClockWait,
    is_image,
    list_names,
    watch_for_changes,
)
from fakes import FakeClock


def test_names_of_a_tree(tmp_path):
    (tmp_path / "sub" / "a.zarr" / "0").mkdir(parents=True)
    (tmp_path / "sub" / "b.tif").touch()
    assert list_names(tmp_path, recurse=False) == {"sub"}
    expected = {"sub", str(tmp_path.relative_to(tmp_path) / "sub" / "b.tif")}
    assert list_names(tmp_path, recurse=True) == expected | {
        str(tmp_path.relative_to(tmp_path) / "sub" / "a.zarr")
    }
    assert not is_image(tmp_path / "sub")
    assert is_image(tmp_path / "sub" / "a.zarr")
    assert is_image(tmp_path / "sub" / "b.tif")


def test_resting_by_the_clock():
    clock = FakeClock()
    assert ClockWait(clock)(2.0) == set()
    assert clock.monotonic() == 1002.0


def test_a_new_file_ends_a_rest(tmp_path):
    with watch_for_changes(tmp_path, FakeClock(), recurse=False) as wait:
        if isinstance(wait, ClockWait):  # nothing to wake on where the system reports nothing
            return
        writer = threading.Timer(0.05, (tmp_path / "a.tif").touch)
        writer.start()
        assert wait(30.0) == {tmp_path / "a.tif"}
        writer.join()


def test_our_own_files_do_not_end_a_rest(tmp_path):
    with watch_for_changes(tmp_path, FakeClock(), recurse=False) as wait:
        (tmp_path / "dystrack_coords.txt").touch()
        assert wait(0.2) == set()


def test_without_watches_the_clock_is_enough(tmp_path, monkeypatch):
    from watchdog.observers import Observer

    def no_watches(*args, **kwargs):
        raise OSError(28, "no inotify watches left")

    monkeypatch.setattr(Observer, "schedule", no_watches)
    with watch_for_changes(tmp_path, FakeClock(), recurse=False) as wait:
        assert isinstance(wait, ClockWait)
