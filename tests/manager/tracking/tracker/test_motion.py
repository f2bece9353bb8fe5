import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dystrack.manager.tracking.tracker import motion

FRAME = (40.0, 80.0, 200.0)
INTERVAL_S = 300.0


def followed(places, bounds=(0, 0, 0)):
    """Return what a bank knows after answers at the usual interval."""
    bank = motion.with_free_speeds(motion.started(places[0], FRAME), FRAME, INTERVAL_S)
    for place in places[1:]:
        bank = motion.predicted(bank, INTERVAL_S, FRAME, INTERVAL_S)
        bank = motion.updated(bank, place, bounds, FRAME)
    return bank


def test_it_starts_at_rest_at_its_answer_as_certain_as_answers_are():
    known = motion.moments(motion.started((1.0, 2.0, 3.0), FRAME), FRAME)
    assert known.place == pytest.approx((1.0, 2.0, 3.0))
    assert known.speed == (0.0, 0.0, 0.0)
    root_mean_square = math.sqrt(np.mean(np.square([0.001, 0.003, 0.008, 0.02])))
    assert known.place_sd == pytest.approx([root_mean_square * size for size in FRAME])
    assert known.answer_sd == pytest.approx([0.008 * size for size in FRAME])


def test_it_learns_a_steady_speed_from_two_answers():
    known = motion.moments(followed([(0, 0, 0), (0, 4, 20)]), FRAME)
    assert known.place[2] == pytest.approx(19.9, abs=0.3)
    assert known.speed[2] * INTERVAL_S == pytest.approx(20, abs=5)


def test_it_settles_on_the_filters_that_fit():
    steady = motion.moments(followed([(0, 0, 20.0 * i) for i in range(8)]), FRAME)
    assert steady.speed[2] * INTERVAL_S == pytest.approx(20, abs=0.2)
    assert steady.answer_sd[2] < 0.004 * FRAME[2]
    random = np.random.default_rng(0)
    noisy = motion.moments(followed(list(random.normal(0, 0.008, (40, 3)) * FRAME)), FRAME)
    assert noisy.answer_sd == pytest.approx([0.008 * size for size in FRAME], rel=0.4)
    assert np.abs(noisy.place) == pytest.approx([0, 0, 0], abs=0.006 * FRAME[2])


def test_a_prediction_goes_on_and_grows_less_certain():
    bank = followed([(0, 0, 20.0 * i) for i in range(8)])
    soon = motion.moments(motion.predicted(bank, 100.0, FRAME, INTERVAL_S), FRAME)
    later = motion.moments(motion.predicted(bank, 300.0, FRAME, INTERVAL_S), FRAME)
    assert soon.place[2] == pytest.approx(140 + 20 / 3, abs=0.5)
    assert later.place[2] == pytest.approx(160, abs=0.5)
    now = motion.moments(bank, FRAME)
    assert all(
        a < b < c for a, b, c in zip(now.place_sd, soon.place_sd, later.place_sd, strict=True)
    )


def test_two_short_predictions_are_one_long():
    bank = followed([(0, 0, 20.0 * i) for i in range(4)])
    twice = motion.predicted(bank, 100.0, FRAME, INTERVAL_S)
    twice = motion.predicted(twice, 200.0, FRAME, INTERVAL_S)
    once = motion.predicted(bank, 300.0, FRAME, INTERVAL_S)
    np.testing.assert_allclose(twice.filters, once.filters, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("bound", "sign"), [(1, 1), (-1, -1)])
def test_a_bound_draws_only_those_that_are_not_beyond_it(bound, sign):
    bank = followed([(0, 0, 20.0 * sign * i) for i in range(6)])
    bank = motion.predicted(bank, INTERVAL_S, FRAME, INTERVAL_S)
    expected = motion.moments(bank, FRAME)
    met = motion.updated(bank, (0, 0, sign * 80.0), (None, None, bound), FRAME)
    missed = motion.updated(bank, (0, 0, sign * 140.0), (None, None, bound), FRAME)
    assert motion.moments(met, FRAME).place[2] == pytest.approx(expected.place[2], abs=1.0)
    assert sign * motion.moments(missed, FRAME).place[2] > 139.0


def test_a_bound_gives_the_mean_of_the_truncated_normal():
    bank = motion.started((0.0, 0.0, 0.0), FRAME)
    filters = np.array(bank.filters)
    filters[2] = 25.0  # the variance of all places
    bank = motion.Bank(tuple(tuple(map(tuple, rows)) for rows in filters.tolist()))
    place = np.array(motion.updated(bank, (0, 0, 5.0), (None, None, 1), FRAME).filters)[0, 2, 0]
    draws = np.random.default_rng(1).normal(0, 5, 400_000)
    assert place == pytest.approx(draws[draws >= 5].mean(), rel=0.01)


@pytest.mark.parametrize(("bounds", "share"), [((0, 0, 1), 0.3), ((0, 0, 0), 1.0)])
def test_after_a_gap_a_bound_says_little_about_the_speed(bounds, share):
    bank = motion.predicted(followed([(0.0, 0.0, 0.0)] * 3), 600.0, FRAME, 300.0)
    answer = (0.0, 0.0, 0.4 * FRAME[2])
    speeds = [
        motion.updated(bank, answer, bounds, FRAME, after_gap=after_gap).filters[1][2]
        for after_gap in (False, True)
    ]
    assert np.array(speeds[1]) == pytest.approx(share * np.array(speeds[0]), abs=1e-12)
    assert max(speeds[0]) > 0


def test_an_axis_about_which_nothing_is_said_stays_as_it_was():
    bank = motion.predicted(followed([(0, 0, 0), (1, 2, 3)]), INTERVAL_S, FRAME, INTERVAL_S)
    after = motion.updated(bank, (9.0, 9.0, 9.0), (None, 0, None), FRAME)
    before, now = np.array(bank.filters), np.array(after.filters)
    np.testing.assert_array_equal(now[:5, (0, 2)], before[:5, (0, 2)])
    assert (now[0, 1] != before[0, 1]).all()


def test_a_bank_that_begins_anew_keeps_half_of_its_weights():
    bank = followed([(0, 0, 20.0 * i) for i in range(8)])
    anew = np.array(motion.restarted(bank, (1.0, 2.0, 3.0), FRAME, INTERVAL_S).filters)
    assert anew[0, :, 0] == pytest.approx((1.0, 2.0, 3.0))
    np.testing.assert_allclose(anew[5], 0.5 * np.array(bank.filters)[5] + 0.5 / 36)


answers = st.tuples(*[st.floats(-1e4, 1e4)] * 3)
what_is_said = st.tuples(*[st.sampled_from([0, 1, -1, None])] * 3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(answers, what_is_said, st.floats(1e-3, 1e5)), max_size=8))
def test_whatever_comes_it_stays_finite_and_its_variances_positive(looks):
    bank = motion.with_free_speeds(motion.started((0, 0, 0), FRAME), FRAME, INTERVAL_S)
    for answer, bounds, dt_s in looks:
        bank = motion.predicted(bank, dt_s, FRAME, INTERVAL_S)
        bank = motion.updated(bank, answer, bounds, FRAME)
    filters = np.array(bank.filters)
    assert np.isfinite(filters).all()
    assert (filters[2] > 0).all()
    assert (filters[4] >= -1e-9 * np.abs(filters[4]).max()).all()
    assert filters[5].sum(1) == pytest.approx([1, 1, 1])
