import math

import numpy as np
import pytest

from dystrack.manager.tracking.stage import NOT_SEEN, does_not_follow


def looks(motions, first, *, follows, noise=0.1, seed=0, whole=False):
    """Return where a sample is seen while a stage is sent to it, and follows or does not."""
    random = np.random.default_rng(seed)
    distance, seen = np.array(first, float), []
    for motion in motions:
        look = distance + random.normal(0.0, noise, 3)
        look = np.round(look) + 0.5 if whole else look
        seen.append(tuple(map(float, look)))
        distance = distance - (look if follows else 0.0) + motion
    return seen


def when(seen, sent=None):
    """Return at which look it is noticed, with what a session keeps; None if it is not."""
    for n in range(1, len(seen) + 1):
        if does_not_follow(seen[:n], (sent or seen)[:n]):
            return n
    return None


STILL = [(0.0, 0.0, 0.0)] * 12
STEADY = [(0.1, 3.0, 12.0)] * 12
WANDERING = [(0.0, 2.0 * math.sin(i), 3.0 * math.cos(2 * i)) for i in range(30)]
JUMPING = [(0.0, 0.0, 20.0 * (i % 5 == 2)) for i in range(30)]


@pytest.mark.parametrize("first", [(0.0, 0.4, 2.0), (0.0, 12.3, 0.1)])
def test_the_same_image_again_is_noticed_at_the_third_look(first):
    assert when(looks(STILL, first, follows=False, noise=0.0)) == 3
    later = [*looks(JUMPING[:6], first, follows=True), *[(0.0, 3.3, 4.4)] * 3]
    assert when(later) == 9


@pytest.mark.parametrize("motions", [STILL, STEADY, WANDERING, JUMPING])
@pytest.mark.parametrize("first", [(0.0, 0.0, 0.0), (0.3, 2.0, -4.0), (0.1, 3.0, 12.0)])
@pytest.mark.parametrize("whole", [False, True])
def test_a_stage_that_follows_raises_no_alarm(motions, first, whole):
    for seed in range(20):
        assert when(looks(motions, first, follows=True, seed=seed, whole=whole)) is None


def test_a_sample_at_rest_in_the_middle_raises_none():
    for noise in (0.0, 0.1, 1.0):
        assert when(looks(STILL, (0.0, 0.01, 0.02), follows=False, noise=noise)) is None


def test_a_dead_band_raises_none():
    seen = looks(STILL, (0.0, 6.0, 3.0), follows=False)
    assert when(seen, [(0.0, 0.0, 0.0)] * len(seen)) is None


def test_steps_of_default_length_and_failures_raise_none():
    assert when([(0.0, -7.5, 50.0)] * 8) is None
    assert when([NOT_SEEN, *looks(STEADY, (0.1, 3.0, 12.0), follows=True)]) is None
    assert when([NOT_SEEN] * 8, [(0.0, 0.0, 9.0)] * 8) is None
