"""Is an answer to be believed? An improbable one has to repeat itself at the second look."""

import math
from collections.abc import Iterable

from dystrack.manager.tracking.tracker.looks import Doubt
from dystrack.manager.tracking.tracker.motion import Axes, Moments

__all__ = ["LEAST_TRUST", "is_doubtful", "repeated", "trust"]

_SD, _LEAST_SD, _FRAME = 3.5, 3.0, 0.05
_SPEED_UP = 2.0
LEAST_TRUST, _MOST_TRUST = 0.4, 2.0
_REPEAT_FRAME, _REPEAT_MOTION, _REPEAT_SD = 0.05, 0.5, 3.0
_RUN = 1.5


def trust(n_real: float, n_wrong: float) -> float:
    """Return how wide the gate is, by what became of earlier doubts: 1 where nothing is known."""
    return min(max((1 + n_real) / (1 + n_wrong), LEAST_TRUST), _MOST_TRUST)


def is_doubtful(
    answer: Doubt, last: Moments, expected: Moments, frame: Axes, trusted: float
) -> bool:
    """Return whether an answer is improbable.

    That a sample stops, or goes twice as fast, is never improbable.

    Parameters
    ----------
    answer : Doubt
        The answer.
    last, expected : Moments
        What was known at the last look, and was expected for this one.
    frame : tuple of float
        Size of the image.
    trusted : float
        How wide the gate is.

    Returns
    -------
    bool
        True if it lies beyond the gate along any axis.
    """
    for axis, bound in enumerate(answer.bounds):
        sd = math.hypot(expected.place_sd[axis], expected.answer_sd[axis])
        slack = max(_LEAST_SD, trusted * _SD) * sd + trusted * _FRAME * frame[axis]
        stopped = last.place[axis]
        faster = stopped + _SPEED_UP * (expected.place[axis] - stopped)
        too_far = answer.place[axis] > max(stopped, faster) + slack
        too_near = answer.place[axis] < min(stopped, faster) - slack
        if (too_far and bound in (0, 1)) or (too_near and bound in (0, -1)):
            return True
    return False


def repeated(
    answer: Doubt, doubts: Iterable[Doubt], expected: Moments, frame: Axes
) -> Doubt | None:
    """Return the earlier answer that a doubtful one confirms, None if there is none.

    The sample may have gone on as it did before, or up to one and a half times as far again as it
    had come with the earlier answer: then it has started to move.
    """
    return next((d for d in doubts if _confirms(answer, d, expected, frame)), None)


def _confirms(answer: Doubt, earlier: Doubt, expected: Moments, frame: Axes) -> bool:
    pairs = list(zip(answer.bounds, earlier.bounds, strict=True))
    motion = [speed * (answer.time_s - earlier.time_s) for speed in expected.speed]
    left = [(answer.place[a] - earlier.place[a] - motion[a]) / frame[a] for a in range(len(motion))]
    slack = [
        _REPEAT_FRAME
        + (_REPEAT_MOTION * abs(motion[a]) + _REPEAT_SD * expected.answer_sd[a]) / frame[a]
        for a in range(len(motion))
    ]
    exact = [axis for axis, pair in enumerate(pairs) if pair == (0, 0)]
    run = {a: earlier.surprise[a] / frame[a] for a in exact}
    share = _share([left[a] for a in exact], list(run.values()))
    goes_on = all(abs(left[a] - share * run[a]) <= slack[a] for a in exact)
    return goes_on and all(
        _agree(pair, left[axis], slack[axis]) for axis, pair in enumerate(pairs) if axis not in run
    )


def _agree(bounds: tuple[int | None, int | None], left: float, slack: float) -> bool:
    """Return whether two answers along an axis agree, one of which at least is a bound."""
    now, before = bounds
    if now is None or before is None or now == before:
        return True
    return now * before == 0 and (now or before) * left >= -slack


def _share(left: list[float], run: list[float]) -> float:
    """Return how much of a run fits best to what is left, within what is allowed."""
    squared = sum(r * r for r in run)
    fitting = sum(x * r for x, r in zip(left, run, strict=True)) / squared if squared else 0.0
    return min(max(fitting, 0.0), _RUN)
