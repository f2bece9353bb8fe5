"""From what is known of a motion to where the stage goes, and when."""

import math
from dataclasses import dataclass

from dystrack.manager.tracking.tracker.motion import Axes, Moments

__all__ = ["Horizon", "in_view_for", "lead", "steadied", "withheld", "within_depth"]

_MARGIN, _HALF = 0.12, 0.5
_MARGIN_ALONE, _MOST_ALONE = 0.08, 0.1
_DEAD_BAND_SD, _DEAD_BAND_FRAME = 1.75, 0.0005
_WITHHELD = 0.06
_Z_STEP = 0.1
_WINDOW, _CERTAIN, _CHANGE_OF_SPEED = 0.2, 0.95, 0.7
_SHARES = (1.0, 0.75, 0.5, 0.375, 0.25, 0.1875, 0.125)


@dataclass(frozen=True)
class Horizon:
    """The next usual look as it is foreseen.

    Attributes
    ----------
    now, then : Moments
        What is known for now, and expected for then.
    interval_s : float
        Time between them.
    """

    now: Moments
    then: Moments
    interval_s: float

    def motion_within(self, dt_s: float) -> Axes:
        """Return how far the sample is expected to go; nowhere if that may be noise."""
        z, y, x = (
            speed * dt_s if abs(speed * dt_s) > noise else 0.0
            for speed, noise in zip(self.then.speed, self.now.answer_sd, strict=True)
        )
        return z, y, x


def steadied(place: Axes, camera: Axes, now: Moments, frame: Axes) -> Axes:
    """Return a place; the camera's where noise may be all that differs along any axis."""
    is_noise = all(
        abs(value - centre) < _DEAD_BAND_SD * sd + _DEAD_BAND_FRAME * size
        for value, centre, sd, size in zip(place, camera, now.answer_sd, frame, strict=True)
    )
    return camera if is_noise else place


def withheld(expected: Axes, seen: Axes, frame: Axes) -> Axes:
    """Return a place short of the expected one: the sample may have stopped since it was seen."""
    z, y, x = (
        place - math.copysign(min(_WITHHELD * size, abs(place - last) / 2), place - last)
        for place, last, size in zip(expected, seen, frame, strict=True)
    )
    return z, y, x


def lead(mode: str, motion: Axes, frame: Axes, *, alone: bool) -> Axes:
    """Return how far to go ahead of a sample.

    Parameters
    ----------
    mode : {"smooth", "auto", "lead"}
        Not at all; just enough; fully.
    motion : tuple of float
        How far it is expected to go.
    frame : tuple of float
        Size of the image.
    alone : bool
        Whether the target has to serve the main scan too.

    Returns
    -------
    tuple of float
        Distance along each axis.
    """
    if mode == "smooth":
        return (0.0, 0.0, 0.0)
    if mode == "lead":
        return motion
    just_enough = _lead_of_one_target if alone else _lead_of_next_prescan
    z, y, x = (
        math.copysign(just_enough(abs(distance), size), distance)
        for distance, size in zip(motion, frame, strict=True)
    )
    return z, y, x


def _lead_of_next_prescan(distance: float, size: float) -> float:
    """Return a lead that serves a sample which goes on, and one that stops, as far as both can."""
    return max(_HALF * distance, distance - _MARGIN * size)


def _lead_of_one_target(distance: float, size: float) -> float:
    """Return a lead that the main scan can bear."""
    return min(max(0.0, distance - _MARGIN_ALONE * size), _MOST_ALONE * size)


def within_depth(offset: Axes, depth: float, answer_z: float) -> Axes:
    """Return a move that goes no further along z than a tenth of the stack, or than an answer."""
    z, y, x = offset
    most = max(_Z_STEP * depth, abs(answer_z))
    return min(max(z, -most), most), y, x


def in_view_for(horizon: Horizon, mode: str, frame: Axes) -> float:
    """Return for how long the sample stays in view with 95 %, at most for the usual interval."""
    for share in _SHARES:
        if _chance_in_view(horizon, share, mode, frame) >= _CERTAIN:
            return share * horizon.interval_s
    return _SHARES[-1] * horizon.interval_s


def _chance_in_view(horizon: Horizon, share: float, mode: str, frame: Axes) -> float:
    """Return the probability to find the sample about the middle of an image after a time.

    A sample may change its speed at any time; that counts as much as what the filters expect.
    """
    motion = horizon.motion_within(share * horizon.interval_s)
    ahead = lead(mode, motion, frame, alone=False)
    chance = 1.0
    for axis, size in enumerate(frame):
        now_sd, then_sd = horizon.now.place_sd[axis], horizon.then.place_sd[axis]
        growth = max(0.0, then_sd**2 - now_sd**2) * share**2
        sd = math.sqrt(now_sd**2 + growth + (_CHANGE_OF_SPEED * motion[axis]) ** 2)
        off, window = motion[axis] - ahead[axis], _WINDOW * size
        chance *= _below(window - off, sd) - _below(-window - off, sd)
    return chance


def _below(distance: float, sd: float) -> float:
    return 0.5 * math.erfc(-distance / (sd * math.sqrt(2))) if sd else float(distance > 0)
