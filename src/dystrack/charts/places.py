"""Where sample and stage were: from above, along each axis over time, and step by step."""

import math
from collections.abc import Sequence
from typing import Any

from dystrack.charts.figure import Figure, axis, curve, layout, outcome_marks, plain
from dystrack.charts.rows import Row, TimeAxis, Zyx, rounded

__all__ = ["distance_chart", "offset_chart", "path_chart", "place_chart", "step_chart"]

_AXES = "xyz"
_PLACE_IN_ZYX = {"z": 0, "y": 1, "x": 2}
_STEP_ROLES = {"x": "stage", "y": "target", "z": "third"}
_LEAST_DISTANCE_UM = 0.01
_HEIGHT, _TALL = 300, 420


def path_chart(
    rows: Sequence[Row], clock: TimeAxis, unit: str, field_yx: tuple[float, float] | None = None
) -> Figure:
    """Draw the path of the sample and of the stage, seen from above, at one scale.

    Parameters
    ----------
    rows : sequence of Row
        One position.
    clock : TimeAxis
        How time is written.
    unit : {"µm", "px"}
        Unit of its places.
    field_yx : tuple of float or None, default None
        Size of the field along y and x; its first and its last place are drawn.

    Returns
    -------
    Figure
        x to the right and y downwards, as in the image.
    """
    stage_x, stage_y = _along("x", rows, "stage"), _along("y", rows, "stage")
    seen = {"customdata": [clock.words(row) for row in rows]}
    traces = [
        _from_above(
            _along("x", rows, "target"), _along("y", rows, "target"), "target", width=5, **seen
        ),
        _from_above(stage_x, stage_y, "stage", width=1.4, **seen),
        *_fields(rows, unit, field_yx),
        *outcome_marks(rows, stage_x, stage_y),
    ]
    return Figure(
        "path",
        f"Path of the sample and of the stage from above, in {unit}",
        tuple(traces),
        layout(
            _TALL,
            hovermode="closest",
            xaxis=axis(f"x / {unit}"),
            yaxis=axis(f"y / {unit}", autorange="reversed", scaleanchor="x"),
        ),
        is_over_time=False,
    )


def place_chart(
    rows: Sequence[Row], clock: TimeAxis, unit: str, most_travel: Zyx | None = None
) -> Figure:
    """Draw x, y and z of the sample and of the stage over time, one above the other.

    Parameters
    ----------
    rows : sequence of Row
        One position.
    clock : TimeAxis
        How time is written.
    unit : {"µm", "px"}
        Unit of its places.
    most_travel : tuple of float or None, default None
        How far the stage may travel along z, y, x.

    Returns
    -------
    Figure
        Three plots over one axis of time.
    """
    xs = clock.places(rows)
    traces: list[dict[str, Any]] = []
    for place, name in enumerate(_AXES, 1):
        ys = _along(name, rows, "stage")
        own: dict[str, Any] = {"yaxis": f"y{place}", "showlegend": place == 1}
        said = {**own, "hovertemplate": f"{name} %{{y:.2f}} {unit}"}
        targets = _along(name, rows, "target")
        traces += [
            curve(xs, targets, "target", "target", width=3, legendgroup="target", **said),
            curve(xs, ys, "stage", "stage", width=1.4, legendgroup="stage", **said),
            *outcome_marks(rows, xs, ys if any(row.stage for row in rows) else targets, **own),
        ]
        traces += _limit_lines(xs, most_travel, name, "most travel", "bad", own)
    titles = {name: f"{name} / {unit}" for name in _AXES}
    return Figure(
        "places",
        f"x, y and z of the sample and of the stage over time, in {unit}",
        tuple(traces),
        _stacked(_TALL, clock, titles),
    )


def step_chart(
    rows: Sequence[Row], clock: TimeAxis, unit: str, most_step: Zyx | None = None
) -> Figure:
    """Draw how far the stage was sent at each prescan, against its limits.

    Parameters
    ----------
    rows : sequence of Row
        One position.
    clock : TimeAxis
        How time is written.
    unit : {"µm", "px"}
        Unit of its steps.
    most_step : tuple of float or None, default None
        Greatest step along z, y, x.

    Returns
    -------
    Figure
        Steps along each axis over time; limits are dashed, in the colour of their axis.
    """
    xs = clock.places(rows)
    traces: list[dict[str, Any]] = []
    for name in _AXES:
        role = _STEP_ROLES[name]
        traces.append(curve(xs, _along(name, rows, "step"), name, role, width=1.2, unit=unit))
        traces += _limit_lines(xs, most_step, name, f"limit {name}", role, {})
    longest = [max(row.step, key=abs) if row.step else 0.0 for row in rows]
    return Figure(
        "steps",
        f"Steps of the stage along x, y and z over time, in {unit}",
        (*traces, *outcome_marks(rows, xs, longest)),
        layout(_HEIGHT, xaxis=axis(clock.title), yaxis=axis(f"Step / {unit}")),
    )


