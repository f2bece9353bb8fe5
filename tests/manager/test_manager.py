"""The whole manager, on real files, mostly with a fake clock."""

import inspect
import json
import sys
import threading

import numpy as np
import pytest
import tifffile

from dystrack.core.errors import ConfigurationError, CoordsFileError, FolderError
from dystrack.core.exchange.answer_file import read_answer
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE, CoordsLine, read_lines
from dystrack.manager import assembly
from dystrack.manager import settings as settings_module
from dystrack.manager.controls import Controls, Hold, SessionState, SessionStatus
from dystrack.manager.events import (
    AnalysisSucceeded,
    Answered,
    ImagesIgnored,
    SessionEnded,
    SessionStarted,
    StopReason,
)
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.record.journal import read_journal
from fakes import FakeClock, Recorder, fixed_pipeline, write_prescan
from misbehaving_pipelines import leave_masks


class Watched:
    """A folder in which prescans appear on a fake clock."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = FakeClock()

    def plan_prescans(self, n, every_s=1.0):
        for i in range(1, n + 1):
            path = self.folder / f"prescan_{i}_pos_1.tif"
            self.clock.plan(i * every_s - 0.5, lambda path=path, i=i: write_prescan(path, i))

    def run(self, pipeline=fixed_pipeline, **kwargs):
        settings = {"clock": self.clock, "progress": False, "max_checks": 10} | kwargs
        return run_dystrack_manager(self.folder, pipeline, **settings)

    @property
    def lines(self):
        return read_lines(self.folder / "dystrack_coords.txt")


@pytest.fixture
def watched(tmp_path):
    return Watched(tmp_path)


def brightest(target_path):
    """Answer with the brightest voxel.

    Parameters
    ----------
    target_path : str
        The prescan.
    """
    import numpy as np
    import tifffile

    stack = tifffile.imread(target_path)
    z, y, x = np.unravel_index(stack.argmax(), stack.shape)
    return z, y, x, f"max {stack.max()}", {}


@pytest.mark.parametrize(
    ("metadata", "step_um"),
    [
        ({"spacing": 2.0, "unit": "um"}, (-2.0, -3.75, -5.75)),
        ({}, None),
    ],
)
def test_the_step_is_told_in_um_where_the_voxel_size_is_known(watched, metadata, step_um):
    def write():
        options = {"resolution": (2.0, 2.0)} if metadata else {}
        stack = np.zeros((5, 20, 30), np.uint8)
        path = watched.folder / "prescan_1.tif"
        tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYX"} | metadata, **options)

    watched.clock.plan(0.5, write)
    told = Recorder()
    watched.run(on_event=told)
    (answered,) = told.of(Answered)
    assert answered.step_um == pytest.approx(step_um)


def test_from_prescans_to_lines(watched):
    watched.plan_prescans(3)
    coordinates, stats = watched.run(brightest)
    assert coordinates == [[0, 5, 10]] * 3
    assert watched.lines == [CoordsLine(0, 5, 10, f"max {100 + i}") for i in (1, 2, 3)]
    assert stats == {
        "check_counter": 10,
        "found_counter": 3,
        "target_counter": 3,
        "img_success_counter": 3,
        "tra_success_counter": 3,
    }


def test_the_journal_tells_the_same(watched):
    watched.plan_prescans(2)
    watched.run(brightest)
    records, n_torn = read_journal(watched.folder / "dystrack_journal.jsonl")
    assert n_torn == 0
    assert records[0]["event"] == "SessionStarted"
    assert records[0]["pipeline"].endswith("brightest")
    assert records[-1]["event"] == "SessionEnded"
    answered = [r for r in records if r["event"] == "Answered"]
    assert [(r["z"], r["y"], r["x"], r["time_point"]) for r in answered] == [
        (0, 5, 10, 1),
        (0, 5, 10, 2),
    ]


@pytest.mark.parametrize(
    ("condition", "n_lines", "reason"),
    [
        ({"max_checks": 3}, 2, StopReason.MAX_CHECKS),
        ({"max_checks": None, "max_triggers": 1}, 1, StopReason.MAX_TRIGGERS),
        ({"max_checks": None, "max_triggers": 4}, 4, StopReason.MAX_TRIGGERS),
        ({"max_checks": 0}, 0, StopReason.MAX_CHECKS),
        ({"max_checks": None, "max_triggers": 0}, 0, StopReason.MAX_TRIGGERS),
    ],
)
def test_ends(watched, condition, n_lines, reason):
    watched.plan_prescans(5)
    told = Recorder()
    watched.run(on_event=told, **condition)
    assert len(watched.lines) == n_lines
    assert told.of(SessionEnded)[0].reason == reason


def test_ends_on_esc(watched, monkeypatch):
    import contextlib

    @contextlib.contextmanager
    def esc_after_two_lines():
        yield lambda: len(watched.lines) >= 2

    monkeypatch.setattr(assembly, "watch_for_esc", esc_after_two_lines)
    watched.plan_prescans(5)
    told = Recorder()
    _, stats = watched.run(max_checks=None, on_event=told)
    assert stats["target_counter"] == 2
    assert told.of(SessionEnded)[0].reason is StopReason.ESC


def test_esc_is_not_watched_unless_wanted(watched, monkeypatch):
    def fail():
        raise AssertionError

    monkeypatch.setattr(assembly, "watch_for_esc", fail)
    watched.run(end_on_esc=False)


def test_ctrl_c_ends_with_the_results(watched):
    def interrupted(target_path):
        if "prescan_3" in target_path:
            raise KeyboardInterrupt
        return 1.0, 2.0, 3.0, "OK", {}

    told = Recorder()
    watched.plan_prescans(5)
    coordinates, stats = watched.run(interrupted, on_event=told)
    assert len(coordinates) == stats["tra_success_counter"] == 2
    assert told.of(SessionEnded)[0].reason is StopReason.CTRL_C


def test_an_error_ends_with_statistics_in_the_journal(watched):
    def broken(target_path):
        raise RuntimeError("no tissue")

    watched.plan_prescans(1)
    with pytest.raises(RuntimeError, match="no tissue"):
        watched.run(broken)
    records, _ = read_journal(watched.folder / "dystrack_journal.jsonl")
    assert records[-1]["reason"] == "error"
    assert records[-1]["error"] == "RuntimeError: no tissue"
    assert records[-1]["stats"]["target_counter"] == 1
    assert watched.lines == []


def test_callable_gets_everything_and_the_text_file_is_kept(watched):
    calls = []

    def send(*args, **kwargs):
        calls.append((args, kwargs))

    watched.plan_prescans(1)
    watched.run(tra_method=send, tra_kwargs={"port": 3})
    ((args, kwargs),) = calls
    assert args == (1.0, 2.0, 3.0, "OK", {}, None, str(watched.folder))
    assert kwargs == {"port": 3}
    assert len(watched.lines) == 1


def test_without_text_file(watched):
    watched.plan_prescans(1)
    watched.run(tra_method=lambda *args: None, write_txt=False)
    assert not (watched.folder / "dystrack_coords.txt").exists()


def test_nothing_handed_in_is_changed(watched):
    def greedy(target_path, bag, n=0):
        bag.append(1)
        return 1, 2, 3, "OK", {"bag": bag, "n": n + 1}

    cache = {"bag": []}
    watched.plan_prescans(2)
    watched.run(greedy, img_cache=cache)
    assert cache == {"bag": []}
    defaults = inspect.signature(run_dystrack_manager).parameters
    assert all(defaults[name].default == {} for name in ("img_kwargs", "img_cache", "tra_kwargs"))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"max_checks": None, "end_on_esc": False}, "Nothing would ever end"),
        ({"tra_method": "text"}, "tra_method is 'text'"),
        ({"file_regex": "("}, "file_regex"),
        ({"position_pattern": "("}, "position_pattern"),
        ({"img_err_fallback": "back"}, "img_err_fallback is 'back'"),
        ({"delay": -1}, "delay is -1"),
        ({"delay": float("nan")}, "delay is nan"),
        ({"max_checks": 2.5}, "max_checks is 2.5"),
        ({"max_triggers": True}, "max_triggers is True"),
        ({"frame_margin_px": "3"}, "frame_margin_px is '3'"),
        ({"delay": float("inf")}, "not infinity"),
        ({"file_start": None}, "file_start is None"),
        ({"position_pattern": None}, "position_pattern is None"),
        ({"img_kwargs": None}, "img_kwargs is None"),
        ({"recurse": "False"}, "recurse is 'False'"),
        ({"pipeline": "lateral_line"}, "The pipeline is 'lateral_line'"),
        ({"max_step_um": "far"}, "max_step_um is 'far'"),
        ({"on_runaway": "stop"}, "on_runaway is 'stop'"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_touched(watched, settings, complaint):
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        watched.run(**settings)
    assert isinstance(caught.value, ValueError)
    assert list(watched.folder.iterdir()) == []


def test_bad_folders(tmp_path):
    file = tmp_path / "file.tif"
    file.touch()
    with pytest.raises(FolderError, match="is not a folder"):
        run_dystrack_manager(file, fixed_pipeline, max_checks=1)
    with pytest.raises(FolderError, match="does not exist"):
        run_dystrack_manager(tmp_path / "none", fixed_pipeline, max_checks=1)


def test_a_folder_that_cannot_be_written(watched, monkeypatch):
    def denied(dir):  # noqa: A002
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(settings_module.tempfile, "TemporaryFile", denied)
    with pytest.raises(FolderError, match="cannot be written"):
        watched.run()


def test_a_foreign_coordinates_file_is_left_alone(watched):
    path = watched.folder / "dystrack_coords.txt"
    path.write_text("not ours\n")
    with pytest.raises(CoordsFileError, match="not ours"):
        watched.run()
    assert path.read_text() == "not ours\n"


def test_an_existing_coordinates_file_is_continued(watched):
    watched.plan_prescans(1)
    watched.run()
    watched.clock.plan(0.5, lambda: write_prescan(watched.folder / "later.tif"))
    watched.run()
    assert len(watched.lines) == 2


def test_a_coordinates_file_that_is_locked_for_a_moment(watched, monkeypatch):
    from dystrack.manager import transmitters

    real, errors = transmitters.append_line, [PermissionError("locked")] * 2

    def locked_twice(*args):
        if errors:
            raise errors.pop()
        real(*args)

    monkeypatch.setattr(transmitters, "append_line", locked_twice)
    watched.plan_prescans(1)
    watched.run()
    assert len(watched.lines) == 1


def test_names_with_blanks_and_other_letters(tmp_path):
    folder = tmp_path / "Fischlarve Nº 3 Übersicht"
    folder.mkdir()
    watched = Watched(folder)
    watched.clock.plan(0.5, lambda: write_prescan(folder / "Größe 1 μm.tif"))
    _, stats = watched.run(brightest)
    assert stats["img_success_counter"] == 1


def test_files_that_are_replaced_renamed_or_deleted(watched):
    def busy(name):
        (watched.folder / name).write_bytes(b"II*\x00 half a header")

    watched.clock.plan(0.5, lambda: busy("gone.tif"))
    watched.clock.plan(1.5, (watched.folder / "gone.tif").unlink)
    watched.clock.plan(2.5, lambda: busy("old_name.tif"))
    watched.clock.plan(3.5, lambda: write_prescan(watched.folder / "old_name.tif", 1))
    watched.clock.plan(4.5, lambda: write_prescan(watched.folder / "x.tif.part", 2))
    watched.clock.plan(
        5.5, lambda: (watched.folder / "x.tif.part").replace(watched.folder / "x.tif")
    )
    watched.run(brightest)
    assert [line.msg for line in watched.lines] == [FAILURE_MESSAGE, "max 101", "max 102"]


def test_warm_up_runs_before_the_first_prescan(watched, monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(sys.modules[fixed_pipeline.__module__], "warm_up", done.set, raising=False)
    watched.run(max_checks=0)
    assert done.wait(10)


def test_with_the_real_clock(tmp_path):
    ready = threading.Event()

    def write_when_ready(event):
        if isinstance(event, SessionStarted):
            ready.set()

    def microscope():
        ready.wait(20)
        write_prescan(tmp_path / "prescan_1.tif", 3)

    thread = threading.Thread(target=microscope)
    thread.start()
    coordinates, stats = run_dystrack_manager(
        str(tmp_path), brightest, max_triggers=1, progress=False, on_event=write_when_ready
    )
    thread.join()
    assert coordinates == [[0, 5, 10]]
    assert stats["found_counter"] == 1


def test_settings_in_the_journal_are_readable(watched):
    watched.run(max_checks=0, tra_method=lambda *args: None, img_kwargs={"answer": [1, 2, 3]})
    text = (watched.folder / "dystrack_journal.jsonl").read_text(encoding="utf-8")
    settings = json.loads(text.splitlines()[0])["settings"]
    assert settings["img_kwargs"] == {"answer": [1, 2, 3]}
    assert settings["max_checks"] == 0


def test_defaults_stand_twice_but_are_the_same():
    import attrs

    from dystrack.manager.settings import Settings

    parameters = inspect.signature(run_dystrack_manager).parameters
    defaults = attrs.asdict(Settings(), recurse=False)
    assert {name: parameters[name].default for name in defaults} == defaults
    others = {"target_dir", "image_analysis_func", "on_event", "should_stop", "controls", "clock"}
    assert set(parameters) == set(defaults) | others


def test_how_long_an_analysis_took_is_told(watched):
    def slow(target_path):
        watched.clock.sleep(0.25)
        return 1.0, 2.0, 3.0, "OK", {}

    told = Recorder()
    watched.plan_prescans(2)
    watched.run(slow, on_event=told)
    assert [e.analysis_s for e in told.of(AnalysisSucceeded)] == pytest.approx([0.25, 0.25])


def test_a_caller_can_stop_the_watch(watched):
    watched.plan_prescans(5)
    _, stats = watched.run(max_checks=None, should_stop=lambda: len(watched.lines) >= 2)
    assert stats["target_counter"] == 2


def test_answer_files(watched):
    watched.plan_prescans(2)
    _, stats = watched.run(brightest, answer_files=True, file_end="")
    for i in (1, 2):
        answer = read_answer(watched.folder / f"prescan_{i}_pos_1.tif")
        assert answer == CoordsLine(0, 5, 10, f"max {100 + i}")
    assert len(watched.lines) == stats["found_counter"] == 2  # they are no prescans themselves
    watched.clock.plan(0.5, lambda: write_prescan(watched.folder / "last.tif"))
    assert watched.run(brightest, file_regex=".*")[1]["target_counter"] == 1


def test_controls_show_and_steer_a_session(watched):
    controls = Controls()
    controls.ask(Hold("1", "it is out of focus"))
    watched.plan_prescans(2)
    watched.clock.plan(5.0, controls.stop)
    watched.run(controls=controls, max_checks=None)
    assert controls.status == SessionStatus(
        state=SessionState.ENDED,
        held={"1": "it is out of focus"},
        n_targets=2,
        n_sent=2,
        stop_reason=StopReason.ASKED,
    )
    assert [line.msg for line in watched.lines] == [FAILURE_MESSAGE] * 2


@pytest.mark.parametrize("link", [False, True])
def test_what_the_pipeline_writes_is_never_a_prescan_whatever_its_name(watched, tmp_path, link):
    told = Recorder()
    if link:
        watched.folder = tmp_path / "link"
        (tmp_path / "real").mkdir()
        watched.folder.symlink_to(tmp_path / "real", target_is_directory=True)
    watched.plan_prescans(3)
    watched.run(leave_masks, on_event=told, previews=False)
    assert [line.msg for line in watched.lines] == ["OK"] * 3
    ignored = told.of(ImagesIgnored)
    assert {event.reason for event in ignored} == {
        "were written by the pipeline beside its prescan"
    }
    assert "mask_prescan_1_pos_1.tif" in ignored[0].names
    assert "prescan_1_pos_1.tiff" in ignored[0].names
