import math

import pytest

from dystrack.charts.rows import TimeAxis
from dystrack.dashboard.live.disk import DiskPace
from dystrack.dashboard.live.position_charts import thinned
from dystrack.dashboard.live.states import position_state
from made_up_rows import a_row

CLOCK = TimeAxis("Time / s", "s", 1.0)


def test_few_rows_are_all_drawn():
    rows = [a_row(n) for n in range(1, 101)]
    assert thinned(rows) == rows


def test_of_many_rows_the_striking_ones_are_kept():
    rows = [a_row(n) for n in range(1, 4001)]
    rows[1234] = a_row(1235, step=(0.0, 0.0, 90.0))
    rows[2345] = a_row(2346, sent_s=9.0)
    rows[3456] = a_row(3457, outcome="failed", step=None)
    kept = thinned(rows)
    assert len(kept) <= 520
    assert {1, 1235, 2346, 3457, 4000} <= {row.number for row in kept}
    assert [row.number for row in kept] == sorted(row.number for row in kept)


def test_of_very_many_failures_some_are_kept():
    rows = [a_row(n, outcome="failed") for n in range(1, 4001)]
    assert len(thinned(rows)) <= 720


@pytest.mark.parametrize(
    ("looks", "full_in_s"),
    [
        ([], None),
        ([(0, 100)], None),
        ([(0, 100), (30, 50)], None),  # too short a time to tell
        ([(0, 100), (100, 50)], 100),
        ([(0, 100), (100, 100)], None),
        ([(0, 50), (100, 100)], None),
    ],
)
def test_a_disk_is_full_when_its_pace_says(looks, full_in_s):
    pace = DiskPace()
    for look in looks:
        pace.note(*look)
    assert pace.full_in_s == full_in_s
    assert pace.free_bytes == (looks[-1][1] if looks else None)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "tracking"),
        ({"is_over": True, "held": "why"}, "ended"),
        ({"held": "why"}, "held"),
        ({"outcomes": ()}, "waiting"),
        ({"outcomes": ("failed",) * 3}, "lost"),
        ({"outcomes": ("failed",) * 2}, "falling back"),
        ({"message": "TRACKER:SEARCH"}, "lost"),
        ({"outcomes": ("not sent",)}, "not sent"),
        ({"silent_s": 21.0, "interval_s": 10.0}, "late"),
        ({"silent_s": 19.0, "interval_s": 10.0}, "tracking"),
        ({"silent_s": 5.0, "interval_s": 0.1}, "tracking"),
        ({"silent_s": math.inf, "interval_s": None}, "tracking"),
    ],
)
def test_the_worst_of_what_is_so_is_the_state(changes, state):
    usual = {
        "outcomes": ("tracked",), "message": "OK", "held": "", "is_over": False, "silent_s": 1.0,
        "interval_s": 10.0,
    }  # fmt: skip
    assert position_state(**usual | changes) == state
