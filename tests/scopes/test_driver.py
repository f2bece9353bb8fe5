import math
from itertools import pairwise

import numpy as np
import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError, ScopeError
from dystrack.core.exchange.answer_file import NextPrescan
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE, CoordsLine
from dystrack.images.readers import read_image
from dystrack.pipelines.center_of_mass import analyze_image
from dystrack.scopes.box import Box
from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.driver import Driver, Plan, StoppedError, run_driver
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard, GuardRules
from dystrack.scopes.hand_off import NO_ANSWER, InProcessHandOff
from dystrack.scopes.protocols import Prescan
from dystrack.scopes.samples.scenes import SCENES, make_sample
from dystrack.scopes.simulated.scope import SimulatedScope
from dystrack.scopes.stage import StageAxes, StageSettings, spread_over_stage
from dystrack.scopes.visit_record import Progress, VisitRecord
from scopes.bridges import SimulatedRig

PLACES = (PositionUm(0, 0, 0), PositionUm(0, 100, 50))
WIDE = Box(PositionUm(-500, -5e4, -5e4), PositionUm(500, 5e4, 5e4))
CENTRE = CoordsLine(12.0, 99.5, 99.5, "OK")


class Camera(SimulatedRig):
    """Delivers small empty pictures."""

    def prescan(self, stem):
        super().prescan(stem)
        return Prescan(stack=np.ones((3, 8, 8), np.uint8), voxel_size=VoxelSize(2.0, 0.5, 0.5))


class Run:
    """A driver with what it told and recorded."""

    def __init__(
        self, folder, answer=lambda path: CoordsLine(1, 3.5, 3.5, "OK"), scope=None, **plan
    ):
        self.scope = scope or Camera()
        self.told, self.visits = [], []
        self.clock = self.scope.clock
        progress = plan.pop("progress", Progress())
        axes = plan.pop("axes", StageAxes())
        self.stop = plan.pop("stop", lambda: False)
        places = plan.pop("places_um", PLACES)
        rules = GuardRules(plan.pop("box", WIDE))
        self.driver = Driver(
            Guard(self.scope, rules, self.told.append),
            Plan(places, plan.pop("n_time_points", 2), 300.0, **plan),
            axes,
            folder,
            InProcessHandOff(answer, self.clock),
            self.clock,
            record=lambda visit: self.visits.append(visit) if visit.message else None,
            tell=self.told.append,
            should_stop=self._is_to_stop,
            progress=progress,
        )
        self.record = VisitRecord(folder)

    def _is_to_stop(self):
        return self.stop()

    def to_its_end(self):
        run_driver(self.driver)
        return self


def test_every_position_is_visited_at_every_time_point(tmp_path):
    run = Run(tmp_path).to_its_end()
    assert [(v.time_point, v.position, v.prescan) for v in run.visits] == [
        (0, 1, "prescan_1_pos_1.ome.tif"),
        (0, 2, "prescan_1_pos_2.ome.tif"),
        (1, 1, "prescan_2_pos_1.ome.tif"),
        (1, 2, "prescan_2_pos_2.ome.tif"),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        v.prescan for v in sorted(run.visits, key=lambda v: v.prescan)
    ]
    assert 300 <= run.visits[2].time_s - run.visits[0].time_s < 301


@pytest.mark.parametrize("n_channels", [1, 2])
def test_a_prescan_says_its_axes_and_voxel_size(tmp_path, n_channels):
    class Colours(Camera):
        def prescan(self, stem):
            taken = super().prescan(stem)
            stack = np.stack([taken.stack] * n_channels) if n_channels > 1 else taken.stack
            return Prescan(stack=stack, voxel_size=taken.voxel_size)

    Run(tmp_path, scope=Colours(), n_time_points=1).to_its_end()
    image = read_image(tmp_path / "prescan_1_pos_1.ome.tif")
    assert image.sizes == ({"C": 2} if n_channels > 1 else {}) | {"Z": 3, "Y": 8, "X": 8}
    assert image.voxel_size == VoxelSize(2.0, 0.5, 0.5)


