"""Processes that hang, die or are killed cost one case at most."""

import os
import signal
import textwrap
import time

import numpy as np
import pytest
import tifffile

from dystrack.tools.kit.evaluation.case import Case
from dystrack.tools.kit.evaluation.cluster import run_on_cluster
from dystrack.tools.kit.evaluation.local import run_locally

OWN = """
    import os, time
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


def test_what_hangs_or_dies_is_a_row_and_the_others_have_theirs(cases):
    wanted = [cases(do="hang"), cases(do="die"), cases(do="answer")]
    rows = {row["key"]: row for row in run_locally(wanted, 1, timeout_s=3.0)}
    hung, dead, answered = (rows[case.key] for case in wanted)
    assert "took longer than 3 s" in hung["error"]
    assert "process of the pipeline ended, exit code 3" in dead["error"]
    assert (answered["y"], answered["x"], answered["error"]) == (5.0, 6.0, "")


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_killed_worker_loses_nothing(cases, tmp_path):
    note = tmp_path / "pids"
    wanted = [cases(do="wait", note=str(note)), cases(do="answer")]
    rows = run_locally(wanted, 1, timeout_s=60.0)
    import threading

    def kill_the_first():
        while not note.exists() or not note.read_text().endswith("\n"):
            time.sleep(0.01)
        os.kill(int(note.read_text().split()[0]), signal.SIGKILL)

    killer = threading.Thread(target=kill_the_first)
    killer.start()
    found = list(rows)
    killer.join()
    assert [row["error"] for row in found] == ["", ""]
    assert len(note.read_text().split()) == 2  # it was asked once more


def test_a_cluster_gives_the_same_rows(cases):
    distributed = pytest.importorskip("distributed")
    wanted = [cases(do="answer"), cases(do="answer", note="")]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as cluster:
        there = sorted(run_on_cluster(wanted, cluster.scheduler_address, 60.0), key=str)
    here = sorted(run_locally(wanted, 2, timeout_s=60.0), key=str)
    assert timeless(there) == timeless(here)
