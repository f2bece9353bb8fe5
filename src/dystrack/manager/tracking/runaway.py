"""Does the stage move the way that the corrections ask for? Judged by the corrections alone.

A correction is the step from the middle of a prescan to its target. If the stage does what it is
asked, each correction is how far the sample has moved since the last one, and does not depend on
that one. If the macro is wrong about an axis, the distance grows instead: with a wrong sign it
doubles, with y and x turned against each other it grows by the square root of 2 and turns.

So each way in which a macro can be wrong implies another motion of the sample::

    motion = next correction - correction + (how the stage moves) · correction

A sample moves steadily rather than at random. Where the corrections keep growing, and a wrong way
makes the motion far steadier than the right one does, the macro has it wrong. A sample that only
speeds up does not look like that.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dystrack.core.limits import Offset

__all__ = ["wrong_axes"]

_Steps = NDArray[np.float64]

_LONGEST = 6
_STEADIER = MappingProxyType({4: 0.2, 5: 0.3, 6: 0.3})  # by the number of corrections
_GROWTH = 1.25
_N_GROWING = 3
_LEAST_SPREAD_PX = 3.0
_LEAST_SPREAD_PLANES = 1.0

_N_PINNED = 4
_LEAST_PINNED_PX = 1.9
_EQUAL_PX = 1e-6

_Z_WRONG = "z counts the wrong way"
_WRONG_Z: Mapping[str, _Steps] = MappingProxyType({_Z_WRONG: np.array([[-1.0]])})
_WRONG_YX: Mapping[str, _Steps] = MappingProxyType(
    {
        "y counts the wrong way": np.array([[-1.0, 0.0], [0.0, 1.0]]),
        "x counts the wrong way": np.array([[1.0, 0.0], [0.0, -1.0]]),
        "y and x count the wrong way": np.array([[-1.0, 0.0], [0.0, -1.0]]),
        "y and x are swapped": np.array([[0.0, 1.0], [1.0, 0.0]]),
        "y and x are swapped and count the wrong way": np.array([[0.0, -1.0], [-1.0, 0.0]]),
        "y and x are swapped and one of them counts the wrong way": np.array(
            [[0.0, -1.0], [1.0, 0.0]]
        ),
        "y and x are swapped and the other one counts the wrong way": np.array(
            [[0.0, 1.0], [-1.0, 0.0]]
        ),
    }
)
"""How the stage moves along y and x for a unit correction along each, if the macro has it wrong."""


def wrong_axes(steps_px: Sequence[Offset]) -> str:
    """Say which axes a microscope's macro seems to have wrong.

    Parameters
    ----------
    steps_px : sequence of tuple of float
        Corrections of one position along z, y, x in pixels, oldest first. The last six count, and
        at least four are needed.

    Returns
    -------
    str
        What is wrong, such as ``"x counts the wrong way"``; empty if all looks well. Along z also
        if the correction is the same four times, to the last digit, and at least two planes: a
        limit holds it, and it does not help.
    """
    steps = np.array(list(steps_px)[-_LONGEST:], float).reshape(-1, 3)
    if _is_pinned(steps[:, 0]):
        return _Z_WRONG
    for n, steadier in _STEADIER.items():
        if n <= len(steps):
            last = steps[-n:]
            found = _explained(last[:, :1], _WRONG_Z, steadier, _LEAST_SPREAD_PLANES)
            found = found or _explained(last[:, 1:], _WRONG_YX, steadier, _LEAST_SPREAD_PX)
            if found:
                return found
    return ""


def _is_pinned(z_steps: _Steps) -> bool:
    """Return whether a limit cuts each of the last corrections to the same length."""
    last = z_steps[-_N_PINNED:]
    if len(last) < _N_PINNED:
        return False
    return bool(abs(last[0]) >= _LEAST_PINNED_PX and np.ptp(last) < _EQUAL_PX)


def _explained(
    steps: _Steps, wrong_ways: Mapping[str, _Steps], steadier: float, least_spread: float
) -> str:
    """Return the wrong way that makes the motion of the sample far steadier than the right one."""
    spread = _spread(steps[1:])  # with a right macro, a correction is the motion since the last
    if spread < least_spread or not _keep_growing(steps):
        return ""
    spreads = {
        name: _spread(steps[1:] - steps[:-1] + steps[:-1] @ way.T)
        for name, way in wrong_ways.items()
    }
    best = min(spreads, key=spreads.__getitem__)
    return best if spreads[best] < steadier * spread else ""


def _spread(motions: _Steps) -> float:
    """Return how far motions are from their mean: the root of the mean square."""
    return float(np.sqrt(np.square(motions - motions.mean(axis=0)).sum(axis=1).mean()))


def _keep_growing(steps: _Steps) -> bool:
    lengths = np.linalg.norm(steps[-_N_GROWING:], axis=1)
    return bool(np.all(lengths[1:] >= _GROWTH * lengths[:-1]))
