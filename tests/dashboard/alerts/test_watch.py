"""Which runs of a folder are watched for troubles, and when."""

import pytest

from dystrack.dashboard.alerts.settings import AlertSettings
from dystrack.dashboard.alerts.watch import AlertWatch
from dystrack.dashboard.live.states import SessionState
from dystrack.dashboard.live.watch import Watch
from dystrack.manager.watching import folder_lock
from fakes import FakeClock
from made_up_runs import made_up_run

AHEAD = (2.0, 10.0, 24.0)
LOST = ValueError("no sample")


class PageClock(FakeClock):
    """No prescan is ever late."""

    def time(self):
        return 0.0


class Told:
    """Keeps the titles of what is to be sent."""

    def __init__(self):
        self.titles = []

    def put(self, message):
        self.titles.append(message.title.partition(": ")[2])

    def beat(self):
        pass


def run(folder, answers, **settings):
    """Run a session that ends without a word."""
    made_up_run(folder, answers, **settings)
    journal = folder / "dystrack_journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(line for line in lines if b"SessionEnded" not in line))


def watching(folder, *, is_for_one_run=False, **more):
    clock, told = PageClock(), Told()
    watch = Watch([folder], clock=clock, free_bytes=lambda _: 10**12, **more)
    AlertWatch(watch, AlertSettings(), told, clock, is_for_one_run=is_for_one_run)

    def look():
        clock.sleep(10)
        watch.look()

    return look, told, next(iter(watch.sessions.values()))


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("is_for_one_run", [True, False])
def test_a_run_after_one_that_died_is_watched_too(tmp_path, is_for_one_run, resume):
    owners = iter([True, False, False, True, True])
    look, told, _ = watching(
        tmp_path, is_for_one_run=is_for_one_run, has_owner=lambda _: next(owners)
    )
    run(tmp_path, [AHEAD])
    for _ in range(3):
        look()
    assert told.titles == ["DySTrack died"]
    run(tmp_path, [AHEAD, LOST, LOST, LOST], first=2, resume=resume)
    look()
    # the page beside a run leaves the next one to the page of that
    assert told.titles == [
        "DySTrack died",
        *([] if is_for_one_run else ["sample lost (position 1)"]),
    ]


def test_a_share_that_is_away_is_no_end_of_a_run_on_another_computer(tmp_path, monkeypatch):
    folder = tmp_path / "fish"
    run(folder, [AHEAD])
    monkeypatch.setattr(folder_lock, "_has_name", lambda _: False)
    look, told, session = watching(folder)
    with folder_lock.own_folder(folder):
        look()
        folder.rename(tmp_path / "away")
        assert folder_lock.is_owned(folder)  # as far as can be told
        look()
        assert session.state is SessionState.AWAY
        assert told.titles == ["folder out of reach"]
        (tmp_path / "away").rename(folder)
        look()
        assert session.state is SessionState.RUNNING
    look()
    assert told.titles == ["folder out of reach", "DySTrack died"]
