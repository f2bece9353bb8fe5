"""Does tracking keep samples in view? Simulated samples, each mode, with and without two targets.

::

    python benchmarks/tracking.py hard       # the four scenes at several times their speed
    python benchmarks/tracking.py black      # every second frame black
    python benchmarks/tracking.py grid       # one difficulty after the other

All modes follow the same samples: path and noise depend on the seed and on the time only. Shares
are means over the seeds with the half width of their 95 % confidence interval; the difference to
`off` is taken seed by seed. The main scan's error is over all main scans.
"""

import argparse
import math
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import tifffile

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import TargetNotFoundError
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE, CoordsLine
from dystrack.manager.tracking.tracker.looks import Failure, Look, TrackState
from dystrack.manager.tracking.tracker.prediction import step
from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.geometry import PositionUm, View
from dystrack.scopes.hand_off import InProcessHandOff, NextPrescan
from dystrack.scopes.samples.layers import Debris, PasserBy
from dystrack.scopes.samples.motion import SpeedChange
from dystrack.scopes.samples.sample import Sample
from dystrack.scopes.samples.scenes import SCENES, Scene, make_sample
from dystrack.scopes.simulated.simulator import Microscope, MicroscopeSettings, Site
from dystrack.scopes.simulated.visits import Visit

AT_REST = PositionUm(0.0, 0.0, 0.0)
FAILED = CoordsLine(math.nan, math.nan, math.nan, FAILURE_MESSAGE)


# --- Ways of following ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """How a sample is followed."""

    mode: str
    two_targets: bool = False
    obeys_intervals: bool = False


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "off": Way("off"),
        "smooth": Way("smooth"),
        "auto": Way("auto"),
        "lead": Way("lead"),
        "auto, two targets": Way("auto", two_targets=True),
        "lead, two targets": Way("lead", two_targets=True),
        "auto, two targets, intervals": Way("auto", two_targets=True, obeys_intervals=True),
        "oracle, one target": Way("oracle"),
        "oracle": Way("oracle", two_targets=True),
    }
)
ORACLES = ("oracle, one target", "oracle")


class Follower:
    """Answers a prescan: the pipeline of a scene, and what a tracker makes of it."""

    def __init__(self, kind: Scene, way: Way, clock: SimulatedClock, sample: Sample) -> None:
        self._analyse = import_module(f"dystrack.pipelines.{kind.pipeline}").analyze_image
        self._kind, self._way, self._clock, self._sample = kind, way, clock, sample
        self._state = TrackState(way.mode)
        self._moves: tuple[tuple[float, float, float], ...] = ()
        self._camera = sample.target_um(0.0, kind.prescan.field)
        self.looks: list[Look] = []
        self.steps_ms: list[float] = []

    def __call__(self, path: Path) -> CoordsLine | tuple[CoordsLine, NextPrescan | None]:
        """Return the line for a prescan, and where the next one is wanted."""
        if self._way.mode == "oracle":
            return self._foresight()
        look = self._look(path)
        self.looks.append(look)
        began = time.perf_counter()
        tracked = step(self._state, look)
        self.steps_ms.append(1000 * (time.perf_counter() - began))
        self._state, self._moves = tracked.state, ()
        if tracked.main is None or tracked.next is None or tracked.only is None:
            return FAILED
        main, then = tracked.only, tracked.only
        if self._way.two_targets:
            main, then = tracked.main, tracked.next
        self._moves = (look.offset_of(then),)
        message = " ".join(filter(None, (look.message, *tracked.messages)))
        return CoordsLine(*main, message), NextPrescan(*then, tracked.next_in_s)

    def _look(self, path: Path) -> Look:
        place, message, failure = None, "", None
        try:
            answer = self._analyse(
                path, warn_8bit=False, await_write=0, **self._kind.pipeline_options
            )
        except TargetNotFoundError:
            failure = Failure.BLACK if np.ptp(tifffile.imread(path)) == 0 else Failure.NO_TARGET
        else:
            place, message = PixelPosition(*answer[:3]), answer[3]
        path.unlink()
        scan = self._kind.prescan
        now_s = self._clock.monotonic()
        return Look(now_s, scan.shape_zyx, scan.voxel_size, place, message, failure, self._moves)

    def _foresight(self) -> tuple[CoordsLine, NextPrescan]:
        """Return where the sample is, and where it will be: the best that can be done.

        With one target, it goes where the sample is in view both times, the nearer to where it is
        now the better.
        """
        now_s, scan = self._clock.monotonic(), self._kind.prescan
        then_s = now_s + self._kind.interval_s
        frame = Look(0.0, scan.shape_zyx, scan.voxel_size, None)
        now = self._sample.target_um(now_s, scan.field)
        then = self._sample.target_um(then_s, scan.field)
        if not self._way.two_targets:
            ahead = (now.plus(then.minus(now).times(share)) for share in np.linspace(0.0, 1.0, 41))
            now = then = max(ahead, key=lambda at: self._n_in_view(View(at, scan), now_s, then_s))
        main = frame.pixel_at(now.minus(self._camera))
        following = frame.pixel_at(then.minus(self._camera))
        self._camera = then
        return CoordsLine(*main, "OK"), NextPrescan(*following)

    def _n_in_view(self, view: View, *times_s: float) -> int:
        return sum(in_field(self._sample).is_in_view(time_s, view) for time_s in times_s)


