"""What is told of a simulated run: the truth, and what its journal adds."""

from dataclasses import replace

import pytest

from dystrack.charts.pictures import Picture
from dystrack.charts.rows import Row
from dystrack.core.errors import ConfigurationError
from dystrack.scopes.geometry import PositionUm
from dystrack.tools.afterwards.run_record import Failure, PositionRecord, RunRecord
from dystrack.tools.afterwards.simulated_report import (
    by_position,
    describe_simulation,
    untracked_distance_um,
)
from made_up_visits import a_failed_visit, a_picture, a_visit, some_visits

FIELD_UM = PositionUm(20.0, 60.0, 100.0)


def test_a_simulation_knows_where_sample_and_stage_really_were():
    run = describe_simulation(some_visits(3), FIELD_UM, {"Scene": "organoid"})
    (position,) = run.positions
    assert [row.stage for row in position.rows] == [(0, 0, 0), (0, 0, 10), (0, 0, 20)]
    assert [row.target for row in position.rows] == [(0, 0, -1), (0, 0, 9), (0, 0, 19)]
    assert [row.untracked_um for row in position.rows] == [1, 9, 19]
    assert position.field_yx == (60.0, 100.0)
    assert run.about["Scene"] == "organoid"
    assert run.is_simulated


def test_a_simulation_tells_how_it_went():
    run = describe_simulation(some_visits(8), FIELD_UM, {})
    assert run.headline == "Complete sample in view: 100% with tracking, 38% without"
    assert list(run.figures.values()) == ["1.00 µm", "34 µm", "70 µm", "90 ms", "8 of 8"]


def test_nothing_cannot_be_told_of():
    with pytest.raises(ConfigurationError, match="no visits"):
        describe_simulation([], FIELD_UM, {})


def test_the_journal_adds_latencies_reasons_and_pictures():
    visits = [a_visit(1), a_failed_visit(2)]
    names = [visit.prescan_path.name for visit in visits]
    rows = [
        Row(position="1", number=1, name=names[0], complete_s=0.5, time_s=1.0),
        Row(position="1", number=2, name=names[1], outcome="failed", message="dark", time_s=2.0),
    ]
    shown = (Picture(a_picture(9), number=1),)
    recorded = RunRecord(
        "", "Ended.", {"Folder": "gone", "System": "X"},
        (PositionRecord("1", tuple(rows), pictures=shown),),
        failures=(Failure(rows[1], "TargetNotFoundError: dark"),),
    )  # fmt: skip
    run = describe_simulation(visits, FIELD_UM, {}, recorded)
    (position,) = run.positions
    assert position.pictures == shown
    assert position.rows[0].complete_s == 0.5
    assert [row.outcome for row in position.rows] == ["tracked", "failed"]
    assert run.failures[0].row == position.rows[1]
    assert run.failures[0].row.time_s == 300.0
    assert run.about == {"System": "X"}


def test_pictures_are_compared_at_the_same_time_points():
    visits = [a_visit(t) for t in range(1, 21)]
    comparison = describe_simulation(visits, FIELD_UM, {}).positions[0].comparison
    assert len(comparison.tracked) == len(comparison.untracked) == 8
    assert [p.title for p in comparison.tracked][::7] == ["0.0 min", "95.0 min"]
    assert comparison.tracked[0].um_per_px == 2.0
    assert comparison.tracked[0].pixels[15, 15] == 200
    assert comparison.untracked[0].pixels[15, 15] == 100


def test_a_failed_time_point_is_marked_beside_its_main_scan():
    run = describe_simulation([a_visit(1), a_failed_visit(2)], FIELD_UM, {})
    assert [p.outcome for p in run.positions[0].comparison.tracked] == ["tracked", "failed"]


def test_pictures_need_not_be_kept():
    visits = [replace(a_visit(t), image=None, untracked_image=None) for t in (1, 2)]
    assert describe_simulation(visits, FIELD_UM, {}).positions[0].comparison.tracked == ()


def test_visits_are_sorted_by_position():
    positions = by_position(some_visits(3, n_positions=2))
    assert {n: [v.time_point for v in own] for n, own in positions.items()} == {
        1: [1, 2, 3],
        2: [1, 2, 3],
    }


def test_distance_without_tracking_is_from_the_first_camera():
    assert untracked_distance_um(a_visit(4), a_visit(1)) == pytest.approx(29.0)
