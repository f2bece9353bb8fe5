import math
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
import tifffile

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError
from dystrack.core.exchange.coords_file import (
    COORDS_FILE_NAME,
    FAILURE_MESSAGE,
    CoordsLine,
    append_line,
)
from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.geometry import PositionUm, ScanSettings
from dystrack.scopes.hand_off import NO_ANSWER, FolderHandOff, InProcessHandOff, NextPrescan
from dystrack.scopes.samples.bodies import Organoid
from dystrack.scopes.samples.imaging import Imaging
from dystrack.scopes.samples.motion import Motion
from dystrack.scopes.samples.sample import Sample
from dystrack.scopes.simulated.simulator import Microscope, MicroscopeSettings, Site
from dystrack.scopes.simulated.visits import summarise
from dystrack.scopes.stage import StageAxes, StageSettings
from dystrack.scopes.writing.behaviours import BEHAVIOURS
from dystrack.scopes.writing.file_names import FILE_NAMES

SCAN = ScanSettings((9, 36, 40), VoxelSize(4.0, 2.5, 2.5), duration_s=1.0)
CENTRE_LINE = CoordsLine(4.0, 17.5, 19.5, "OK")
STILL = Sample(Organoid())
MOVING = Sample(
    Organoid(),
    Motion(
        PositionUm(1.0, 2.0, 3.0),
        PositionUm(0.001, -0.005, 0.01),
        jitter_um=PositionUm(0.2, 0.5, 0.5),
    ),
    imaging=Imaging(black_level=-0.05, vibration_um=0.1),
)


def brightest(path):
    """Answer with the centre of the light."""
    image = tifffile.imread(path).astype(float)
    profiles = [image.sum(axis=tuple({0, 1, 2} - {axis})) for axis in range(3)]
    return CoordsLine(*(float(np.average(range(len(p)), weights=p)) for p in profiles), "OK")


def a_microscope(tmp_path, *samples, answer=brightest, clock=None, **settings):
    settings = {"prescan": SCAN, "n_time_points": 5, **settings}
    return Microscope(
        [Site(sample) for sample in samples],
        tmp_path,
        InProcessHandOff(answer),
        MicroscopeSettings(**settings),
        clock,
    )


def test_a_moving_sample_is_followed_for_500_time_points(tmp_path):
    visits = list(a_microscope(tmp_path, MOVING, n_time_points=500, interval_s=300.0).run())
    summary = summarise(visits)
    assert summary.n_visits == 500
    assert summary.in_view_share == 1.0
    assert summary.untracked_in_view_share < 0.1
    assert summary.travelled_um > 1500
    assert summary.median_distance_um < 1.0
    assert summary.worst_distance_um < 3.0


def test_a_run_is_the_same_every_time(tmp_path):
    first, again = (list(a_microscope(tmp_path, MOVING).run()) for _ in range(2))
    assert first == again


ALL_AXES = [
    StageAxes(*signs, swaps_yx=swaps, origin=PositionUm(100.0, -2000.0, 3000.0))
    for *signs, swaps in product((1, -1), (1, -1), (1, -1), (False, True))
]


@pytest.mark.parametrize("axes", ALL_AXES)
def test_it_follows_however_the_stage_sits(tmp_path, axes):
    visits = list(a_microscope(tmp_path, MOVING, axes=axes).run())
    assert max(visit.distance_um for visit in visits) < 3.0
    for visit in visits:
        assert axes.to_world(visit.stage_after_um) == pytest.approx(visit.camera_um)


@pytest.mark.parametrize(
    "wrong", [StageAxes(x_sign=-1), StageAxes(y_sign=-1), StageAxes(z_sign=-1)]
)
def test_a_macro_with_a_wrong_sign_runs_away(tmp_path, wrong):
    scope = a_microscope(tmp_path, MOVING, macro_axes=wrong, n_time_points=4)
    distances = [visit.distance_um for visit in scope.run()]
    assert all(b > 1.5 * a for a, b in pairwise(distances))


@pytest.mark.parametrize(
    ("line", "shift"),
    [
        (CENTRE_LINE, PositionUm(0.0, 0.0, 0.0)),
        (CoordsLine(5.0, 17.5, 19.5, "OK"), PositionUm(4.0, 0.0, 0.0)),
        (CoordsLine(4.0, 16.5, 29.5, "WARN:CATCH-UP-STEP"), PositionUm(0.0, -2.5, 25.0)),
    ],
)
def test_a_target_is_converted_by_voxel_size_and_centre(tmp_path, line, shift):
    visit, *_ = a_microscope(tmp_path, STILL, answer=lambda path: line).run()
    assert visit.moved
    assert visit.stage_after_um.minus(visit.stage_before_um) == pytest.approx(shift)
    assert visit.message == line.msg


