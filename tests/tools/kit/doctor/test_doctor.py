"""What the doctor says of computers that are well, and of those that are not."""

import getpass
import io
import shutil
import socket
from pathlib import Path

import pytest
from rich.console import Console

from dystrack import cli
from dystrack.manager.watching.folder import ClockWait
from dystrack.tools.kit.doctor import doctor, environment, folder_health, self_test
from dystrack.tools.kit.doctor.windows import windows_remarks
from dystrack.tools.kit.remarks import Weight, good, note

PACKAGE = "dystrack.pipelines"


def said(remarks):
    return [(remark.weight, remark.text) for remark in remarks]


def has(remarks, weight, sentence):
    return any(remark.weight is weight and sentence in remark.text for remark in remarks)


class Terminal(io.StringIO):
    encoding = "cp1252"


def test_what_is_installed_here():
    console = Console(file=io.StringIO())
    remarks = list(environment.environment_remarks(console))
    assert has(remarks, Weight.GOOD, "Python 3.")
    assert has(remarks, Weight.GOOD, "numpy ")
    assert not has(remarks, Weight.PROBLEM, "")


def test_what_is_missing(monkeypatch):
    monkeypatch.setattr(environment, "_version", lambda name: "" if "i" in name else "1.0")
    monkeypatch.setattr(environment, "wait_for_kernels", lambda: None)
    monkeypatch.setattr(environment, "compiled_kernels", lambda purpose: None)
    remarks = list(environment.environment_remarks(Console(file=io.StringIO())))
    assert has(remarks, Weight.PROBLEM, "Missing: scipy, tifffile, filelock, rich, pillow. Repair")
    assert has(remarks, Weight.NOTE, "compressed TIFF and CZI (pip install imagecodecs)")
    assert has(remarks, Weight.NOTE, "Compiled code cannot be used")


def test_a_narrow_terminal_without_unicode(monkeypatch):
    monkeypatch.setattr("sys.stdout", Terminal())
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    remarks = list(environment._about_terminal(console))
    assert has(remarks, Weight.NOTE, "The terminal writes cp1252")
    assert has(remarks, Weight.NOTE, "60 characters wide")


def test_a_folder_that_is_well_stays_as_it_was(tmp_path):
    (tmp_path / "prescan_1.tif").write_bytes(b"x")
    remarks = list(folder_health.folder_remarks(tmp_path))
    assert has(remarks, Weight.GOOD, "can be read and written")
    assert has(remarks, Weight.GOOD, "20 MB are written in")
    assert not has(remarks, Weight.PROBLEM, "")
    assert [path.name for path in tmp_path.iterdir()] == ["prescan_1.tif"]


def test_a_folder_that_is_not_there(tmp_path):
    (remark,) = folder_health.folder_remarks(tmp_path / "no")
    assert remark.weight is Weight.PROBLEM
    assert "does not exist. Create it" in remark.text


class SlowClock:
    """A clock that runs on by some seconds at each look, and that is set wrong."""

    def __init__(self, step_s):
        self.step_s, self.now_s = step_s, 0.0

    def monotonic(self):
        self.now_s += self.step_s
        return self.now_s

    def time(self):
        return 0.0

    def sleep(self, seconds):
        self.now_s += seconds


def test_a_slow_disk_whose_clock_is_wrong(tmp_path):
    remarks = list(folder_health.folder_remarks(tmp_path, SlowClock(5.0)))
    assert has(remarks, Weight.NOTE, "slow. A local disk answers sooner")
    assert has(remarks, Weight.NOTE, "off this computer's")


def test_little_space(tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 2_000_000_000})
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert has(folder_health.folder_remarks(tmp_path), Weight.PROBLEM, "2.0 GB are free. Make room")


class Waiting:
    def __init__(self, wait):
        self.wait = wait

    def __enter__(self):
        return self.wait

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize(
    ("wait", "sentence"),
    [
        (ClockWait(SlowClock(0.0)), "The system tells nothing of new files here"),
        (lambda seconds: set(), "No event came for a new file, as on many network shares"),
    ],
)
def test_a_folder_without_events(tmp_path, monkeypatch, wait, sentence):
    monkeypatch.setattr(folder_health, "watch_for_changes", lambda *_, **__: Waiting(wait))
    assert has(folder_health.folder_remarks(tmp_path), Weight.NOTE, sentence)


