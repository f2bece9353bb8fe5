"""Experiments of several phases, run to their ends: run files as they are, ZEN Blue's own macro."""

from dataclasses import replace
from pathlib import Path

import pytest

from closed_loop.leaving_cells import LayerWithLeavers
from closed_loop.shared_clock import SharedClock
from dystrack.core.coordinates import VoxelSize
from dystrack.core.exchange.answer_file import read_answer
from dystrack.manager.cmdline import run_via_cmdline
from dystrack.manager.events import AnalysisFailed, Answered, SessionStarted
from dystrack.options.pipeline_reference import load_with_settings
from dystrack.scopes.geometry import PositionUm, ScanSettings
from dystrack.scopes.samples.imaging import Imaging
from dystrack.scopes.samples.motion import Motion
from dystrack.scopes.samples.sample import Sample
from dystrack.scopes.samples.scenes import SCENES, make_sample
from emulators.zen_objects import FakeZen, run_macro
from emulators.zen_state import StoredExperiment
from fakes import Recorder

RUN = Path(__file__).parents[2] / "run"
INTERVAL_S = 300
pytestmark = [
    pytest.mark.skipif(not RUN.is_dir(), reason="needs the run files"),
    pytest.mark.filterwarnings("ignore:z was limited", "ignore:The image is not 8-bit"),
]


def run_experiment(folder, run_file, sample, experiments, n_time_points, words=(), **macro):
    """Run a macro beside the session of a run file, and return what each of them has seen."""
    clock, told = SharedClock(), Recorder()
    start = sample.target_um(0.0, experiments[macro["PRESCAN_EXPERIMENT"]].scan.field)
    experiments[macro["PRESCAN_EXPERIMENT"]].positions.append((start.x, start.y, start.z))
    zen = FakeZen([sample], experiments, clock)
    settings = {"FOLDER": str(folder), "TIME_POINTS": n_time_points, "INTERVAL_S": INTERVAL_S}

    def listen(event):
        told(event)
        if isinstance(event, SessionStarted):
            clock.run_beside(lambda: run_macro(zen, **settings, **macro))

    loaded = load_with_settings(str(RUN / run_file))
    hooks = {"clock": clock, "on_event": listen, "should_stop": lambda: clock.has_ended}
    run_via_cmdline(
        [run_file, str(folder), "--progress", "False", "--delay", "0.05", *words],
        loaded.image_analysis_func,
        loaded.analysis_kwargs,
        loaded.analysis_cache,
        {**loaded.manager_kwargs, **hooks},
    )
    clock.finish()
    return zen, told


def scans_of(zen, beginning):
    return {one.name: one for one in zen.acquired if one.name.startswith(beginning)}


LEAVERS = LayerWithLeavers(
    (
        (200.0, -40.0, 0.02, 0.0),
        (200.0, 45.0, 0.012, 0.002),
        (1400.0, 5.0, 0.025, 0.01),
    )
)
OVERVIEW = ScanSettings((5, 160, 200), VoxelSize(4.0, 1.0, 1.0), duration_s=5.0)
CLOSEUP = ScanSettings((9, 80, 80), VoxelSize(2.0, 0.5, 0.5), duration_s=5.0)
DETAIL = ScanSettings((9, 120, 120), VoxelSize(2.0, 0.25, 0.25), duration_s=10.0)


def test_cells_that_leave_a_layer_are_followed_at_high_resolution(tmp_path):
    motion = Motion(PositionUm(3.0, 50.0, 900.0), PositionUm(0.0, 0.006, -0.008))
    sample = Sample(LEAVERS, motion, imaging=Imaging(photons=150.0, black_level=0.02))
    experiments = {
        "overview": StoredExperiment(OVERVIEW),
        "main_scan": StoredExperiment(OVERVIEW),
        "closeup": StoredExperiment(CLOSEUP),
        "detail": StoredExperiment(DETAIL),
    }
    zen, told = run_experiment(
        tmp_path,
        "run_cells_leaving_layer.py",
        sample,
        experiments,
        10,
        PRESCAN_EXPERIMENT="overview",
        PRESCAN_NAME="overview",
        TARGETS=[("cell", "closeup", "detail")],
    )
    assert told.of(AnalysisFailed) == []
    n_details = 0
    names = {}
    for time_point in range(1, 11):
        overview = scans_of(zen, f"job_{time_point}_pos_1")[f"job_{time_point}_pos_1"]
        assert overview.distance_um < 4.0  # it has returned to the layer, wherever that drifts to
        time_s = INTERVAL_S * (time_point - 1)
        outside = [n for n in range(3) if LEAVERS.is_outside(n, time_s)]
        details = scans_of(zen, f"job_detail_{time_point}_pos_1_point_")
        assert len(details) == len(outside)
        for name, detail in details.items():
            point = name.rpartition("_")[2]
            off_um = {
                n: detail.stage.minus(
                    sample.position_um(time_s).plus(LEAVERS.place(n, time_s))
                ).length()
                for n in outside
            }
            nearest = min(off_um, key=off_um.get)
            assert names.setdefault(point, nearest) == nearest  # a cell keeps its number
            assert off_um[nearest] < 3.0
            n_details += 1
    assert (len(names), n_details) == (3, 10 + 10 + 7)
    positions = {one.position for one in told.of(Answered)}
    assert positions == {"overview_1", "closeup_1_1", "closeup_1_2", "closeup_1_3"}


def test_the_leader_is_activated_at_every_fourth_time_point(tmp_path):
    kind = SCENES["primordium"]
    sample = make_sample("primordium", "easy", seed=3)
    experiments = {
        "prescan": StoredExperiment(kind.prescan),
        "main_scan": StoredExperiment(kind.main_scan),
        "activate": StoredExperiment(replace(kind.main_scan, shape=(1, 100, 100))),
    }
    zen, told = run_experiment(
        tmp_path,
        "run_photoactivation.py",
        sample,
        experiments,
        12,
        ["--every", "4"],
        PRESCAN_EXPERIMENT="prescan",
        TARGETS=[("leader", "", "activate")],
    )
    asked = [read_answer(tmp_path / f"prescan_{t}_pos_1.czi").msg for t in range(1, 13)]
    assert [t for t, msg in enumerate(asked, 1) if msg == "OK ACTIVATE"] == [4, 8, 12]
    assert list(scans_of(zen, "job_activate")) == [
        f"job_activate_{t}_pos_1_point_1" for t in (4, 8, 12)
    ]
    for name, scan in scans_of(zen, "job_activate").items():
        time_s = INTERVAL_S * (int(name.split("_")[2]) - 1)
        tip = sample.position_um(time_s)
        assert -30.0 < scan.stage.x - tip.x < 0.0  # in the leading part of the tissue
        assert abs(scan.stage.y - tip.y) < 8.0
    assert all(one.in_view for one in zen.acquired if one.name.startswith(("job_1", "job_2")))
    regions = [target["region"] for one in told.of(Answered) for target in one.targets]
    assert len(regions) == 3
    assert all(len(region) > 8 for region in regions)
