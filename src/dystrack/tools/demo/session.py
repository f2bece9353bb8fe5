"""A simulated microscope that is tracked by the real manager, through a real folder."""

import importlib
import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.core.protocols import Pipeline
from dystrack.manager.events import Event, Listener, SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.tracking.rules import MODES
from dystrack.manager.wording import count
from dystrack.scopes.clocks import PacedClock
from dystrack.scopes.hand_off import FolderHandOff
from dystrack.scopes.samples.scenes import DIFFICULTIES, SCENES, make_sample
from dystrack.scopes.simulated.simulator import Microscope, MicroscopeSettings, Site
from dystrack.scopes.simulated.visits import Visit, summarise
from dystrack.scopes.stage import StageSettings, spread_over_stage

__all__ = [
    "DemoSettings",
    "VisitListener",
    "describe_visits",
    "make_new_folder",
    "run_demo",
    "scene_pipeline",
]

VisitListener = Callable[[Visit], None]
"""Is told of each visit of the microscope, in a thread of its own."""

_ANSWER_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class DemoSettings:
    """What is shown.

    Attributes
    ----------
    scene : str
        Kind of sample, one of `dystrack.scopes.samples.scenes.SCENES`.
    difficulty : str
        How hard it is to follow, one of `dystrack.scopes.samples.scenes.DIFFICULTIES`.
    n_positions, n_time_points : int
        How many samples are followed, and for how long.
    duration_s : float
        How long the show takes in real seconds, if the computer is fast enough.
    speed : float
        How many times their usual velocity the samples have.
    seed : int
        Equal seeds give equal shows.
    track : str
        What is made of the pipeline's answers, as `run_dystrack_manager` takes it; with a tracker,
        the microscope takes the next prescan elsewhere than the main scan.
    keeps_pictures : bool
        Whether small pictures of each main scan are kept, for a report.

    Raises
    ------
    ConfigurationError
        If there is no such scene, difficulty or mode, or if a number is not positive.
    """

    scene: str = "organoid"
    difficulty: str = "normal"
    n_positions: int = 1
    n_time_points: int = 40
    duration_s: float = 20.0
    speed: float = 1.0
    seed: int = 0
    track: str = "off"
    keeps_pictures: bool = False

    def __post_init__(self) -> None:
        for name, table in (("scene", SCENES), ("difficulty", DIFFICULTIES), ("track", MODES)):
            if getattr(self, name) not in table:
                msg = f"There is no {name} {getattr(self, name)!r}. Choose {', '.join(table)}."
                raise ConfigurationError(msg)
        for name in ("n_positions", "n_time_points", "duration_s", "speed"):
            if not getattr(self, name) > 0:
                msg = f"{name} is {getattr(self, name)!r}. Give a number above 0."
                raise ConfigurationError(msg)

    @property
    def n_prescans(self) -> int:
        """Return how many prescans the show has."""
        return self.n_positions * self.n_time_points

    @property
    def has_two_targets(self) -> bool:
        """Return whether the microscope goes on to where the next prescan is wanted."""
        return self.track != "off"

    @property
    def about(self) -> dict[str, str]:
        """Return in words what is shown."""
        return {
            "Scene": self.scene.replace("_", " "),
            "Difficulty": self.difficulty,
            "Pipeline": SCENES[self.scene].pipeline,
            "Positions": str(self.n_positions),
            "Time points": str(self.n_time_points),
            "Speed": "usual" if self.speed == 1 else f"{self.speed:g} times the usual",
            "Tracking": self.track,
            "Seed": str(self.seed),
        }


def run_demo(
    settings: DemoSettings,
    folder: Path,
    *,
    on_event: Listener | None = None,
    on_visit: VisitListener | None = None,
) -> list[Visit]:
    """Run the simulated microscope and track it.

    Parameters
    ----------
    settings : DemoSettings
        What is shown.
    folder : Path
        An empty folder for prescans and coordinates.
    on_event : callable or None, default None
        Is called with each event of the session.
    on_visit : callable or None, default None
        Is called with each visit of the microscope.

    Returns
    -------
    list of Visit
        What happened at each time point and position, up to an early end.
    """
    microscope = _MicroscopeThread(settings, folder, on_visit)

    def start_microscope(event: Event) -> None:
        if isinstance(event, SessionStarted):
            microscope.start()
        if on_event is not None:
            on_event(event)

    try:
        run_dystrack_manager(
            folder,
            scene_pipeline(settings.scene),
            max_triggers=settings.n_prescans,
            file_start="prescan",
            img_kwargs=SCENES[settings.scene].pipeline_options,
            progress=False,
            track=settings.track,
            answer_files=settings.has_two_targets,
            on_event=start_microscope,
            should_stop=microscope.has_ended,
        )
    finally:
        microscope.stop()
    return list(microscope.visits)


