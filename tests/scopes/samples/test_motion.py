import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.samples.motion import Motion, SpeedChange

START = PositionUm(5.0, 6.0, 7.0)
LIVELY = Motion(
    start=START,
    velocity_um_per_s=PositionUm(0.0, 0.0, 0.02),
    speed_changes=(SpeedChange(100.0, 1.0), SpeedChange(50.0, 3.0), SpeedChange(50.0, 0.0)),
    drift_um_per_s=PositionUm(0.001, 0.0, 0.0),
    jitter_um=PositionUm(0.5, 1.0, 1.0),
    jump_um=4.0,
    jump_every_s=500.0,
    seed=3,
)


@pytest.mark.parametrize("motion", [Motion(start=START), LIVELY])
def test_it_begins_at_its_start(motion):
    assert motion.position_um(0.0) == pytest.approx(START)


def test_velocity_and_drift_add_up():
    motion = Motion(START, PositionUm(0.0, 0.1, 0.2), drift_um_per_s=PositionUm(0.01, 0.0, -0.1))
    assert motion.position_um(10.0) == pytest.approx(PositionUm(5.1, 7.0, 8.0))


@pytest.mark.parametrize(
    ("time_s", "way_um"),
    [(50, 5), (100, 10), (125, 17.5), (150, 25), (200, 25), (250, 30), (400, 50), (2050, 255)],
)
def test_speed_changes_repeat(time_s, way_um):
    changes = LIVELY.speed_changes
    motion = Motion(velocity_um_per_s=PositionUm(0.0, 0.0, 0.1), speed_changes=changes)
    assert motion.position_um(time_s) == pytest.approx(PositionUm(0.0, 0.0, way_um))


@given(st.floats(0, 1e6))
def test_the_same_seed_is_at_the_same_place(time_s):
    assert replace(LIVELY).position_um(time_s) == LIVELY.position_um(time_s)


def test_another_seed_goes_another_way():
    other = Motion(jitter_um=PositionUm(0.0, 1.0, 1.0), seed=1)
    assert other.position_um(700.0) != Motion(jitter_um=PositionUm(0.0, 1.0, 1.0)).position_um(
        700.0
    )


def test_jitter_is_smooth_and_as_wide_as_it_should_be():
    motion = Motion(jitter_um=PositionUm(0.0, 2.0, 0.0), jitter_period_s=600.0)
    ys = [motion.position_um(10.0 * i).y for i in range(20_000)]
    mean = sum(ys) / len(ys)
    deviation = (sum((y - mean) ** 2 for y in ys) / len(ys)) ** 0.5
    assert deviation == pytest.approx(2.0, rel=0.1)
    assert max(abs(b - a) for a, b in itertools.pairwise(ys)) < 2.0
    assert motion.position_um(123.0)[::2] == (0.0, 0.0)


def test_jumps_come_on_time_and_have_their_length():
    motion = Motion(jump_um=4.0, jump_every_s=500.0, seed=1)
    for number in range(200):
        at_s = 250.0 + 500.0 * number
        way = motion.position_um(at_s + 0.01).minus(motion.position_um(at_s - 0.01))
        assert way.length() == pytest.approx(4.0)
        assert motion.position_um(at_s + 499.0) == motion.position_um(at_s + 0.01)
