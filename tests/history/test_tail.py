import json

import pytest

from dystrack.history.tail import JournalTail

LINE = json.dumps(
    {"at": "2026-01-01T00:00:00+00:00", "event": "Warned", "message": "m\u00fc"}
).encode()


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "dystrack_journal.jsonl"


def events_of(tail):
    return [record["event"] for _, record in tail.read()]


def test_a_line_is_read_once_its_end_is_there(journal):
    tail = JournalTail(journal)
    assert not tail.is_another_file()
    assert tail.is_away
    assert events_of(tail) == []
    journal.write_bytes(LINE[:10])
    assert not tail.is_another_file()
    assert events_of(tail) == []
    with journal.open("ab") as file:
        file.write(LINE[10:] + b"\n" + LINE)
    assert events_of(tail) == ["Warned"]
    with journal.open("ab") as file:
        file.write(b"\n")
    assert events_of(tail) == ["Warned"]
    assert tail.n_torn == 0
    assert not tail.is_away


@pytest.mark.parametrize(
    "hostile",
    [
        b"{",
        b"\x00\xff\xfe",
        b"[1, 2]",
        b'{"event": 5, "at": "x"}',
        b'{"event": "Warned"}',
        b"[" * 100_000,
        b'{"event": "Warned", "at": ' + b"9" * 5000 + b"}",
        LINE[:20] + LINE,
        b'"' + b"x" * (5 << 20) + b'"',
    ],
)
def test_lines_that_are_no_events_are_counted_and_left_out(journal, hostile):
    journal.write_bytes(LINE + b"\n" + hostile + b"\n\n" + LINE + b"\n")
    tail = JournalTail(journal)
    tail.is_another_file()
    assert events_of(tail) == ["Warned", "Warned"]
    assert tail.n_torn == 1


def test_an_event_can_be_read_again_where_it_lies(journal):
    journal.write_bytes(b"torn\n" + LINE + b"\n" + LINE.replace(b"Warned", b"Second") + b"\n")
    tail = JournalTail(journal)
    places = [at for at, _ in tail.read()]
    assert [tail.read_at(at)["event"] for at in places] == ["Warned", "Second"]
    assert tail.read_at(10**6) == {}


@pytest.mark.parametrize("change", ["cut", "replaced"])
def test_another_journal_is_read_from_its_beginning(journal, tmp_path, change):
    journal.write_bytes(LINE + b"\n" + LINE + b"\n")
    tail = JournalTail(journal)
    tail.is_another_file()
    assert len(events_of(tail)) == 2
    if change == "cut":
        journal.write_bytes(LINE + b"\n")
    else:
        other = tmp_path / "other"
        other.write_bytes(LINE + b"\n" + LINE + b"\n" + LINE + b"\n")
        other.replace(journal)
    assert tail.is_another_file()
    assert len(events_of(tail)) == (1 if change == "cut" else 3)
    assert not tail.is_another_file()
