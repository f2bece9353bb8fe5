"""The charts of a report: ways, distances and times, with and without tracking."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dystrack.charts.charts import Plot, Scale, linear_scale, logarithmic_scale
from dystrack.charts.drawing import SERIES, Drawing
from dystrack.scopes.geometry import Um
from dystrack.scopes.visits import Visit
from dystrack.tools.afterwards.report_data import by_position, time_unit, untracked_distance_um

__all__ = ["distance_chart", "latency_histogram", "latency_timeline", "path_map"]

_Points = NDArray[np.float64]

_WIDTH = 960.0
_LEAST_DISTANCE_UM = 0.05
_MAP_HEIGHTS = (190.0, 460.0)
_MAP_ROOM_X, _MAP_ROOM_Y = 72.0, 74.0  # what a plot needs around it
_MAP_BORDER = 1.06
_MS_PER_S = 1000.0
_LEAST_LATENCY_MS = 1.0
_LATENCY_HEIGHT = 240.0
_N_BINS = 24


def path_map(visits: Sequence[Visit], field_um: Um) -> Drawing:
    """Draw the way of each sample and of the stage that followed it, seen from above.

    Parameters
    ----------
    visits : sequence of Visit
        The run.
    field_um : Um
        Size of the main scan.

    Returns
    -------
    Drawing
        Paths relative to the start of each position, with the first and the last field.
    """
    paths = {number: _relative_path(own) for number, own in by_position(visits).items()}
    half = np.array([field_um.y, field_um.x]) / 2
    plot = _map_plot(np.concatenate([np.concatenate(path) for path in paths.values()]), half)
    for index, (targets, cameras) in enumerate(paths.values()):
        role = SERIES[index % len(SERIES)]
        _draw_field(plot, cameras[0], half, "still", is_dashed=True)
        _draw_field(plot, cameras[-1], half, role)
        ys, xs = targets.T.tolist()
        plot.curve(xs, ys, role, width=6.0, opacity=0.3)
        ys, xs = cameras.T.tolist()
        plot.curve(xs, ys, role, width=1.2)
        plot.dots(xs, ys, role, radius=2.0)
    plot.legend(
        [*_position_entries(paths), ("still", "first field: all that is seen without tracking")]
    )
    return plot.finish("Way of the sample (broad) and of the stage (fine line), seen from above")


def distance_chart(visits: Sequence[Visit]) -> Drawing:
    """Draw how far the camera was from where it should be, with and without tracking.

    Parameters
    ----------
    visits : sequence of Visit
        The run.

    Returns
    -------
    Drawing
        Distances over time on a logarithmic scale.
    """
    positions = by_position(visits)
    unit = time_unit(visits)
    still = {n: [untracked_distance_um(v, own[0]) for v in own] for n, own in positions.items()}
    every = [v.distance_um for v in visits] + [um for own in still.values() for um in own]
    shown = [max(_LEAST_DISTANCE_UM, um) for um in every]
    plot = Plot(
        _WIDTH,
        300.0,
        linear_scale(0.0, max(visit.time_s for visit in visits) / unit.seconds, 10),
        logarithmic_scale(min(shown), max(shown)),
        f"Time / {unit.name}",
        "Distance / µm",
    )
    for index, (number, own) in enumerate(positions.items()):
        times = [visit.time_s / unit.seconds for visit in own]
        role = SERIES[index % len(SERIES)]
        plot.curve(times, still[number], "still", width=1.6, is_dashed=True)
        distances = [visit.distance_um for visit in own]
        plot.curve(times, distances, role)
        plot.dots(times, distances, role, tips=[_tip(visit) for visit in own])
    plot.legend([*_position_entries(positions), ("still", "had the stage never moved")])
    return plot.finish("Distance of the main scan's middle from where it should be, over time")


def latency_timeline(visits: Sequence[Visit]) -> Drawing:
    """Draw how long each answer took.

    Parameters
    ----------
    visits : sequence of Visit
        The run.

    Returns
    -------
    Drawing
        Time from the end of writing a prescan to its answer, over time points.
    """
    positions = by_position(visits)
    plot = Plot(
        _WIDTH * 0.6,
        _LATENCY_HEIGHT,
        linear_scale(0.0, max(visit.time_point for visit in visits), 8),
        _latency_scale(visits),
        "Time point",
        "Latency / ms",
    )
    for index, own in enumerate(positions.values()):
        points = [visit.time_point for visit in own]
        latencies_ms = [_latency_ms(visit) for visit in own]
        role = SERIES[index % len(SERIES)]
        plot.curve(points, latencies_ms, role, width=1.0, opacity=0.5)
        plot.dots(points, latencies_ms, role, tips=[f"{ms:.0f} ms" for ms in latencies_ms])
    plot.legend(_position_entries(positions))
    return plot.finish("Time from the end of writing a prescan to its answer")


def latency_histogram(visits: Sequence[Visit]) -> Drawing:
    """Draw how often answers took how long.

    Parameters
    ----------
    visits : sequence of Visit
        The run.

    Returns
    -------
    Drawing
        Number of answers by latency.
    """
    scale = _latency_scale(visits)
    edges = np.geomspace(scale.low, scale.high, _N_BINS + 1)
    counts, _ = np.histogram([_latency_ms(visit) for visit in visits], edges)
    plot = Plot(
        _WIDTH * 0.4,
        _LATENCY_HEIGHT,
        scale,
        linear_scale(0.0, float(counts.max()) * 1.08, 4),
        "Latency / ms",
        "Answers",
        left=44.0,
    )
    for count, low, high in zip(counts.tolist(), edges, edges[1:], strict=False):
        tip = f"{count} answers in {low:.0f} to {high:.0f} ms"
        inner = low ** np.array([0.96, 0.04]) * high ** np.array([0.04, 0.96])
        plot.area((inner[0], 0.0), (inner[1], count), "series_1", tip=tip)
    return plot.finish("Number of answers by the time they took")


def _map_plot(points: _Points, half: _Points) -> Plot:
    """Return a plot with the same scale along y and x, with room for a field at each point."""
    low, high = points.min(0) - _MAP_BORDER * half, points.max(0) + _MAP_BORDER * half
    width_px = _WIDTH - _MAP_ROOM_X
    height_um, width_um = high - low
    height = np.clip(height_um / width_um * width_px + _MAP_ROOM_Y, *_MAP_HEIGHTS)
    height_px = float(height) - _MAP_ROOM_Y
    um_per_px = max(width_um / width_px, height_um / height_px)
    middle, size_um = (low + high) / 2, um_per_px * np.array([height_px, width_px])
    (top, left), (bottom, right) = middle - size_um / 2, middle + size_um / 2
    downwards = linear_scale(float(top), float(bottom), 5)
    return Plot(
        _WIDTH,
        float(height),
        linear_scale(float(left), float(right), 10),
        replace(downwards, low=downwards.high, high=downwards.low),  # as in the image
        "x / µm",
        "y / µm",
    )


def _relative_path(own: Sequence[Visit]) -> tuple[_Points, _Points]:
    """Return y and x of targets and cameras in µm from the first camera, of shape (n, 2)."""
    start = own[0].camera_um
    targets = [visit.target_um.minus(start)[1:] for visit in own]
    cameras = [visit.camera_um.minus(start)[1:] for visit in own]
    return np.array(targets), np.array(cameras)


def _draw_field(
    plot: Plot, centre: _Points, half: _Points, role: str, *, is_dashed: bool = False
) -> None:
    (y0, x0), (y1, x1) = centre - half, centre + half
    corners_x, corners_y = (x0, x1, x1, x0, x0), (y0, y0, y1, y1, y0)
    plot.curve(corners_x, corners_y, role, width=1.4, is_dashed=is_dashed)


def _position_entries(numbers: Iterable[int]) -> list[tuple[str, str]]:
    """Return what the colours mean; of many positions the first few."""
    pairs = zip(SERIES, numbers, strict=False)
    return [(role, f"position {number}") for role, number in pairs]


def _tip(visit: Visit) -> str:
    return f"Time point {visit.time_point}: {visit.distance_um:.2f} µm, {visit.message}"


def _latency_ms(visit: Visit) -> float:
    return max(_LEAST_LATENCY_MS, visit.latency_s * _MS_PER_S)


def _latency_scale(visits: Sequence[Visit]) -> Scale:
    latencies_ms = [_latency_ms(visit) for visit in visits]
    return logarithmic_scale(min(latencies_ms), max(latencies_ms))
