"""Worker processes die at every moment: each prescan is answered once, by the first healthy one."""

import contextlib
import itertools
import math
import os
import random
import threading
import time
import warnings
from collections import Counter

import pytest

from dystrack.core.exchange.coords_file import FAILURE_MESSAGE, read_lines
from dystrack.manager.events import AnalysisStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.workers import isolated
from dystrack.manager.workers.isolated import IsolatedWorker
from dystrack.manager.workers.worker_process import State
from dystrack.options.pipeline_reference import load_pipeline
from fakes import FakeClock, write_prescan

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills by signal")

PIPELINE = """
import os, signal
from pathlib import Path

def follow(path):
    name = Path(path).name
    with Path(__file__).with_name("log.txt").open("a") as log:
        log.write(f"{name} {os.getpid()}\\n")
    if "busy" in name:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0, 2.0, 3.0, f"{name} {os.getpid()}", {}
"""
WAYS = {"idle": 1, "second": 1, "both": 2, "starting": 3, "busy": 1, "anytime": 1, "unable": 2}
UNABLE_S = 60
GIVE_UP_S = 300


class Reaper:
    """A worker whose processes are killed as the names of the prescans say."""

    def __init__(self, folder):
        self.file = folder / "follow.py"
        self.file.write_text(PIPELINE)
        self.clock = FakeClock()
        self.worker = IsolatedWorker(
            load_pipeline(f"{self.file}:follow"), math.inf, clock=self.clock
        )
        self.n_deaths = 0
        self.killed = {}
        self.chance = random.Random(1)
        self._is_over = threading.Event()
        threading.Thread(target=self._let_time_pass, daemon=True).start()

    def close(self):
        self._is_over.set()

    def __call__(self, event):
        """Do what the name of a prescan says, just before it is handed to the pipeline."""
        if isinstance(event, AnalysisStarted):
            name = event.path.rpartition(os.sep)[2]
            way = name.rpartition("_")[2].removesuffix(".tif")
            if way in WAYS:
                self.killed[name] = getattr(self, f"_{way}")() or []

    def _idle(self):
        self._wait_until_warm(1)
        return [self._kill(self._processes()[0])]

    def _second(self):
        self._wait_until_warm()
        return [self._kill(self._processes()[1])]

    def _both(self):
        self._wait_until_warm()
        return [self._kill(process) for process in self._processes()]

    def _starting(self):
        killed = self._both()
        while not (starting := [p for p in self._processes() if p.state is State.STARTING]):
            time.sleep(0.001)
        return [*killed, self._kill(starting[0])]

    def _busy(self):
        self.n_deaths += 1  # its own hand

    def _anytime(self):
        self._wait_until_warm(1)
        wait_s = self.chance.random() * 0.001
        victim = self._processes()[0]
        threading.Thread(target=lambda: (time.sleep(wait_s), self._kill(victim))).start()

    def _unable(self):
        self._wait_until_warm()
        away = self.file.with_suffix(".away")
        self.file.rename(away)
        killed = self._both()
        back_s = self.clock.monotonic() + UNABLE_S

        def come_back():
            while self.clock.monotonic() < back_s:
                time.sleep(0.001)
            away.rename(self.file)

        threading.Thread(target=come_back).start()
        return killed

    def _kill(self, process):
        self.n_deaths += 1
        process.kill()
        return process.pid

    def _processes(self):
        with self.worker._changed:
            return list(self.worker._processes)

    def _wait_until_warm(self, n=2):
        give_up_s = time.monotonic() + GIVE_UP_S
        while [p.state for p in self._processes()[:n]] != [State.READY] * n:
            assert time.monotonic() < give_up_s
            time.sleep(0.001)

    def _let_time_pass(self):
        while not self._is_over.wait(0.005):
            self.clock.sleep(0.25)


def random_ways(n_prescans, n_deaths):
    """Return what happens before each prescan, of each kind about as often."""
    chance = random.Random(0)
    ways = ["none"] * n_prescans
    wanted = itertools.cycle(WAYS.items())
    for i in chance.sample(range(1, n_prescans), n_prescans - 1):
        if n_deaths > 0:
            ways[i], n_killed = next(wanted)
            n_deaths -= n_killed
    return ways


@pytest.mark.parametrize(
    ("n_prescans", "n_deaths"), [(20, 11), pytest.param(500, 200, marks=pytest.mark.slow)]
)
def test_each_prescan_is_answered_once(tmp_path, monkeypatch, n_prescans, n_deaths):
    ways = random_ways(n_prescans, n_deaths)
    names = [f"{i:04d}_{way}.tif" for i, way in enumerate(ways)]
    folder = tmp_path / "prescans"
    folder.mkdir()
    monkeypatch.setattr(isolated, "_START_LIMIT_S", math.inf)
    clock = FakeClock()
    for i, name in enumerate(names):
        clock.plan(1 + i, lambda name=name: write_prescan(folder / name))
    with contextlib.closing(Reaper(tmp_path)) as reaper, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        monkeypatch.setattr(isolated, "IsolatedWorker", lambda *_, **__: reaper.worker)
        run_dystrack_manager(
            folder,
            reaper.worker.run,
            max_triggers=n_prescans,
            isolate=True,
            end_on_esc=False,
            progress=False,
            position_pattern="",
            on_event=reaper,
            clock=clock,
        )
    assert reaper.n_deaths >= n_deaths
    assert set(WAYS) <= set(ways)
    lines = read_lines(folder / "dystrack_coords.txt")
    executed = [line.split() for line in (tmp_path / "log.txt").read_text().splitlines()]
    times = Counter(name for name, _ in executed)
    assert len(lines) == n_prescans
    assert max(times.values()) == 1
    for name, way, line in zip(names, ways, lines, strict=True):
        if line.msg == FAILURE_MESSAGE:
            assert way in {"busy", "anytime"}
        else:
            assert [name, line.msg.split()[1]] in executed
            assert way != "busy"
            assert int(line.msg.split()[1]) not in reaper.killed.get(name, [])