SLEEP = (
    "    Current AC Power Setting Index: 0x{:08x}\n    Current DC Power Setting Index: 0x00000384\n"
)
WELL = {
    "powercfg": SLEEP.format(0),
    "PauseUpdatesExpiryTime": "    PauseUpdatesExpiryTime  REG_SZ  2026-12-24T09:00:00Z",
    "LongPathsEnabled": "    LongPathsEnabled    REG_DWORD    0x1",
    "RealTimeProtectionEnabled": "True",
    "ExclusionPath": "C:\\temp\nD:\\data\n",
}


def answering(answers):
    """Return what stands in for the programs of Windows."""

    def run(words):
        return next((text for key, text in answers.items() if key in " ".join(words)), None)

    return run


def test_a_windows_that_is_well():
    remarks = list(windows_remarks("D:\\data\\fish_1", answering(WELL)))
    assert {remark.weight for remark in remarks} == {Weight.GOOD}, said(remarks)
    assert len(remarks) == 4


@pytest.mark.parametrize(
    ("change", "weight", "sentence"),
    [
        ({"powercfg": SLEEP.format(1800)}, Weight.PROBLEM, "falls asleep after 30 minutes"),
        ({"powercfg": None}, Weight.NOTE, "not known when this computer falls asleep"),
        ({"powercfg": "Zugriff verweigert"}, Weight.NOTE, "not known when"),
        ({"RebootRequired": ""}, Weight.PROBLEM, "about to restart for an update"),
        ({"PauseUpdatesExpiryTime": None}, Weight.NOTE, "Updates are not paused"),
        ({"ExclusionPath": "C:\\temp"}, Weight.NOTE, "virus scanner reads each prescan"),
        ({"ExclusionPath": "N/A: Must be an administrator"}, Weight.NOTE, "virus scanner reads"),
        ({"RealTimeProtectionEnabled": "False"}, Weight.GOOD, "does not watch files"),
        ({"LongPathsEnabled": "  REG_DWORD 0x0"}, Weight.NOTE, "more than 260 characters"),
        ({"LongPathsEnabled": None}, Weight.NOTE, "more than 260 characters"),
    ],
)
def test_a_windows_that_is_not(change, weight, sentence):
    answers = {key: text for key, text in (WELL | change).items() if text is not None}
    assert has(windows_remarks("D:\\data\\fish_1", answering(answers)), weight, sentence)


def test_a_program_that_is_not_there_says_nothing():
    from dystrack.tools.kit.doctor.windows import run_program

    assert run_program(["no-such-program"]) is None


def test_the_self_test_answers_made_up_prescans():
    (remark,) = self_test.self_test_remarks(PACKAGE)
    assert remark.weight is not Weight.PROBLEM
    assert "4 made-up prescans of 21 × 200 × 500 pixels were answered rightly" in remark.text  # noqa: RUF001


def test_a_self_test_that_fails(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no more files")

    monkeypatch.setattr(self_test, "run_dystrack_manager", refuse)
    (remark,) = self_test.self_test_remarks(PACKAGE)
    assert remark.weight is Weight.PROBLEM
    assert "OSError: no more files" in remark.text


def test_a_report_tells_nobody():
    user, computer = getpass.getuser(), socket.gethostname()
    remarks = [good(f"{Path.home() / 'data'} of {user}"), note(f"on {computer}")]
    text = doctor.report_text(remarks)
    assert str(Path.home() / "data") not in text
    assert "good: " in text
    assert "numpy" in text
    if len(computer) > 2:
        assert computer not in text


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "self_test_remarks", lambda package: [good("It runs.")])
    cli.main(["doctor", str(tmp_path), "--report"])
    shown = capsys.readouterr().out
    assert "Ready" in shown
    assert "good: It runs." in (tmp_path / "dystrack_doctor.txt").read_text("utf-8")
    with pytest.raises(SystemExit) as caught:
        cli.main(["doctor", str(tmp_path / "no")])
    assert caught.value.code == 1
    assert "Not ready: 1 problem above" in capsys.readouterr().out
