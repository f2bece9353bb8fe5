"""How often and how far answers were off, one row a condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dystrack.charts.colours import colour
from dystrack.charts.figure import Figure, axis, layout, plain
from dystrack.charts.rows import rounded

__all__ = ["ErrorRow", "error_chart", "outcome_chart", "score_map"]

_ROW_HEIGHT, _ROOM = 19, 110
_OUTCOME_ROLES = {"right": "good", "warned": "third", "failed": "held", "wrong": "bad"}
_TITLES = {"wrong": "wrong, but OK"}
_BAR_GAP = 0.25
_DARKEST, _LIGHTEST = "page", "good"


@dataclass(frozen=True)
class ErrorRow:
    """What came of a condition.

    Attributes
    ----------
    name : str
        The condition.
    counts : dict of str to int
        How many cases were right, warned, failed, wrong.
    error_px : float or None
        Median error in pixels.
    interval_px : tuple of float or None
        Its confidence interval.
    """

    name: str
    counts: dict[str, int]
    error_px: float | None = None
    interval_px: tuple[float, float] | None = None


def outcome_chart(rows: Sequence[ErrorRow]) -> Figure:
    """Draw what came of the cases of each condition, as shares.

    Parameters
    ----------
    rows : sequence of ErrorRow
        The conditions, from top to bottom.

    Returns
    -------
    Figure
        Stacked bars.
    """
    totals = [sum(row.counts.values()) or 1 for row in rows]
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": _TITLES.get(outcome, outcome),
            "y": [plain(row.name) for row in rows],
            "x": rounded(
                100 * row.counts[outcome] / n for row, n in zip(rows, totals, strict=True)
            ),
            "customdata": [
                f"{row.counts[outcome]} of {n}" for row, n in zip(rows, totals, strict=True)
            ],
            "marker": {"color": colour(role), "line": {"width": 0}},
            "hovertemplate": "%{customdata}",
        }
        for outcome, role in _OUTCOME_ROLES.items()
    ]
    return _chart(
        "outcomes",
        "Share of the cases that were right, warned, failed, or wrong but OK, by condition",
        bars,
        rows,
        axis("Share of the prescans / %", range=[0, 100]),
        barmode="stack",
        bargap=_BAR_GAP,
    )


def _bars(rows: Sequence[ErrorRow], outcome: str, role: str) -> dict[str, Any]:
    counts = [(row.counts[outcome], sum(row.counts.values()) or 1) for row in rows]
    return {
        "type": "bar",
        "orientation": "h",
        "name": _TITLES.get(outcome, outcome),
        "y": [plain(row.name) for row in rows],
        "x": rounded(100 * n / total for n, total in counts),
        "customdata": [f"{n} of {total}" for n, total in counts],
        "marker": {"color": colour(role), "line": {"width": 0}},
        "hovertemplate": "%{customdata}",
    }


def error_chart(rows: Sequence[ErrorRow]) -> Figure:
    """Draw how far answers were off in each condition; red where one was wrong but OK."""
    known = [row for row in rows if row.error_px is not None]
    return _chart(
        "errors",
        "Median distance from the target with its 95 % confidence interval, by condition",
        [_dots(known, is_wrong=False), _dots(known, is_wrong=True)],
        rows,
        axis("Median error / px", rangemode="tozero"),
    )


def _dots(rows: Sequence[ErrorRow], *, is_wrong: bool) -> dict[str, Any]:
    own = [row for row in rows if (row.counts["wrong"] > 0) == is_wrong]
    errors = [row.error_px or 0.0 for row in own]
    spans = [row.interval_px or (e, e) for row, e in zip(own, errors, strict=True)]
    role = "bad" if is_wrong else "good"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "some wrong, but OK" if is_wrong else "none wrong, but OK",
        "y": [plain(row.name) for row in own],
        "x": rounded(errors),
        "marker": {"color": colour(role), "size": 8},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": rounded(high - e for (_, high), e in zip(spans, errors, strict=True)),
            "arrayminus": rounded(e - low for (low, _), e in zip(spans, errors, strict=True)),
            "color": colour(role),
            "thickness": 1.4,
            "width": 0,
        },
        "hovertemplate": "%{x:.1f} px",
    }


def _chart(
    name: str,
    caption: str,
    traces: Sequence[dict[str, Any]],
    rows: Sequence[ErrorRow],
    xaxis: dict[str, Any],
    **more: Any,
) -> Figure:
    names = [plain(row.name) for row in rows]
    yaxis = axis(
        type="category", categoryorder="array", categoryarray=names[::-1], tickfont={"size": 11}
    )
    yaxis |= {"showgrid": False, "range": [-0.6, len(names) - 0.4], "dtick": 1}
    height = _ROOM + _ROW_HEIGHT * len(rows)
    figure = layout(height, hovermode="closest", xaxis=xaxis, yaxis=yaxis, **more)
    return Figure(name, caption, tuple(traces), figure, is_over_time=False)


def score_map(
    xs: Sequence[str],
    ys: Sequence[str],
    scores: Sequence[Sequence[float | None]],
    titles: tuple[str, str],
) -> Figure:
    """Draw a score over two settings.

    Parameters
    ----------
    xs, ys : sequence of str
        Values of the settings; of a single setting, `ys` has one empty text.
    scores : sequence of sequence of float or None
        Share of right answers in %, one row for each of `ys`.
    titles : tuple of str
        Names of the settings along x and y.

    Returns
    -------
    Figure
        A map, the best in the strongest colour.
    """
    trace = {
        "type": "heatmap",
        "x": list(xs),
        "y": list(ys),
        "z": [rounded(row) for row in scores],
        "text": [["" if v is None else f"{v:.0f}" for v in row] for row in scores],
        "texttemplate": "%{text}",
        "colorscale": [[0, colour(_DARKEST)], [1, colour(_LIGHTEST)]],
        "colorbar": {"title": {"text": "Right / %"}, "thickness": 12},
        "hovertemplate": "%{x}, %{y}: %{z:.1f} % right<extra></extra>",
    }
    figure = layout(
        _ROOM + 60 + 40 * len(ys),
        hovermode="closest",
        xaxis=axis(titles[0], type="category"),
        yaxis=axis(titles[1], type="category"),
    )
    return Figure(
        "tuning",
        f"Share of right answers over {' and '.join(filter(None, titles))}",
        (trace,),
        figure,
        is_over_time=False,
    )