@pytest.mark.parametrize(
    ("axes", "shift"),
    [
        (StageAxes(), PositionUm(2.0, 1.0, -1.5)),
        (StageAxes(z_sign=-1, x_sign=-1), PositionUm(-2.0, 1.0, 1.5)),
        (StageAxes(swaps_yx=True), PositionUm(2.0, -1.5, 1.0)),
    ],
)
def test_the_stage_goes_where_the_answer_leads(tmp_path, axes, shift):
    run = Run(tmp_path, lambda _: CoordsLine(2, 5.5, 0.5, "OK"), axes=axes).to_its_end()
    assert [v.after_um for v in run.visits[1::2]] == [
        PLACES[1].plus(shift),
        PLACES[1].plus(shift.times(2)),
    ]
    assert all(v.moved for v in run.visits)


@pytest.mark.parametrize(
    "line",
    [
        CoordsLine(2, 5, 1, FAILURE_MESSAGE),
        CoordsLine(math.nan, math.nan, math.nan, NO_ANSWER),
        CoordsLine(2, 5, 1e9, "OK"),
    ],
)
def test_without_an_answer_that_may_be_followed_it_stays(tmp_path, line):
    run = Run(tmp_path, lambda _: line).to_its_end()
    assert {v.after_um for v in run.visits} == set(PLACES)
    assert not any(v.moved for v in run.visits)
    assert len(run.told) == (0 if line.msg == FAILURE_MESSAGE else 4)


def test_an_answer_is_anchored_where_the_prescan_was_taken(tmp_path):
    def moved_by_hand(_):
        run.scope._stage._position = PositionUm(0, 30, 0)
        return CoordsLine(1, 3.5, 5.5, "OK")

    run = Run(tmp_path, moved_by_hand, places_um=PLACES[:1], n_time_points=1)
    run.to_its_end()
    assert run.visits[0].after_um == PositionUm(0, 0, 1)
    assert "somebody" in run.told[0]


def test_the_next_prescan_may_be_elsewhere_and_sooner(tmp_path):
    times = []

    def answer(_):
        times.append(run.clock.monotonic())
        soon = 100.0 if len(times) == 1 else None
        return CoordsLine(1, 3.5, 3.5, "OK"), NextPrescan(1, 3.5, 5.5, soon)

    run = Run(tmp_path, answer, places_um=PLACES[:1], obeys_intervals=True)
    run.to_its_end()
    assert [v.begun_um.x for v in run.visits] == [0, 1, 2]
    assert [round(b - a) for a, b in pairwise(times)] == [100, 200]
    assert [v.round for v in run.visits] == [1, 2, 3]


def test_a_lost_sample_is_searched_for_without_main_scans(tmp_path):
    answers = iter([0.0, None])
    main_scans = []
    scope = Camera()
    scope.main_scan = main_scans.append
    Run(
        tmp_path,
        lambda _: (CoordsLine(1, 3.5, 3.5, "?"), NextPrescan(1, 3.5, 5.5, next(answers))),
        scope=scope,
        places_um=PLACES[:1],
        n_time_points=1,
        obeys_intervals=True,
    ).to_its_end()
    assert [stem.name for stem in main_scans] == ["job_2_pos_1"]


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("fault", ["takes no prescan", "does not move", "reads NaN"])
def test_an_error_in_mid_run_ends_it_or_not_as_the_person_chose(tmp_path, ends, fault):
    def answer(path):
        if path.name == "prescan_1_pos_1.ome.tif":
            run.scope.fault = fault
        return CoordsLine(1, 3.5, 5.5, "OK")

    run = Run(tmp_path, answer, ends_on_error=ends)
    if ends:
        with pytest.raises(ScopeError):
            run.to_its_end()
        return
    run.to_its_end()
    assert "Position" in run.told[0]
    assert run.visits[-1].prescan == "prescan_2_pos_2.ome.tif"


