import io

import pytest
from rich.console import Console

from dystrack.core.exchange.coords_file import CoordsLine
from dystrack.manager.events import (
    AnalysisFailed,
    ImageNoticed,
    PositionHeld,
    SessionStarted,
    Warned,
)
from dystrack.scopes.geometry import PositionUm
from dystrack.tools.demo.view import DemoView
from made_up_visits import a_failed_visit, a_visit, some_visits

LINE = CoordsLine(1.0, 2.0, 3.0, "Image analysis failed!")
STARTED = SessionStarted(
    folder="/data/[run]",
    pipeline="some.pipeline",
    settings={},
    versions={},
    existing=[],
    resumed=False,
)


class Terminal:
    """What a person would see."""

    def __init__(self, *, is_terminal, encoding="utf-8", width=110):
        self.bytes = io.BytesIO()
        stream = io.TextIOWrapper(self.bytes, encoding, errors="replace", write_through=True)
        self.console = Console(
            file=stream, force_terminal=is_terminal, width=width, color_system=None, highlight=False
        )

    @property
    def text(self):
        return self.bytes.getvalue().decode(self.console.encoding)


def show(visits, *, is_terminal, encoding="utf-8", events=(), width=110):
    terminal = Terminal(is_terminal=is_terminal, encoding=encoding, width=width)
    with DemoView(12, terminal.console) as view:
        for event in events:
            view.hear(event)
        for visit in visits:
            view.see(visit)
    return terminal.text


def test_a_pipe_gets_a_line_for_each_visit():
    text = show([a_visit(1), a_visit(5), a_failed_visit(6)], is_terminal=False)
    assert [line[len("12:34:56  ") :] for line in text.splitlines()] == [
        "   1  position 1    1.00 µm off, in view; without tracking 1 µm off, in view  OK  (0.02 s)",
        "   5  position 1    1.00 µm off, in view; without tracking 39 µm off, not in view  OK  (0.10 s)",
        "   6  position 1    1.00 µm off, not in view; without tracking 49 µm off, not in view  no answer in time  (0.12 s)",
    ]


def test_a_terminal_gets_a_table():
    text = show(some_visits(5, n_positions=2), is_terminal=True)
    last = text[text.rindex("Position") :]
    rows = [line.split() for line in last.splitlines() if line.strip().startswith(("1", "2"))]
    for position, row in enumerate(rows[:2], 1):
        assert row == [
            str(position),
            "40",
            "µm",
            "1.00",
            "µm",
            "▂" * 5,
            "100%",
            "60%",
            "100",
            "ms",
            "OK",
        ]
    assert "10 of 12 visits" in last


def test_taller_bars_are_further_away():
    visits = [
        a_visit(t, camera_um=PositionUm(0.0, 2.0, 10.0 * (t - 1) + off))
        for t, off in enumerate((0.0, 5.0, 80.0), 1)
    ]
    assert "▁▅█" in show(visits, is_terminal=True)


def test_a_terminal_without_the_letters_gets_no_bars():
    text = show([a_visit()], is_terminal=True, encoding="cp1252")
    assert "1.00 µm" in text
    assert "so far" not in text


def test_before_the_first_visit_it_says_what_is_going_on():
    assert "takes its first prescan" in show([], is_terminal=True)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_needs_attention_is_shown(is_terminal):
    failed = AnalysisFailed(
        path="p.tif", position="1", error="[Error] no light.", fallback="the same"
    )
    events = [
        STARTED,
        failed,
        PositionHeld(position="2", reason="too many"),
        Warned(message="look here"),
        ImageNoticed(path="not shown"),
    ]
    text = show([], is_terminal=is_terminal, events=events)
    for line in (
        "DySTrack watches /data/[run] with some.pipeline.",
        "The show ends with Ctrl-C, or by itself.",
        "! p.tif, position 1: [Error] no light. Sent instead: the same.",
        "! Position 2 is held where it is: too many.",
        "! look here.",
    ):
        assert line in text
    assert "not shown" not in text


def test_the_newest_visits_are_shown_where_there_is_little_room():
    offs_um = [100.0] * 18 + [0.0] * 6
    visits = [
        a_visit(t, camera_um=PositionUm(0.0, 2.0, 10.0 * (t - 1) + off), line=LINE)
        for t, off in enumerate(offs_um, 1)
    ]
    text = show(visits, is_terminal=True, width=80)
    last = text[text.rindex("Position") :]
    assert "█" * 6 + "▁" * 6 + " " in last
    assert "…" not in last
    assert "Image analysis" in last


def test_a_failure_is_not_green():
    terminal = Terminal(is_terminal=True)
    terminal.console = Console(
        file=terminal.console.file, force_terminal=True, width=110, color_system="standard"
    )
    with DemoView(12, terminal.console) as view:
        view.see(a_failed_visit(2))
    row = next(line for line in terminal.text.splitlines() if "no answer" in line)
    assert "\x1b[31m  0%" in row
    assert "\x1b[31mno answer in time" in row
    assert "\x1b[1;31m1.00 µm" in row


def test_more_positions_than_rows():
    visits = some_visits(1, n_positions=60)
    text = show([*visits, a_visit(2, position=1)], is_terminal=True)
    last = text[text.rindex("Position") :]
    rows = [line.split()[0] for line in last.splitlines() if "µm" in line]
    assert rows[0] == "1"
    assert rows[-1] == "60"
    assert f"and {60 - len(rows)} more positions" in last
    assert "61 of 12 visits" in last