class InField(Sample):
    """A sample whose black scans count by where they were taken: tracking cannot light them."""

    def is_in_view(self, time_s: float, view: View) -> bool:
        """Return whether all of the body that matters lies in the field."""
        position, (low, high) = self.position_um(time_s), self.body.extent(time_s)
        return view.contains(position.plus(low), position.plus(high))


def in_field(sample: Sample) -> InField:
    """Return a sample that counts so."""
    return InField(**{f.name: getattr(sample, f.name) for f in fields(sample)})


def follow(
    scene: str, way: Way, sample: Sample, n_time_points: int, **settings: Any
) -> tuple[list[Visit], Follower]:
    """Follow a sample and return what happened."""
    kind, clock = SCENES[scene], SimulatedClock()
    follower = Follower(kind, way, clock, sample)
    scope = MicroscopeSettings(
        kind.prescan,
        kind.main_scan,
        n_time_points=n_time_points,
        interval_s=kind.interval_s,
        file_format="imagej_tiff",
        obeys_intervals=way.obeys_intervals,
        **settings,
    )
    with tempfile.TemporaryDirectory(prefix="dystrack_") as name:
        hand_off = InProcessHandOff(follower)
        microscope = Microscope([Site(in_field(sample))], Path(name), hand_off, scope, clock)
        return list(microscope.run()), follower


# --- Samples --------------------------------------------------------------------------------------

Change = Callable[[Sample, Scene], Sample]
BASE_SPEED: Mapping[str, float] = MappingProxyType(
    {"primordium": 1.5, "organoid": 3.0, "dividing_cells": 2.0, "node": 2.0}
)
HARD_SPEED: Mapping[str, float] = MappingProxyType(
    {"primordium": 3.0, "organoid": 8.0, "dividing_cells": 6.0, "node": 4.0}
)
EVERY_SECOND_BLACK = MappingProxyType({"dropout_every_s": 600.0, "dropout_length_s": 300.0})


def moving(**changes: Any) -> Change:
    """Return a change of the path."""
    return lambda sample, _: replace(sample, motion=replace(sample.motion, **changes))


def imaged(**changes: Any) -> Change:
    """Return a change of the detector."""
    return lambda sample, _: replace(sample, imaging=replace(sample.imaging, **changes))


def faster(factor: float) -> Change:
    """Return a change of the speed."""
    return lambda sample, _: replace(
        sample,
        motion=replace(
            sample.motion, velocity_um_per_s=sample.motion.velocity_um_per_s.times(factor)
        ),
    )


def crowded(sample: Sample, _: Scene) -> Sample:
    """Add bright debris that stays, and what passes by often."""
    more = (Debris(brightness=0.3, spacing_um=25.0, seed=7), PasserBy(0.9, every_s=3000.0))
    return replace(sample, surroundings=(*sample.surroundings, *more))


def jumping(sample: Sample, kind: Scene) -> Sample:
    """Let it jump by a quarter of the frame's height or width, whichever is less."""
    um = 0.25 * min(kind.prescan.field[1:])
    return replace(sample, motion=replace(sample.motion, jump_um=um, jump_every_s=3600.0))


CONDITIONS: Mapping[str, Change] = MappingProxyType(
    {
        "normal": lambda sample, _: sample,
        "rest": moving(velocity_um_per_s=AT_REST, jitter_um=AT_REST),
        "2 x as fast": faster(2.0),
        "noise": imaged(photons=15.0, read_noise=0.06),
        "bleaching": imaged(bleaching_s=8_000.0),
        "jumps": jumping,
        "dropouts": imaged(dropout_every_s=1500.0, dropout_length_s=300.0),
        "8 black frames": imaged(dropout_every_s=9000.0, dropout_length_s=2400.0),
        "every 2nd black": imaged(**EVERY_SECOND_BLACK),
        "distractors": crowded,
        "z drift": moving(drift_um_per_s=PositionUm(0.008, 0.0, 0.0)),
        "turns": moving(speed_changes=(SpeedChange(2400, 1.0), SpeedChange(2400, -1.0))),
        "stop and go": moving(speed_changes=(SpeedChange(1500, 0.0), SpeedChange(1500, 2.0))),
    }
)


# --- Runs -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """One run."""

    scene: str
    difficulty: str
    speed: float
    condition: str
    way: str
    seed: int
    n_time_points: int = 40


