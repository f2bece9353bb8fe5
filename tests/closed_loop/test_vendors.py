"""Each vendor's microscope, emulated, tracked in a closed loop through its bridge."""

import json
import time

import pytest

from dystrack.core.errors import ScopeError
from dystrack.core.exchange.coords_file import VISITS_FILE_NAME, CoordsLine
from dystrack.images.waiting import vouch_for
from dystrack.pipelines.center_of_mass import analyze_image
from dystrack.scopes.box import Box
from dystrack.scopes.driver import Driver, Plan, run_driver
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard, GuardRules
from dystrack.scopes.hand_off import InProcessHandOff
from dystrack.scopes.stage import StageAxes
from dystrack.scopes.visit_record import Progress, VisitRecord
from emulators.labs import LABS
from emulators.world import drifting_samples

ROOM_UM = PositionUm(100.0, 300.0, 300.0)
SLOW_UM_S = PositionUm(0.01, 0.06, -0.08)
MIRRORED = StageAxes(-1, 1, -1, origin=PositionUm(10.0, -500.0, 700.0))


def find(path):
    with vouch_for(path):  # the bridge has waited for it
        z, y, x, msg, _ = analyze_image(str(path), gauss_sigma=1.0, method="otsu", warn_8bit=False)
    return CoordsLine(z, y, x, msg)


class Experiment:
    """A driver on an emulated microscope, and what it told."""

    def __init__(self, lab, scope, n_time_points=12, interval_s=30.0, places=(), **plan):
        self.lab = lab
        self.told = []
        self.folder = (
            lab.folder.parent / f"{lab.folder.name}_run"
        )  # the vendor's files lie elsewhere
        self.folder.mkdir(exist_ok=True)
        self.record = VisitRecord(self.folder)
        places = places or lab.world.starts()
        self.guard = Guard(scope, GuardRules(Box.around(places, ROOM_UM)), self.told.append)
        clock = lab.world.clock
        self.driver = Driver(
            self.guard,
            Plan(places, n_time_points, interval_s, **plan),
            lab.world.axes,
            self.folder,
            InProcessHandOff(find, clock),
            clock,
            record=self.record.add,
            tell=self.told.append,
            progress=self.record.progress() if self.record.exists else Progress(),
        )

    def run(self):
        run_driver(self.driver)
        return self

    def ended_visits(self):
        lines = (self.folder / VISITS_FILE_NAME).read_text("utf-8").splitlines()
        return [visit for visit in map(json.loads, lines) if visit["prescan"]]

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
        labs.append(LABS[vendor](folder, **options))
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


# Each fault lasts for one time point; whether the visit is given up, or goes on all the same.
FAULTS = [
    ("zen", {"lost_planes": 1}, False),
    ("zen", {"doubled_planes": True}, False),
    ("zen", {"leaves_out_stage_z": True}, False),
    ("zen", {"leaves_out_focus": True}, True),
    ("zen", {"supervised": True}, True),
    ("zen", {"wrong_scaling": 1e6}, True),
    ("zen", {"fails": "prescan"}, True),
    ("zen", {"fails": "job"}, True),
    ("zen", "killed", True),
    ("las_x", {"announces_twice": True}, False),
    ("las_x", {"announcements_lost": 3}, False),
    ("las_x", {"stale_end": True}, False),
    ("las_x", {"unit": "microns", "decimal_comma": True}, False),
    ("las_x", {"unit": "inch"}, True),
    ("las_x", {"planes_lost": 1}, True),
    ("las_x", {"box_waits": True}, True),
    ("las_x", "killed", True),
    ("viventis", {"refuses": "Snap"}, True),
    ("viventis", {"refuses": "Move"}, True),
    ("viventis", {"planes_lost": 1}, True),
    ("viventis", {"torn": True}, True),
    ("viventis", {"voxel_factor": 1e-6}, True),
    ("viventis", {"leaves_out": "Z"}, True),
    ("viventis", {"old_image": True}, True),
    ("viventis", "killed", True),
    ("nis", {"n_pending": 20}, False),
    ("nis", {"status": "failed"}, True),
    ("nis", {"status": "failed", "job": "move_xy"}, True),
    ("nis", {"status": "waiting_for_user"}, True),
    ("nis", {"leaves_out": "Z"}, True),
    ("nis", {"in_mm": True}, True),
    ("nis", {"n_files": 0}, True),
    ("nis", {"cut_off": True}, True),
    ("nis", "killed", True),
]
FAULTY = 4  # the time point


class Disturbance:
    """A fault that begins with one time point and ends with the next."""

    def __init__(self, lab, fault):
        self.lab = lab
        self.fault = fault
        self.round = 0

    def __call__(self):
        """Is asked before each visit whether to stop; it never wants to."""
        self.round += 1
        if self.round == FAULTY and self.fault == "killed":
            self.lab.server.kill()
        elif self.round == FAULTY:
            vars(self.lab.faults).update(self.fault)
        elif self.round == FAULTY + 1:
            self.lab.forget_faults()
            if self.fault == "killed":
                self.lab.server.start()
                self.wait_for_an_answer()
        return False

    def wait_for_an_answer(self):
        """Return when the bridge has found the server again, long before a real time point."""
        while True:
            try:
                return self.lab.scopes[0].position_um()
            except ScopeError:
                time.sleep(0.05)


@pytest.mark.parametrize(("vendor", "fault", "is_given_up"), FAULTS, ids=str)
def test_a_fault_costs_one_time_point_at_most(make_lab, vendor, fault, is_given_up):
    lab = make_lab(vendor)
    never_answers = fault == {"box_waits": True}
    scope = lab.open(answer_s=1.0) if never_answers else lab.open()
    experiment = Experiment(lab, scope, interval_s=0.0)
    experiment.driver.should_stop = Disturbance(lab, fault)
    experiment.run()
    given_up = [one for one in experiment.told if one.startswith("Position 1 was given up")]
    assert len(given_up) == is_given_up
    rounds = {visit["round"] for visit in experiment.ended_visits()}
    assert rounds >= set(range(1, 13)) - {FAULTY}
    assert (FAULTY in rounds) is not is_given_up
    assert all(scan.in_view for scan in experiment.main_scans())
    assert experiment.main_scans()[-1].distance_um <= 0.5
    assert experiment.moves_are_in_the_box()
