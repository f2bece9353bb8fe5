from itertools import pairwise, product

import pytest

from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.stage import Stage, StageAxes, StageSettings, spread_over_stage

POINT = PositionUm(1.0, 20.0, 300.0)
ALL_AXES = [
    StageAxes(*signs, swaps_yx=swaps, origin=PositionUm(5.0, 6.0, 7.0))
    for *signs, swaps in product((1, -1), (1, -1), (1, -1), (False, True))
]


@pytest.mark.parametrize(
    ("axes", "world"),
    [
        (StageAxes(), PositionUm(1.0, 20.0, 300.0)),
        (StageAxes(z_sign=-1, x_sign=-1), PositionUm(-1.0, 20.0, -300.0)),
        (StageAxes(swaps_yx=True), PositionUm(1.0, 300.0, 20.0)),
        (StageAxes(y_sign=-1, swaps_yx=True), PositionUm(1.0, -300.0, 20.0)),
        (StageAxes(origin=PositionUm(10.0, 0.0, 1.0)), PositionUm(11.0, 20.0, 301.0)),
    ],
)
def test_a_reading_is_a_point_of_the_world(axes, world):
    assert axes.to_world(POINT) == world


@pytest.mark.parametrize("axes", ALL_AXES)
def test_there_and_back_again(axes):
    assert axes.to_stage(axes.to_world(POINT)) == POINT
    assert axes.to_world(axes.to_stage(POINT)) == POINT


@pytest.mark.parametrize("axes", ALL_AXES)
def test_a_shift_of_the_stage_is_that_shift_in_the_world(axes):
    start = PositionUm(3.0, -4.0, 5.0)
    moved = axes.to_world(start.plus(axes.shift_to_stage(POINT)))
    assert moved.minus(axes.to_world(start)) == POINT


def test_moving_takes_its_time():
    clock = SimulatedClock()
    stage = Stage(StageSettings(speed_um_per_s=100.0, settling_s=0.5), PositionUm(0.0, 0.0, 0.0))
    assert stage.move_to(PositionUm(10.0, -200.0, 50.0), clock)
    assert clock.monotonic() == pytest.approx(2.5)
    assert stage.move_to(PositionUm(10.0, -200.0, 50.0), clock)
    assert clock.monotonic() == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("target", "stops_at"),
    [
        (PositionUm(11.0, 0.0, 0.0), PositionUm(10.0, 0.0, 0.0)),
        (PositionUm(0.0, -999.0, 5.0), PositionUm(0.0, -100.0, 5.0)),
        (PositionUm(0.0, 0.0, 100.1), PositionUm(0.0, 0.0, 100.0)),
    ],
)
def test_a_stage_stops_at_its_ends(target, stops_at):
    settings = StageSettings(
        low=PositionUm(-10.0, -100.0, -100.0), high=PositionUm(10.0, 100.0, 100.0)
    )
    stage = Stage(settings, PositionUm(0.0, 0.0, 0.0))
    assert not stage.move_to(target, SimulatedClock())
    assert stage.position == stops_at


@pytest.mark.parametrize("n_places", [1, 2, 3, 6, 11, 20, 400, 2000])
def test_places_lie_on_the_stage_with_room_around_them(n_places):
    settings = StageSettings(low=PositionUm(-1e3, -2e4, -5e4), high=PositionUm(3e3, 6e4, 5e4))
    places = spread_over_stage(n_places, settings)
    assert len(set(places)) == n_places
    for place in places:
        assert place.z == 1e3
        assert -1e4 - 1e-6 <= place.y <= 5e4 + 1e-6
        assert -4e4 - 1e-6 <= place.x <= 4e4 + 1e-6


def test_neighbours_are_visited_one_after_the_other():
    places = spread_over_stage(20, StageSettings())
    steps = [after.minus(before).length() for before, after in pairwise(places)]
    assert steps == [pytest.approx(5000.0)] * 19


def test_a_single_place_is_in_the_middle():
    assert spread_over_stage(1, StageSettings()) == [PositionUm(0.0, 0.0, 0.0)]
