import io
import re

import pytest
from rich.console import Console as RichConsole

from dystrack.manager.console import Console
from dystrack.manager.events import (
    AnalysisFailed,
    AnalysisStarted,
    Answered,
    FolderLost,
    FolderReturned,
    ImageNoticed,
    ImageVanished,
    SessionEnded,
    SessionStarted,
    TransmissionFailed,
    Warned,
)

STATS = {
    "check_counter": 5,
    "found_counter": 3,
    "target_counter": 2,
    "img_success_counter": 1,
    "tra_success_counter": 2,
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
    AnalysisStarted(path="/data/a_p1.tif", position="1", time_point=None, shape=(5, 6), wait_s=0.1),
    Answered(
        path="/data/a_p1.tif",
        position="1",
        time_point=1,
        target=1,
        z=1.0,
        y=2.0,
        x=3.5,
        msg="OK",
        outcome="ok",
        sent=True,
        total_s=0.25,
    ),
    AnalysisFailed(
        path="/data/a_p2.tif", position="2", error="RuntimeError: [x]", fallback="the centre"
    ),
    Answered(
        path="/data/a_p2.tif",
        position="2",
        time_point=1,
        target=2,
        z=None,
        y=None,
        x=None,
        msg="failed",
        outcome="fallback",
        sent=True,
        total_s=0.25,
    ),
    TransmissionFailed(path="/data/a_p2.tif", attempt=1, error="OSError: locked", final=False),
    TransmissionFailed(path="/data/a_p2.tif", attempt=3, error="OSError: locked", final=True),
    FolderLost(folder="/data", reason="gone"),
    FolderReturned(folder="/data"),
    ImageVanished(path="/data/b.tif"),
    Warned(message="beware 20 µm → ø"),
    SessionEnded(reason="Ctrl-C", stats=STATS),
]


def shown(*, terminal, encoding="utf-8"):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    output = RichConsole(file=file, force_terminal=terminal, width=100, highlight=False)
    with Console(None, 7, True, output) as console:
        for event in RUN:
            console(event)
    file.seek(0)
    return file.read()


def test_plain_lines_when_piped():
    text = shown(terminal=False)
    lines = text.splitlines()
    assert lines[0] == "DySTrack 9.9 watches /data/[fish]"
    assert "after 7 prescans or with Esc or Ctrl-C" in lines[1]
    assert lines[2] == "   1  a_p1.tif  position 1  z 1.0000  y 2.0000  x 3.5000  OK  (0.25 s)"
    assert lines[3] == "! a_p2.tif: RuntimeError: [x] Sent instead: the centre."
    assert "z nan  y nan  x nan" in lines[4]
    assert "Trying again." in text
    assert "Giving up." in text
    assert lines[-2] == "Session ended: Ctrl-C."
    assert "2 prescans, 1 analysed" in lines[-1]
    assert "\x1b" not in text


def test_a_live_table_in_a_terminal():
    text = shown(terminal=True)
    last_picture = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text[text.rindex("Position") :])
    rows = [line.split() for line in last_picture.splitlines()]
    assert ["1", "1", "1.0", "2.0", "3.5", "0.25", "OK"] in rows
    assert ["2", "1", "nan", "nan", "nan", "0.25", "failed"] in rows
    assert "Ended: Ctrl-C" in last_picture


@pytest.mark.parametrize("terminal", [True, False])
def test_an_old_code_page_is_no_trouble(terminal):
    assert "beware 20 µm ? ø" in shown(terminal=terminal, encoding="cp1252")
