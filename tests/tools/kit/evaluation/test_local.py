"""Processes that hang, die or are killed cost one case at most, here and on a cluster."""

import os
import signal
import textwrap
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from dystrack.tools.kit.evaluation.case import Case
from dystrack.tools.kit.evaluation.cluster import cluster_processes
from dystrack.tools.kit.evaluation.evaluate import Plan, evaluate, find_prescans
from dystrack.tools.kit.evaluation.kept_rows import KeptRows
from dystrack.tools.kit.evaluation.local import local_processes

OWN = """
    import os, time, warnings
    from pathlib import Path

    def analyze_image(target_path, do="answer", note=""):
        if note:
            with open(note, "a") as file:
                file.write(f"{os.getpid()}\\n")
        if do == "hang":
            time.sleep(60)
        if do == "die":
            os._exit(3)
        if do == "wait":
            time.sleep(1.5)
        if do == "raise":
            raise ValueError("nothing")
        if do == "chdir":
            os.chdir(os.sep)
        if do == "warn":
            warnings.warn("dim")
        return 0.0, 5.0, 6.0, "OK", {}
"""


@pytest.fixture
def cases(tmp_path):
    (tmp_path / "own.py").write_text(textwrap.dedent(OWN))
    prescan = tmp_path / "a.tif"
    tifffile.imwrite(prescan, np.random.default_rng(0).integers(0, 99, (20, 30), np.uint8))

    def case(**options):
        return Case(str(tmp_path / "own.py"), str(prescan), "a.tif", "as it is", options)

    return case


def timeless(rows):
    return [{k: v for k, v in row.items() if k != "analysis_s"} for row in rows]


def run_here(wanted, n_workers=1, timeout_s=60.0):
    with local_processes(n_workers, timeout_s) as run:
        return list(run(wanted))


def kill_what_notes_itself(note):
    """Return a thread that kills the first process that has written its number."""

    def kill():
        while not note.exists() or not note.read_text().endswith("\n"):
            time.sleep(0.01)
        os.kill(int(note.read_text().split()[0]), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    return killer


def test_what_hangs_or_dies_is_a_row_and_the_others_have_theirs(cases):
    wanted = [cases(do="hang"), cases(do="die"), cases(do="answer")]
    rows = {row["key"]: row for row in run_here(wanted, timeout_s=3.0)}
    hung, dead, answered = (rows[case.key] for case in wanted)
    assert "took longer than 3 s" in hung["error"]
    assert "process of the pipeline ended, exit code 3" in dead["error"]
    assert (answered["y"], answered["x"], answered["error"]) == (5.0, 6.0, "")


def test_processes_go_on_with_the_next_cases(cases, tmp_path):
    note = tmp_path / "pids"
    with local_processes(1, 60.0) as run:
        assert len([*run([cases(note=str(note))]), *run([cases(note=str(note), do="")])]) == 2
    first, second = note.read_text().split()
    assert first == second != str(os.getpid())


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_killed_worker_loses_nothing(cases, tmp_path):
    note = tmp_path / "pids"
    killer = kill_what_notes_itself(note)
    found = run_here([cases(do="wait", note=str(note)), cases(do="answer")])
    killer.join()
    assert [row["error"] for row in found] == ["", ""]
    assert len(note.read_text().split()) == 2  # it was asked once more


@contextmanager
def local_cluster(allowed_failures):
    distributed = pytest.importorskip("distributed")
    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": allowed_failures}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=":0"
        ) as started,
    ):
        yield started.scheduler_address


@pytest.fixture(scope="module")
def cluster():
    with local_cluster(3) as address:
        yield address


@pytest.fixture
def strict_cluster():
    """Blame a dead worker on everything that it was given, as that of `dystrack agent` does."""
    with local_cluster(0) as address:
        yield address


def test_a_cluster_gives_the_same_rows(cases, cluster):
    wanted = [cases(do=do) for do in ("answer", "raise", "chdir", "warn") for _ in range(2)]
    with cluster_processes(cluster, 60.0) as run:
        there = sorted(timeless(run(wanted)), key=str)
    assert there == sorted(timeless(run_here(wanted, 2)), key=str)
    assert {row["effects"] for row in there} == {"", "changes the working directory"}


@pytest.mark.slow
def test_a_cluster_gives_the_same_table_of_real_prescans(prescans, cluster, tmp_path):
    plan = Plan("lateral_line", prescans, find_prescans(prescans), n_workers=2)
    here = evaluate(plan, KeptRows(tmp_path / "here.jsonl")).rows
    there = evaluate(replace(plan, scheduler=cluster), KeptRows(tmp_path / "there.jsonl")).rows
    assert len(here) > 400
    for one, other in zip(timeless(here), timeless(there), strict=True):
        assert one == other


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_killed_worker_of_a_cluster_loses_nothing(cases, strict_cluster, tmp_path):
    note = tmp_path / "pids"
    killer = kill_what_notes_itself(note)
    wanted = [cases(do="wait", note=str(note)), *(cases(do=f"answer {n}") for n in range(4))]
    with cluster_processes(strict_cluster, 60.0) as run:
        found = list(run(wanted))
    killer.join()
    assert sorted(row["key"] for row in found) == sorted(case.key for case in wanted)
    assert [row["error"] for row in found] == [""] * 5
    assert len(note.read_text().split()) == 2
