"""A figure as a plain value: what plotly's JavaScript takes, with roles for colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dystrack.charts.colours import colour
from dystrack.charts.rows import Row, rounded

__all__ = ["Figure", "axis", "curve", "layout", "outcome_marks", "plain"]

_MARKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"failed": ("bad", "x"), "held": ("held", "square-open"), "not sent": ("bad", "diamond-open")}
)
_MARK_SIZE = 9
_MOST_MARKS = 300
_MOST_DOTS = 400
_FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'


@dataclass(frozen=True)
class Figure:
    """A chart.

    Attributes
    ----------
    name : str
        What a file of it is called.
    caption : str
        What it shows, in words, for those who cannot see it.
    traces : tuple of dict
        What is drawn, as plotly's ``data``.
    layout : dict
        Axes and legend, as plotly's ``layout``.
    is_over_time : bool
        Whether its x axis is the time of the run, which all such figures zoom together.
    """

    name: str
    caption: str
    traces: tuple[dict[str, Any], ...]
    layout: dict[str, Any]
    is_over_time: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return it in the form that ``figures.js`` draws."""
        return {
            "name": self.name,
            "data": list(self.traces),
            "layout": self.layout,
            "linked": self.is_over_time,
        }


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """Return an axis with its title beside it."""
    return {
        "title": {"text": title, "standoff": 6},
        "automargin": True,
        "gridcolor": colour("grid"),
        "linecolor": colour("grid"),
        "zeroline": False,
        "tickcolor": colour("grid"),
        "hoverformat": ".4~g",
        **more,
    }


def layout(height: int, *, hovermode: str = "x unified", **axes: Any) -> dict[str, Any]:
    """Return what all figures have in common, with their axes."""
    return {
        "height": height,
        "margin": {"l": 8, "r": 10, "t": 30, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": _FONT, "size": 12, "color": colour("muted")},
        "hovermode": hovermode,
        "hoverlabel": {
            "bgcolor": colour("panel"),
            "bordercolor": colour("grid"),
            "font": {"color": colour("ink"), "size": 12},
            "align": "left",
        },
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": colour("muted"),
            "activecolor": colour("ink"),
        },
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        "showlegend": True,
        **axes,
    }


def curve(
    xs: Sequence[float | None],
    ys: Sequence[float | None],
    name: str,
    role: str,
    *,
    width: float = 1.6,
    dash: str = "solid",
    unit: str = "",
    digits: int = 2,
    **more: Any,
) -> dict[str, Any]:
    """Return a line, with a dot at each value where they are not too many; None is a gap.

    Parameters
    ----------
    xs, ys : sequence of float or None
        The values.
    name : str
        What it is, for the legend.
    role : str
        Its colour.
    width : float, default 1.6
        Width of the line.
    dash : str, default "solid"
        How it is dashed; one that is has no dots.
    unit : str, default ""
        Unit of the values, for what is said where the mouse rests.
    digits : int, default 2
        Digits after the decimal point there.
    **more : object
        What else plotly knows of a line.

    Returns
    -------
    dict
        A trace.
    """
    return {
        "type": "scatter",
        "mode": "lines+markers" if dash == "solid" and len(xs) <= _MOST_DOTS else "lines",
        "x": xs,
        "y": rounded(ys),
        "name": name,
        "line": {"color": colour(role), "width": width, "dash": dash},
        "marker": {"size": 4},
        "hovertemplate": f"%{{y:.{digits}f}} {unit}",
        **more,
    }


def outcome_marks(
    rows: Sequence[Row],
    xs: Sequence[float | None],
    ys: Sequence[float | None],
    **more: Any,
) -> list[dict[str, Any]]:
    """Return a mark at each row that failed, was held or could not be sent.

    One that has no value of its own lies where the last value was. Of very many, those in a row
    are a broad line with a mark at its beginning.

    Parameters
    ----------
    rows : sequence of Row
        The rows.
    xs, ys : sequence of float or None
        Where they lie in the figure.
    **more : object
        What else plotly knows of marks.

    Returns
    -------
    list of dict
        A trace for each kind of mark that there is.
    """
    traces = []
    known = _filled(ys)
    for outcome, (role, symbol) in _MARKS.items():
        own = [i for i, row in enumerate(rows) if row.outcome == outcome]
        if len(own) > _MOST_MARKS:
            among = set(own)
            line = [y if i in among else None for i, y in enumerate(known)]
            traces.append(curve(xs, line, outcome, role, width=5, **{**more, "showlegend": False}))
            own = [i for i in own if i - 1 not in among]
        if own:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [xs[i] for i in own],
                    "y": rounded(known[i] for i in own),
                    "text": [plain(rows[i].message) for i in own],
                    "name": outcome,
                    "legendgroup": outcome,
                    "marker": {
                        "symbol": symbol,
                        "color": colour(role),
                        "size": _MARK_SIZE,
                        "line": {"width": 1.5, "color": colour(role)},
                    },
                    "hovertemplate": "%{text}",
                    **more,
                }
            )
    return traces


def _filled(values: Sequence[float | None]) -> list[float]:
    """Return values in which the last one stands for each that is not known."""
    last = next((value for value in values if value is not None), 0.0)
    return [last := last if value is None else value for value in values]


def plain(text: str, most: int = 90) -> str:
    """Return a text that plotly shows as it is, shortened: it takes some HTML for markup."""
    shown = text if len(text) <= most else text[: most - 1] + "…"
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
