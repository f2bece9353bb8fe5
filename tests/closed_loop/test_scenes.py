"""Every scene with its pipeline: a simulated microscope and the real manager, on one clock."""

import pytest

from closed_loop.joined import track_scene
from dystrack.scopes.scenes import SCENES
from dystrack.scopes.visits import summarise

MOST_DISTANCE_UM = {"primordium": 5.0, "organoid": 3.0, "node": 3.0, "dividing_cells": 3.0}


@pytest.mark.parametrize("n_time_points", [20, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("scene", SCENES)
def test_an_easy_sample_stays_in_view_and_on_target(tmp_path, scene, n_time_points):
    joined = track_scene(tmp_path, scene, n_time_points)
    summary = summarise(joined.visits)
    assert summary.n_visits == joined.stats["img_success_counter"] == n_time_points
    assert summary.in_view_share == 1.0
    assert summary.median_distance_um <= MOST_DISTANCE_UM[scene]
    assert summary.n_stayed == 0
