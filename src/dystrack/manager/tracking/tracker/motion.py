"""Where a sample is and how fast it moves, judged by a bank of Kalman filters for each axis.

The filters differ in how noisy they take answers to be, how much a place wanders, and how fast a
speed changes; those whose speed never changes are at rest. Each counts as much as it has predicted
well lately. An answer that is only a bound ("at least here") updates a filter with the part of its
prediction that lies beyond the bound (J. Tobin's censored normal distribution).

All lengths are in one unit, µm or pixels; noises are shares of the frame.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Axes",
    "Bank",
    "Bounds",
    "Moments",
    "moments",
    "predicted",
    "restarted",
    "started",
    "updated",
    "with_free_speeds",
]

Axes = tuple[float, float, float]
"""A value for each of z, y, x."""

Bounds = tuple[int | None, int | None, int | None]
"""For each axis what an answer says: the place (0), at least (1), at most (-1), nothing (None)."""

_Array = NDArray[np.float64]

_ANSWER_NOISE = (0.001, 0.003, 0.008, 0.02)
_PLACE_NOISE = (0.001, 0.006, 0.04)
_SPEED_NOISE = (0.0, 0.02, 0.1)
_ANSWER, _PLACE, _SPEED = (
    grid.ravel() for grid in np.meshgrid(_ANSWER_NOISE, _PLACE_NOISE, _SPEED_NOISE, indexing="ij")
)
_N_FILTERS = _ANSWER.size
_FIRST_SPEED = (0.03, 0.1, 0.1)  # what sinks out of focus does so slowly
_FORGOTTEN = 0.01
_MOST_STEPS = 20.0
_LEAST_LOG = -40.0
_FAR_TAIL = 8.0
_ASTRAY_SD = 5.0
_SPEED_AFTER_GAP = 0.3


@dataclass(frozen=True)
class Bank:
    """What the filters hold, in plain values.

    Attributes
    ----------
    filters : tuple of tuple of tuple of float
        Six tables of shape (3 axes, 36 filters): place, speed per second, variance of the place,
        covariance, variance of the speed, and weight (1 in all along an axis).
    """

    filters: tuple[tuple[tuple[float, ...], ...], ...]


@dataclass(frozen=True)
class Moments:
    """What all filters together say.

    Attributes
    ----------
    place, speed : tuple of float
        Means along z, y, x.
    place_sd, answer_sd : tuple of float
        Standard deviations of the place, and of an answer about it.
    """

    place: Axes
    speed: Axes
    place_sd: Axes
    answer_sd: Axes


def started(place: Axes, frame: Axes) -> Bank:
    """Return a bank that has seen one answer: all filters there, at rest, with equal weights."""
    nothing = np.zeros((3, _N_FILTERS))
    places = np.array(place)[:, None] + nothing
    noise = np.square(np.multiply.outer(frame, _ANSWER))
    return _bank(places, nothing, noise, nothing, nothing, nothing + 1 / _N_FILTERS)


def with_free_speeds(bank: Bank, frame: Axes, interval_s: float) -> Bank:
    """Return a bank whose moving filters may have any usual speed."""
    place, speed, place_var, _, speed_var, weight = _arrays(bank)
    usual = np.square(np.array(frame) * _FIRST_SPEED / interval_s)
    free_var = speed_var + np.multiply.outer(usual, _SPEED > 0)
    return _bank(place, speed, place_var, 0 * place_var, free_var, weight)


def restarted(bank: Bank, place: Axes, frame: Axes, interval_s: float) -> Bank:
    """Return filters that begin anew at a place and keep half of what they have learnt.

    Those that move may have any usual speed beside their own.
    """
    _, speed, _, _, speed_var, weight = _arrays(bank)
    places, _, noise, nothing, _, equal = _arrays(started(place, frame))
    fresh = _bank(places, speed, noise, nothing, speed_var, 0.5 * weight + 0.5 * equal)
    return with_free_speeds(fresh, frame, interval_s)


def predicted(bank: Bank, dt_s: float, frame: Axes, interval_s: float) -> Bank:
    """Return what the bank expects after some time.

    Parameters
    ----------
    bank : Bank
        What is known now.
    dt_s : float
        How much later.
    frame : tuple of float
        Size of the image.
    interval_s : float
        Usual time between two looks, for which the filters' noises are meant.

    Returns
    -------
    Bank
        Places further along, and all less certain.
    """
    place, speed, place_var, cross_var, speed_var, weight = _arrays(bank)
    n_steps = min(dt_s / interval_s, _MOST_STEPS)
    wander = np.square(np.multiply.outer(frame, _PLACE)) * n_steps
    change = np.square(np.multiply.outer(frame, _SPEED) / interval_s) * n_steps
    return _bank(
        place + speed * dt_s,
        speed,
        place_var + 2 * dt_s * cross_var + dt_s**2 * (speed_var + change / 3) + wander,
        cross_var + dt_s * (speed_var + change / 2),
        speed_var + change,
        weight,
    )


def updated(
    bank: Bank, answer: Axes, bounds: Bounds, frame: Axes, *, after_gap: bool = False
) -> Bank:
    """Return what the bank knows after an answer.

    Parameters
    ----------
    bank : Bank
        What it expected at the time of the answer.
    answer : tuple of float
        Place along z, y, x.
    bounds : tuple of {0, 1, -1, None}
        For each axis whether the answer is the place (0), or the place is at least there (1) or at
        most there (-1), or the answer says nothing (None).
    frame : tuple of float
        Size of the image.
    after_gap : bool, optional, default False
        Whether the sample was not seen at the look before.

    Returns
    -------
    Bank
        Its filters drawn to the answer, and weighted by how well they foresaw it; one that was far
        off takes the answer's place.
    """
    place, speed, place_var, cross_var, speed_var, weight = _arrays(bank)
    seen_var = place_var + np.square(np.multiply.outer(frame, _ANSWER))
    surprise, worth, log_likelihood = _surprise(np.array(answer)[:, None] - place, seen_var, bounds)
    gain, speed_gain = place_var / seen_var, cross_var / seen_var
    astray = np.square(surprise) > _ASTRAY_SD**2 * seen_var
    return _bank(
        place + np.where(astray, 1.0, gain) * surprise,
        speed + speed_gain * surprise * _worth_for_speed(bounds, after_gap=after_gap),
        np.where(astray, seen_var, place_var * (1 - gain * worth)),
        np.where(astray, 0.0, cross_var * (1 - gain * worth)),
        speed_var - speed_gain * cross_var * worth,
        _reweighted(weight, log_likelihood),
    )


def moments(bank: Bank, frame: Axes) -> Moments:
    """Return mean and spread over all filters."""
    place, speed, place_var, _, _, weight = _arrays(bank)
    mean = (weight * place).sum(1)
    spread = (weight * (place_var + np.square(place - mean[:, None]))).sum(1)
    noise = (weight * _ANSWER).sum(1) * np.array(frame)
    return Moments(
        _axes(mean), _axes((weight * speed).sum(1)), _axes(np.sqrt(spread)), _axes(noise)
    )


def _surprise(difference: _Array, variance: _Array, bounds: Bounds) -> tuple[_Array, ...]:
    """Return how far each filter was off, how much that is worth, and how likely it found it."""
    surprise, worth = difference.copy(), np.ones_like(difference)
    log_likelihood = -0.5 * (np.square(difference) / variance + np.log(variance))
    for axis, bound in enumerate(bounds):
        if bound is None:
            surprise[axis] = worth[axis] = log_likelihood[axis] = 0.0
        elif bound:
            deviation = np.sqrt(variance[axis])
            at = bound * difference[axis] / deviation
            log_likelihood[axis], hazard = _upper_tail(at)
            surprise[axis] = bound * deviation * hazard
            worth[axis] = hazard * (hazard - at)
    return surprise, worth, log_likelihood


def _worth_for_speed(bounds: Bounds, *, after_gap: bool) -> _Array:
    """Return which share of a surprise counts for the speed.

    How far beyond a bound a place lies is a guess. After a gap it is a wild one, and a speed by it
    would carry on through the next gap, over and past a sample that has stopped.
    """
    return np.array([[_SPEED_AFTER_GAP if bound and after_gap else 1.0] for bound in bounds])


def _upper_tail(at: _Array) -> tuple[_Array, _Array]:
    """Return the logarithm of the normal distribution's upper tail, and its density over it."""
    near, far = np.minimum(at, _FAR_TAIL), np.maximum(at, _FAR_TAIL)
    tail = np.array([0.5 * math.erfc(value / math.sqrt(2)) for value in near.tolist()])
    log_density = -0.5 * np.square(at) - 0.5 * math.log(2 * math.pi)
    far_hazard = far + 1 / far - 2 / far**3
    log_tail = np.where(at > _FAR_TAIL, log_density - np.log(far_hazard), np.log(tail))
    return log_tail, np.where(at > _FAR_TAIL, far_hazard, np.exp(log_density) / tail)


def _reweighted(weight: _Array, log_likelihood: _Array) -> _Array:
    """Return weights after one more prediction was judged, a little of them given back to all."""
    best = log_likelihood.max(1, keepdims=True)
    weight = weight * np.exp(np.maximum(log_likelihood - best, _LEAST_LOG))
    weight = weight / weight.sum(1, keepdims=True)
    return (1 - _FORGOTTEN) * weight + _FORGOTTEN / _N_FILTERS


def _arrays(bank: Bank) -> _Array:
    return np.array(bank.filters)


def _bank(*rows: _Array) -> Bank:
    return Bank(tuple(tuple(map(tuple, row)) for row in np.array(rows).tolist()))


def _axes(values: _Array) -> Axes:
    z, y, x = values.tolist()
    return z, y, x
