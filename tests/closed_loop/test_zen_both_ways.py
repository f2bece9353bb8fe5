"""ZEN tracked by its macro and through its API, against one emulated ZEN, while things die."""

import contextlib
import signal
import subprocess
import sys
import time

import pytest

from closed_loop.shared_clock import SharedClock
from closed_loop.test_vendors import SLOW_UM_S, Experiment
from dystrack.core.errors import ScopeError
from dystrack.manager.events import Answered, SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.pipelines.center_of_mass import analyze_image
from emulators.labs import ZenLab
from emulators.world import drifting_samples
from emulators.zen_objects import FakeZen, run_macro

N_TIME_POINTS, N_POSITIONS = 50, 3


@pytest.fixture
def lab(tmp_path):
    folder = tmp_path / "zen"
    folder.mkdir()
    samples = drifting_samples(N_POSITIONS, velocity=SLOW_UM_S)
    one = ZenLab(folder, samples=samples)
    one.server.scan_s = 0.002
    yield one
    one.close()


class MacroRun:
    """The macro beside sessions, some of which are killed after so many answers."""

    def __init__(self, lab, folder, kills=()):
        self.clock = SharedClock()
        self.zen = FakeZen(lab.world.samples, {}, self.clock)
        lab.world.clock, lab.world.began_s = self.clock, self.clock.monotonic()
        self.zen.world = self.zen.state.world = lab.world
        self.zen.state.experiments = lab.server.state.experiments
        self.folder = folder
        self.kills = list(kills)
        self.n_sessions = self.n_answers = 0

    def run(self):
        while self.n_sessions == 0 or not self.clock.has_ended:
            self.n_sessions += 1
            with contextlib.suppress(KeyboardInterrupt):
                self.run_session()
            self.clock.sleep(1.0)
        self.clock.finish()
        return self

    def run_session(self):
        run_dystrack_manager(
            self.folder,
            analyze_image,
            img_kwargs={"gauss_sigma": 1.0, "method": "otsu"},
            file_start="prescan",
            delay=0.05,
            answer_files=True,
            resume=self.n_sessions > 1,
            progress=False,
            previews=False,
            clock=self.clock,
            on_event=self.hear,
            should_stop=lambda: self.clock.has_ended,
        )

    def hear(self, event):
        if isinstance(event, SessionStarted) and self.n_sessions == 1:
            self.clock.run_beside(self.run_macro)
        if isinstance(event, Answered):
            self.n_answers += 1
            if self.kills and self.n_answers == self.kills[0]:
                self.kills.pop(0)
                raise KeyboardInterrupt

    def run_macro(self):
        run_macro(
            self.zen,
            FOLDER=str(self.folder),
            TIME_POINTS=N_TIME_POINTS,
            INTERVAL_S=30,
            TIMEOUT_S=15,
        )


def check(scans):
    assert len(scans) == N_TIME_POINTS * N_POSITIONS
    assert len({scan.name for scan in scans}) == len(scans)
    assert all(scan.in_view for scan in scans)
    assert max(scan.distance_um for scan in scans) <= 0.5


def test_fifty_time_points_each_on_one_zen(lab, tmp_path):
    of_macro = tmp_path / "macro"
    of_macro.mkdir()
    MacroRun(lab, of_macro).run()
    check(lab.world.main_scans())
    lab.world.acquired.clear()
    lab.world.commands.clear()
    experiment = Experiment(lab, lab.open(), N_TIME_POINTS, places=lab.world.places_now()).run()
    check(lab.world.main_scans())
    assert experiment.told == []
    assert experiment.moves_are_in_the_box()


def test_the_macro_goes_on_while_managers_are_killed_and_resumed(lab, tmp_path):
    run = MacroRun(lab, tmp_path / "zen", kills=[20, 55, 56, 120]).run()
    assert run.n_sessions == 5
    check(lab.world.main_scans())


def test_the_gateway_is_killed_three_times(lab):
    scope = lab.open()
    experiment = Experiment(lab, scope, N_TIME_POINTS, interval_s=0.0)
    rounds = []

    def kill_now_and_then():
        rounds.append(len(rounds))
        if rounds[-1] in {30, 31, 100}:
            lab.server.kill()
            lab.server.start()
            wait_until_found(scope)
        return False

    experiment.driver.should_stop = kill_now_and_then
    experiment.run()
    check(lab.world.main_scans())
    assert experiment.moves_are_in_the_box()


def wait_until_found(scope):
    """Return when the bridge has found the gateway again, long before a real time point."""
    while True:
        try:
            return scope.position_um()
        except ScopeError:
            time.sleep(0.05)


# DySTrack itself, in a process of its own, killed while ZEN takes a main scan


def start(lab, folder, *more):
    words = f"""scope run zen center_of_mass {folder} --gauss_sigma 1 --method otsu --axes z,y,x
        --time_points 3 --interval_s 0 --room_um 100,300,300 --no-report"""
    given = lab.given()
    reach = ["--port", str(given["port"]), "--token_file", given["token_file"]]
    command = [sys.executable, "-m", "dystrack", *words.split(), *reach, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for(condition, process):
    end_s = time.monotonic() + 60.0
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end_s
        time.sleep(0.005)


def test_a_main_scan_goes_on_when_dystrack_is_killed_and_a_resumed_run_waits_for_it(lab, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    lab.server.held = "job_2_pos_2"
    first = start(lab, folder)
    active = lab.server.state.active
    wait_for(lambda: "job_2_pos_2" in active.values(), first)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    n_before = lab.server.n_status
    second = start(lab, folder, "--resume")
    wait_for(lambda: lab.server.n_status > n_before + 3, second)  # it waits
    assert list(active.values()) == ["job_2_pos_2"]
    lab.server.held = ""
    said, _ = second.communicate(timeout=100)
    assert second.returncode == 0, said
    assert "given up" not in said  # ZEN refuses a second experiment while one runs
    names = [scan.name for scan in lab.world.acquired]
    assert names.count("job_2_pos_2") == 1
    assert names[names.index("job_2_pos_2") + 1].startswith("prescan")
    jobs = [scan for scan in lab.world.acquired if scan.name.startswith("job")]
    assert len({scan.name for scan in jobs}) == len(jobs) == 9
    assert max(scan.distance_um for scan in jobs) <= 0.5


def test_a_prescan_stops_when_dystrack_is_killed(lab, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    lab.server.held = "prescan_1_pos_2"
    first = start(lab, folder)
    wait_for(lambda: "prescan_1_pos_2" in lab.server.state.active.values(), first)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    lab.server.wait_until_idle()
    assert "prescan_1_pos_2" not in [scan.name for scan in lab.world.acquired]