@pytest.mark.parametrize(
    "line",
    [
        CoordsLine(1.0, 2.0, 3.0, FAILURE_MESSAGE),
        CoordsLine(math.nan, math.nan, math.nan, "OK"),
        CoordsLine(4.0, math.inf, 3.0, "OK"),
    ],
)
def test_without_a_target_the_stage_stays(tmp_path, line):
    for visit in a_microscope(tmp_path, STILL, answer=lambda path: line).run():
        assert not visit.moved
        assert visit.stage_after_um == visit.stage_before_um


def test_a_flat_prescan_leaves_the_height_alone(tmp_path):
    flat = replace(SCAN, shape=(36, 40))
    line = CoordsLine(0.0, 17.5, 20.5, "OK")
    visits = list(a_microscope(tmp_path, STILL, prescan=flat, answer=lambda path: line).run())
    assert tifffile.imread(visits[0].prescan_path).shape == (36, 40)
    assert visits[-1].stage_after_um == pytest.approx(PositionUm(0.0, 0.0, 12.5))


def test_each_position_is_returned_to(tmp_path):
    far = replace(MOVING, motion=replace(MOVING.motion, start=PositionUm(0.0, 5000.0, -5000.0)))
    visits = list(a_microscope(tmp_path, MOVING, far).run())
    assert [visit.position for visit in visits] == [1, 2] * 5
    for number in (1, 2):
        own = [visit for visit in visits if visit.position == number]
        for last, visit in pairwise(own):
            assert visit.stage_before_um == last.stage_after_um
    assert max(visit.distance_um for visit in visits) < 3.0


def test_time_points_keep_their_interval(tmp_path):
    clock = SimulatedClock()
    clock.advance(77.0)
    times = [visit.time_s for visit in a_microscope(tmp_path, STILL, clock=clock).run()]
    assert np.diff(times) == pytest.approx(300.0, abs=0.2)
    assert times[0] == pytest.approx(SCAN.duration_s, abs=0.2)


def test_a_time_point_that_takes_too_long_delays_the_next(tmp_path):
    slow = replace(SCAN, duration_s=400.0)
    times = [visit.time_s for visit in a_microscope(tmp_path, STILL, prescan=slow).run()]
    assert np.diff(times) == pytest.approx(400.0, abs=0.2)


@pytest.mark.parametrize("shares_clock", [False, True])
def test_writing_takes_simulated_time_once(tmp_path, shares_clock):
    clock = SimulatedClock()
    hand_off = InProcessHandOff(brightest, *([clock] if shares_clock else []))
    behaviour = replace(BEHAVIOURS["in_chunks"], duration_s=10.0)
    settings = MicroscopeSettings(SCAN, n_time_points=1, write_behaviour=behaviour)
    (visit,) = Microscope([Site(STILL)], tmp_path, hand_off, settings, clock).run()
    assert visit.writing_s == pytest.approx(10.0)
    assert visit.time_s == pytest.approx(SCAN.duration_s + 10.0, abs=0.2)


def test_a_misplaced_sample_is_found_at_once(tmp_path):
    site = Site(STILL, misplacement_um=PositionUm(3.0, 9.0, -8.0))
    settings = MicroscopeSettings(SCAN, n_time_points=2)
    first, _ = Microscope([site], tmp_path, InProcessHandOff(brightest), settings).run()
    assert first.stage_before_um == pytest.approx(PositionUm(3.0, 9.0, -8.0))
    assert first.distance_um < 2.0


def test_a_stage_at_its_end_is_reported(tmp_path):
    stage = StageSettings(high=PositionUm(100.0, 100.0, 10.0))
    visits = list(a_microscope(tmp_path, MOVING, stage=stage, n_time_points=4).run())
    assert [visit.reached for visit in visits] == [True, True, True, False]
    assert visits[-1].stage_after_um.x == 10.0


def test_pictures_are_kept_with_and_without_tracking(tmp_path):
    main = replace(SCAN, shape=(9, 72, 80), voxel_size=VoxelSize(4.0, 1.25, 1.25))
    kept = {"main_scan": main, "keeps_pictures": True, "interval_s": 3000.0}
    *_, last = a_microscope(tmp_path, MOVING, **kept).run()
    assert last.image.shape == last.untracked_image.shape == (72, 80)
    assert last.image[30:42, 34:46].mean() > 4 * last.untracked_image[30:42, 34:46].mean()
    assert next(a_microscope(tmp_path, MOVING).run()).image is None


@pytest.mark.parametrize("software", FILE_NAMES)
def test_images_are_named_as_by_the_vendor(tmp_path, software):
    names = FILE_NAMES[software]
    more = {"main_scan": SCAN, "saves_main_scans": True, "n_time_points": 2}
    visits = list(a_microscope(tmp_path, STILL, STILL, file_names=names, **more).run())
    expected = {
        f(t, p)
        for f in (names.prescan_name, names.main_scan_name)
        for t, p in product((1, 2), (1, 2))
    }
    assert {path.name.removesuffix(".ome.tif") for path in tmp_path.iterdir()} == expected
    assert [visit.prescan_path.name for visit in visits][:2] == [
        f"{names.prescan_name(1, 1)}.ome.tif",
        f"{names.prescan_name(1, 2)}.ome.tif",
    ]


