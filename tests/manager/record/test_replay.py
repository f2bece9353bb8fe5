"""What the lines of a journal come to, kind by kind."""

import json

import pytest

from dystrack.manager.record.replay import Replay, relative_name

START = {"folder": "/f", "pipeline": "p", "settings": {"tra_method": "txt"}, "resumed": False}
STATE = {"name": "1", "cache": {}}


def line(event, **fields):
    return (json.dumps({"at": "2027", "event": event, **fields}) + "\n").encode()


def start(*existing, **changes):
    return line("SessionStarted", **(START | {"existing": list(existing)} | changes))


def answering(name, size=10, **state):
    path, state = f"/f/{name}", STATE | state
    return line("Answering", path=path, position="1", state=state, coords_size=size)


def answered(name, *, sent=True):
    return line("Answered", path=f"/f/{name}", position="1", sent=sent)


def failed(name, *, final=True):
    return line("TransmissionFailed", path=f"/f/{name}", final=final)


def ended(name, fallback="nothing, the session ends"):
    return line("AnalysisFailed", path=f"/f/{name}", fallback=fallback)


def summary(*lines, coords=None):
    replay = Replay()
    for text in lines:
        replay.take(text)
    return replay.summary(coords)


@pytest.mark.parametrize(
    ("lines", "handled", "has_state"),
    [
        ([start("old")], {"old"}, False),
        ([start("/f/old")], {"old"}, False),
        ([start(), answering("a"), answered("a")], {"a"}, True),
        ([start(), answering("a"), answered("a", sent=False)], set(), False),
        ([start(), answering("b"), answered("a")], {"a"}, False),
        ([start(), answering("a"), answering("b"), failed("b")], {"a"}, True),
        ([start(), answering("a"), failed("a")], set(), False),
        ([start(), answering("a"), failed("a", final=False)], {"a"}, True),
        ([start(), answering("a"), start(coords_size=10)], set(), False),
        ([start(), answering("a"), start(coords_size=11, resumed=True)], {"a"}, True),
        ([start(), answering("a"), start(resumed=True)], {"a"}, True),
        ([start(), answering("a"), answered("a"), start("a", "b")], {"a"}, True),
        ([start(), answering("a"), answered("a"), start("a", pipeline="q")], {"a"}, False),
        ([start("old"), start("old", "b", pipeline="q")], {"old", "b"}, False),
        ([start(), line("ImageSkipped", path="/f/a")], {"a"}, False),
        ([start(), line("JournalRenewed", handled=["a"], states={"1": STATE})], {"a"}, True),
        ([start(), line("AnsweredLate", path="/f/a", position="1", state=STATE)], {"a"}, True),
        ([start(), line("AnsweredLate", path="/f/a", position="1", state=None)], {"a"}, False),
    ],
)
def test_what_is_handled_and_where_positions_are(lines, handled, has_state):
    result = summary(*lines)
    assert result.handled == handled
    assert bool(result.states) is has_state


@pytest.mark.parametrize(
    ("coords", "is_sent"),
    [
        (b"", False),
        (b"x" * 9 + b"\n", False),
        (b"x" * 9 + b"\n1", False),
        (b"x" * 11 + b"\n", True),
    ],
)
def test_the_coordinates_file_tells_whether_the_last_answer_left(coords, is_sent):
    assert ("a" in summary(start(), answering("a"), coords=coords).handled) is is_sent


def changed(value, by="Anna"):
    return line("CommandObeyed", setting="max_step_um", value=value, by=by)


@pytest.mark.parametrize(
    ("lines", "value", "by"),
    [
        ([start(), changed("5"), changed(None, "Bo")], None, "Bo"),
        ([start(), changed("5"), answering("a"), answered("a"), start("a")], "5", "Anna"),
        ([start(), changed("5"), start(resumed=True, settings={"max_step_um": "7"})], "7", None),
        ([start(), answering("a"), answered("a"), start("a"), changed("5")], "absent", None),
        ([start(), line("CommandObeyed", setting="", value=None, by="Anna")], "absent", None),
    ],
)
def test_settings_are_those_at_the_end_of_the_run(lines, value, by):
    record = summary(*lines).start
    assert record["settings"].get("max_step_um", "absent") == value
    assert record.get("changed_by", {}).get("max_step_um") == by


def test_which_failures_ended_a_run():
    result = summary(start(), ended("a"), ended("b", "the centre of the image"), ended("c"))
    assert result.ended_by == ("a", "c")
    assert summary(start(), ended("a"), answering("a"), answered("a")).ended_by == ()


def test_torn_and_foreign_lines_are_counted():
    torn = answered("a")[:40]
    lines = [start(), torn, b"{", b"[1]\n", b"\n", answered("b").rstrip(b"\n")]
    assert summary(*lines).n_torn == 3
    assert summary(*lines).handled == {"b"}


def test_without_a_start_there_is_no_run():
    assert summary(answered("a")[:30]) is None


@pytest.mark.parametrize(
    ("path", "folder", "name"),
    [
        ("/data/fish 1/a.tif", "/data/fish 1", "a.tif"),
        ("/data/fish 1/sub/a.tif", "/data/fish 1/", "sub/a.tif"),
        ("D:\\data\\sub\\a.tif", "D:\\data", "sub/a.tif"),
        ("sub\\a.tif", "D:\\data", "sub/a.tif"),
        ("/data/fish 10/a.tif", "/data/fish 1", "/data/fish 10/a.tif"),
        ("/a.tif", "/", "a.tif"),
    ],
)
def test_paths_within_the_folder(path, folder, name):
    assert relative_name(path, folder) == name
