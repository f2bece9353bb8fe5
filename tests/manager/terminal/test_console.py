import io
import re
from dataclasses import dataclass

import pytest
from rich.console import Console as RichConsole

from dystrack.core.protocols import SYSTEM_CLOCK
from dystrack.manager.events import (
    AnalysisFailed,
    AnalysisStarted,
    Answered,
    Event,
    FolderLost,
    FolderReturned,
    ImageNoticed,
    ImagesIgnored,
    ImageVanished,
    PositionHeld,
    SessionEnded,
    SessionStarted,
    StopReason,
    TransmissionFailed,
    Warned,
)
from dystrack.manager.terminal.console import Console
from fakes import FakeClock

STATS = {
    "check_counter": 5,
    "found_counter": 3,
    "target_counter": 2,
    "img_success_counter": 1,
    "tra_success_counter": 2,
}


def answered(**changes):
    values = {
        "path": "/data/a_p1.tif",
        "position": "1",
        "time_point": 1,
        "target": 1,
        "z": 1.0,
        "y": 2.0,
        "x": 3.5,
        "msg": "OK",
        "outcome": "ok",
        "sent": True,
        "total_s": 0.25,
    }
    return Answered(**(values | changes))


STARTED = {
    "path": "/data/a_p1.tif",
    "position": "1",
    "time_point": None,
    "shape": (5, 6),
    "wait_s": 0.1,
}
RUN = [
    SessionStarted(
        folder="/data/[fish]",
        pipeline="p.f",
        settings={},
        existing=[],
        resumed=False,
        versions={"dystrack": "9.9"},
    ),
    ImageNoticed(path="/data/a_p1.tif"),
    AnalysisStarted(**STARTED),
    answered(step_um=(0.0, -5.2, 3.1)),
    AnalysisFailed(
        path="/data/a_p2.tif", position="2", error="RuntimeError: [x]", fallback="the centre"
    ),
    TransmissionFailed(path="/data/a_p2.tif", attempt=1, error="OSError: locked", final=False),
    TransmissionFailed(path="/data/a_p2.tif", attempt=3, error="OSError: locked", final=True),
    answered(
        path="/data/a_p2.tif",
        position="2",
        target=2,
        z=None,
        y=None,
        x=None,
        msg="failed",
        outcome="fallback",
        sent=False,
    ),
    FolderLost(folder="/data", reason="gone"),
    FolderReturned(folder="/data"),
    ImageVanished(path="/data/b.tif"),
    Warned(message="beware 20 µm → ø"),
    SessionEnded(reason=StopReason.CTRL_C, stats=STATS),
]


def shown(events=RUN, *, terminal=False, encoding="utf-8", width=100, clock=SYSTEM_CLOCK):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    output = RichConsole(file=file, force_terminal=terminal, width=width, highlight=False)
    with Console(None, 7, True, output, clock=clock) as console:
        for event in events:
            console(event)
    file.seek(0)
    return file.read()


def lines_of(events):
    """Return the lines of a pipe, without the time of day."""
    return [line[len("12:34:56  ") :] for line in shown(events).splitlines()]


def last_picture(events, **options):
    text = shown(events, terminal=True, **options)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text[text.rindex("Position") :])


def test_plain_lines_when_piped():
    assert lines_of(RUN) == [
        "DySTrack 9.9 watches /data/[fish] with p.f.",
        "It ends after 7 prescans, or with Ctrl-C.",
        "   1  a_p1.tif  position 1  z 1.0  y 2.0  x 3.5 px  step +0.0 -5.2 +3.1 µm  OK  (0.25 s)",
        "! a_p2.tif, position 2: RuntimeError: [x]. Sent instead: the centre.",
        "! The coordinates could not be sent: OSError: locked. Trying again.",
        "! Given up after 3 attempts.",
        "   2  a_p2.tif  position 2  z nan  y nan  x nan px  failed  not sent  (0.25 s)",
        "! /data cannot be read: gone. Waiting for it.",
        "! /data can be read again.",
        "! b.tif: It was renamed or deleted before it was complete.",
        "! beware 20 µm → ø.",
        "Session ended: Ctrl-C.",
        "2 prescans in 0 s: 1 analysed; failed: 1 at position 2; 1 could not be sent.",
    ]


def test_a_live_table_in_a_terminal():
    picture = last_picture(RUN)
    rows = [line.split() for line in picture.splitlines()]
    assert ["1", "1", "0", "1.0", "2.0", "3.5", "6.1", "0.25", "OK"] in rows
    assert ["2", "1", "1", "nan", "nan", "nan", "0.25", "not", "sent"] in rows


def test_below_the_table_is_what_goes_on_now():
    picture = last_picture([*RUN[:-1], AnalysisStarted(**STARTED)])
    assert "a_p1.tif is being analysed. 2 prescans, 1 failed." in picture
    assert "prescans," not in last_picture(RUN)


