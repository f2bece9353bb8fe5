"""The charts of a position, thinned out so that a browser draws them at ease."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dystrack.charts.latencies import latency_chart
from dystrack.charts.places import offset_chart, path_chart, place_chart, step_chart
from dystrack.charts.rows import Row, TimeAxis, time_axis
from dystrack.charts.strips import outcome_strips
from dystrack.dashboard.live.position import LivePosition

if TYPE_CHECKING:
    from dystrack.charts.figure import Figure

__all__ = ["position_figures", "thinned"]

_MOST_ROWS = 360
_MOST_TROUBLES = 150


def position_figures(
    position: LivePosition, clock: TimeAxis, begin: float | None = None, end: float | None = None
) -> list[dict[str, Any]]:
    """Return the charts of a position between two times.

    Parameters
    ----------
    position : LivePosition
        The position.
    clock : TimeAxis
        How time is written in its session.
    begin, end : float or None, default None
        Times in the unit of `clock`; None for those of the run.

    Returns
    -------
    list of dict
        Charts in the form that the page's script draws. Of very many rows some are left out, but
        never one that failed, nor the longest step or slowest answer among its neighbours.
    """
    rows = thinned(_between(position.rows, clock, begin, end))
    track, unit = position.track, position.track.unit
    figures: list[Figure] = [place_chart(rows, clock, unit, track.limit("travel"))]
    if track.knows_path:
        figures = [
            path_chart(rows, clock, unit, track.field_yx),
            *figures,
            offset_chart(rows, clock, unit),
            step_chart(rows, clock, unit, track.limit("step")),
        ]
    figures += [latency_chart(rows, clock), outcome_strips({"tracked": rows}, clock)]
    return [{**figure.as_json(), "caption": figure.caption} for figure in figures]


def session_clock(rows: Sequence[Row]) -> TimeAxis:
    """Return how time is written in a session, from its last row."""
    return time_axis(rows[-1:])


def thinned(rows: Sequence[Row], most: int = _MOST_ROWS) -> list[Row]:
    """Return at most about so many rows: of each stretch its first and its most striking ones."""
    if len(rows) <= most:
        return list(rows)
    width = math.ceil(3 * len(rows) / most)
    kept = {len(rows) - 1}
    for begin in range(0, len(rows), width):
        stretch = range(begin, min(begin + width, len(rows)))
        kept |= {begin, max(stretch, key=lambda i: _step(rows[i]))}
        kept.add(max(stretch, key=lambda i: rows[i].sent_s or 0.0))
    troubles = [i for i, row in enumerate(rows) if row.outcome != "tracked"]
    kept |= set(troubles[:: -(-len(troubles) // _MOST_TROUBLES) or 1])
    return [rows[i] for i in sorted(kept)]


def _step(row: Row) -> float:
    return math.hypot(*row.step) if row.step else 0.0


def _between(
    rows: Sequence[Row], clock: TimeAxis, begin: float | None, end: float | None
) -> Sequence[Row]:
    """Return rows in a span of time, with a neighbour on each side so that lines go on."""
    if begin is None or end is None:
        return rows
    places = clock.places(rows)
    inside = [i for i, place in enumerate(places) if begin <= place <= end]
    if not inside:
        return rows
    return rows[max(0, inside[0] - 1) : inside[-1] + 2]
