import os
import subprocess
import sys

import pytest

from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.writing.behaviours import BEHAVIOURS, WriteBehaviour

DATA = bytes(range(1, 251)) * 100


@pytest.fixture
def path(tmp_path):
    return tmp_path / "prescan.czi"


def states(name, path):
    """Return what a reader sees after each step; None where there is no file."""
    return [
        path.read_bytes() if path.exists() else None
        for _ in BEHAVIOURS[name].steps(DATA, path, SimulatedClock())
    ]


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_in_the_end_the_file_is_there_and_nothing_else(name, path):
    BEHAVIOURS[name].write(DATA, path, SimulatedClock())
    assert path.read_bytes() == DATA
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_longer_file_is_replaced(name, path):
    path.write_bytes(DATA * 2)
    BEHAVIOURS[name].write(DATA, path, SimulatedClock())
    assert path.read_bytes() == DATA


@pytest.mark.parametrize(
    ("name", "seconds"), [("at_once", 0), ("in_chunks", 0.2), ("with_stall", 3.2)]
)
def test_writing_takes_its_time(name, seconds, path):
    clock = SimulatedClock()
    BEHAVIOURS[name].write(DATA, path, clock)
    assert clock.monotonic() == pytest.approx(seconds)


def test_chunks_grow(path):
    seen = states("in_chunks", path)
    assert [len(state) for state in seen] == [3125 * n for n in range(1, 9)]
    assert all(DATA.startswith(state) for state in seen)


def test_a_preallocated_file_has_its_final_size_from_the_start(path):
    seen = states("preallocated", path)
    assert {len(state) for state in seen} == {len(DATA)}
    assert seen[0] == bytes(len(DATA))
    assert seen[-2] != DATA


def test_a_header_comes_last(path):
    *before, after = states("header_last", path)
    assert all(state[:4096] == bytes(4096) for state in before)
    assert before[-1][4096:] == DATA[4096:]
    assert after == DATA


def test_a_stalled_file_waits_half_written(path):
    steps = BEHAVIOURS["with_stall"].steps(DATA, path, SimulatedClock())
    halves = [len(path.read_bytes()) for step in steps if "stall" in step]
    assert halves == [len(DATA) // 2]


def test_a_renamed_file_has_its_name_only_at_the_end(path):
    assert states("renamed", path) == [None] * 8


@pytest.mark.skipif(sys.platform == "win32", reason="flock is the POSIX door")
def test_a_locked_file_is_locked_until_it_is_closed(path):
    look = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_SH | fcntl.LOCK_NB)"
    command = [sys.executable, "-c", look, os.fspath(path)]

    def is_locked():
        return subprocess.run(command, check=False, capture_output=True).returncode != 0

    steps = WriteBehaviour(locks=True, n_pieces=2).steps(DATA, path, SimulatedClock())
    assert [is_locked() for _ in steps] == [True, True]
    assert not is_locked()