@pytest.mark.parametrize("terminal", [True, False])
def test_an_old_code_page_is_no_trouble(terminal):
    assert "beware 20 µm ? ø" in shown(terminal=terminal, encoding="cp1252")


@pytest.mark.parametrize("terminal", [True, False])
def test_names_and_messages_cannot_command_the_terminal(terminal):
    events = [
        answered(path="/d/a\x1b[2J\nb.tif", position="p\x1b]0;", msg="O\x07K\rgone"),
        AnalysisFailed(path="c\n.tif", position="1", error="E: \x1b[1m\nmore", fallback="f"),
    ]
    text = shown(events, terminal=terminal)
    assert "\x1b[2J" not in text
    assert "\x1b]0;" not in text
    assert "\x07" not in text
    assert "E: \\x1b[1m more" in text


def test_a_long_message_is_cut_on_the_screen():
    (line,) = lines_of([answered(msg="x" * 10_000_000)])
    assert f"  {'x' * 199}…  (" in line
    picture = last_picture([answered(msg="word " * 1000)], width=80)
    assert len(picture.splitlines()) < 12


def test_the_same_error_is_said_once_in_a_row():
    events = []
    for number in range(1, 5):
        path = f"/d/a_{number}.tif"
        error = f"RuntimeError: a_{number}.tif is empty"
        events += [
            AnalysisFailed(path=path, position="1", error=error, fallback="f"),
            answered(path=path, target=number, outcome="fallback", msg="failed"),
        ]
    events += [answered(path="/d/a_5.tif", target=5), *events[:2]]
    warnings = [line for line in lines_of(events) if line.startswith("!")]
    assert warnings == ["! Position 1: RuntimeError: a_1.tif is empty. Sent instead: f."] * 2


def test_a_held_position_is_told_once():
    reason = "4 analyses in a row failed, 3 are allowed."
    held = [
        PositionHeld(position="1", reason=reason),
        *[
            AnalysisFailed(
                path="a.tif",
                position="1",
                error=f"RefusedMoveError: Position 1 is held: {reason}",
                fallback="f",
            )
        ]
        * 3,
        answered(outcome="fallback", msg="failed"),
    ]
    warnings = [line for line in lines_of(held) if line.startswith("!")]
    assert warnings == [f"! Position 1 is held where it is: {reason}"]
    assert "held" in last_picture(held).splitlines()[-3]


def test_sending_is_told_when_it_fails_and_when_it_is_given_up():
    failures = [
        TransmissionFailed(path="a", attempt=n, error="OSError: locked", final=n == 3)
        for n in (1, 2, 3)
    ]
    assert lines_of(failures) == [
        "! The coordinates could not be sent: OSError: locked. Trying again.",
        "! Given up after 3 attempts.",
    ]


def test_the_error_that_ends_a_session_is_not_said_again():
    error = "RuntimeError: no tissue"
    failed = AnalysisFailed(
        path="a.tif", position="1", error=error, fallback="nothing, the session ends"
    )
    stats = {**STATS, "target_counter": 1, "img_success_counter": 0}
    text = shown([failed, SessionEnded(reason=error, stats=stats)])
    assert text.count("no tissue") == 1
    assert "Session ended: an error." in text


def test_what_is_no_prescan_is_said():
    ignored = ImagesIgnored(reason="do not end with .tif", names=("a.czi",), count=1)
    assert lines_of([ignored]) == [
        "! New files that do not end with .tif are ignored: a.czi (1 so far)."
    ]


def test_events_that_bring_their_own_sentence_are_shown():
    @dataclass(frozen=True, kw_only=True)
    class RunResumed(Event):
        @property
        def message(self):
            return "The run goes on"

    assert lines_of([RunResumed()]) == ["The run goes on."]


def test_the_time_since_the_last_prescan_is_shown():
    clock = FakeClock()

    def events():
        yield ImageNoticed(path="a.tif")
        yield answered()
        clock.sleep(125.0)

    picture = last_picture(events(), clock=clock)
    assert "Waiting for a prescan; the last came 2 min 5 s ago. 1 prescan, 0 failed." in picture


def test_the_newest_positions_are_shown_where_there_is_little_room():
    events = [answered(position=f"p{n}", target=n) for n in range(1, 61)]
    picture = last_picture([*events, answered(position="p1", target=61)], width=80)
    rows = [line.split()[0] for line in picture.splitlines() if "OK" in line]
    assert rows[0] == "p1"
    assert rows[-1] == "p60"
    assert f"and {60 - len(rows)} more positions" in picture
    assert "61 prescans, 0 failed." in picture


def test_words_are_not_cut_at_80_columns():
    events = [answered(outcome="fallback", msg="Image analysis failed!")]
    picture = last_picture(events, width=80)
    assert "Image analysis failed!" in picture
    assert "…" not in picture
