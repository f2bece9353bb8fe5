"""Strips of small ticks, one a prescan: what came of it, or whether the sample was in view."""

from collections.abc import Mapping, Sequence
from typing import Any

from dystrack.charts.colours import colour
from dystrack.charts.figure import Figure, axis, layout
from dystrack.charts.rows import Row, TimeAxis

__all__ = ["outcome_strips", "view_strips"]

_OUTCOMES = {
    "tracked": ("good", "square"),
    "failed": ("bad", "x"),
    "held": ("held", "square-open"),
    "not sent": ("bad", "diamond-open"),
}
_VIEWS = {
    "in view": ("good", "square"),
    "not in view": ("bad", "square-open"),
    "failed": ("bad", "x"),
    "held": ("held", "diamond-open"),
}
_ROW_HEIGHT, _ROOM = 22, 110
_MOST_WIDE_TICKS = 80

_Strips = Mapping[str, tuple[Sequence[Row], Sequence[str]]]  # rows and what each shows, by title


def outcome_strips(positions: Mapping[str, Sequence[Row]], clock: TimeAxis) -> Figure:
    """Draw what came of each prescan, one strip a position.

    Parameters
    ----------
    positions : mapping of str to sequence of Row
        The rows of each position.
    clock : TimeAxis
        How time is written.

    Returns
    -------
    Figure
        Strips over time, with the share of the prescans that were tracked.
    """
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
    titles = list(strips)
    ticks = axis(
        tickvals=list(range(len(titles))),
        ticktext=titles,
        range=[len(titles) - 0.5, -0.5],
        showgrid=False,
        fixedrange=True,
    )
    return Figure(
        name,
        caption,
        tuple(
            _ticks(kind, looks[kind], strips, clock, is_wide=longest <= _MOST_WIDE_TICKS)
            for kind in looks
            if any(kind in shown for _, shown in strips.values())
        ),
        layout(
            _ROOM + _ROW_HEIGHT * len(titles),
            hovermode="closest",
            xaxis=axis(clock.title, showgrid=False),
            yaxis=ticks,
        ),
    )


def _ticks(
    kind: str, look: tuple[str, str], strips: _Strips, clock: TimeAxis, *, is_wide: bool
) -> dict[str, Any]:
    """Return all ticks of a kind, in all strips."""
    role, symbol = look
    is_mark = is_wide or symbol != "square"
    xs: list[float] = []
    ys: list[int] = []
    for place, (rows, shown) in enumerate(strips.values()):
        own = [row for row, what in zip(rows, shown, strict=True) if what == kind]
        xs += clock.places(own)
        ys += [place] * len(own)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": xs,
        "y": ys,
        "name": kind,
        "marker": {
            "symbol": symbol if is_mark else "line-ns",
            "color": colour(role),
            "size": 9 if is_mark else 12,
            "line": {"width": 1.5, "color": colour(role)},
        },
        "hovertemplate": "%{x} " + clock.unit,
    }


def _share(shown: Sequence[str], wanted: str) -> str:
    return f"{shown.count(wanted) / max(1, len(shown)):.0%}"
