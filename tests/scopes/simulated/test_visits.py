from pathlib import Path

import numpy as np
import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.core.exchange.coords_file import CoordsLine
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.simulated.visits import Visit, projection, summarise

HERE = PositionUm(0.0, 0.0, 0.0)


def a_visit(**changes):
    values = {
        "time_point": 1,
        "position": 1,
        "time_s": 0.0,
        "stage_before_um": HERE,
        "stage_after_um": HERE,
        "camera_um": HERE,
        "target_um": HERE,
        "position_um": HERE,
        "in_view": True,
        "untracked_in_view": True,
        "moved": True,
        "reached": True,
        "line": CoordsLine(0.0, 0.0, 0.0, "OK"),
        "prescan_path": Path("prescan.tif"),
        "writing_s": 0.0,
        "latency_s": 0.0,
    }
    return Visit(**values | changes)


def test_a_visit_knows_how_far_off_it_was():
    visit = a_visit(camera_um=PositionUm(1.0, 5.0, 7.0), target_um=PositionUm(1.0, 2.0, 3.0))
    assert visit.error_um == PositionUm(0.0, 3.0, 4.0)
    assert visit.distance_um == 5.0
    assert visit.message == "OK"


def test_a_summary_counts_all_visits():
    visits = [
        a_visit(latency_s=0.1),
        a_visit(position=2, position_um=PositionUm(0.0, 0.0, 1000.0), latency_s=0.2),
        a_visit(
            camera_um=PositionUm(0.0, 2.0, 0.0),
            position_um=PositionUm(0.0, 0.0, 50.0),
            latency_s=0.9,
        ),
        a_visit(position=2, position_um=PositionUm(0.0, 0.0, 1020.0), untracked_in_view=False),
        a_visit(
            camera_um=PositionUm(0.0, 0.0, 29.0),
            position_um=PositionUm(0.0, 0.0, 20.0),
            target_um=PositionUm(0.0, 0.0, 20.0),
            in_view=False,
            untracked_in_view=False,
            moved=False,
        ),
    ]
    summary = summarise(visits)
    assert summary.n_visits == 5
    assert summary.in_view_share == 0.8
    assert summary.untracked_in_view_share == 0.6
    assert (summary.median_distance_um, summary.worst_distance_um) == (0.0, 9.0)
    assert summary.travelled_um == 50.0
    assert (summary.median_latency_s, summary.worst_latency_s) == (0.1, 0.9)
    assert summary.n_stayed == 1


def test_nothing_cannot_be_summarised():
    with pytest.raises(ConfigurationError, match="at least one time point"):
        summarise([])


@pytest.mark.parametrize(
    ("shape", "small"), [((3, 40, 50), (40, 50)), ((40, 50), (40, 50)), ((2, 300, 750), (100, 250))]
)
def test_a_picture_is_small_and_shows_the_brightest(shape, small):
    stack = np.zeros(shape, np.uint8)
    stack[..., 0, 0] = 7
    stack.reshape(-1, *shape[-2:])[-1, 0, 0] = 9
    picture = projection(stack)
    assert (picture.shape, picture.dtype) == (small, np.uint8)
    assert picture[0, 0] == 9


def test_twelve_bits_become_eight():
    picture = projection(np.full((2, 3, 4), 4095, np.uint16))
    assert picture.dtype == np.uint8
    assert picture.max() == 255
