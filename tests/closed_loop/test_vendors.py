"""Each vendor's microscope, emulated, tracked in a closed loop through its bridge."""

import pytest

from dystrack.core.coords_file import CoordsLine
from dystrack.pipelines.center_of_mass import analyze_image
from dystrack.scopes.box import Box
from dystrack.scopes.driver import Driver, Plan, run_driver
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard, GuardRules
from dystrack.scopes.hand_off import InProcessHandOff
from dystrack.scopes.stage import StageAxes
from dystrack.scopes.visit_record import Progress, VisitRecord
from emulators.labs import LABS, QuickClock
from emulators.world import drifting_samples

ROOM_UM = PositionUm(100.0, 300.0, 300.0)
SLOW_UM_S = PositionUm(0.01, 0.06, -0.08)
MIRRORED = StageAxes(-1, 1, -1, origin=PositionUm(10.0, -500.0, 700.0))


def find(path):
    z, y, x, msg, _ = analyze_image(str(path), gauss_sigma=1.0, method="otsu", warn_8bit=False)
    return CoordsLine(z, y, x, msg)


class Experiment:
    """A driver on an emulated microscope, and what it told."""

    def __init__(self, lab, scope, n_time_points=12, interval_s=30.0, **plan):
        self.lab = lab
        self.told = []
        self.record = VisitRecord(lab.folder)
        places = lab.world.starts()
        self.guard = Guard(scope, GuardRules(Box.around(places, ROOM_UM)), self.told.append)
        clock = lab.world.clock
        self.driver = Driver(
            self.guard,
            Plan(places, n_time_points, interval_s, **plan),
            lab.world.axes,
            lab.folder,
            InProcessHandOff(find, clock),
            clock,
            record=self.record.add,
            tell=self.told.append,
            progress=self.record.progress() if self.record.exists else Progress(),
        )

    def run(self):
        run_driver(self.driver)
        return self

    def main_scans(self):
        return self.lab.world.main_scans()

    def moves_are_in_the_box(self):
        box = self.guard.box
        return all(
            getattr(box.low, axis) <= value <= getattr(box.high, axis)
            for sent in self.lab.world.commands
            for axis, value in sent.items()
        )


@pytest.fixture
def make_lab(tmp_path):
    labs = []

    def make(vendor, **options):
        folder = tmp_path / str(len(labs))
        folder.mkdir()
        options.setdefault("samples", drifting_samples(velocity=SLOW_UM_S))
        labs.append(LABS[vendor](folder, clock=QuickClock(), **options))
        return labs[-1]

    yield make
    for one in labs:
        one.close()


@pytest.mark.parametrize("axes", [StageAxes(), MIRRORED], ids=["straight", "mirrored"])
@pytest.mark.parametrize("vendor", LABS)
def test_twelve_time_points_to_half_a_micrometre(make_lab, vendor, axes):
    lab = make_lab(vendor, axes=axes)
    experiment = Experiment(lab, lab.open()).run()
    distances_um = [scan.distance_um for scan in experiment.main_scans()]
    assert experiment.told == []
    assert len(distances_um) == 12
    assert max(distances_um) <= 0.5
    assert experiment.moves_are_in_the_box()
