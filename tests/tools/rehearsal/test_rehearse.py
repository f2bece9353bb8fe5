import os
import warnings
from pathlib import Path

import pytest
import tifffile

from dystrack.core.errors import ConfigurationError, FolderError, TargetNotFoundError
from dystrack.manager.events import Answered, SessionStarted
from dystrack.scopes.writing.behaviours import BEHAVIOURS
from dystrack.tools.rehearsal import replay
from dystrack.tools.rehearsal.rehearse import RehearsalSettings, rehearse
from fakes import Recorder, write_prescan

AT_ONCE = RehearsalSettings(interval=0.0, behaviour="at_once")


def value_of(target_path, seen=0, offset=0.0):
    """Answer with the position of the brightest voxel.

    Parameters
    ----------
    target_path : str
        The prescan.
    seen : int
        Cached number of calls.
    offset : float
        Is added.
    """
    stack = tifffile.imread(target_path)
    return 2.0, 6.0, 11.0 + offset, f"max {stack.max()} seen {seen}", {"seen": seen + 1}


@pytest.fixture
def recordings(tmp_path):
    """Return a folder with three prescans, a main scan and notes, all old."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    for number in (1, 2, 3):
        path = write_prescan(folder / f"prescan_{number}_pos_1.tif", number)
        os.utime(path, (1000.0 + number, 1000.0 + number))
    write_prescan(folder / "job_1_pos_1.tif")
    (folder / "notes.txt").write_text("mine")
    return folder


def run(folder, pipeline=value_of, settings=AT_ONCE, *, options=None, cache=None, **manager):
    manager = {"file_start": "prescan", "progress": False, "end_on_esc": True} | manager
    return rehearse(
        folder,
        pipeline,
        settings,
        img_kwargs=options or {},
        img_cache=cache or {},
        manager_kwargs=manager,
        on_start=lambda found: None,
    )


def messages(rehearsal):
    return [replayed.answer.msg if replayed.answer else None for replayed in rehearsal.replayed]


def test_recorded_prescans_go_through_a_real_session(recordings):
    before = {path: path.stat().st_mtime_ns for path in recordings.iterdir()}
    rehearsal = run(recordings, options={"offset": 0.5}, cache={"seen": 7})
    assert [replayed.name for replayed in rehearsal.replayed] == [
        f"prescan_{number}_pos_1.tif" for number in (1, 2, 3)
    ]
    assert messages(rehearsal) == ["max 101 seen 7", "max 102 seen 8", "max 103 seen 9"]
    assert all(replayed.is_tracked for replayed in rehearsal.replayed)
    assert all(replayed.latency_s >= 0 for replayed in rehearsal.replayed)
    assert rehearsal.replayed[0].answer.x == 11.5
    assert rehearsal.replayed[0].answer.time_point == 1
    assert rehearsal.error is None
    assert {path: path.stat().st_mtime_ns for path in recordings.iterdir()} == before


@pytest.mark.parametrize("behaviour", sorted(set(BEHAVIOURS) - {"with_stall"}))
def test_they_are_written_as_a_microscope_does(recordings, behaviour):
    rehearsal = run(recordings, settings=RehearsalSettings(0.0, behaviour))
    assert messages(rehearsal) == ["max 101 seen 0", "max 102 seen 1", "max 103 seen 2"]


def test_the_order_is_that_of_writing(recordings):
    os.utime(recordings / "prescan_3_pos_1.tif", (500.0, 500.0))
    assert [replayed.name for replayed in run(recordings).replayed] == [
        f"prescan_{number}_pos_1.tif" for number in (3, 1, 2)
    ]


def test_a_failure_is_told_of_its_prescan(recordings):
    def fails_once(target_path):
        if "prescan_2" in target_path:
            raise RuntimeError("no tissue")
        return 2.0, 6.0, 11.0, "OK", {}

    first, second, third = run(recordings, fails_once).replayed
    assert first.is_tracked
    assert third.is_tracked
    assert not second.is_tracked
    assert second.answer.msg == "Image analysis failed!"
    (note,) = second.notes
    assert "RuntimeError: no tissue" in note
    assert "the previous coordinates of position 1" in note


def test_warnings_are_told_of_their_prescan(recordings, recwarn):
    def warns(target_path):
        warnings.warn(f"Look at {Path(target_path).name}", UserWarning, stacklevel=1)
        return 2.0, 6.0, 11.0, "OK", {}

    rehearsal = run(recordings, warns)
    assert [replayed.notes for replayed in rehearsal.replayed] == [
        (f"Look at prescan_{number}_pos_1.tif",) for number in (1, 2, 3)
    ]
    assert len(recwarn) == 0


def test_what_a_session_warns_of_is_told(recordings):
    write_prescan(recordings / "prescan_4_pos_1.tif", shape=(6, 20, 30))
    *_, last = run(recordings).replayed
    assert any("has the shape (6, 20, 30)" in note for note in last.notes)


def test_an_error_on_the_first_prescan_ends_it(recordings):
    def broken(target_path):
        raise RuntimeError("no tissue")

    rehearsal = run(recordings, broken)
    assert str(rehearsal.error) == "no tissue"
    assert messages(rehearsal) == [None, None, None]
    assert "Nothing is sent, the session ends." in rehearsal.replayed[0].notes[0]


def test_nothing_reaches_a_microscope(recordings):
    def move_the_stage(*args, **kwargs):
        raise AssertionError

    rehearsal = run(
        recordings, tra_method=move_the_stage, tra_kwargs={"port": 1}, write_txt=False, resume=True
    )
    assert messages(rehearsal) == ["max 101 seen 0", "max 102 seen 1", "max 103 seen 2"]


def test_the_settings_of_a_run_file_hold(recordings):
    told = Recorder()
    rehearsal = run(recordings, max_triggers=2, max_step_px=1.0, on_event=told)
    assert [r.answer is not None for r in rehearsal.replayed] == [False] * 3
    assert "The step along" in str(rehearsal.error)
    assert told.of(SessionStarted)[0].settings["max_step_px"] == 1.0


def test_a_run_file_may_end_it(recordings):
    assert [r.answer is not None for r in run(recordings, max_triggers=2).replayed] == [
        True,
        True,
        False,
    ]
    told = Recorder()
    rehearsal = run(recordings, on_event=told, should_stop=lambda: bool(told.of(Answered)))
    assert [r.answer is not None for r in rehearsal.replayed] == [True, False, False]


def test_the_replay_can_be_kept(recordings, tmp_path):
    kept = tmp_path / "new" / "replay"
    run(recordings, settings=RehearsalSettings(0.0, "renamed", str(kept)))
    for name in ("dystrack_coords.txt", "dystrack_journal.jsonl"):
        assert (kept / name).exists()
    prescans = sorted(recordings.glob("prescan*"))
    assert [path.name for path in sorted(kept.glob("*.tif"))] == [path.name for path in prescans]
    for path in prescans:
        assert path.read_bytes() == (kept / path.name).read_bytes()


def test_a_folder_with_something_in_it_is_left_alone(recordings, tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(FolderError, match="is not an empty folder"):
        run(recordings, settings=RehearsalSettings(into=str(tmp_path)))
    with pytest.raises(FolderError, match="which is only read"):
        run(recordings, settings=RehearsalSettings(into=str(recordings / "sub")))
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match="cannot be made"):
        run(recordings, settings=RehearsalSettings(into=str(tmp_path / "file" / "sub")))


def test_a_recording_that_cannot_be_read_is_an_error(recordings, monkeypatch):
    def unreadable(self):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(replay.Path, "read_bytes", unreadable)
    with pytest.raises(OSError, match="Input/output error"):
        run(recordings)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"interval": -1.0}, "interval is -1.0"),
        ({"interval": float("inf")}, "interval is inf"),
        ({"interval": float("nan")}, "interval is nan"),
        ({"behaviour": "slowly"}, "no behaviour 'slowly'. Choose one of at_once, in_chunks"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        RehearsalSettings(**settings)


def test_settings_of_the_session_that_cannot_be_are_refused(recordings):
    with pytest.raises(ConfigurationError, match="on_runaway"):
        run(recordings, on_runaway="shout")


def test_images_that_are_folders_are_replayed_whole(tmp_path):
    source = tmp_path / "recorded" / "prescan_1.zarr"
    source.mkdir(parents=True)
    (source / "zarr.json").write_text("{}")
    into = tmp_path / "replay"
    into.mkdir()
    minutes = replay.Outcomes(into)
    recording = replay.Recording(source, source.name, 0.0)
    player = replay.Player([recording], [0.0], BEHAVIOURS["at_once"], into, minutes)
    player._write(recording)
    assert (into / "prescan_1.zarr" / "zarr.json").read_text() == "{}"


def test_the_names_of_all_behaviours_are_documented():
    for name in BEHAVIOURS:
        assert name in RehearsalSettings.__doc__


def wandering(target_path, seen=0):
    """Answer with places between which a tracker would smooth.

    Parameters
    ----------
    target_path : str
        The prescan.
    seen : int
        Cached number of calls.
    """
    if seen == 2:
        raise TargetNotFoundError("nothing there")
    return 2.0, 6.0, [10.0, 13.0][seen], "OK", {"seen": seen + 1}


@pytest.mark.parametrize(
    "asked", [{"track": "auto"}, {"track": "lead", "img_err_fallback": "predict"}, {}]
)
def test_places_are_the_pipelines_own_since_nobody_knows_how_the_stage_moved(recordings, asked):
    rehearsal = run(recordings, wandering, **asked)
    answers = [replayed.answer for replayed in rehearsal.replayed]
    assert [(one.x, one.msg, one.outcome) for one in answers] == [
        (10.0, "OK", "ok"),
        (13.0, "OK", "ok"),
        (13.0, "Image analysis failed!", "fallback"),
    ]
    assert all(one.predicted is None for one in answers)
