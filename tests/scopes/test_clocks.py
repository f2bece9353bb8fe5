import math

import pytest

from dystrack.scopes import clocks
from dystrack.scopes.clocks import SimulatedClock


@pytest.fixture
def real_sleeps(monkeypatch):
    slept = []
    monkeypatch.setattr(clocks.time, "sleep", slept.append)
    return slept


@pytest.mark.parametrize(("speed", "expected"), [(math.inf, []), (1.0, [300.0]), (600.0, [0.5])])
def test_sleeping_takes_as_long_as_the_speed_says(real_sleeps, speed, expected):
    clock = SimulatedClock(speed)
    clock.sleep(300.0)
    assert clock.monotonic() == 300.0
    assert real_sleeps == expected


def test_time_of_day_moves_with_the_seconds():
    clock = SimulatedClock(start_s=1000.0)
    clock.sleep(2.5)
    clock.advance(1.5)
    assert clock.time() == 1004.0
    assert clock.monotonic() == 4.0


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_time_never_runs_backwards(real_sleeps, seconds):
    clock = SimulatedClock(speed=2.0)
    clock.sleep(seconds)
    clock.advance(seconds)
    assert clock.monotonic() == 0.0
    assert real_sleeps == []
