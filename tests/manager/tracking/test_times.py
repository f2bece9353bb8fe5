"""When prescans were taken, as the tracker takes it."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.readiness import Aborted, FileStamp, Ready
from dystrack.manager.tracking.positions import Position
from dystrack.manager.tracking.times import TrackingTimes, is_black_image
from dystrack.manager.tracking.tracker.looks import TrackState
from dystrack.manager.watching.watcher import ArrivedImage
from fakes import FakeClock

WALL_S = 1_800_000_000.0
COMPLETE = ImageStatus(Verdict.COMPLETE, axes="YX", shape=(4, 4))


def arrived(noticed_s, written_s=None):
    stamp = FileStamp(1, round(1e9 * (WALL_S if written_s is None else written_s)))
    outcome = Ready(COMPLETE, stamp) if written_s is not None else Aborted("never complete")
    return ArrivedImage(Path("a.tif"), outcome, noticed_s)


@pytest.fixture
def clock():
    return FakeClock(WALL_S - 1000.0)  # which has run for 1000 s


def test_a_session_goes_by_the_steady_clock(clock):
    times = TrackingTimes(clock, [])
    start_s = clock.monotonic()
    assert times.of(arrived(start_s + 300.0, WALL_S + 9e6)) == WALL_S + 300.0
    assert times.of(arrived(start_s + 600.0)) == WALL_S + 600.0


def test_what_was_there_at_the_start_counts_from_when_it_was_written(clock):
    times = TrackingTimes(clock, [])
    start_s = clock.monotonic()
    assert times.of(arrived(start_s + 1.0, WALL_S - 700.0)) == WALL_S - 700.0
    assert times.of(arrived(start_s + 1.0, WALL_S + 50.0)) == WALL_S + 1.0  # a clock that is ahead
    assert times.of(arrived(start_s + 1.0)) == WALL_S + 1.0


def test_time_never_runs_back_behind_the_last_look(clock):
    looked = Position("1", track=TrackState("auto", time_s=WALL_S + 3600.0))
    times = TrackingTimes(clock, [Position("2"), looked])
    assert times.of(arrived(clock.monotonic() + 60.0, WALL_S)) == WALL_S + 3660.0


def test_only_an_image_that_shows_nothing_at_all_is_black(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.full((4, 5), 9, np.uint8))
    assert is_black_image(path)
    tifffile.imwrite(path, np.arange(20, dtype=np.uint8).reshape(4, 5))
    assert not is_black_image(path)
    assert not is_black_image(tmp_path / "gone.tif")
