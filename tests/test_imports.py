"""Importing weighs little and changes nothing; each claim is checked in a process of its own."""

import json
import subprocess
import sys

PROBE = """
import json, logging, sys, time, warnings
import numpy, scipy.ndimage, scipy.optimize
filters, handlers = list(warnings.filters), list(logging.getLogger().handlers)
level, before = logging.getLogger().level, set(sys.modules)
started_s = time.process_time()
import dystrack.manager.assembly, dystrack.pipelines.lateral_line
duration_s = time.process_time() - started_s
print(json.dumps({
    "duration_s": duration_s,
    "loaded": sorted({name.partition(".")[0] for name in set(sys.modules) - before}),
    "same_filters": filters == list(warnings.filters),
    "same_logger": (handlers, level) == (logging.getLogger().handlers, logging.getLogger().level),
}))
"""
HEAVY = {
    "matplotlib",
    "plotly",
    "PIL",
    "bioio",
    "numba",
    "skimage",
    "tifffile",
    "nd2",
    "pylibCZIrw",
    "watchdog",
    "multiprocessing",
}


def probe():
    result = subprocess.run(
        [sys.executable, "-c", PROBE], check=True, capture_output=True, text=True
    )
    return json.loads(result.stdout)


def test_importing_weighs_little():
    runs = [probe() for _ in range(3)]
    assert not HEAVY & set(runs[0]["loaded"])
    assert min(run["duration_s"] for run in runs) < 0.5


def test_importing_changes_nothing():
    run = probe()
    assert run["same_filters"]
    assert run["same_logger"]


def test_a_run_file_loads_no_session_where_only_its_pipeline_runs():
    """A worker process imports a run file as well."""
    code = "import dystrack.manager.cmdline, sys; print('dystrack.manager.session' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert result.stdout.strip() == b"False"