def test_an_unknown_format_is_refused():
    with pytest.raises(ConfigurationError, match="'lsm'"):
        MicroscopeSettings(SCAN, file_format="lsm")


class ManagerClock(SimulatedClock):
    """A clock by which somebody analyses prescans while the microscope waits."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.seen = folder, set()

    def sleep(self, seconds):
        super().sleep(seconds)
        for path in sorted(self.folder.glob("prescan*.tif")):
            if path.name not in self.seen:
                self.seen.add(path.name)
                append_line(self.folder / COORDS_FILE_NAME, brightest(path))


def test_it_tracks_through_the_text_file(tmp_path):
    hand_off = FolderHandOff(tmp_path, clock=ManagerClock(tmp_path))
    settings = MicroscopeSettings(SCAN, n_time_points=8)
    visits = list(Microscope([Site(MOVING)], tmp_path, hand_off, settings).run())
    assert max(visit.distance_um for visit in visits) < 3.0
    assert all(0 < visit.latency_s < 1.0 for visit in visits)


def test_it_goes_on_without_answers(tmp_path):
    hand_off = FolderHandOff(tmp_path, timeout_s=10.0, clock=SimulatedClock())
    settings = MicroscopeSettings(SCAN, n_time_points=3)
    visits = list(Microscope([Site(STILL)], tmp_path, hand_off, settings).run())
    assert [(visit.message, visit.moved) for visit in visits] == [(NO_ANSWER, False)] * 3
    assert np.diff([visit.time_s for visit in visits]) == pytest.approx(300.0, abs=0.2)


def test_the_next_prescan_may_be_wanted_elsewhere_than_the_main_scan(tmp_path):
    def answer(path):
        return CoordsLine(4.0, 17.5, 20.5, "OK"), NextPrescan(4.0, 18.5, 23.5)

    visits = list(a_microscope(tmp_path, STILL, answer=answer, n_time_points=3).run())
    for index, visit in enumerate(visits):
        assert visit.stage_before_um == pytest.approx(PositionUm(0.0, 2.5 * index, 10.0 * index))
        moved = visit.stage_after_um.minus(visit.stage_before_um)
        assert moved == pytest.approx(PositionUm(0.0, 0.0, 2.5))


def test_a_prescan_tells_whether_the_sample_was_in_it(tmp_path):
    answers = iter([NextPrescan(4.0, 17.5, 99.5), NextPrescan(4.0, 17.5, -60.5), None])
    visits = a_microscope(
        tmp_path, STILL, answer=lambda path: (CENTRE_LINE, next(answers)), n_time_points=3
    ).run()
    assert [visit.prescan_in_view for visit in visits] == [True, False, True]


@pytest.mark.parametrize("obeys", [False, True])
def test_it_looks_sooner_where_that_is_wanted_and_it_may(tmp_path, obeys):
    wishes = iter([None, 100.0, None, 100.0, 150.0, None])

    def answer(path):
        return CENTRE_LINE, NextPrescan(4.0, 17.5, 19.5, next(wishes))

    scope = a_microscope(tmp_path, STILL, answer=answer, n_time_points=3, obeys_intervals=obeys)
    visits = list(scope.run())
    times = [0, 300, 400, 600, 700, 850] if obeys else [0, 300, 600]
    assert [visit.time_s for visit in visits] == pytest.approx([t + 1 for t in times], abs=0.5)
    assert [visit.time_point for visit in visits] == list(range(1, len(times) + 1))


def test_while_searching_it_looks_at_once_and_takes_no_main_scan(tmp_path):
    wishes = iter([0.0, 0.0, None, None])
    main = replace(SCAN, duration_s=50.0)

    def answer(path):
        return CENTRE_LINE, NextPrescan(4.0, 17.5, 19.5, next(wishes))

    more = {"main_scan": main, "saves_main_scans": True, "n_time_points": 2}
    visits = list(a_microscope(tmp_path, STILL, answer=answer, obeys_intervals=True, **more).run())
    assert [visit.searching for visit in visits] == [True, True, False, False]
    assert [visit.time_s for visit in visits] == pytest.approx([1, 2, 3, 301], abs=0.5)
    assert len([path for path in tmp_path.iterdir() if "prescan" not in path.name]) == 2


def test_only_the_position_that_wants_it_is_looked_at_again(tmp_path):
    far = replace(STILL, motion=Motion(start=PositionUm(0.0, 5000.0, -5000.0)))
    wishes = iter([None, 50.0, None, None, None])

    def answer(path):
        return CENTRE_LINE, NextPrescan(4.0, 17.5, 19.5, next(wishes))

    more = {"answer": answer, "obeys_intervals": True, "n_time_points": 2}
    visits = list(a_microscope(tmp_path, STILL, far, **more).run())
    assert [visit.position for visit in visits] == [1, 2, 2, 1, 2]
