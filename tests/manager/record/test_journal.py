import json

import pytest

from dystrack.core.errors import JournalError
from dystrack.manager.events import (
    FolderReturned,
    ImageNoticed,
    SessionEnded,
    SessionStarted,
    Warned,
)
from dystrack.manager.record.journal import JournalWriter, read_journal
from dystrack.manager.record.resume import read_replay
from fakes import FakeClock, Recorder


def test_events_come_back(tmp_path):
    with JournalWriter(tmp_path, FakeClock()) as journal:
        journal(Warned(message="a\nb ü \ud800"))
        journal(
            SessionStarted(
                folder="f",
                pipeline="p",
                settings={"f": print},
                versions={},
                existing=[],
                resumed=False,
            )
        )
        records, n_torn = read_journal(journal.path)
    assert n_torn == 0
    assert [record["event"] for record in records] == ["Warned", "SessionStarted"]
    assert records[0]["at"] == "2027-01-15T08:16:40.000+00:00"
    assert records[0]["message"].startswith("a\nb ü")
    assert "built-in" in records[1]["settings"]["f"]


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_torn_line_is_dropped_and_later_ones_are_kept(tmp_path, cut):
    clock = FakeClock()
    with JournalWriter(tmp_path, clock) as journal:
        journal(ImageNoticed(path="first"))
        journal(ImageNoticed(path="second"))
    journal.path.write_bytes(journal.path.read_bytes()[:-cut])
    with JournalWriter(tmp_path, clock) as journal:
        journal(ImageNoticed(path="third"))
    records, n_torn = read_journal(journal.path)
    # A line that lacks nothing but its line end is complete.
    assert [r["path"] for r in records] == (
        ["first", "second", "third"] if cut == 1 else ["first", "third"]
    )
    assert n_torn == (cut > 1)


def test_a_full_disk_does_not_spoil_what_comes_later(tmp_path, monkeypatch):
    with JournalWriter(tmp_path, FakeClock()) as journal:
        real_open = journal._open

        class Full:
            def __init__(self):
                self.file = real_open()

            def write(self, data):
                return self.file.write(data[:10])

            def close(self):
                self.file.close()

        with monkeypatch.context() as patch:
            patch.setattr(journal, "_open", Full)
            journal._file.close()
            journal._file = Full()
            with pytest.raises(OSError, match="disk full"):
                journal(Warned(message="lost"))
        journal._reopen()
        journal(Warned(message="kept"))
    records, n_torn = read_journal(journal.path)
    assert [record["message"] for record in records] == ["kept"]
    assert n_torn == 2


def test_a_folder_that_comes_back_anew_gets_the_journal(tmp_path):
    with JournalWriter(tmp_path, FakeClock()) as journal:
        journal(Warned(message="before"))
        journal.path.rename(tmp_path / "elsewhere.jsonl")
        journal(FolderReturned(folder=str(tmp_path)))
        journal(Warned(message="after"))
    records, _ = read_journal(journal.path)
    assert [record["event"] for record in records] == ["FolderReturned", "Warned"]


def test_a_handle_that_has_died_is_replaced(tmp_path):
    with JournalWriter(tmp_path, FakeClock()) as journal:

        class Dead:
            def write(self, data):
                raise OSError("the network name is no longer available")

            def close(self):
                raise OSError("neither")

        journal._file.close()
        journal._file = Dead()
        journal(Warned(message="kept"))
    assert read_journal(journal.path)[0][0]["message"] == "kept"


def started():
    return SessionStarted(
        folder="/f",
        pipeline="p",
        settings={},
        versions={},
        existing=["old.tif"],
        resumed=False,
    )


@pytest.mark.parametrize("loss", ["deleted", "replaced", "renamed"])
def test_a_journal_that_is_lost_is_begun_anew_with_what_a_resume_needs(tmp_path, loss):
    clock, told = FakeClock(), Recorder()
    with JournalWriter(tmp_path, clock, tell=told) as journal:
        journal(started())
        before = read_replay(journal.path).summary()
        if loss == "renamed":
            journal.path.rename(tmp_path / "elsewhere.jsonl")
        else:
            journal.path.unlink()
        if loss == "replaced":
            journal.path.write_text("a copy of something\n")
        clock.sleep(1.0)
        journal(ImageNoticed(path="/f/a.tif"))
        journal(ImageNoticed(path="/f/b.tif"))
    assert [type(event) for event in told.events] == [Warned]
    after = read_replay(journal.path).summary()
    assert (after.handled, after.states) == (before.handled, before.states)
    assert after.start | {"existing": []} == before.start | {"existing": []}
    assert [r["event"] for r in read_journal(journal.path)[0]][-3:] == [
        "JournalRenewed",
        "ImageNoticed",
        "ImageNoticed",
    ]


def test_the_file_is_looked_for_once_a_second_and_at_the_end(tmp_path):
    told = Recorder()
    with JournalWriter(tmp_path, FakeClock(), tell=told) as journal:
        journal(started())
        journal.path.unlink()
        journal(ImageNoticed(path="/f/a.tif"))
        assert told.events == []
        journal(SessionEnded(reason="Esc", stats={}))
    assert len(told.events) == 1
    assert read_replay(journal.path).start["pipeline"] == "p"


def test_a_folder_that_is_away_is_no_lost_journal(tmp_path):
    clock, told = FakeClock(), Recorder()
    folder = tmp_path / "share"
    folder.mkdir()
    with JournalWriter(folder, clock, tell=told) as journal:
        folder.rename(tmp_path / "away")
        clock.sleep(2.0)
        journal(ImageNoticed(path="/f/a.tif"))
        (tmp_path / "away").rename(folder)
        clock.sleep(2.0)
        journal(ImageNoticed(path="/f/b.tif"))
    assert told.events == []
    assert len(read_journal(journal.path)[0]) == 2


def test_foreign_lines_are_counted(tmp_path):
    path = tmp_path / "j.jsonl"
    path.write_text('[1]\n{"a": 1}\n' + json.dumps({"event": "X"}) + "\n\n")
    records, n_torn = read_journal(path)
    assert (len(records), n_torn) == (1, 2)


def test_unreadable(tmp_path):
    with pytest.raises(JournalError, match="cannot be read"):
        read_journal(tmp_path / "none.jsonl")
    (tmp_path / "dystrack_journal.jsonl").mkdir()
    with pytest.raises(JournalError, match="cannot be written"):
        JournalWriter(tmp_path, FakeClock())
