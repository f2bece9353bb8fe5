"""The fault table of docs/safety.md, row by row, through the whole manager."""

import functools
import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from dystrack.core.errors import TransmissionError
from dystrack.core.exchange.answer_file import read_answer
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE as FAILED
from dystrack.core.exchange.coords_file import CoordsLine, read_lines
from dystrack.manager import transmitters
from dystrack.manager.events import (
    AnsweredLate,
    FolderLost,
    FolderReturned,
    ImageVanished,
    TransmissionRecovered,
    Warned,
)
from dystrack.manager.manager import run_dystrack_manager
from fakes import FakeClock, Recorder, fixed_pipeline, write_prescan
from misbehaving_pipelines import misbehave
from shipped import SELF_CONTAINED

SAFETY = Path(__file__).parents[2] / "docs" / "safety.md"
KILLED_SESSION = Path(__file__).parents[1] / "killed_session.py"
PIPELINES = SELF_CONTAINED
SHAPE = (9, 64, 96)


class Rig:
    """A folder on a fake clock, and the manager on it."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.clock = FakeClock()
        self.told = Recorder()
        self._next_s = 0.5

    def prescan(self, name="prescan.tif", image=None):
        """Plan a prescan, one second after the one before."""

        def write():
            if image is None:
                write_prescan(self.folder / name)
            else:
                tifffile.imwrite(self.folder / name, image, imagej=image.dtype != float)

        self.plan(write)

    def plan(self, action):
        self.clock.plan(self._next_s, action)
        self._next_s += 1.0

    def run(self, pipeline=fixed_pipeline, *, extra_checks=2, **settings):
        defaults = {
            "max_checks": int(self._next_s) + extra_checks,
            "progress": False,
            "clock": self.clock,
            "on_event": self.told,
        }
        return run_dystrack_manager(self.folder, pipeline, **(defaults | settings))

    @property
    def lines(self):
        return read_lines(self.folder / "dystrack_coords.txt")

    def warnings(self):
        return " ".join(event.message for event in self.told.of(Warned))


def falls_back_from(way, rig):
    """The pipeline misbehaves at the second of three prescans."""
    for name in ("first.tif", f"{way}.tif", "last.tif"):
        rig.prescan(name)
    rig.run(misbehave, isolate=True, timeout_s=5 if way == "hang" else 60)
    first, second, third = rig.lines
    assert second == CoordsLine(1, 2, 3, FAILED)
    assert (first.x, third.x) == (3, 3)
    assert FAILED not in {first.msg, third.msg}


def good_image(rng):
    image = rng.poisson(5, SHAPE).astype(np.uint8)
    z, y, x = np.indices(SHAPE)
    blob = 150 * np.exp(-(((z - 4) / 2) ** 2 + ((y - 32) / 9) ** 2 + ((x - 40) / 14) ** 2))
    return image + blob.astype(np.uint8)


def survives_image(make_image, rig, *, may_find_target=False):
    """Each shipped pipeline gets a bad image after a good one."""
    rng = np.random.default_rng(3)
    for name in PIPELINES:
        folder = rig.folder / name
        folder.mkdir()
        inner = Rig(folder, rig.monkeypatch)
        inner.prescan("good.tif", good_image(rng))
        inner.prescan("bad.tif", make_image(rng))
        pipeline = importlib.import_module(f"dystrack.pipelines.{name}")
        inner.run(pipeline.analyze_image, img_kwargs={"warn_8bit": False})
        good, bad = inner.lines
        assert good.msg != FAILED, name
        is_inside = all(
            0 <= value <= size - 1 for value, size in zip((bad.z, bad.y, bad.x), SHAPE, strict=True)
        )
        assert is_inside, name
        if not may_find_target:
            assert bad == CoordsLine(good.z, good.y, good.x, FAILED), name


def one_of_two_positions_fails(rig):
    def analyse(path, step=0):
        if "p2" in path and "t1" not in path:
            raise RuntimeError("no tissue")
        return 0.0, 9.0 if "p2" in path else 1.0, step, "OK", {"step": step + 1}

    for time_point in (1, 2, 3):
        for position in (1, 2):
            rig.prescan(f"scan_t{time_point}_p{position}.tif")
    rig.run(analyse)
    assert [(line.y, line.x, line.msg) for line in rig.lines] == [
        (1, 0, "OK"), (9, 0, "OK"), (1, 1, "OK"), (9, 0, FAILED), (1, 2, "OK"), (9, 0, FAILED),
    ]  # fmt: skip


def first_image_fails(rig):
    rig.prescan("raise.tif")
    with pytest.raises(ValueError, match="no tissue"):
        rig.run(misbehave, isolate=True)
    assert rig.lines == []


def image_never_completed(rig):
    rig.prescan("first.tif")
    whole = rig.folder / "first.tif"
    rig.plan(lambda: (rig.folder / "cut.tif").write_bytes(whole.read_bytes()[:-500]))
    rig.run(extra_checks=40)
    assert rig.lines[-1] == CoordsLine(1, 2, 3, FAILED)
    assert rig.clock.monotonic() > 1030


def target_deleted(rig):
    rig.prescan("first.tif")
    cut = rig.folder / "cut.tif"
    rig.plan(lambda: cut.write_bytes(b"II*\x00"))
    rig.plan(cut.unlink)
    rig.prescan("last.tif")
    rig.run()
    assert [line.msg for line in rig.lines] == ["OK", FAILED, "OK"]
    assert len(rig.told.of(ImageVanished)) == 1


def first_target_deleted(rig):
    cut = rig.folder / "cut.tif"
    rig.plan(lambda: cut.write_bytes(b"II*\x00"))
    rig.plan(cut.unlink)
    rig.prescan("last.tif")
    rig.run()
    gone, answered = rig.lines
    assert (np.isnan([gone.z, gone.y, gone.x]).all(), gone.msg) == (True, FAILED)
    assert answered == CoordsLine(1, 2, 3, "OK")


def blocked(rig, seconds, error=PermissionError):
    """Let each attempt to append a line fail until some seconds after the first one."""
    real, first_s = transmitters.append_line, []

    def append(*args):
        first_s.append(rig.clock.monotonic())
        if rig.clock.monotonic() < first_s[0] + seconds:
            raise error("no way")
        real(*args)

    rig.monkeypatch.setattr(transmitters, "append_line", append)


def blocked_for_a_moment(rig, error):
    for seconds in (0.3, 2.0, 29.0):
        folder = rig.folder / f"{seconds}"
        folder.mkdir()
        inner = Rig(folder, rig.monkeypatch)
        with inner.monkeypatch.context() as patch:
            inner.monkeypatch = patch
            blocked(inner, seconds, error)
            inner.prescan("first.tif")
            inner.prescan("last.tif")
            inner.run()
        assert [line.msg for line in inner.lines] == ["OK", "OK"]
        assert len(inner.told.of(TransmissionRecovered)) == 1


def locked_for_good(rig):
    blocked(rig, 1e9)
    rig.prescan("first.tif")
    with pytest.raises(TransmissionError, match="PermissionError: no way"):
        rig.run()
    assert rig.lines == []
    assert rig.clock.monotonic() > 1030


def locked_for_long(rig):
    blocked(rig, 40.0)
    for name in ("first.tif", "second.tif", "third.tif"):
        rig.prescan(name)
    rig.run(tra_err_resume=True, extra_checks=30)
    assert [line.msg for line in rig.lines] == [FAILED, FAILED, "LATE:OK"]
    assert [line.z for line in rig.lines] == [2, 2, 1]  # two stay, one can still be followed
    assert len(rig.told.of(AnsweredLate)) == 3


def answer_file_blocked(rig):
    real, errors = Path.replace, [PermissionError("it is being read")] * 4

    def replace(path, target):
        if "answer" in Path(target).name and errors:
            raise errors.pop()
        return real(path, target)

    rig.monkeypatch.setattr(Path, "replace", replace)
    rig.prescan("first.tif")
    rig.run(answer_files=True)
    assert read_answer(rig.folder / "first.tif") == CoordsLine(1, 2, 3, "OK")
    assert rig.lines == [CoordsLine(1, 2, 3, "OK")]
    assert sorted(path.suffix for path in rig.folder.iterdir()) == [
        "", ".jsonl", ".lock", ".tif", ".txt", ".txt",
    ]  # fmt: skip


def line_without_end(rig):
    rig.prescan("first.tif")

    def tear():
        with (rig.folder / "dystrack_coords.txt").open("ab") as coords:
            coords.write(b"1.0000\t2.0000\t2")

    rig.plan(tear)
    rig.prescan("last.tif")
    rig.run()
    assert rig.lines == [CoordsLine(1, 2, 3, "OK")] * 2


def disk_full(rig):
    real_open = Path.open
    full_until_s = []

    class OnFullDisk:
        def __init__(self, file):
            self._file = file

        def __enter__(self):
            return self

        def __exit__(self, *args):
            self._file.close()

        def write(self, data):
            full_until_s.append(rig.clock.monotonic() + 1.0)
            is_full = rig.clock.monotonic() < full_until_s[0]
            return self._file.write(data[:5] if is_full else data)

        def __getattr__(self, name):
            return getattr(self._file, name)

    def open_full(path, mode="r", *args, **kwargs):
        file = real_open(path, mode, *args, **kwargs)
        return OnFullDisk(file) if mode == "ab+" and path.suffix == ".txt" else file

    rig.monkeypatch.setattr(Path, "open", open_full)
    rig.prescan("first.tif")
    rig.run()
    assert rig.lines == [CoordsLine(1, 2, 3, "OK")]


def folder_away_while_sending(rig):
    away = rig.folder.with_name("away")

    def analyse(target_path):
        if "second" in target_path:
            rig.clock.plan(0.0, lambda: shutil.move(rig.folder, away))
            rig.clock.plan(2.0, lambda: shutil.move(away, rig.folder))
            rig.clock.sleep(0.1)
        return 1.0, 2.0, 3.0, Path(target_path).name, {}

    rig.prescan("first.tif")
    rig.prescan("second.tif")
    rig.run(analyse)
    assert [line.msg for line in rig.lines] == ["first.tif", "second.tif"]


def folder_gone(rig):
    rig.prescan("first.tif")
    away = rig.folder.with_name("away")
    rig.plan(lambda: shutil.move(rig.folder, away))
    rig.plan(lambda: write_prescan(away / "second.tif"))
    rig.plan(lambda: shutil.move(away, rig.folder))
    rig.prescan("third.tif")
    rig.run()
    assert len(rig.told.of(FolderLost)) == len(rig.told.of(FolderReturned)) == 1
    assert len(rig.lines) == 3


def journal_torn(rig):
    rig.prescan("first.tif")
    rig.run()
    journal = rig.folder / "dystrack_journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    again = Rig(rig.folder, rig.monkeypatch)
    again.prescan("second.tif")
    again.run(resume=True)
    assert len(again.lines) == 2
    assert "torn" in again.warnings()


def killed_and_resumed(rig):
    for moment in ("analysing", "sending", "sent"):
        folder = rig.folder / moment
        folder.mkdir()
        for run, is_killed in ((moment, True), ("", False)):
            command = [sys.executable, str(KILLED_SESSION), str(folder), run]
            ended = subprocess.run(command, cwd=KILLED_SESSION.parent, timeout=60, check=False)
            assert (ended.returncode != 0) is is_killed
        lines = read_lines(folder / "dystrack_coords.txt")
        assert [line.msg for line in lines] == ["first.tif", "second.tif", "third.tif"], moment


def clock_set_back(rig):
    rig.prescan("first.tif")
    rig.plan(lambda: setattr(rig.clock, "_wall_s", rig.clock._wall_s - 1e7))
    rig.prescan("second.tif")
    rig.run()
    assert len(rig.lines) == 2


def ways(way):
    return functools.partial(falls_back_from, way)


def blocked_by(error):
    return functools.partial(blocked_for_a_moment, error=error)


def images(make_image, **kwargs):
    return functools.partial(survives_image, make_image, **kwargs)


FAULTS = {
    "pipeline raises": ways("raise"),
    "pipeline hangs": ways("hang"),
    "pipeline crashes its process": ways("segfault"),
    "pipeline calls sys.exit": ways("exit"),
    "pipeline runs out of memory": ways("memory"),
    "pipeline returns 4 values": ways("four"),
    "pipeline returns NaN": ways("nan"),
    "pipeline returns infinity": ways("inf"),
    "pipeline returns 1e9": ways("far"),
    "pipeline returns strings": ways("strings"),
    "black image": images(lambda rng: np.zeros(SHAPE, np.uint8)),
    "constant image": images(lambda rng: np.full(SHAPE, 77, np.uint8)),
    "saturated image": images(lambda rng: np.full(SHAPE, 255, np.uint8)),
    "noise only": images(
        lambda rng: rng.integers(0, 255, SHAPE, dtype=np.uint8), may_find_target=True
    ),
    "image filled with NaN": images(lambda rng: np.full(SHAPE, np.nan)),
    "one of two positions fails": one_of_two_positions_fails,
    "first image fails": first_image_fails,
    "image never completed": image_never_completed,
    "target deleted before it was complete": target_deleted,
    "first target deleted before it was complete": first_target_deleted,
    "coordinates file locked for a moment": blocked_by(PermissionError),
    "coordinates file locked for long": locked_for_long,
    "coordinates file locked for good": locked_for_good,
    "coordinates file left without a line break": line_without_end,
    "answer file cannot be put in place": answer_file_blocked,
    "disk full while writing coordinates": disk_full,
    "folder away while coordinates are sent": folder_away_while_sending,
    "folder gone for a while": folder_gone,
    "journal torn by a crash": journal_torn,
    "killed and resumed": killed_and_resumed,
    "clock set back": clock_set_back,
}


def documented_faults():
    table = SAFETY.read_text(encoding="utf-8").partition("| fault |")[2]
    return [row.split("|")[1].strip() for row in table.splitlines()[2:] if row.startswith("|")]


def test_the_table_is_the_one_of_the_manual():
    assert documented_faults() == list(FAULTS)


@pytest.mark.filterwarnings("ignore:z was limited:UserWarning")
@pytest.mark.filterwarnings("ignore:.*shape.*:UserWarning")
@pytest.mark.parametrize("fault", FAULTS)
def test_fault(fault, tmp_path, monkeypatch):
    folder = tmp_path / "watched"
    folder.mkdir()
    FAULTS[fault](Rig(folder, monkeypatch))
