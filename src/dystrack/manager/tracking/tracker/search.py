"""Where to look for a sample that was lost.

The place where it was seen last and the place where it should be by now are joined by a line of
hazy patches. Each look in vain clears its field, though not for good. The next look goes where a
field covers most of what is left.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_LOOKS", "next_look"]

MOST_LOOKS = 15
"""Looks after which a search ends."""

_Map = NDArray[np.float64]

_CELL = 0.2
_REACH = 16
_GRID = np.arange(-_REACH, _REACH + 1) * _CELL
_HALF_FIELD = 2  # cells, so that a field covers 5 by 5 of them
_SEEN_WELL = 0.5
_PATCHES = np.linspace(0.0, 1.0, 5)
_NARROW, _WIDE, _WIDE_SHARE = 0.7, 1.2, 0.3
_DETECTED = 0.9
_MEMORY = 4.0
_COST = 0.002


def next_look(
    seen: Sequence[float],
    expected: Sequence[float],
    visited: Iterable[Sequence[float]],
    camera: Sequence[float],
    frame: Sequence[float],
) -> tuple[float, float]:
    """Return the middle of the field in which the sample most probably is.

    Parameters
    ----------
    seen, expected : sequence of float
        Where it was last, and where it should be now, along y, x.
    visited : iterable of sequence of float
        Age in usual intervals and y, x of each field in which it was not found.
    camera : sequence of float
        Where the last look was; near fields are preferred to equally good far ones.
    frame : sequence of float
        Size of the field along y, x.

    Returns
    -------
    tuple of float
        Along y and x.
    """
    size = np.array(frame)
    middle = (np.array(seen) + np.array(expected)) / 2
    ends = [(np.array(place) - middle) / size for place in (seen, expected)]
    chance = _prior(*ends)
    for age, *place in visited:
        y, x = (np.array(place) - middle) / size
        covered = np.outer(np.abs(_GRID - y) < _SEEN_WELL, np.abs(_GRID - x) < _SEEN_WELL)
        chance *= 1 - _DETECTED * np.exp(-age / _MEMORY) * covered
    y, x = (np.array(camera) - middle) / size
    far = np.hypot.outer(_GRID - y, _GRID - x)
    gain = _covered_sum(chance) / chance.sum() - _COST * far
    row, column = np.unravel_index(np.argmax(gain), gain.shape)
    found = middle + np.array([_GRID[row], _GRID[column]]) * size
    return float(found[0]), float(found[1])


def _prior(seen: _Map, expected: _Map) -> _Map:
    """Return how probable each cell is: patches along the line, in a wide haze around them."""
    chance = np.zeros((_GRID.size, _GRID.size))
    for share in _PATCHES:
        centre = seen + share * (expected - seen)
        for width, weight in ((_NARROW, 1 - _WIDE_SHARE), (_WIDE, _WIDE_SHARE)):
            along = [np.exp(-0.5 * np.square((_GRID - at) / width)) / width for at in centre]
            chance += weight * np.outer(*along)
    return chance


def _covered_sum(chance: _Map) -> _Map:
    """Return how much of it a field around each cell covers."""
    sums = np.cumsum(np.cumsum(np.pad(chance, ((_HALF_FIELD + 1, _HALF_FIELD),) * 2), 0), 1)
    side = 2 * _HALF_FIELD + 1
    return sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