@dataclass(frozen=True)
class Outcome:
    """How a run went."""

    main: float
    prescans: float
    errors_um: tuple[float, ...]
    travel_um: float
    lost: bool
    n_looks: int
    step_ms: float


def run(task: Task) -> Outcome:
    """Follow the sample of a task."""
    warnings.simplefilter("ignore")
    kind = SCENES[task.scene]
    sample = make_sample(
        task.scene, task.difficulty, seed=task.seed, speed=task.speed, noise_seed=task.seed + 1000
    )
    sample = CONDITIONS[task.condition](sample, kind)
    visits, follower = follow(task.scene, WAYS[task.way], sample, task.n_time_points)
    main = [visit for visit in visits if not visit.searching]
    stops = [stop for visit in visits for stop in (visit.stage_before_um, visit.stage_after_um)]
    return Outcome(
        float(np.mean([visit.in_view for visit in main])),
        float(np.mean([visit.prescan_in_view for visit in visits])),
        tuple(visit.distance_um for visit in main),
        sum(b.minus(a).length() for a, b in pairwise(stops)),
        not any(visit.in_view for visit in main[-4:]),
        len(visits),
        float(np.median(follower.steps_ms)) if follower.steps_ms else 0.0,
    )


def share(values: Iterable[float]) -> str:
    """Return a mean and the half width of its 95 % confidence interval."""
    data = np.array(list(values))
    spread = 1.96 * data.std(ddof=1) / math.sqrt(data.size) if data.size > 1 else 0.0
    return f"{data.mean():.3f} ± {spread:.3f}"


def print_row(*cells: Any) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def print_head(title: str, *cells: str) -> None:
    """Print a title and the head of a table."""
    print(f"\n{title}\n")
    print_row(*cells)
    print_row(*("---" for _ in cells))


def compare(rows: Iterable[tuple[str, Task]], ways: Iterable[str], n_seeds: int, jobs: int) -> None:
    """Print a table: each row's task in all ways, over all seeds."""
    heads = ("main scans in view", "- off", "prescans in view", "- off")
    more = ("error µm: median", "95 %", "worst", "travel µm", "lost", "looks", "step ms")
    print_head("", "sample", "way", *heads, *more)
    with ProcessPoolExecutor(jobs) as pool:
        for name, task in rows:
            reference: list[Outcome] = []
            for way in ways:
                tasks = [replace(task, way=way, seed=seed) for seed in range(n_seeds)]
                outcomes = list(pool.map(run, tasks))
                reference = reference or outcomes
                print_outcomes(name, way, outcomes, reference)


def print_outcomes(name: str, way: str, outcomes: list[Outcome], off: list[Outcome]) -> None:
    """Print one row."""
    errors = np.concatenate([outcome.errors_um for outcome in outcomes])
    pairs = list(zip(outcomes, off, strict=True))
    print_row(
        name,
        way,
        share(outcome.main for outcome in outcomes),
        share(a.main - b.main for a, b in pairs),
        share(outcome.prescans for outcome in outcomes),
        share(a.prescans - b.prescans for a, b in pairs),
        *(f"{value:.1f}" for value in np.percentile(errors, (50, 95, 100))),
        f"{np.mean([outcome.travel_um for outcome in outcomes]):.0f}",
        sum(outcome.lost for outcome in outcomes),
        f"{np.mean([outcome.n_looks for outcome in outcomes]):.0f}",
        f"{np.median([outcome.step_ms for outcome in outcomes]):.2f}",
    )


def hard_rows(condition: str = "normal") -> list[tuple[str, Task]]:
    """Return the scenes at several times their speed, "hard"."""
    speeds = [*HARD_SPEED.items(), ("primordium", 5.0)]
    return [
        (f"{scene} {speed:g} x", Task(scene, "hard", speed, condition, "off", 0))
        for scene, speed in speeds
    ]


def grid_rows() -> list[tuple[str, Task]]:
    """Return each scene under each condition."""
    return [
        (f"{scene}, {condition}", Task(scene, "normal", speed, condition, "off", 0))
        for scene, speed in BASE_SPEED.items()
        for condition in CONDITIONS
    ]


# --- Command line ---------------------------------------------------------------------------------


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="+", choices=["hard", "black", "grid"])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="rows with this in their name")
    given = parser.parse_args()

    def print_table(rows: Iterable[tuple[str, Task]], ways: Iterable[str]) -> None:
        wanted = [row for row in rows if given.only in row[0]]
        compare(wanted, ways, given.seeds, given.jobs)

    one = ("off", "smooth", "auto", "lead")
    two = ("auto, two targets", "auto, two targets, intervals")
    if "hard" in given.parts:
        print_table(hard_rows(), (*one, *two, *ORACLES))
    if "black" in given.parts:
        print_table(hard_rows("every 2nd black"), ("off", "auto", *two))
    if "grid" in given.parts:
        print_table(grid_rows(), (*one, "auto, two targets"))


if __name__ == "__main__":
    main()
