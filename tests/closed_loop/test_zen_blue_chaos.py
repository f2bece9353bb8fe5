"""ZEN Blue's macro and the real manager while everything goes wrong at random.

The pipeline answers with the name of its prescan as the message, and the macro says which message
it followed: so each answer that was taken can be told from every other one.
"""

import contextlib
import random
import re
import shutil
from pathlib import Path

import pytest

from closed_loop.shared_clock import SharedClock
from dystrack.core.coordinates import VoxelSize
from dystrack.core.exchange.answer_file import read_answer
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE, read_lines
from dystrack.manager.events import Answered, SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.scopes.geometry import PositionUm, ScanSettings
from dystrack.scopes.samples.bodies import Organoid
from dystrack.scopes.samples.motion import Motion
from dystrack.scopes.samples.sample import Sample
from emulators.zen_objects import FakeZen, run_macro
from emulators.zen_state import StoredExperiment

SCAN = ScanSettings((3, 12, 16), VoxelSize(4.0, 2.5, 2.5), duration_s=0.2)
N_POSITIONS = 3
TIMEOUT_S = 15.0
FAULTS = ("late", "very late", "renamed", "missing", "doubled")
SHARE_OF_FAULTS = 0.4
SHARE_OF_KILLS = 0.01


def name_itself(target_path):
    """Answer with the middle of the image, and with its name."""
    return 1.0, 5.5, 7.5, Path(target_path).name, {}


class Chaos:
    """A microscope whose files go astray, and sessions that are killed and resumed."""

    def __init__(self, folder, seed, n_time_points):
        self.folder = folder
        self.random = random.Random(seed)
        self.clock = SharedClock()
        self.n_time_points = n_time_points
        self.asked_s, self.answered_s = {}, {}
        self.n_sessions = 0
        samples = [
            Sample(Organoid(), Motion(PositionUm(0, 0, 4000.0 * i))) for i in range(N_POSITIONS)
        ]
        starts = [sample.position_um(0.0) for sample in samples]
        experiments = {
            "prescan": StoredExperiment(SCAN, [(at.x, at.y, at.z) for at in starts]),
            "main_scan": StoredExperiment(SCAN),
        }
        self.zen = FakeZen(samples, experiments, self.clock, after_execute=self.go_astray)

    def go_astray(self, name):
        """Do something to a prescan that ZEN has just saved."""
        if not name.startswith("prescan"):
            return
        path = self.folder / f"{name}.czi"
        self.asked_s[path.name] = self.clock.monotonic()
        fault = self.random.choice(FAULTS) if self.random.random() < SHARE_OF_FAULTS else ""
        if name == "prescan_1_pos_1":  # the very first analysis has to succeed
            return
        if fault == "missing":
            path.unlink()
        elif fault == "renamed":
            path.rename(path.with_name(f"{name}_b.czi"))
        elif fault == "doubled":
            shutil.copy(path, path.with_name(f"{name} (2).czi"))
        elif fault:
            self.hold_back(path, self.random.uniform(*((0, 5) if fault == "late" else (5, 40))))

    def hold_back(self, path, seconds):
        """Have a prescan appear later."""
        hidden = path.rename(path.with_name(f"{path.name}.part"))

        def let_go():
            self.clock.sleep(seconds)
            hidden.rename(path)

        self.clock.run_beside(let_go)

    def hear(self, event):
        match event:
            case SessionStarted() if self.n_sessions == 1:
                self.clock.run_beside(self.run_macro)
            case Answered(path=path, sent=True):
                self.answered_s.setdefault(Path(path).name, self.clock.monotonic())
        if self.answered_s and self.random.random() < SHARE_OF_KILLS:
            raise KeyboardInterrupt

    def run_macro(self):
        settings = {"FOLDER": str(self.folder), "TIME_POINTS": self.n_time_points}
        run_macro(self.zen, **settings, INTERVAL_S=5, TIMEOUT_S=TIMEOUT_S)

    def run(self):
        """Track until the macro has come to its end, over all kills."""
        while self.n_sessions == 0 or not self.clock.has_ended:
            self.n_sessions += 1
            self.run_session()
            self.clock.sleep(self.random.uniform(0.0, 10.0))
        self.clock.finish()

    def run_session(self):
        with contextlib.suppress(KeyboardInterrupt):  # from anywhere, also at its very end
            run_dystrack_manager(
                self.folder,
                name_itself,
                file_start="prescan",
                file_end=".czi",
                delay=0.2,
                answer_files=True,
                resume=self.n_sessions > 1,
                incomplete_limit_s=5.0,
                progress=False,
                clock=self.clock,
                on_event=self.hear,
                should_stop=lambda: self.clock.has_ended,
            )


def check(folder, seed, n_time_points, said):
    chaos = Chaos(folder, seed, n_time_points)
    chaos.run()
    visits = re.findall(r" prescan_(\d+)_pos_(\d+) (.*)", said())
    assert len(visits) == n_time_points * N_POSITIONS
    n_taken = 0
    for time_point, position, what in visits:
        prescan = f"prescan_{time_point}_pos_{position}.czi"
        waited_until_s = chaos.asked_s[prescan] + TIMEOUT_S
        if what.startswith("moves"):
            assert what.endswith(f": {prescan}")  # and no other prescan's
            n_taken += 1
        elif FAILURE_MESSAGE not in what:
            assert "no answer within" in what
            assert chaos.answered_s.get(prescan, 1e9) > waited_until_s - 0.2  # not in vain
    assert n_taken >= 0.6 * len(visits)
    assert chaos.n_sessions > 1
    for prescan in folder.glob("prescan*.czi"):
        answer = read_answer(prescan)
        assert answer is None or answer.msg in {prescan.name, FAILURE_MESSAGE}
    messages = [line.msg for line in read_lines(folder / "dystrack_coords.txt")]
    own = [msg for msg in messages if msg != FAILURE_MESSAGE]
    assert len(own) == len(set(own))  # no prescan has two lines


@pytest.mark.parametrize("seed", range(2))
def test_no_answer_is_taken_for_another_prescan(tmp_path, seed, capsys):
    check(tmp_path, seed, 20, lambda: capsys.readouterr().out)


@pytest.mark.slow
def test_no_answer_is_taken_for_another_prescan_in_300_time_points(tmp_path, capsys):
    check(tmp_path, 7, 300, lambda: capsys.readouterr().out)
