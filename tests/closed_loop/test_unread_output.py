"""A session whose output nobody reads: a terminal in which text is marked, a pipe that is full."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

N_PRESCANS = 60
SMALLEST_PIPE_BYTES = 4096
SESSION = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from dystrack.manager.events import SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from fakes import fixed_pipeline, write_prescan

folder, n_prescans = Path(sys.argv[1]), int(sys.argv[3])

def scan(event):
    if isinstance(event, SessionStarted):
        for number in range(n_prescans):
            part = write_prescan(folder / "part", number)
            part.rename(folder / f"prescan_{number:03d}_{'long_' * 30}.tif")

run_dystrack_manager(
    folder, fixed_pipeline, max_triggers=n_prescans, file_start="prescan", on_event=scan
)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there the size of a pipe can be set")
def test_every_prescan_is_answered_although_nobody_reads(tmp_path):
    import fcntl

    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE_BYTES)
    tests = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", SESSION, str(tmp_path), tests, str(N_PRESCANS)]
    try:
        subprocess.run(command, stdout=writer, check=True, timeout=120)
    finally:
        os.close(writer)
        os.close(reader)
    lines = (tmp_path / "dystrack_coords.txt").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if "OK" in line]) == N_PRESCANS
