"""A session whose experiment has phases: each phase of a position has a state of its own."""

import json

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME, FAILURE_MESSAGE, read_lines
from dystrack.core.findings import FINDINGS_KEY
from dystrack.manager.events import AnalysisFailed, Answered, Warned
from dystrack.manager.manager import run_dystrack_manager
from dystrack.pipelines.center_of_mass import analyze_image as without_phases
from dystrack.pipelines.phases import analyze_image
from fakes import FakeClock, Recorder, write_prescan

SHAPES = {"overview": (5, 20, 30), "closeup": (9, 40, 50)}
PIPELINES = f'''
def overview(target_path, count=0, findings=False):
    """Count, name a cell, and ask for a flag at the second prescan."""
    cell = {{"z": 1, "y": 2, "x": 3, "name": "cell_1"}}
    msg = "OK ACTIVATE" if count == 1 else "OK"
    return 1.0, 2.0, 10.0 + count, msg, {{"count": count + 1, "{FINDINGS_KEY}": {{"targets": [cell]}}}}


def closeup(target_path, count=100):
    """Count, and fail at the third prescan of each position."""
    if count == 102:
        raise RuntimeError("no cell")
    return 4.0, 20.0, 24.5 + count - 100, "OK", {{"count": count + 1}}
'''
NAMES = [
    f"{phase}_{time}_pos_{position}.tif"
    for time in (1, 2, 3)
    for position in (1, 2)
    for phase in SHAPES
]


@pytest.fixture
def phases(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PIPELINES)
    return f"overview={path}:overview, closeup={path}:closeup"


def start(folder, names, phases, **settings):
    clock, told = FakeClock(), Recorder()
    folder.mkdir(exist_ok=True)
    for i, name in enumerate(names):
        shape = SHAPES[name.partition("_")[0]]
        clock.plan(5.0 + i, lambda name=name, shape=shape: write_prescan(folder / name, 0, shape))
    run_dystrack_manager(
        folder,
        analyze_image,
        img_kwargs={"phases": phases},
        max_triggers=len(names),
        max_checks=1000,
        progress=False,
        previews=False,
        clock=clock,
        on_event=told,
        **settings,
    )
    return told


def test_each_phase_of_a_position_has_its_own_state(tmp_path, phases):
    told = start(tmp_path / "run", NAMES, phases)
    answers = {one.path.rpartition("/")[2]: one for one in told.of(Answered)}
    for position in (1, 2):
        overviews = [answers[f"overview_{time}_pos_{position}.tif"] for time in (1, 2, 3)]
        assert [one.x for one in overviews] == [10.0, 11.0, 12.0]
        assert {one.position for one in overviews} == {f"overview_{position}"}
        closeups = [answers[f"closeup_{time}_pos_{position}.tif"] for time in (1, 2, 3)]
        assert [one.x for one in closeups] == [24.5, 25.5, 25.5]  # its own previous coordinates
        assert [one.msg for one in closeups] == ["OK", "OK", FAILURE_MESSAGE]
    assert told.of(Warned) == []  # another shape is expected of another phase
    assert [one.msg for one in told.of(Answered)][4:6] == ["OK ACTIVATE", "OK"]
    assert (tmp_path / "run" / "overview_1_pos_1.tif.targets.txt").exists()
    assert not (tmp_path / "run" / "closeup_1_pos_1.tif.targets.txt").exists()


def test_a_resume_goes_on_in_each_phase(tmp_path, phases):
    folder = tmp_path / "run"
    start(folder, NAMES[:4], phases)
    told = start(folder, NAMES[4:], phases, resume=True)
    assert [one.x for one in told.of(Answered)] == [11, 25.5, 11, 25.5, 12, 25.5, 12, 25.5]


def test_the_tracker_works_in_the_phases_that_it_concerns(tmp_path, phases):
    folder = tmp_path / "run"
    told = start(folder, NAMES, phases, track="auto", track_phases="closeup")
    for one in told.of(Answered):
        assert (one.sd_px is not None) == one.position.startswith("closeup")
    bridged = [one.msg for one in told.of(Answered) if one.outcome == "fallback"]
    assert bridged == ["TRACKER:GAP"] * 2
    assert len(read_lines(folder / COORDS_FILE_NAME)) == len(NAMES)


@pytest.mark.parametrize("pipeline_has", ["overview, closeup", "none"])
def test_phases_that_are_not_there_are_refused(tmp_path, phases, pipeline_has):
    kwargs = {"phases": phases} if pipeline_has != "none" else {}
    with pytest.raises(ConfigurationError, match=f"the phases of the pipeline are {pipeline_has}"):
        run_dystrack_manager(
            tmp_path,
            analyze_image if kwargs else without_phases,
            img_kwargs=kwargs,
            max_checks=1,
            track="auto",
            track_phases="overviews",
        )


def test_a_name_without_a_phase_is_a_failed_analysis(tmp_path, phases):
    folder = tmp_path / "run"
    SHAPES["job"] = SHAPES["overview"]
    told = start(folder, [*NAMES[:2], "job_1_pos_1.tif"], phases)
    (failure,) = told.of(AnalysisFailed)
    assert "tells none of the phases overview, closeup" in failure.error
    assert failure.position == "1"
    journal = (folder / "dystrack_journal.jsonl").read_text("utf-8").splitlines()
    assert json.loads(journal[0])["settings"]["img_kwargs"] == {"phases": phases}
