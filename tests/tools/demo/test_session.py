import threading

import pytest

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.manager.events import Answered, SessionEnded, SessionStarted, StopReason
from dystrack.scopes.samples.scenes import SCENES
from dystrack.tools.demo import session as demo_module
from dystrack.tools.demo.session import (
    DemoSettings,
    describe_visits,
    make_new_folder,
    run_demo,
    scene_pipeline,
)
from fakes import Recorder
from made_up_visits import a_failed_visit, some_visits

QUICK = {"scene": "dividing_cells", "n_time_points": 3, "duration_s": 0.1}


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"scene": "fish"}, "no scene 'fish'. Choose primordium"),
        ({"difficulty": "harder"}, "no difficulty 'harder'. Choose easy"),
        ({"n_positions": 0}, "n_positions is 0"),
        ({"n_time_points": -1}, "n_time_points is -1"),
        ({"duration_s": 0.0}, "duration_s is 0.0"),
        ({"speed": float("nan")}, "speed is nan"),
    ],
)
def test_what_cannot_be_shown_is_refused(settings, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        DemoSettings(**settings)


def test_a_demo_is_a_real_session(tmp_path):
    told, seen = Recorder(), []
    settings = DemoSettings(**QUICK, n_positions=2)
    visits = run_demo(settings, tmp_path, on_event=told, on_visit=seen.append)
    assert seen == visits
    assert [(v.time_point, v.position) for v in visits] == [
        (t, p) for t in (1, 2, 3) for p in (1, 2)
    ]
    assert all(visit.in_view and visit.moved for visit in visits)
    assert len(told.of(Answered)) == 6
    assert told.of(SessionStarted)[0].settings["img_kwargs"] == {"method": "otsu"}
    assert (tmp_path / "dystrack_coords.txt").exists()
    assert visits[0].image is None


@pytest.mark.parametrize("n_positions", [1, 6, 11, 20])
def test_the_stage_reaches_all_positions(tmp_path, n_positions):
    quick = {"scene": "dividing_cells", "n_time_points": 2, "duration_s": 0.1}
    visits = run_demo(DemoSettings(**quick, n_positions=n_positions), tmp_path)
    assert len(visits) == 2 * n_positions
    assert all(visit.reached and visit.in_view for visit in visits)


def test_a_demo_ends_early_with_what_there_was(tmp_path, monkeypatch):
    import contextlib

    n_seen = threading.Event()

    @contextlib.contextmanager
    def esc_after_a_visit():
        yield n_seen.is_set

    monkeypatch.setattr("dystrack.manager.assembly.watch_for_esc", esc_after_a_visit)
    settings = DemoSettings("dividing_cells", n_time_points=200, duration_s=60.0)
    told = Recorder()
    visits = run_demo(settings, tmp_path, on_event=told, on_visit=lambda _: n_seen.set())
    assert 1 <= len(visits) < 200
    assert told.of(SessionEnded)[0].reason is StopReason.ESC


def test_a_microscope_that_fails_ends_the_demo(tmp_path, monkeypatch):
    class BrokenMicroscope:
        def __init__(self, *args):
            pass

        def run(self):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(demo_module, "Microscope", BrokenMicroscope)
    with pytest.raises(OSError, match="No space left"):
        run_demo(DemoSettings(**QUICK), tmp_path)


@pytest.mark.parametrize("scene", SCENES)
def test_each_scene_has_its_pipeline(scene):
    assert scene_pipeline(scene).__module__ == f"dystrack.pipelines.{SCENES[scene].pipeline}"


def test_what_is_shown_can_be_said_in_words():
    about = DemoSettings("dividing_cells", "hard", speed=1.5, seed=7).about
    assert about["Scene"] == "dividing cells"
    assert about["Speed"] == "1.5 times the usual"
    assert about["Seed"] == "7"


def test_a_run_is_described():
    text = describe_visits(some_visits(8))
    assert "The sample moved up to 70.0 µm" in text
    assert "further than 1.0 µm (median 1.0 µm) from where the microscope was to keep it." in text
    assert "show it completely at 100% of 8 visits; without tracking, at 38%." in text
    assert "No target" not in text
    failed = describe_visits([*some_visits(3), a_failed_visit(4)])
    assert "at 75% of 4 visits" in failed
    assert "No target was found at 1 visit; the stage stayed." in failed
    assert "The samples moved" in describe_visits(some_visits(3, n_positions=2))
    assert "ended before the first main scan" in describe_visits([])


def test_a_folder_gets_a_number_rather_than_mixed_up(tmp_path):
    wanted = tmp_path / "a" / "demo"
    for name in ("demo", "demo_2", "demo_3"):
        folder = make_new_folder(wanted)
        assert folder == tmp_path / "a" / name
        (folder / "report.html").touch()


def test_an_empty_folder_is_taken(tmp_path):
    assert make_new_folder(tmp_path) == tmp_path


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "demo").touch()
    assert make_new_folder(tmp_path / "demo").name == "demo_2"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match=r"cannot be made.*Choose another one"):
        make_new_folder(tmp_path / "file" / "demo")
