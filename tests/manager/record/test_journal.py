import json

import pytest

from dystrack.core.errors import JournalError
from dystrack.manager.events import FolderReturned, ImageNoticed, SessionStarted, Warned
from dystrack.manager.record.journal import JournalWriter, read_journal
from fakes import FakeClock


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
    # A line that lacks nothing but its line end is whole.
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
