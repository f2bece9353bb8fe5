import pytest

from dystrack.manager.tracking.tracker.gate import is_doubtful, repeated, trust
from dystrack.manager.tracking.tracker.looks import Doubt
from dystrack.manager.tracking.tracker.motion import Moments

FRAME = (40.0, 100.0, 100.0)
NOTHING = (0.0, 0.0, 0.0)
EXACT = (0, 0, 0)


def known(x=0.0, speed=0.0, sd=1.0):
    return Moments((0.0, 0.0, x), (0.0, 0.0, speed), (sd,) * 3, NOTHING)


def answered(x, bound=0, time_s=300.0, y=0.0, surprise=NOTHING):
    return Doubt(time_s, (0.0, y, x), (0, 0, bound), surprise)


@pytest.mark.parametrize(
    ("x", "bound", "doubtful"),
    [
        (8.4, 0, False),  # 3.5 sd + 5 % of the frame
        (8.6, 0, True),
        (-8.6, 0, True),
        (8.6, 1, True),
        (8.6, -1, False),  # at most there: it may be where it was expected
        (-8.6, 1, False),
        (99.0, None, False),
    ],
)
def test_an_answer_is_doubtful_beyond_the_gate(x, bound, doubtful):
    assert is_doubtful(answered(x, bound), known(), known(), FRAME, 1.0) is doubtful


@pytest.mark.parametrize(
    ("x", "doubtful"), [(0, False), (20, False), (40, False), (-9, True), (49, True)]
)
def test_to_stop_or_to_go_twice_as_fast_is_not_improbable(x, doubtful):
    assert is_doubtful(answered(float(x)), known(), known(20.0), FRAME, 1.0) is doubtful


@pytest.mark.parametrize(
    ("n_real", "n_wrong", "expected"),
    [(0, 0, 1.0), (1, 0, 2.0), (9, 0, 2.0), (0, 1, 0.5), (0, 9, 0.4)],
)
def test_the_gate_widens_where_doubts_were_wrong(n_real, n_wrong, expected):
    assert trust(n_real, n_wrong) == expected


@pytest.mark.parametrize(
    ("second", "believed"),
    [
        (answered(30.0, time_s=600), True),  # it jumped, and stays
        (answered(34.9, time_s=600), True),
        (answered(24.0, time_s=600), False),
        (answered(60.0, time_s=600), True),  # it has started to move
        (answered(74.0, time_s=600), True),
        (answered(82.0, time_s=600), False),
        (answered(60.0, time_s=600, y=20.0), False),  # aside of that line
        (answered(40.0, 1, time_s=600), True),  # gone on out of sight
        (answered(10.0, 1, time_s=600), False),
        (answered(40.0, -1, time_s=600), False),
    ],
)
def test_a_doubtful_answer_is_believed_if_it_repeats_itself(second, believed):
    first = answered(30.0, surprise=(0.0, 0.0, 30.0))
    assert repeated(second, [first], known(sd=0.0), FRAME) == (first if believed else None)


def test_the_motion_between_two_looks_is_allowed_for():
    first = answered(30.0, surprise=(0.0, 0.0, 30.0))
    moving = known(speed=0.1)
    assert repeated(answered(0.0, time_s=600), [first], known(speed=-0.1), FRAME) is first
    assert repeated(answered(0.0, time_s=600), [first], moving, FRAME) is None


def test_two_bounds_on_the_same_side_agree():
    first = answered(30.0, 1, surprise=(0.0, 0.0, 30.0))
    assert repeated(answered(80.0, 1, time_s=600), [first], known(), FRAME) is first
    assert repeated(answered(80.0, -1, time_s=600), [first], known(), FRAME) is None