def test_a_full_disk_costs_a_visit_and_nothing_else(tmp_path, monkeypatch):
    def full(*_):
        monkeypatch.undo()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dystrack.scopes.prescan_file.write_in_place", full)
    run = Run(tmp_path).to_its_end()
    assert len(run.visits) == 3
    assert "No space left on device. Is the disk full?" in run.told[0]


def test_no_image_is_written_over(tmp_path):
    (tmp_path / "prescan_1_pos_1.ome.tif").write_bytes(b"precious")
    run = Run(tmp_path, ends_on_error=True)
    with pytest.raises(ScopeError, match="exists already"):
        run.to_its_end()
    assert (tmp_path / "prescan_1_pos_1.ome.tif").read_bytes() == b"precious"


def test_it_stops_when_asked(tmp_path):
    run = Run(tmp_path, n_time_points=1000)
    run.stop = lambda: len(run.visits) == 3
    with pytest.raises(StoppedError):
        run.to_its_end()
    assert len(run.visits) == 3


def test_a_run_goes_on_where_it_was(tmp_path):
    record = VisitRecord(tmp_path)
    whole = Run(tmp_path / "whole", lambda _: CoordsLine(1, 3.5, 5.5, "OK"), n_time_points=3)
    (tmp_path / "whole").mkdir()
    whole.to_its_end()
    first = Run(tmp_path, lambda _: CoordsLine(1, 3.5, 5.5, "OK"), n_time_points=3)
    first.driver.record = lambda visit: (first.visits.append(visit), record.add(visit))
    first.stop = lambda: len(first.visits) == 6  # three visits, each told twice
    with pytest.raises(StoppedError):
        first.to_its_end()
    with (tmp_path / "dystrack_visits.jsonl").open("ab") as file:
        file.write(b'{"time_point": 1, "rou')  # killed while it wrote
    progress = record.progress()
    assert (progress.time_point, progress.round, progress.visited) == (1, 2, {1})
    second = Run(
        tmp_path, lambda _: CoordsLine(1, 3.5, 5.5, "OK"), n_time_points=3, progress=progress
    ).to_its_end()
    assert [(v.time_point, v.position, v.after_um) for v in second.visits] == [
        (v.time_point, v.position, v.after_um) for v in whole.visits[3:]
    ]
    assert len({v.prescan for v in (*first.visits[1::2], *second.visits)}) == 6


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"places_um": ()}, "No position is marked"),
        ({"n_time_points": 0}, "time_points is 0"),
        ({"interval_s": math.nan}, "interval_s is nan"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(wrong, says):
    with pytest.raises(ConfigurationError, match=says):
        Plan(**{"places_um": PLACES, "n_time_points": 1, "interval_s": 1.0, **wrong})


@pytest.mark.parametrize("axes", [StageAxes(), StageAxes(-1, 1, -1, swaps_yx=True)])
def test_simulated_organoids_are_kept_in_the_middle(tmp_path, axes):
    scene, stage = SCENES["organoid"], StageSettings()
    samples = [
        make_sample("organoid", "easy", seed=n, start=place)
        for n, place in enumerate(spread_over_stage(2, stage))
    ]
    scope = SimulatedScope(samples, scene.prescan, axes=axes, clock=SimulatedClock())
    errors = []

    def answer(path):
        z, y, x, message, _ = analyze_image(
            str(path), method="intensity", warn_8bit=False, await_write=0
        )
        return CoordsLine(z, y, x, message)

    run = Run(
        tmp_path, answer, scope=scope, axes=axes, places_um=scope.marked_um(), n_time_points=20
    )
    take = scope.main_scan

    def seen(stem):
        number = int(stem.name.split("_")[-1]) - 1
        middle = axes.to_world(scope.position_um())
        errors.append(middle.minus(samples[number].position_um(scope.clock.monotonic())).length())
        return take(stem)

    scope.main_scan = seen
    run.to_its_end()
    assert len(errors) == 40
    assert max(errors) < 1.0
    assert min(samples[0].position_um(6000).minus(samples[0].position_um(0))) >= -1
    assert samples[0].position_um(6000).minus(samples[0].position_um(0)).length() > 20
