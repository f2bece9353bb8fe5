"""Thousands of prescans, random faults, kills: every prescan is answered once, in order."""

import io
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

import soak_session
from dystrack.core.exchange.coords_file import read_lines
from dystrack.manager.record.journal import read_journal

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="reads memory from /proc")

_DEADLINE_S = 540


def prescan_name(i):
    return f"prescan_{i // 2}_pos_{1 + i % 2}.tif"


class Microscope(threading.Thread):
    """Writes prescans one after another, some slowly, until all are there."""

    def __init__(self, folder, n_prescans):
        super().__init__(daemon=True)
        self.folder = folder
        self.n_prescans = n_prescans

    def run(self):
        chance = random.Random(0)
        for i in range(self.n_prescans):
            path = self.folder / prescan_name(i)
            image = np.full((16, 16), i % 256, np.uint8)
            if chance.random() < 0.02:
                buffer = io.BytesIO()
                tifffile.imwrite(buffer, image)
                data = buffer.getvalue()
                with path.open("wb", buffering=0) as file:
                    file.write(data[:100])
                    time.sleep(0.01)
                    file.write(data[100:])
            else:
                tifffile.imwrite(path, image)


@pytest.mark.parametrize(
    ("n_prescans", "n_kills"),
    [(200, 3), pytest.param(5000, 20, marks=pytest.mark.slow)],
)
def test_every_prescan_is_answered_once_and_in_order(tmp_path, n_prescans, n_kills):
    coords = tmp_path / "dystrack_coords.txt"
    command = [sys.executable, soak_session.__file__, str(tmp_path), str(n_prescans)]
    kill_at = iter([*np.linspace(0, 0.5 * n_prescans, n_kills, dtype=int) + 1, 10**9])
    next_kill = next(kill_at)
    n_killed = 0
    deadline_s = time.monotonic() + _DEADLINE_S
    memory_file = tmp_path.with_suffix(".memory")

    def start():
        with memory_file.open("w") as stdout:
            return subprocess.Popen(command, stdout=stdout)

    session = start()
    while not coords.exists():
        time.sleep(0.01)
    time.sleep(0.2)  # the first session must have listed what was there before
    microscope = Microscope(tmp_path, n_prescans)
    microscope.start()
    while session.poll() is None:
        assert time.monotonic() < deadline_s
        if len(read_lines(coords)) >= next_kill:
            session.kill()
            session.wait()
            n_killed += 1
            next_kill = next(kill_at)
            session = start()
        time.sleep(0.003)
    microscope.join()
    assert session.returncode == 0
    assert n_killed == n_kills

    names = [prescan_name(i) for i in range(n_prescans)]
    lines = read_lines(coords)
    assert len(lines) == n_prescans
    assert [line.msg.split()[0] for line in lines] == [
        "Image" if soak_session.fault_of(name) else name for name in names
    ]
    check_memory_of_positions(names, lines)
    answered = [
        Path(record["path"]).name
        for record in read_journal(tmp_path / "dystrack_journal.jsonl")[0]
        if record["event"] == "Answered"
    ]
    assert len(answered) == len(set(answered)) >= n_prescans - n_kills
    before_kib, after_kib = map(int, memory_file.read_text().split())
    assert after_kib - before_kib < 20_000


def check_memory_of_positions(names, lines):
    """Check that each position counted its own good answers, and fell back to its own."""
    seen = {"1": 0, "2": 0}
    previous = {}
    for i, (name, line) in enumerate(zip(names, lines, strict=True)):
        position = name.partition("_pos_")[2].partition(".")[0]
        if soak_session.fault_of(name):
            if position in previous:
                assert (line.z, line.y, line.x) == previous[position]
        else:
            assert line.msg == f"{name} {seen[position]} {i % 256}"
            previous[position] = (line.z, line.y, line.x)
            seen[position] += 1
