"""Visits of a microscope that never took place, for tests of what is made of them."""

import math
from pathlib import Path

import numpy as np

from dystrack.core.exchange.coords_file import CoordsLine
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.simulated.visits import Visit


def a_visit(time_point=1, position=1, **changes):
    """Return a visit of a sample that moves 10 µm along x per time point, tracked 1 µm off."""
    target = PositionUm(0.0, 2.0 * position, 10.0 * (time_point - 1))
    camera = target.plus(PositionUm(0.0, 0.0, 1.0))
    values = {
        "time_point": time_point,
        "position": position,
        "time_s": 300.0 * (time_point - 1),
        "stage_before_um": camera,
        "stage_after_um": camera,
        "camera_um": camera,
        "target_um": target,
        "position_um": target,
        "in_view": True,
        "untracked_in_view": time_point < 4,
        "moved": True,
        "reached": True,
        "line": CoordsLine(1.0, 2.0, 3.0, "OK"),
        "prescan_path": Path(f"prescan_{time_point}_pos_{position}.tif"),
        "writing_s": 0.0,
        "latency_s": 0.02 * time_point,
        "image": a_picture(200),
        "untracked_image": a_picture(100),
    }
    return Visit(**(values | changes))


def a_picture(value, shape=(40, 50)):
    picture = np.zeros(shape, np.uint8)
    picture[10:20, 10:20] = value
    return picture


def some_visits(n_time_points=6, n_positions=1):
    return [a_visit(t, p) for t in range(1, n_time_points + 1) for p in range(1, n_positions + 1)]


def a_failed_visit(time_point=2, **changes):
    line = CoordsLine(math.nan, math.nan, math.nan, "no answer in time")
    return a_visit(time_point, moved=False, in_view=False, line=line, **changes)
