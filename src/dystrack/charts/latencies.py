"""How long answers took, split into what took it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from dystrack.charts.colours import colour
from dystrack.charts.figure import Figure, axis, curve, layout, outcome_marks
from dystrack.charts.rows import Row, TimeAxis

__all__ = ["latency_chart", "latency_histogram"]

_PARTS = (
    ("complete", "complete_s", "still"),
    ("analysed", "analysed_s", "target"),
    ("sent", "sent_s", "stage"),
)
_MS_PER_S = 1000.0
_LEAST_MS = 1.0
_MOST_SINGLE_TICKS = 6
_N_BINS = 24
_HEIGHT = 300
_OUTCOME_ROLES = {"tracked": "stage", "failed": "bad", "held": "held", "not sent": "still"}


def latency_chart(rows: Sequence[Row], clock: TimeAxis) -> Figure:
    """Draw when each prescan was complete, analysed and answered, from the notice of its name.

    Parameters
    ----------
    rows : sequence of Row
        One position, or all.
    clock : TimeAxis
        How time is written.

    Returns
    -------
    Figure
        Times over time, on a logarithmic scale; the distance of two lines is what a part took.
    """
    xs = clock.places(rows)
    traces: list[dict[str, Any]] = []
    for name, attribute, role in _PARTS:
        ys = [_ms(getattr(row, attribute)) for row in rows]
        if any(y is not None for y in ys):
            traces.append(curve(xs, ys, name, role, width=1.2, unit="ms", digits=0))
    sent = [_ms(row.sent_s) for row in rows]
    return Figure(
        "latency",
        "Time from the notice of a prescan until it was complete, analysed and answered, in ms",
        (*traces, *outcome_marks(rows, xs, sent)),
        layout(_HEIGHT, xaxis=axis(clock.title), yaxis=_log_axis("Time since noticed / ms")),
    )


def latency_histogram(rows: Sequence[Row]) -> Figure:
    """Draw how often answers took how long, by what came of them.

    Parameters
    ----------
    rows : sequence of Row
        All positions.

    Returns
    -------
    Figure
        Number of answers by the time they took.
    """
    taken = {
        outcome: [_ms(row.sent_s) for row in rows if row.outcome == outcome and row.sent_s]
        for outcome in _OUTCOME_ROLES
    }
    every = [ms for values in taken.values() for ms in values if ms is not None]
    edges = np.geomspace(min(every, default=1.0) / 1.01, max(every, default=10.0) * 1.01, _N_BINS)
    most = int(np.histogram(every, edges)[0].max())
    ticks = {"dtick": 1} if most < _MOST_SINGLE_TICKS else {"nticks": _MOST_SINGLE_TICKS}
    bars = [_bars(edges, outcome, taken) for outcome in _OUTCOME_ROLES if taken[outcome]]
    return Figure(
        "latency_histogram",
        "Number of answers by the time they took, in ms",
        tuple(bars),
        layout(
            _HEIGHT,
            hovermode="closest",
            barmode="stack",
            bargap=0,
            xaxis=_log_axis("Time to the answer / ms"),
            yaxis=axis("Answers", rangemode="tozero", tickformat="d", **ticks),
        ),
        is_over_time=False,
    )


def _bars(
    edges: np.ndarray[Any, Any], outcome: str, taken: Mapping[str, Sequence[float | None]]
) -> dict[str, Any]:
    counts, _ = np.histogram(np.array(taken[outcome], float), edges)
    middles, widths = np.sqrt(edges[1:] * edges[:-1]), np.diff(edges)
    spans = [f"{low:.0f} to {high:.0f} ms" for low, high in pairwise(edges)]
    return {
        "type": "bar",
        "x": middles.round(2).tolist(),
        "y": counts.tolist(),
        "width": widths.round(2).tolist(),
        "name": outcome,
        "marker": {"color": colour(_OUTCOME_ROLES[outcome]), "line": {"width": 0}},
        "customdata": spans,
        "hovertemplate": "%{y} in %{customdata}",
    }


def _log_axis(title: str) -> dict[str, Any]:
    return axis(title, type="log", dtick="D2", tickformat=".12~g")


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else max(_LEAST_MS, seconds * _MS_PER_S)
