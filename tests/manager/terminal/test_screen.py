import io
import subprocess
import sys
import threading

import pytest
from rich.console import Console as RichConsole

from dystrack.manager.terminal import screen as screen_module
from dystrack.manager.terminal.screen import Screen
from fakes import FakeClock


class Shown(Screen):
    def picture(self):
        return "PICTURE"


class StuckFile(io.StringIO):
    """Takes nothing until it is let go."""

    def __init__(self):
        super().__init__()
        self.is_reached = threading.Event()
        self.goes = threading.Event()

    def write(self, text):
        self.is_reached.set()
        self.goes.wait()
        return super().write(text)


def output_to(file, **options):
    return RichConsole(file=file, width=100, highlight=False, color_system=None, **options)


def lines_of(file):
    return [line[len("12:34:56  ") :] for line in file.getvalue().splitlines()]


def test_lines_have_the_time_of_day():
    file = io.StringIO()
    clock = FakeClock()
    with Shown(output_to(file), clock) as screen:
        screen.say("one [b]")
        screen.warn("two")
    assert lines_of(file) == ["one [b]", "! two"]
    hours, minutes, seconds = file.getvalue().split()[0].split(":")
    assert len(hours) == len(minutes) == len(seconds) == 2


def test_output_that_takes_nothing_stops_nobody_and_lines_that_are_missing_are_counted():
    file = StuckFile()
    most = screen_module._MOST_WAITING
    with Shown(output_to(file)) as screen:
        screen.say("first")
        file.is_reached.wait()
        for number in range(most + 70):  # would never return if it waited
            screen.say(f"{number}")
        file.goes.set()
        while screen._waiting:
            pass
        screen.say("last")
    lines = lines_of(file)
    assert lines[: most + 1] == ["first", *map(str, range(most))]
    assert "70 lines are missing here" in file.getvalue()
    assert lines[-1] == "last"


def test_the_end_waits_only_briefly(monkeypatch):
    monkeypatch.setattr(screen_module, "_EXIT_WAIT_S", 0.01)
    file = StuckFile()
    with Shown(output_to(file)) as screen:
        screen.say("first")
        file.is_reached.wait()
    assert screen._thread.is_alive()
    file.goes.set()
    screen._thread.join()


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), ValueError("closed")])
def test_output_that_nobody_reads_any_more_ends_nothing(error):
    class Broken(io.StringIO):
        def write(self, text):
            raise error

    with Shown(output_to(Broken())) as screen:
        screen.say("one")
        screen.say("two")


def test_a_terminal_has_a_picture_and_what_others_print_goes_above_it():
    file = io.StringIO()
    before = sys.stdout, sys.stderr
    with Shown(output_to(file, force_terminal=True)) as screen:
        assert screen.is_live
        print("from a pip", end="")  # noqa: T201
        print("eline \x1b[31mred\x1b[0m")  # noqa: T201
        print("to the others", file=sys.stderr)  # noqa: T201
        print("unfinished", end="")  # noqa: T201
    assert (sys.stdout, sys.stderr) == before
    assert "  from a pipeline red" in file.getvalue()
    assert "  to the others" in file.getvalue()
    assert "  unfinished" in file.getvalue()
    assert file.getvalue().rstrip().endswith("PICTURE\n\x1b[?25h".rstrip())


@pytest.mark.parametrize(
    ("has_keyboard", "takes_esc", "is_jupyter", "words"),
    [
        (True, True, False, "with Esc or Ctrl-C"),
        (True, False, False, "with Ctrl-C"),
        (False, True, False, "with Ctrl-C"),
        (True, True, True, "when the kernel is interrupted"),
    ],
)
def test_only_keys_that_work_are_offered(monkeypatch, has_keyboard, takes_esc, is_jupyter, words):
    monkeypatch.setattr(screen_module, "has_keyboard", lambda: has_keyboard)
    screen = Shown(output_to(io.StringIO(), force_jupyter=is_jupyter))
    assert screen.how_to_stop(takes_esc=takes_esc) == words


PROBE = """
import sys
from pathlib import Path
from dystrack.manager.terminal.screen import Screen
class Shown(Screen):
    def picture(self):
        return ""

with Shown() as screen:
    for number in range(20_000):
        screen.say(f"{number} " + 60 * "x")
Path(sys.argv[1]).write_text("done")
"""


def test_a_process_ends_although_nobody_reads_its_pipe(tmp_path):
    done = tmp_path / "done"
    command = [sys.executable, "-c", PROBE, str(done)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.wait(60) == 0
        assert done.read_text() == "done"
        assert process.stderr.read() == b""
        assert b"  0 xxx" in process.stdout.read()


def test_a_process_ends_although_its_pipe_is_closed(tmp_path):
    done = tmp_path / "done"
    command = [sys.executable, "-c", PROBE, str(done)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.wait(60) == 0
        assert done.read_text() == "done"
        assert process.stderr.read() == b""