def offset_chart(rows: Sequence[Row], clock: TimeAxis, unit: str) -> Figure:
    """Draw how far from the centre of each prescan its target was.

    Parameters
    ----------
    rows : sequence of Row
        One position.
    clock : TimeAxis
        How time is written.
    unit : {"µm", "px"}
        Unit of its steps.

    Returns
    -------
    Figure
        Distances over time; a failed prescan is a gap, with a mark at the foot.
    """
    xs = clock.places(rows)
    tracked = (row.step if row.outcome == "tracked" else None for row in rows)
    ys = [None if step is None else math.hypot(*step) for step in tracked]
    feet = [0.0 if y is None else y for y in ys]
    marks = outcome_marks(rows, xs, feet, cliponaxis=False)
    return Figure(
        "offset",
        f"Distance of the target from the centre of each prescan over time, in {unit}",
        (curve(xs, ys, "distance", "target", unit=unit), *marks),
        layout(
            _HEIGHT,
            xaxis=axis(clock.title),
            yaxis=axis(f"From the centre / {unit}", rangemode="tozero"),
        ),
    )


def distance_chart(rows: Sequence[Row], clock: TimeAxis) -> Figure:
    """Draw how far the main scan was off, and would have been off without tracking.

    Parameters
    ----------
    rows : sequence of Row
        One position of a simulation.
    clock : TimeAxis
        How time is written.

    Returns
    -------
    Figure
        Distances over time, on a logarithmic scale.
    """
    xs = clock.places(rows)
    tracked = [_at_least(row.distance_um) for row in rows]
    still = [_at_least(row.untracked_um) for row in rows]
    return Figure(
        "distance",
        "Distance of the main scan's middle from where it should be, with and without tracking",
        (
            curve(xs, tracked, "tracked", "stage", unit="µm"),
            curve(xs, still, "had the stage never moved", "still", dash="dash", unit="µm"),
            *outcome_marks(rows, xs, tracked),
        ),
        layout(
            _HEIGHT,
            xaxis=axis(clock.title),
            yaxis=axis("Distance / µm", type="log", dtick=1, tickformat=".12~g"),
        ),
    )


def _along(name: str, rows: Sequence[Row], what: str) -> list[float | None]:
    """Return one coordinate of each row's target, stage or step."""
    values = (getattr(row, what) for row in rows)
    return rounded(None if zyx is None else zyx[_PLACE_IN_ZYX[name]] for zyx in values)


def _from_above(
    xs: Sequence[float | None], ys: Sequence[float | None], role: str, **more: Any
) -> dict[str, Any]:
    tip = "%{customdata}: x %{x:.1f}, y %{y:.1f}"
    return curve(xs, ys, role, role, hovertemplate=tip, **more)


def _fields(
    rows: Sequence[Row], unit: str, field_yx: tuple[float, float] | None
) -> list[dict[str, Any]]:
    """Return frames around the first and the last place of the stage."""
    places = [row.stage for row in rows if row.stage is not None]
    if field_yx is None or not places:
        return []
    height, width = field_yx
    size = f"{width:.0f} \u00d7 {height:.0f} {unit}"
    return [
        _frame(places[0], field_yx, plain(f"first field, {size}"), "still", "dash"),
        _frame(places[-1], field_yx, "last field", "stage", "dot"),
    ]


def _frame(
    centre: Zyx, field_yx: tuple[float, float], name: str, role: str, dash: str
) -> dict[str, Any]:
    (y, x), (half_y, half_x) = centre[1:], (size / 2 for size in field_yx)
    xs = [x - half_x, x + half_x, x + half_x, x - half_x, x - half_x]
    ys = [y - half_y, y - half_y, y + half_y, y + half_y, y - half_y]
    more: dict[str, Any] = {
        "mode": "lines+markers",
        "marker": {"color": "rgba(0,0,0,0)", "size": 9},
        "hoverinfo": "skip",
    }
    return curve(
        rounded(xs), ys, name, role, width=1.2, dash=dash, **more
    )  # dots keep off the edge


def _limit_lines(
    xs: Sequence[float],
    limits: Zyx | None,
    name: str,
    title: str,
    role: str,
    own: dict[str, Any],
) -> list[dict[str, Any]]:
    """Return dashed lines at a limit, up and down; none where an axis is free."""
    limit = limits[_PLACE_IN_ZYX[name]] if limits else float("inf")
    if limit == float("inf") or not xs:
        return []
    ends, is_first = [xs[0], xs[-1]], own.get("showlegend", True)
    more = {**own, "hoverinfo": "skip", "hovertemplate": None, "legendgroup": title}
    return [
        curve(
            ends,
            [sign * limit] * 2,
            title,
            role,
            width=1,
            dash="dash",
            **{**more, "showlegend": is_first and sign > 0},
        )
        for sign in (1, -1)
    ]


def _stacked(height: int, clock: TimeAxis, titles: dict[str, str]) -> dict[str, Any]:
    """Return a layout of plots one above the other, the first at the top, over one x axis."""
    share, gap = 1 / len(titles), 0.06
    axes: dict[str, Any] = {
        f"yaxis{n}" if n > 1 else "yaxis": axis(
            title, domain=[round(1 - n * share + gap, 3), round(1 - (n - 1) * share, 3)], nticks=4
        )
        for n, title in enumerate(titles.values(), 1)
    }
    shared = axis(clock.title, anchor=f"y{len(titles)}")
    return layout(height, xaxis=shared, hoversubplots="axis", **axes)


def _at_least(distance_um: float | None) -> float | None:
    return None if distance_um is None else max(_LEAST_DISTANCE_UM, distance_um)
