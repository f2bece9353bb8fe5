"""Strips over time: what came of each prescan, or whether the sample was in view."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from dystrack.charts.colours import colour
from dystrack.charts.figure import Figure, axis, layout
from dystrack.charts.rows import Row, TimeAxis

__all__ = ["outcome_strips", "view_strips"]

_GOOD = "square"
_OUTCOMES = {
    "tracked": ("good", _GOOD),
    "failed": ("bad", "x"),
    "held": ("held", "square-open"),
    "not sent": ("bad", "diamond-open"),
}
_VIEWS = {
    "in view": ("good", _GOOD),
    "not in view": ("bad", "square-open"),
    "failed": ("bad", "x"),
    "held": ("held", "diamond-open"),
}
_ROW_HEIGHT, _ROOM = 22, 110
_MOST_TICKS = 120

_Strips = Mapping[str, tuple[Sequence[Row], Sequence[str]]]  # rows and what each shows, by title


def outcome_strips(positions: Mapping[str, Sequence[Row]], clock: TimeAxis) -> Figure:
    """Draw what came of each prescan, one strip a position, with the share that was tracked."""
    strips = {}
    for name, rows in positions.items():
        shown = [row.outcome for row in rows]
        strips[f"{name} · {_share(shown, 'tracked')}".strip(" ·")] = rows, shown
    caption = "What came of each prescan, by position, with the share that was tracked"
    return _draw("outcomes", caption, strips, _OUTCOMES, clock)


def view_strips(positions: Mapping[str, Sequence[Row]], clock: TimeAxis) -> Figure:
    """Draw whether the complete sample was in view, with and without tracking.

    Parameters
    ----------
    positions : mapping of str to sequence of Row
        The rows of each position of a simulation.
    clock : TimeAxis
        How time is written.

    Returns
    -------
    Figure
        Two strips for each position over time, with the share in view. A failed or held time
        point is marked as such in the strip of what was tracked.
    """
    strips = {}
    for name, rows in positions.items():
        tracked = ["in view" if row.in_view else "not in view" for row in rows]
        still = ["in view" if row.untracked_in_view else "not in view" for row in rows]
        shown = [
            row.outcome if row.outcome in _VIEWS else seen
            for row, seen in zip(rows, tracked, strict=True)
        ]
        strips[f"{name} tracked · {_share(tracked, 'in view')}"] = rows, shown
        strips[f"{name} not tracked · {_share(still, 'in view')}"] = rows, still
    caption = "Main scans with the complete sample in view, with and without tracking"
    return _draw("in_view", caption, strips, _VIEWS, clock)


def _draw(
    name: str,
    caption: str,
    strips: _Strips,
    looks: Mapping[str, tuple[str, str]],
    clock: TimeAxis,
) -> Figure:
    longest = max((len(rows) for rows, _ in strips.values()), default=0)
    draw = _ticks if longest <= _MOST_TICKS else _stretches
    titles = list(strips)
    names = axis(
        tickvals=list(range(len(titles))),
        ticktext=titles,
        range=[len(titles) - 0.5, -0.5],
        showgrid=False,
        fixedrange=True,
    )
    kinds = [kind for kind in looks if any(kind in shown for _, shown in strips.values())]
    return Figure(
        name,
        caption,
        tuple(trace for kind in kinds for trace in draw(kind, looks[kind], strips, clock)),
        layout(
            _ROOM + _ROW_HEIGHT * len(titles),
            hovermode="closest",
            xaxis=axis(clock.title, showgrid=False),
            yaxis=names,
        ),
    )


def _ticks(
    kind: str, look: tuple[str, str], strips: _Strips, clock: TimeAxis
) -> list[dict[str, Any]]:
    """Return a tick for each prescan of a kind, in all strips."""
    places: list[tuple[float, int]] = []
    for strip, (rows, shown) in enumerate(strips.values()):
        own = [row for row, what in zip(rows, shown, strict=True) if what == kind]
        places += ((x, strip) for x in clock.places(own))
    return [_marks(kind, look, places, clock)]


def _stretches(
    kind: str, look: tuple[str, str], strips: _Strips, clock: TimeAxis
) -> list[dict[str, Any]]:
    """Return a bar for all prescans of a kind in a row, and a mark where something went wrong."""
    role, symbol = look
    begins: list[tuple[float, int]] = []
    xs: list[float | None] = []
    ys: list[int | None] = []
    for strip, (rows, shown) in enumerate(strips.values()):
        times = clock.places(rows)
        for what, run in groupby(range(len(rows)), shown.__getitem__):
            own = list(run)
            first, last = own[0], own[-1]
            if what == kind:
                begins.append((times[first], strip))
                xs += [times[first], times[min(last + 1, len(times) - 1)], None]
                ys += [strip, strip, None]
    bars = {
        "type": "scatter",
        "mode": "lines",
        "x": xs,
        "y": ys,
        "name": kind,
        "legendgroup": kind,
        "line": {"color": colour(role), "width": 11},
        "hoverinfo": "skip",
    }
    if symbol == _GOOD:
        return [bars]
    return [{**bars, "showlegend": False, "opacity": 0.6}, _marks(kind, look, begins, clock)]


def _marks(
    kind: str, look: tuple[str, str], places: Sequence[tuple[float, int]], clock: TimeAxis
) -> dict[str, Any]:
    role, symbol = look
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _ in places],
        "y": [strip for _, strip in places],
        "name": kind,
        "legendgroup": kind,
        "marker": {
            "symbol": symbol,
            "color": colour(role),
            "size": 9,
            "line": {"width": 1.5, "color": colour(role)},
        },
        "hovertemplate": "%{x} " + clock.unit,
    }


def _share(shown: Sequence[str], wanted: str) -> str:
    return f"{shown.count(wanted) / max(1, len(shown)):.0%}"
