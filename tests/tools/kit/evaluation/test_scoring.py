import pytest

from dystrack.tools.kit.evaluation.scoring import conditions_of, outcome_of, scored, share_interval


def row(**changes):
    values = {
        "key": "k",
        "sample": "a.tif",
        "stress": "as it is",
        "has_target": True,
        "error": "",
        "msg": "OK",
        "z": 10.0,
        "y": 100.0,
        "x": 250.0,
        "target_z": 10.0,
        "target_y": 100.0,
        "target_x": 250.0,
        "depth": 21,
        "height": 200,
        "width": 500,
        "analysis_s": 0.1,
    }
    return values | changes


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "right"),
        ({"x": 257.9}, "right"),  # 4 % of 200 px are 8 px
        ({"x": 258.1}, "wrong"),
        ({"x": 258.1, "msg": "WARN:WEAK"}, "warned"),
        ({"y": 92.5, "x": 252.0}, "right"),
        ({"z": 13.0}, "wrong"),
        ({"z": 12.0, "target_z": 19.0}, "right"),  # a limited step towards it
        ({"z": 8.0, "target_z": 19.0}, "wrong"),  # a step away from it
        ({"error": "TargetNotFoundError: no"}, "failed"),
        ({"has_target": False}, "wrong"),
        ({"has_target": False, "msg": "WARN:WEAK"}, "right"),
        ({"has_target": False, "error": "TargetNotFoundError: no"}, "right"),
        ({"target_x": 505.0}, None),  # gone from the field
        ({"target_x": None}, None),
        ({"skipped": True}, None),
    ],
)
def test_what_came_of_a_case(changes, outcome):
    assert outcome_of(row(**changes)) == outcome


def test_the_tolerance_can_be_set():
    assert outcome_of(row(x=253.0), tolerance_px=2.0) == "wrong"


def test_conditions_count_and_measure():
    rows = scored([row(x=250.0 + off) for off in (0.0, 1.0, 2.0, 40.0)])
    (condition,) = conditions_of(rows)
    assert dict(condition.n_of) == {"right": 3, "warned": 0, "failed": 0, "wrong": 1}
    assert condition.error_px == 1.5
    assert condition.wrong_px == 40.0
    low, high = condition.interval_px
    assert 0.0 <= low <= 1.5 <= high <= 40.0


@pytest.mark.parametrize(
    ("n", "of", "low", "high"), [(0, 10, 0.0, 0.28), (5, 10, 0.24, 0.76), (0, 0, 0.0, 1.0)]
)
def test_the_interval_of_a_share(n, of, low, high):
    assert share_interval(n, of) == pytest.approx((low, high), abs=0.01)
