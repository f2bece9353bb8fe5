import math
import os
from types import SimpleNamespace

import pytest

from dystrack.core import cores
from dystrack.core.cores import CoreShare, core_share, limit_threads, usable_cores


@pytest.fixture
def marks(tmp_path, monkeypatch):
    """Return marks of this program alone, on a computer with 8 cores."""
    fresh = cores._Marks(tmp_path / "cores")
    monkeypatch.setattr(cores, "_marks", fresh)
    monkeypatch.setattr(cores, "usable_cores", lambda: 8)
    return fresh


def leave_mark(marks, name, age_s):
    marks.folder.mkdir(exist_ok=True)
    mark = marks.folder / name
    mark.touch()
    os.utime(mark, (mark.stat().st_atime - age_s, mark.stat().st_mtime - age_s))
    return mark


def test_one_program_has_all_cores(marks):
    assert core_share() == CoreShare(n_cores=8, n_programs=1, n_threads=8)
    assert not marks.folder.exists()


def test_a_busy_program_is_seen_by_others_and_not_by_itself(marks):
    core_share(is_busy=True)
    marks._looked_s = -math.inf
    assert [mark.name for mark in marks.folder.iterdir()] == [str(os.getpid())]
    assert core_share().n_programs == 1


@pytest.mark.parametrize(("n_others", "n_threads"), [(1, 4), (2, 2), (20, 1)])
def test_programs_share_equally(marks, n_others, n_threads):
    for number in range(n_others):
        leave_mark(marks, f"{number}", 20.0)
    assert core_share() == CoreShare(8, n_others + 1, n_threads)


def test_who_was_not_busy_for_a_minute_does_not_count(marks):
    idle, gone = leave_mark(marks, "1", 100.0), leave_mark(marks, "2", 100_000.0)
    assert core_share().n_programs == 1
    assert idle.exists()
    assert not gone.exists()


def test_number_that_was_set_is_taken(marks):
    leave_mark(marks, "1", 0.0)
    limit_threads(3)
    assert core_share().n_threads == 3
    limit_threads(None)
    assert core_share().n_threads == 4


def test_folder_that_cannot_be_written_hinders_nobody(marks):
    marks.folder.touch()
    assert core_share(is_busy=True) == CoreShare(8, 1, 8)


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ({"process_cpu_count": lambda: 3}, 3),
        ({"sched_getaffinity": lambda pid: {0, 5}}, 2),
        ({"cpu_count": lambda: 16}, 16),
        ({"cpu_count": lambda: None}, 1),
    ],
)
def test_cores_that_the_system_leaves(system, expected, monkeypatch):
    monkeypatch.setattr(cores, "os", SimpleNamespace(**system))
    assert usable_cores() == expected
