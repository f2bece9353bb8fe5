"""From what is known of a motion to where the stage goes, and when."""

import math
import os
from dataclasses import dataclass

from dystrack.manager.tracking.motion import Axes, Moments

__all__ = ["Horizon", "in_view_until", "lead", "steadied", "within_reach"]

_MARGIN = float(os.environ.get('MG','.12'))
_DEAD_BAND = float(os.environ.get('DB','1.5'))
_WINDOW = 0.2
_CERTAIN = 0.95
_CHANGE_OF_SPEED = 0.4
_INTERVALS = (1.0, 0.75, 0.5, 0.375, 0.25, 0.1875, 0.125)


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
        """Return how far the sample is expected to go."""
        z, y, x = (
            speed * dt_s if abs(speed * dt_s) > noise else 0.0
            for speed, noise in zip(self.then.speed, self.now.answer_sd, strict=True)
        )
        return z, y, x


def steadied(place: Axes, camera: Axes, now: Moments, frame: Axes) -> Axes:
    """Return the place, or along each axis where the camera is if noise may be all that differs."""
    z, y, x = (
        centre if abs(value - centre) < _DEAD_BAND * sd + 0.0005*size else value
        for value, centre, sd, size in zip(place, camera, now.answer_sd, frame, strict=True)
    )
    return z, y, x


def lead(mode: str, motion: Axes, frame: Axes) -> Axes:
    """Return how far to go ahead of a sample.

    Parameters
    ----------
    mode : {"smooth", "auto", "lead"}
        Not at all; by what would otherwise exceed a margin of the frame; by all.
    motion : tuple of float
        How far it is expected to go.
    frame : tuple of float
        Size of the image.

    Returns
    -------
    tuple of float
        Distance along each axis.
    """
    if mode == "smooth":
        return (0.0, 0.0, 0.0)
    margin = 0.0 if mode == "lead" else _MARGIN
    z, y, x = (
        math.copysign(max(0.0, abs(way) - margin * size), way)
        for way, size in zip(motion, frame, strict=True)
    )
    return z, y, x


def within_reach(target: Axes, most: float) -> Axes:
    """Return a target no further along z than is allowed."""
    z, y, x = target
    return min(max(z, -most), most), y, x


def in_view_until(horizon: Horizon, mode: str, frame: Axes) -> float | None:
    """Return how long the sample stays in view with 95 %, as far as the usual interval."""
    for share in _INTERVALS:
        if _chance_in_view(horizon, share, mode, frame) >= _CERTAIN:
            return share * horizon.interval_s
    return _INTERVALS[-1] * horizon.interval_s


def _chance_in_view(horizon: Horizon, share: float, mode: str, frame: Axes) -> float:
    """Return the probability to find the sample about the middle of an image after a time."""
    motion = horizon.motion_within(share * horizon.interval_s)
    chance = 1.0
    ahead = lead(mode, motion, frame)
    for axis, size in enumerate(frame):
        now, then = horizon.now.place_sd[axis], horizon.then.place_sd[axis]
        growth = max(0.0, then**2 - now**2) * share**2
        sd = math.sqrt(now**2 + growth + (_CHANGE_OF_SPEED * motion[axis]) ** 2)
        off, window = motion[axis] - ahead[axis], _WINDOW * size
        chance *= _within(window - off, sd) - _within(-window - off, sd)
    return chance


def _within(distance: float, sd: float) -> float:
    return 0.5 * math.erfc(-distance / (sd * math.sqrt(2))) if sd else float(distance > 0)
