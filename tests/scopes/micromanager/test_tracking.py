"""A whole experiment on MMCore: its stages, our samples under its camera, a pipeline on files."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import count

import pytest
import zarr

from dystrack.core.errors import ScopeError
from dystrack.core.exchange.coords_file import CoordsLine
from dystrack.pipelines import center_of_mass, lateral_line
from dystrack.scopes.box import Box
from dystrack.scopes.driver import Driver, Plan, run_driver
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard, GuardRules
from dystrack.scopes.hand_off import InProcessHandOff
from dystrack.scopes.micromanager.events import tracking_events
from dystrack.scopes.micromanager.recipe import Recipe
from dystrack.scopes.samples.scenes import SCENES
from dystrack.scopes.stage import StageAxes
from emulators.micromanager_camera import simulated_scope

PIPELINES = {
    "organoid": (center_of_mass.analyze_image, {"method": "intensity"}),
    "primordium": (lateral_line.analyze_image, {}),
}
WIDE = GuardRules(Box(PositionUm(-250, -5e3, -5e3), PositionUm(250, 5e3, 5e3)))


def driver_of(scope, places, folder, scene, axes=None, n_time_points=20):
    analyze, options = PIPELINES[scene]

    def answer(path):
        z, y, x, message, _ = analyze(str(path), warn_8bit=False, await_write=0, **options)
        return CoordsLine(z, y, x, message)

    return Driver(
        Guard(scope, WIDE, print),
        Plan(places, n_time_points, 300.0, ends_on_error=True),
        axes or StageAxes(),
        folder,
        InProcessHandOff(answer, scope.clock),
        scope.clock,
        record=lambda visit: None,
        tell=print,
    )


def errors_of(scope, samples, scene_field, axes, run):
    """Run, and return how far the middle of each main scan was from where it should be."""
    errors, visits = [], count()
    keep = scope.keep_main_scan

    def measured(stem):
        sample = samples[next(visits) % len(samples)]
        wanted = sample.target_um(scope.clock.monotonic(), scene_field)
        errors.append(axes.to_world(scope.position_um()).minus(wanted).length())
        return keep(stem)

    scope.keep_main_scan = measured
    run()
    return errors


# The planes of a stack lie along the focus drive, whichever way that counts: z is never reversed.
MIRRORED = StageAxes(-1, 1, -1, swaps_yx=True)


@pytest.mark.parametrize(
    ("scene", "worst_um", "runs_as", "axes"),
    [
        ("organoid", 1.0, "generator", StageAxes()),
        ("organoid", 1.0, "scans", MIRRORED),
        ("primordium", 3.0, "generator", StageAxes()),
    ],
)
def test_samples_are_tracked(tmp_path, scene, worst_um, runs_as, axes):
    main = Recipe(planes=2, step_um=5.0)
    with simulated_scope(scene, axes=axes, main_scan=main) as (scope, samples, _, places):
        driver = driver_of(scope, places, tmp_path, scene, replace(axes, z_sign=1))

        def run():
            if runs_as == "scans":
                run_driver(driver)
            else:
                scope.core.mda.run(tracking_events(driver, scope))

        errors = errors_of(scope, samples, SCENES[scene].prescan.field, axes, run)
        scope.series.close()
        assert len(errors) == 40
        assert max(errors) <= worst_um
        path_um = [s.position_um(5700).minus(s.position_um(0)).length() for s in samples]
        assert min(path_um) > 20
        assert len(list(tmp_path.glob("prescan_*.ome.tif"))) == 40
        for number in (1, 2):
            series = zarr.open(tmp_path / f"main_pos_{number}.ome.zarr" / "0")
            assert series.shape[:3] == (20, 1, 2)


def test_a_failing_scan_ends_the_generator_and_the_focus_is_back(tmp_path):
    with simulated_scope() as (scope, _, camera, places):
        driver = driver_of(scope, places, tmp_path, "organoid")
        camera.fails = True
        with pytest.raises(ScopeError, match="the cable is loose"):
            scope.core.mda.run(tracking_events(driver, scope))
        assert scope.position_um().z == pytest.approx(0.0)


N_RUNS = 25
ONE_RUN = """
from pathlib import Path
from dystrack.scopes.micromanager.opening import open_micromanager
with open_micromanager(prescan_planes=3, prescan_exposure_ms=1.0) as scope:
    scope.prescan(Path("p"))
print("done", flush=True)
"""
# Everything is imported once; then each run is a process that loads, scans, unloads and ends.
MANY_RUNS = f"""
import os, sys
import dystrack.scopes.micromanager.bridge
for _ in range({N_RUNS}):
    if not (child := os.fork()):
        break
    if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit(f"a run ended with {{code}}")
else:
    sys.exit()
{ONE_RUN}
"""


def ended_run(script):
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="forks as Unix does")
def test_twenty_five_runs_in_a_row_end_cleanly():
    ended = ended_run(MANY_RUNS)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n" * N_RUNS, "")


@pytest.mark.slow
def test_twenty_five_programs_in_a_row_end_cleanly():
    for _ in range(N_RUNS):
        ended = ended_run(ONE_RUN)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="kills as Unix does")
def test_a_killed_run_loses_one_stack_at_most(tmp_path):
    pipeline = tmp_path / "stay.py"
    pipeline.write_text(
        "def analyze_image(target_path):\n    return 0.0, 255.5, 255.5, 'OK', {}\n", "utf-8"
    )
    words = [
        "scope",
        "run",
        "micromanager",
        str(pipeline),
        str(tmp_path / "run"),
        "--axes",
        "z,y,x",
    ]
    words += [
        "--prescan_planes",
        "1",
        "--main_planes",
        "3",
        "--main_exposure_ms",
        "1",
        "--interval_s",
        "0",
    ]
    words += ["--time_points", "1000", "--no-report", "--isolate", "false", "--no-previews"]
    command = [sys.executable, "-m", "dystrack", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "run").glob("*.answer.txt"))) < 6:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    n_answers = len(list((tmp_path / "run").glob("*.answer.txt")))
    series = zarr.open(tmp_path / "run" / "main_pos_1.ome.zarr" / "0")
    n_kept = sum(bool(series[t].all(axis=(-2, -1)).any()) for t in range(series.shape[0]))
    assert n_kept >= n_answers - 1
