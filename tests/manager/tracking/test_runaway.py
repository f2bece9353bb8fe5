import numpy as np
import pytest

from dystrack.manager.tracking.runaway import wrong_axes

TURNS = {
    "z counts the wrong way": np.diag([-1, 1, 1]),
    "y counts the wrong way": np.diag([1, -1, 1]),
    "x counts the wrong way": np.diag([1, 1, -1]),
    "y and x count the wrong way": np.diag([1, -1, -1]),
    "y and x are swapped": np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]]),
    "y and x are swapped and count the wrong way": np.array([[1, 0, 0], [0, 0, -1], [0, -1, 0]]),
    "y and x are swapped and one of them counts the wrong way": np.array(
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    ),
    "y and x are swapped and the other one counts the wrong way": np.array(
        [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    ),
}


def corrections(turn, motions, first=(2.0, 3.0, -4.0), noise=0.0, seed=0):
    """Return the corrections in a closed loop whose stage moves by `turn` times what is asked."""
    random = np.random.default_rng(seed)
    distance, steps = np.array(first), []
    for motion in motions:
        step = distance + random.normal(0.0, noise, 3)
        steps.append(tuple(step))
        distance = distance - turn @ step + motion
    return steps


def when(steps):
    """Return at which correction something is found to be wrong, and what."""
    for n in range(1, len(steps) + 1):
        if found := wrong_axes(steps[:n]):
            return n, found
    return None


@pytest.mark.parametrize("wrong", TURNS)
@pytest.mark.parametrize("motion", [(0.0, 0.0, 0.0), (0.5, 2.0, 5.0), (-0.3, 1.0, -3.0)])
def test_a_wrong_axis_is_found_within_six_corrections(wrong, motion):
    steps = corrections(TURNS[wrong], [motion] * 6, noise=0.1)
    n, found = when(steps)
    assert n <= 6
    assert found == wrong or {found, wrong} <= set(list(TURNS)[3:6])  # alike along a diagonal


STEADY = [(0.2, 3.0, 12.0)] * 30
SPEEDING_UP = [(0.0, 0.1 * i, 1.0 * i) for i in range(30)]
STARTING = [(0.0, 0.0, v) for v in (0.0, 0.0, 0.3, 0.5, 2.8, 4.6, 4.6, 4.6)]
FASTER_AND_FASTER = [(0.0, 0.0, 1.3**i) for i in range(12)]
JUMPING = [(0.0, 25.0 * (i % 7 == 3), -18.0 * (i % 5 == 2)) for i in range(30)]
TURNING = [(0.0, 9.0 * np.sin(i / 3), 9.0 * np.cos(i / 3)) for i in range(40)]


@pytest.mark.parametrize(
    "motions", [STEADY, SPEEDING_UP, STARTING, FASTER_AND_FASTER, JUMPING, TURNING]
)
def test_a_sample_that_moves_is_no_wrong_axis(motions):
    assert when(corrections(np.eye(3), motions, noise=0.2)) is None


def test_chance_alone_is_hardly_ever_taken_for_a_wrong_axis():
    random = np.random.default_rng(3)
    runs = [corrections(np.eye(3), random.normal(0.0, 6.0, (50, 3))) for _ in range(60)]
    assert sum(when(run) is not None for run in runs) <= 2


@pytest.mark.parametrize(
    ("z_steps", "is_wrong"),
    [
        ((-1.0, -1.8, -2.0, -2.0, -2.0, -2.0), True),
        ((2.4, 2.4, 2.4, 2.4), True),
        ((2.4, 2.4, 2.4), False),
        ((2.4, 2.4, 2.4, -2.4), False),
        ((2.4, 2.4, 2.39, 2.4), False),
        ((1.0, 1.0, 1.0, 1.0), False),
        ((0.0, 0.0, 0.0, 0.0), False),
    ],
)
def test_a_limit_that_holds_z_again_and_again_is_wrong(z_steps, is_wrong):
    steps = [(z, 0.1, -0.2) for z in z_steps]
    assert wrong_axes(steps) == ("z counts the wrong way" if is_wrong else "")


def test_a_catch_up_step_again_and_again_is_not():
    assert wrong_axes([(0.0, 0.0, 100.0)] * 6) == ""


@pytest.mark.parametrize("n", range(4))
def test_a_few_corrections_tell_nothing(n):
    steps = corrections(TURNS["x counts the wrong way"], [(0.0, 0.0, 5.0)] * 6)
    assert wrong_axes(steps[:n]) == ""


def test_only_the_last_six_count():
    wrong = corrections(TURNS["x counts the wrong way"], [(0.0, 0.0, 5.0)] * 6)
    assert wrong_axes(wrong)
    assert wrong_axes([*wrong, *[(0.0, 0.0, 1.0)] * 6]) == ""
