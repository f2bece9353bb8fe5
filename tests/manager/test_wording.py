import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.manager.events import (
    AnalysisFailed,
    FolderLost,
    FolderReturned,
    ImageNoticed,
    ImagesIgnored,
    ImageVanished,
    PositionHeld,
    SessionEnded,
    TransmissionFailed,
    Warned,
)
from dystrack.manager.wording import (
    count,
    describe_end,
    duration,
    sentence,
    shortened,
    trouble,
)

STATS = {"check_counter": 5, "target_counter": 40}


def failed(error, *, path="/d/a.tif", position="2", fallback="the centre of the image", **others):
    return AnalysisFailed(path=path, position=position, error=error, fallback=fallback, **others)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            failed("RuntimeError: no tissue"),
            "a.tif, position 2: RuntimeError: no tissue. Sent instead: the centre of the image.",
        ),
        (
            failed("IncompleteImageError: a.tif was changed."),
            "Position 2: IncompleteImageError: a.tif was changed. Sent instead: the centre of the image.",
        ),
        (
            failed("ValueError: no!", fallback="nothing, the session ends"),
            "a.tif, position 2: ValueError: no! Nothing is sent, the session ends.",
        ),
        (
            failed(
                "no tissue", error_type="ValueError", traceback="/home/me/old.py:1, in g: g()\n"
            ),
            "a.tif, position 2: ValueError: no tissue. Sent instead: the centre of the image. In old.py:1, in g: g()",
        ),
        (
            failed("E", traceback="x.py:1, in f: g()\nC:\\me\\mine.py:12, in g: z = s[9]"),
            "a.tif, position 2: E. Sent instead: the centre of the image. In mine.py:12, in g: z = s[9]",
        ),
        (
            PositionHeld(position="3", reason="too many"),
            "Position 3 is held where it is: too many.",
        ),
        (
            TransmissionFailed(path="a", attempt=1, error="OSError: locked", final=False),
            "The coordinates could not be sent: OSError: locked. Trying again.",
        ),
        (
            TransmissionFailed(path="a", attempt=3, error="OSError: locked.", final=True),
            "The coordinates could not be sent: OSError: locked. No more attempts.",
        ),
        (FolderLost(folder="/d", reason="gone."), "/d cannot be read: gone. Waiting for it."),
        (FolderReturned(folder="/d"), "/d can be read again."),
        (
            ImageVanished(path="/d/a.tif"),
            "a.tif: It was renamed or deleted before it was complete.",
        ),
        (
            ImagesIgnored(reason="do not end with .tif", names=("a.czi", "b.czi"), count=5),
            "New files that do not end with .tif are ignored: a.czi, b.czi (5 so far).",
        ),
        (Warned(message="the shape differs", position="4"), "Position 4: the shape differs."),
        (Warned(message="Position 4 is off.", position="4"), "Position 4 is off."),
        (Warned(message="Look here!"), "Look here!"),
        (ImageNoticed(path="a.tif"), ""),
    ],
)
def test_trouble_is_said_in_sentences(event, text):
    assert trouble(event) == text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("esc", "Esc"),
        ("ctrl_c", "Ctrl-C"),
        ("terminated", "the system asked the program to end"),
        ("max_triggers", "40 prescans, as asked"),
        ("max_checks", "5 checks of the folder, as asked"),
        ("RuntimeError: {no} tissue", "an error"),
        ("error", "an error"),
    ],
)
def test_an_end_is_said_in_the_users_words(reason, words):
    assert describe_end(SessionEnded(reason=reason, stats=STATS)) == f"Session ended: {words}."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.0, "59 s"),
        (60.0, "1 min"),
        (125.0, "2 min 5 s"),
        (7_500.0, "2 h 5 min"),
        (3_601.0, "1 h"),
        (180_000.0, "2 d 2 h"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_one_prescan_is_one():
    one = SessionEnded(reason="max_triggers", stats={"check_counter": 5, "target_counter": 1})
    assert describe_end(one) == "Session ended: 1 prescan, as asked."


def test_counting():
    assert [count(n, "prescan") for n in (0, 1, 2)] == ["0 prescans", "1 prescan", "2 prescans"]


@given(st.text(min_size=1))
def test_a_sentence_has_one_stop(text):
    assert sentence(sentence(text)) == sentence(text)
    assert not sentence(text).endswith("..") or text.rstrip().endswith("..")


def test_a_long_message_is_shortened():
    assert shortened("x" * 200) == "x" * 200
    assert shortened("x" * 201) == "x" * 199 + "…"
    assert len(trouble(failed("E: " + "x" * 10_000_000))) < 700