def make_new_folder(wanted: Path) -> Path:
    """Make a folder, under another number if there is one of that name already.

    Parameters
    ----------
    wanted : Path
        The folder.

    Returns
    -------
    Path
        An empty folder: `wanted`, or the same with ``_2``, ``_3`` and so on.

    Raises
    ------
    FolderError
        If it cannot be made.
    """
    for number in itertools.count(1):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}_{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if folder.is_dir() and not any(folder.iterdir()):
                break
        except OSError as error:
            msg = f"The folder {folder} cannot be made: {error}. Choose another one."
            raise FolderError(msg) from error
        else:
            break
    return folder


def describe_visits(visits: Sequence[Visit]) -> str:
    """Return in words how well the samples were followed.

    Parameters
    ----------
    visits : sequence of Visit
        What happened; may be empty after an early end.

    Returns
    -------
    str
        How far the samples moved, and how far from the centre they ever were.
    """
    if not visits:
        return "The show was ended before the first main scan."
    summary = summarise(visits)
    is_one = len({visit.position for visit in visits}) == 1
    samples, them = ("The sample", "it") if is_one else ("The samples", "them")
    text = (
        f"{samples} moved up to {summary.travelled_um:.1f} µm, never further than "
        f"{summary.worst_distance_um:.1f} µm (median {summary.median_distance_um:.1f} µm) from "
        f"where the microscope was to keep {them}.\n"
        f"The main scans show {them} completely at {summary.in_view_share:.0%} of "
        f"{summary.n_visits} visits; without tracking, at {summary.untracked_in_view_share:.0%}."
    )
    if summary.n_stayed:
        text += f"\nNo target was found at {count(summary.n_stayed, 'visit')}; the stage stayed."
    return text


def scene_pipeline(scene: str) -> Pipeline:
    """Return the pipeline that is made for a scene."""
    module: Any = importlib.import_module(f"dystrack.pipelines.{SCENES[scene].pipeline}")
    pipeline: Pipeline = module.analyze_image
    return pipeline


class _MicroscopeThread(threading.Thread):
    """Runs the microscope beside the manager, as the vendor's program does."""

    def __init__(
        self, settings: DemoSettings, folder: Path, on_visit: VisitListener | None
    ) -> None:
        super().__init__(name="simulated microscope", daemon=True)
        self.visits: list[Visit] = []
        self._on_visit = on_visit
        scene, stage = SCENES[settings.scene], StageSettings()
        samples = [
            make_sample(
                settings.scene,
                settings.difficulty,
                seed=settings.seed + number,
                speed=settings.speed,
                start=place,
            )
            for number, place in enumerate(spread_over_stage(settings.n_positions, stage))
        ]
        self._microscope = Microscope(
            [Site(sample) for sample in samples],
            folder,
            FolderHandOff(
                folder, timeout_s=_ANSWER_TIMEOUT_S, answer_files=settings.has_two_targets
            ),
            MicroscopeSettings(
                prescan=scene.prescan,
                main_scan=scene.main_scan,
                n_time_points=settings.n_time_points,
                interval_s=scene.interval_s,
                stage=stage,
                keeps_pictures=settings.keeps_pictures,
            ),
            PacedClock(speed=scene.interval_s * settings.n_time_points / settings.duration_s),
        )
        self._stopped = threading.Event()
        self._failure: Exception | None = None

    def run(self) -> None:
        """Visit all positions until the end, or until it is told to stop."""
        try:
            for visit in self._microscope.run():
                self.visits.append(visit)
                if self._on_visit is not None:
                    self._on_visit(visit)
                if self._stopped.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - raised again where the demo was called
            self._failure = error
            self._stopped.set()

    def has_ended(self) -> bool:
        """Return whether the microscope has stopped early."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Wait for the visit under way, and raise what went wrong, if anything did."""
        has_more = self.ident is not None and not self._stopped.is_set()
        if has_more:
            self.join(timeout=1.0)
        self._stopped.set()
        if self._failure is not None:
            raise self._failure
