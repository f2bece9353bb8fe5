"""What the figures of a report have in common: visits by position, and how time is written."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from dystrack.scopes.visits import Visit

__all__ = ["TimeUnit", "by_position", "time_unit", "untracked_distance_um"]

_MINUTES_UNTIL_S = 10_800.0


class TimeUnit(NamedTuple):
    """How time is written.

    Attributes
    ----------
    name : str
        Minutes or hours.
    seconds : float
        How long the unit is.
    """

    name: str
    seconds: float


def time_unit(visits: Sequence[Visit]) -> TimeUnit:
    """Return whether a run is best written in minutes or in hours.

    Parameters
    ----------
    visits : sequence of Visit
        The run.

    Returns
    -------
    TimeUnit
        The unit.
    """
    longest_s = max(visit.time_s for visit in visits)
    return TimeUnit("min", 60.0) if longest_s < _MINUTES_UNTIL_S else TimeUnit("h", 3600.0)


def by_position(visits: Sequence[Visit]) -> dict[int, list[Visit]]:
    """Return the visits of each position.

    Parameters
    ----------
    visits : sequence of Visit
        The run.

    Returns
    -------
    dict of int to list of Visit
        Visits in their order, by the number of the position.
    """
    position = attrgetter("position")
    return {number: list(own) for number, own in groupby(sorted(visits, key=position), position)}


def untracked_distance_um(visit: Visit, first: Visit) -> float:
    """Return how far the camera would be off, had the stage not moved since the first visit.

    Parameters
    ----------
    visit, first : Visit
        A visit, and the first of the same position.

    Returns
    -------
    float
        Distance in µm.
    """
    return visit.target_um.minus(first.camera_um).length()
