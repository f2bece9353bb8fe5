import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.manager.tracking.tracker import targets
from dystrack.manager.tracking.tracker.motion import Moments
from dystrack.manager.tracking.tracker.targets import Horizon

FRAME = (40.0, 100.0, 100.0)


def known(x_speed=0.0, sd=1.0, noise=0.5):
    return Moments((0.0, 0.0, 0.0), (0.0, 0.0, x_speed), (sd,) * 3, (noise,) * 3)


@pytest.mark.parametrize(
    ("mode", "way", "alone", "expected"),
    [
        ("smooth", 30.0, True, 0.0),
        ("auto", 8.0, True, 0.0),
        ("auto", 12.0, True, 4.0),
        ("auto", -12.0, True, -4.0),
        ("auto", 60.0, True, 10.0),
        ("auto", 10.0, False, 5.0),
        ("auto", 40.0, False, 28.0),
        ("auto", -10.0, False, -5.0),
        ("lead", 10.0, True, 10.0),
        ("lead", -40.0, False, -40.0),
    ],
)
def test_how_far_each_mode_leads(mode, way, alone, expected):
    assert targets.lead(mode, (0.0, 0.0, way), FRAME, alone=alone) == pytest.approx(
        (0, 0, expected)
    )


@given(st.sampled_from(["smooth", "auto", "lead"]), st.floats(-500, 500), st.booleans())
def test_no_mode_leads_backwards_or_further_than_the_sample_goes(mode, way, alone):
    *_, ahead = targets.lead(mode, (0.0, 0.0, way), FRAME, alone=alone)
    assert abs(ahead) <= abs(way)
    assert ahead * way >= 0


@pytest.mark.parametrize(
    ("place", "steadied"),
    [
        ((0.7, 0.9, -0.9), (0.0, 0.0, 0.0)),  # 1.75 sd of an answer and 0.05 % of the frame
        ((0.7, 0.9, -1.0), (0.7, 0.9, -1.0)),  # it has to move, so no axis lags behind
        ((-0.95, 0.0, 0.1), (-0.95, 0.0, 0.1)),
    ],
)
def test_the_stage_rests_where_noise_may_be_all_that_differs(place, steadied):
    assert targets.steadied(place, (0.0, 0.0, 0.0), known(), FRAME) == steadied


def test_a_motion_that_may_be_noise_is_none():
    horizon = Horizon(known(), known(x_speed=0.01), 300.0)
    assert horizon.motion_within(300.0) == (0.0, 0.0, 3.0)
    assert horizon.motion_within(49.0) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("expected_x", "main_x"), [(40.0, 34.0), (8.0, 4.0), (0.0, 0.0), (-40.0, -34.0)]
)
def test_in_a_gap_the_main_scan_stays_somewhat_behind(expected_x, main_x):
    assert targets.withheld((0.0, 0.0, expected_x), (0.0,) * 3, FRAME) == (0.0, 0.0, main_x)


@pytest.mark.parametrize(
    ("z", "answer_z", "expected"),
    [(3.0, 0.0, 3.0), (9.0, 0.0, 4.0), (-9.0, 0.0, -4.0), (9.0, -8.0, 8.0)],
)
def test_no_move_along_z_exceeds_a_tenth_of_the_stack(z, answer_z, expected):
    assert targets.within_depth((z, 7.0, 8.0), 40.0, answer_z) == (expected, 7.0, 8.0)


@pytest.mark.parametrize(
    ("way", "share"),
    [(0.0, 1.0), (10.0, 1.0), (15.0, 0.75), (25.0, 0.375), (50.0, 0.1875), (500.0, 0.125)],
)
def test_the_faster_it_is_the_sooner_it_leaves_the_view(way, share):
    horizon = Horizon(known(sd=0.5), known(x_speed=way / 300.0, sd=1.0), 300.0)
    assert targets.in_view_for(horizon, "auto", FRAME) == pytest.approx(share * 300.0)


def test_what_is_uncertain_is_looked_at_sooner():
    horizon = Horizon(known(sd=1.0), known(sd=20.0), 300.0)
    assert targets.in_view_for(horizon, "auto", FRAME) < 300.0
    certain = Horizon(known(sd=0.0), known(sd=0.0), 300.0)
    assert targets.in_view_for(certain, "auto", FRAME) == 300.0
    assert not math.isnan(targets.in_view_for(Horizon(known(), known(), 0.0), "auto", FRAME))
