import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError, RefusedMoveError
from dystrack.core.limits import Limits, Travel, parse_axis_limits

VOXEL = VoxelSize(2.0, 0.5, 0.25)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        (5, (5, 5, 5)),
        ("5", (5, 5, 5)),
        ("1, 2,3.5", (1, 2, 3.5)),
        ([1, 2, 3], (1, 2, 3)),
        ("5,inf,inf", (5, math.inf, math.inf)),
    ],
)
def test_settings(value, expected):
    assert parse_axis_limits("max_step_px", value) == expected


@pytest.mark.parametrize("value", ["a", "1,2", [1, 2, 3, 4], -1, "nan", {}, "1;2;3"])
def test_bad_settings(value):
    with pytest.raises(ConfigurationError, match="max_step_px is"):
        parse_axis_limits("max_step_px", value)


@pytest.mark.parametrize(
    ("limits", "step", "travel", "complaint"),
    [
        (
            Limits(step_px=(1, 5, 5)),
            (1.5, 0, 0),
            Travel(),
            "step along z would be 1.50 px, the limit is 1 px",
        ),
        (Limits(step_um=(1, 5, 5)), (0, -11, 0), Travel(), "step along y would be -5.50 µm"),
        (
            Limits(travel_px=(9, 9, 9)),
            (0, 0, 2),
            Travel(px=(0, 0, 8)),
            "travel from the start along x would be 10.00 px",
        ),
        (Limits(travel_um=(9, 9, 9)), (1, 0, 0), Travel(um=(8, 0, 0)), "along z would be 10.00 µm"),
    ],
)
def test_refused(limits, step, travel, complaint):
    with pytest.raises(RefusedMoveError, match=complaint):
        limits.check(step, travel, VOXEL)


def test_allowed():
    limits = Limits((1, 5, 5), (2, 2.5, 1.25), (10, 10, 10), (10, 10, 10))
    limits.check((1, -5, 5), Travel(), VOXEL)
    Limits().check((1e9, 0, 0), Travel(um=None), None)
    Limits(travel_px=(9, 9, 9)).check((0, 0, -2), Travel(px=(0, 0, 9)), VOXEL)


@pytest.mark.parametrize("limits", [Limits(step_um=(1, 1, 1)), Limits(travel_um=(1, 1, 1))])
def test_um_without_voxel_size(limits):
    with pytest.raises(RefusedMoveError, match="voxel size"):
        limits.check((0, 0, 0), Travel(), None)


def test_travel_adds_up():
    travel = Travel().after((1, 2, 4), VOXEL).after((1, 0, 0), VOXEL)
    assert travel == Travel((2, 2, 4), (4, 1, 1))
    assert travel.after((1, 1, 1), None) == Travel((3, 3, 5), None)


number = st.floats(-1e4, 1e4)


@given(st.tuples(number, number, number), st.tuples(*[st.floats(0, 1e4)] * 3))
def test_what_passes_is_within_the_limit(step, limit):
    try:
        Limits(step_px=limit).check(step, Travel(), None)
    except RefusedMoveError:
        assert any(abs(s) > m for s, m in zip(step, limit, strict=True))
    else:
        assert all(abs(s) <= m for s, m in zip(step, limit, strict=True))
