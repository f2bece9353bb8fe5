import numpy as np
import pytest
import tifffile

from dystrack.core.errors import IncompleteImageError
from dystrack.images.stamps import FileStamp
from dystrack.images.waiting import vouch_for, wait_until_all_complete, wait_until_complete
from fakes import FakeClock, write_prescan


def test_wait_until_complete_returns_once_it_is_whole(tmp_path):
    clock = FakeClock()
    whole = write_prescan(tmp_path / "whole.tif").read_bytes()
    path = tmp_path / "prescan.tif"
    path.write_bytes(whole[:500])
    clock.plan(3.0, lambda: path.write_bytes(whole))
    ready = wait_until_complete(path, clock=clock)
    assert ready.status.shape == (5, 20, 30)
    assert ready.stamp == FileStamp.of(path)
    assert clock.monotonic() == pytest.approx(1003.0, abs=0.05)


def test_wait_until_complete_gives_up_and_says_why(tmp_path):
    path = tmp_path / "prescan.tif"
    path.write_bytes(b"II*\0")
    with pytest.raises(IncompleteImageError) as caught:
        wait_until_complete(path, limit_s=5.0, clock=FakeClock())
    message = str(caught.value)
    assert "prescan.tif is not complete: the header ends at byte 8" in message
    assert "nothing has changed for 5 s" in message


def test_wait_until_complete_says_when_there_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.tif"):
        wait_until_complete(tmp_path / "gone.tif", clock=FakeClock())


def test_a_dark_image_rests_unless_the_session_has_waited_already(tmp_path):
    path = tmp_path / "dark.tif"
    tifffile.imwrite(path, np.zeros((5, 64, 64), np.uint8), imagej=True)
    clock = FakeClock(wall_s=path.stat().st_mtime - 1000.0)
    with vouch_for(path):
        assert wait_until_complete(path, clock=clock).stamp == FileStamp.of(path)
    assert clock.monotonic() == 1000.0
    wait_until_complete(path, clock=clock)
    assert clock.monotonic() == pytest.approx(1004.0, abs=0.05)


def test_several_dark_images_rest_together(tmp_path):
    paths = [tmp_path / f"plane_{z}.tif" for z in range(5)]
    for path in paths:
        tifffile.imwrite(path, np.zeros((64, 64), np.uint8), imagej=True)
    clock = FakeClock(wall_s=paths[0].stat().st_mtime)
    found = wait_until_all_complete(paths, clock=clock)
    assert [ready.stamp for ready in found] == list(map(FileStamp.of, paths))
    assert clock.monotonic() == pytest.approx(1004.0, abs=0.1)


def test_an_unfinished_image_is_waited_for_whoever_vouches_for_it(tmp_path):
    path = tmp_path / "cut.tif"
    path.write_bytes(b"II*\0")
    with vouch_for(path), pytest.raises(IncompleteImageError):
        wait_until_complete(path, clock=FakeClock())
