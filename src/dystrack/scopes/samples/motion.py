"""How a sample moves: the position at any time, always the same for the same seed."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dystrack.scopes.geometry import PositionUm

__all__ = ["Motion", "SpeedChange"]

_N_WAVES = 4
_N_JUMP_DIRECTIONS = 64
_NOWHERE = PositionUm(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class SpeedChange:
    """A stretch of time with its own speed.

    Attributes
    ----------
    duration_s : float
        How long it lasts, in seconds.
    factor : float
        How many times the usual velocity the sample has; 0 is a rest.
    """

    duration_s: float
    factor: float


@dataclass(frozen=True)
class Motion:
    """A path through the world, as a function of time.

    It is the sum of a velocity that changes by steps, a constant drift, a smooth jitter and sudden
    jumps. At time 0 it is at its start.

    Attributes
    ----------
    start : PositionUm
        Position at time 0.
    velocity_um_per_s : PositionUm
        Usual velocity along each axis.
    speed_changes : tuple of SpeedChange
        Repeated without end; empty for a constant velocity.
    drift_um_per_s : PositionUm
        Constant velocity of what carries the sample.
    jitter_um : PositionUm
        Standard deviation of a smooth wandering along each axis.
    jitter_period_s : float
        Mean period of the wandering in seconds.
    jump_um : float
        Length of a sudden jump in the plane.
    jump_every_s : float
        Time between two jumps in seconds; the first comes after half of it.
    seed : int
        Equal seeds give equal paths.
    """

    start: PositionUm = _NOWHERE
    velocity_um_per_s: PositionUm = _NOWHERE
    speed_changes: tuple[SpeedChange, ...] = ()
    drift_um_per_s: PositionUm = _NOWHERE
    jitter_um: PositionUm = _NOWHERE
    jitter_period_s: float = 1800.0
    jump_um: float = 0.0
    jump_every_s: float = math.inf
    seed: int = 0

    def position_um(self, time_s: float) -> PositionUm:
        """Return where the sample is, so many seconds after the beginning."""
        moved = self.velocity_um_per_s.times(self._moving_s(time_s))
        drifted = self.drift_um_per_s.times(time_s)
        return (
            self.start.plus(moved)
            .plus(drifted)
            .plus(self._jitter(time_s))
            .plus(self._jumps(time_s))
        )

    def _moving_s(self, time_s: float) -> float:
        """Return how long it would take at the usual velocity to come as far."""
        if not self.speed_changes:
            return time_s
        period_s = sum(change.duration_s for change in self.speed_changes)
        in_period_s = sum(change.duration_s * change.factor for change in self.speed_changes)
        n_periods, left_s = divmod(time_s, period_s)
        moving_s = n_periods * in_period_s
        for change in self.speed_changes:
            moving_s += min(left_s, change.duration_s) * change.factor
            left_s = max(0.0, left_s - change.duration_s)
        return moving_s

    def _jitter(self, time_s: float) -> PositionUm:
        """Return a sum of waves, less its value at the beginning."""
        frequencies, phases = self._waves
        waves = np.sin(frequencies * time_s + phases) - np.sin(phases)
        scale = math.sqrt(2 / _N_WAVES)
        return PositionUm(
            *(
                float(wave) * scale * um
                for wave, um in zip(waves.sum(1), self.jitter_um, strict=True)
            )
        )

    def _jumps(self, time_s: float) -> PositionUm:
        """Return the sum of all jumps so far."""
        if not math.isfinite(self.jump_every_s):
            return _NOWHERE
        n_jumps = math.floor(time_s / self.jump_every_s + 0.5)
        rounds, last = divmod(n_jumps, _N_JUMP_DIRECTIONS)
        so_far = self._jump_sums
        y, x = (rounds * so_far[-1] + so_far[last]) * self.jump_um
        return PositionUm(0.0, float(y), float(x))

    @cached_property
    def _waves(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Angular frequencies and phases, of shape (axes, waves)."""
        random = np.random.default_rng([self.seed, 1])
        periods_s = self.jitter_period_s * random.uniform(0.5, 2.0, (3, _N_WAVES))
        return 2 * math.pi / periods_s, random.uniform(0, 2 * math.pi, (3, _N_WAVES))

    @cached_property
    def _jump_sums(self) -> NDArray[np.float64]:
        """Sum of the directions of the first n jumps, of shape (n, 2), beginning with none."""
        angles = np.random.default_rng([self.seed, 2]).uniform(0, 2 * math.pi, _N_JUMP_DIRECTIONS)
        directions = np.stack([np.sin(angles), np.cos(angles)], axis=1)
        return np.concatenate([np.zeros((1, 2)), np.cumsum(directions, axis=0)])
