"""What an experiment is made of, before anything moves."""

import pytest

from dystrack.scopes.catalogue import find_opener
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.simulated.scope import SimulatedScope
from dystrack.scopes.visit_record import DrivenVisit, VisitRecord
from dystrack.tools.microscope.running import prepare_experiment
from dystrack.tools.microscope.settings import ScopeSettings

MARK = PositionUm(0, 1000, -2500)
FOLLOWED = PositionUm(5, 1060, -2450)


@pytest.mark.parametrize("listed", [[], [FOLLOWED]])
def test_a_resumed_run_keeps_its_room_where_the_stage_was_first(tmp_path, monkeypatch, listed):
    visit = DrivenVisit(0, 1, 1, 0.0, MARK)
    VisitRecord(tmp_path).add(visit)
    VisitRecord(tmp_path).add(visit.ended(prescan="p", next_um=FOLLOWED))
    VisitRecord(tmp_path).add(DrivenVisit(1, 2, 1, 1.0, FOLLOWED))
    with find_opener("simulator")() as scope:
        monkeypatch.setattr(SimulatedScope, "marked_um", lambda _: listed)
        driver = prepare_experiment(
            scope, ScopeSettings(), scope.traits.axes, tmp_path, resume=True
        ).driver
    assert driver.plan.places_um == [MARK]
    assert driver.progress.places_um == {1: FOLLOWED}
    assert (driver.guard.box.low.y, driver.guard.box.high.y) == (MARK.y - 2000, MARK.y + 2000)
