"""Every scene with its pipeline: a simulated microscope and the real manager, on one clock."""

import pytest

from closed_loop.joined import track_scene
from dystrack.scopes.samples.scenes import SCENES
from dystrack.scopes.simulated.visits import summarise

MOST_MEDIAN_UM = 3.0
MOST_EDGE_UM = 5.0


@pytest.mark.parametrize("n_time_points", [20, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("scene", SCENES)
def test_an_easy_sample_stays_in_view_and_on_target(tmp_path, scene, n_time_points):
    joined = track_scene(tmp_path, scene, n_time_points)
    summary = summarise(joined.visits)
    assert summary.n_visits == joined.stats["img_success_counter"] == n_time_points
    assert summary.n_stayed == 0
    assert summary.in_view_share == 1.0
    assert summary.median_distance_um <= MOST_MEDIAN_UM
    assert max(abs(visit.error_um.x) for visit in joined.visits) <= MOST_EDGE_UM


def test_a_microscope_can_wait_for_answer_files(tmp_path):
    joined = track_scene(tmp_path, "organoid", 10, session={"answer_files": True})
    assert all(visit.in_view and visit.moved for visit in joined.visits)
    assert len(list(tmp_path.glob("*.answer.txt"))) == joined.stats["found_counter"] == 10


@pytest.mark.filterwarnings("ignore:z was limited")
@pytest.mark.parametrize("n_time_points", [30, pytest.param(500, marks=pytest.mark.slow)])
def test_hard_samples_at_two_positions_are_not_lost(tmp_path, n_time_points):
    joined = track_scene(tmp_path, "dividing_cells", n_time_points, difficulty="hard", n=2)
    summary = summarise(joined.visits)
    assert summary.n_visits == joined.stats["tra_success_counter"] == 2 * n_time_points
    assert summary.in_view_share >= 0.9
    assert summary.untracked_in_view_share < 0.5
    assert summary.median_distance_um <= MOST_MEDIAN_UM
