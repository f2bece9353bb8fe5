"""An experiment: a session of the manager, and beside it the loop that drives the microscope."""

import contextlib
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import SYSTEM_CLOCK, Pipeline
from dystrack.manager.assembly import Run, open_run
from dystrack.manager.events import Listener, Warned
from dystrack.manager.wording import count
from dystrack.scopes.driver import Driver, ImageAxes, Plan, StoppedError, run_driver
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard
from dystrack.scopes.hand_off import FolderHandOff
from dystrack.scopes.protocols import Scope
from dystrack.scopes.visit_record import DrivenVisit, Progress, VisitRecord
from dystrack.tools.microscope.settings import ScopeSettings, read_places

__all__ = ["Experiment", "prepare_experiment", "run_experiment"]

_JOIN_S = 0.2
_FORCED = {"answer_files": True}
_DEFAULTS = {"file_start": "prescan", "isolate": True}
_OF_OWN_FILES = {"quiet_s": 0.0}  # they are put in place complete, however dark they end


@dataclass(frozen=True)
class Experiment:
    """A microscope that is ready to be driven.

    Attributes
    ----------
    driver : Driver
        The loop.
    visits : list of DrivenVisit
        What has been done.
    notes : Queue
        What a person should know and was not told yet.
    ending : Event
        Set when the run is to end.
    """

    driver: Driver
    visits: list[DrivenVisit]
    notes: queue.SimpleQueue[str]
    ending: threading.Event

    @property
    def summary(self) -> str:
        """How it went."""
        n_moved = sum(visit.moved for visit in self.visits)
        return (
            f"{count(len(self.visits), 'visit')}; the stage followed the answer at {n_moved}. "
            f"What the stage did is in {self.driver.folder / 'dystrack_visits.jsonl'}"
        )


def prepare_experiment(
    scope: Scope, settings: ScopeSettings, axes: ImageAxes, folder: Path, *, resume: bool
) -> Experiment:
    """Check what was asked for, and make a microscope ready.

    Parameters
    ----------
    scope : Scope
        The bridge.
    settings : ScopeSettings
        What to do.
    axes : ImageAxes
        How its stage lies to its images.
    folder : Path
        Where prescans go.
    resume : bool
        Whether to go on with the run in this folder.

    Returns
    -------
    Experiment
        Nothing has been moved yet.

    Raises
    ------
    ConfigurationError
        If something that was asked for cannot be done.
    JournalError
        If the record of the run to go on with cannot be read.
    """
    record = VisitRecord(folder)
    if record.exists and not resume:
        msg = (
            f"{folder} holds a run already. Go on with it by --resume, or choose an empty folder: "
            "images are never written over."
        )
        raise ConfigurationError(msg)
    progress = record.progress() if resume else Progress()
    places = _marks(scope, settings, progress.marks_um)
    notes: queue.SimpleQueue[str] = queue.SimpleQueue()
    ending = threading.Event()
    visits: list[DrivenVisit] = []

    def keep(visit: DrivenVisit) -> None:
        record.add(visit)
        if visit.prescan is not None:
            visits.append(visit)

    driver = Driver(
        guard=Guard(scope, settings.guard_rules(places), notes.put),
        plan=Plan(
            places,
            settings.time_points,
            settings.interval_s,
            obeys_intervals=settings.look_sooner,
            ends_on_error=settings.on_scope_error == "end",
        ),
        axes=axes,
        folder=folder,
        hand_off=FolderHandOff(
            folder, settings.answer_limit_s, _StoppableClock(ending.is_set), answer_files=True
        ),
        clock=scope.clock,
        record=keep,
        tell=notes.put,
        should_stop=ending.is_set,
        progress=progress,
    )
    return Experiment(driver, visits, notes, ending)


def _marks(
    scope: Scope, settings: ScopeSettings, before: Mapping[int, PositionUm]
) -> list[PositionUm]:
    """Return the marked positions; those of a run before stay where they were marked then.

    The stage has followed the samples since. A box around where it is now would be another one.
    """
    places = read_places(Path(settings.positions)) if settings.positions else scope.marked_um()
    places = places or [scope.position_um()] * max(before, default=1)
    return [before.get(number, place) for number, place in enumerate(places, 1)]


def run_experiment(
    experiment: Experiment,
    pipeline: Pipeline,
    given: Mapping[str, Any],
    on_event: Listener | None = None,
) -> None:
    """Run a session, with the microscope driven beside it.

    Parameters
    ----------
    experiment : Experiment
        The microscope.
    pipeline : Pipeline
        The image analysis.
    given : mapping
        Settings of the session that the user gave.
    on_event : callable or None, default None
        Is called with each event of the session.

    Raises
    ------
    ScopeError
        If the microscope failed and that was to end the run.
    Exception
        What ended the session early.
    """
    drive = _DriverThread(experiment)
    runs: list[Run] = []

    def should_stop() -> bool:
        while runs and not experiment.notes.empty():
            runs[0].tell(Warned(message=experiment.notes.get()))
        return drive.has_ended

    settings = {**given, **_FORCED}
    folder = experiment.driver.folder
    with contextlib.ExitStack() as stack:
        run = stack.enter_context(
            open_run(
                folder,
                pipeline,
                settings,
                defaults=_defaults(experiment),
                on_event=on_event,
                should_stop=should_stop,
            )
        )
        runs.append(run)
        stack.callback(drive.finish)
        drive.start()
        run.to_its_end()
        should_stop()


def _defaults(experiment: Experiment) -> dict[str, Any]:
    """Return the settings of the session that hold where the user gives none."""
    writes = experiment.driver.guard.traits.delivers_pixels
    return {**_DEFAULTS, **(_OF_OWN_FILES if writes else {})}


class _DriverThread(threading.Thread):
    """Drives the microscope beside the session."""

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(name="microscope", daemon=True)
        self._experiment = experiment
        self._failure: BaseException | None = None
        self.has_ended = False

    def run(self) -> None:
        """Drive until the end."""
        try:
            run_driver(self._experiment.driver)
        except StoppedError:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where the run was started
            self._failure = error
        self.has_ended = True

    def finish(self) -> None:
        """End after the visit under way, at once on Ctrl-C; raise what went wrong."""
        self._experiment.ending.set()
        try:
            while self.is_alive():
                self.join(_JOIN_S)
        except KeyboardInterrupt:
            self._experiment.driver.guard.stop()
            raise
        if self._failure is not None:
            raise self._failure


@dataclass(frozen=True)
class _StoppableClock:
    """The computer's clock, whose waits end when the run does."""

    is_to_stop: Callable[[], bool]

    def monotonic(self) -> float:
        return SYSTEM_CLOCK.monotonic()

    def time(self) -> float:
        return SYSTEM_CLOCK.time()

    def sleep(self, seconds: float, /) -> None:
        if self.is_to_stop():
            raise StoppedError
        SYSTEM_CLOCK.sleep(seconds)
