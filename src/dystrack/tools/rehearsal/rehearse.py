"""Replays recorded prescans into a real session, without any microscope.

::

    recorded file ──► its bytes, written as a vendor's program does ──► a folder of its own
                                                                              │
    what came of each prescan ◄── events and warnings ◄── the real session ◄──┘
"""

import math
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.core.protocols import Pipeline
from dystrack.manager.events import Event, Listener, SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.watching.image_names import JOURNAL_NAME, NameFilter
from dystrack.scopes.writing.behaviours import BEHAVIOURS
from dystrack.tools.afterwards.report import write_report
from dystrack.tools.rehearsal.recordings import Recordings, find_recordings, pauses_s
from dystrack.tools.rehearsal.replay import Outcomes, Player, Replayed

__all__ = ["FORCED", "Rehearsal", "RehearsalSettings", "instead_of_tracker", "rehearse"]

FORCED: Mapping[str, Any] = MappingProxyType(
    {"tra_method": "txt", "tra_kwargs": {}, "write_txt": True, "resume": False}
)
"""What a rehearsal decides, whatever a run file says: nothing may reach a microscope."""


@dataclass(frozen=True)
class RehearsalSettings:
    """How recorded prescans are replayed.

    Attributes
    ----------
    interval : float or None, default None
        Time in s from one prescan to the next; if not given, as they were recorded, with pauses of
        at most 5 s. A prescan never comes before the last one is answered.
    behaviour : str, default "in_chunks"
        How the microscope's program gets them on the disk: at_once, in_chunks, plane_by_plane,
        preallocated, header_last, with_stall, locked or renamed.
    into : str, default ""
        An empty or new folder for the replay; if not given, one that is deleted afterwards.
    report : bool, default True
        Whether to write a report: into the folder of the replay, or, where that is deleted, into
        the present one.

    Raises
    ------
    ConfigurationError
        If the interval is no time, or if there is no such behaviour.
    """

    interval: float | None = None
    behaviour: str = "in_chunks"
    into: str = ""
    report: bool = True

    def __post_init__(self) -> None:
        if self.interval is not None and not 0 <= self.interval < math.inf:
            msg = f"interval is {self.interval!r}. Give a number of seconds, 0 or more."
            raise ConfigurationError(msg)
        if self.behaviour not in BEHAVIOURS:
            known = ", ".join(BEHAVIOURS)
            msg = f"There is no behaviour {self.behaviour!r}. Choose one of {known}."
            raise ConfigurationError(msg)


@dataclass(frozen=True)
class Rehearsal:
    """How a rehearsal went.

    Attributes
    ----------
    replayed : tuple of Replayed
        What came of each prescan, in their order.
    error : Exception or None
        What ended the session early, if anything did.
    report : Path or None
        The report, if one was written.
    """

    replayed: tuple[Replayed, ...]
    error: Exception | None = None
    report: Path | None = None


def rehearse(
    recordings_dir: Path,
    image_analysis_func: Pipeline,
    settings: RehearsalSettings,
    *,
    img_kwargs: Mapping[str, Any],
    img_cache: Mapping[str, Any],
    manager_kwargs: Mapping[str, Any],
    on_start: Callable[[Recordings], None],
    report_to: Path | None = None,
) -> Rehearsal:
    """Replay the prescans of a folder into a session.

    Parameters
    ----------
    recordings_dir : Path
        Folder with recorded prescans, which is only read.
    image_analysis_func : callable
        The pipeline.
    settings : RehearsalSettings
        How they are replayed.
    img_kwargs, img_cache : mapping
        Keyword arguments for the pipeline, as
        `dystrack.manager.manager.run_dystrack_manager` takes them.
    manager_kwargs : mapping
        Its other keyword arguments; `FORCED` and `instead_of_tracker` go before them.
    on_start : callable
        Is told what will be replayed, before the session starts.
    report_to : Path or None, default None
        The page of the report; None for none.

    Returns
    -------
    Rehearsal
        What came of each prescan.

    Raises
    ------
    ConfigurationError
        If there is nothing to replay, or if something that was asked for cannot be done.
    OSError
        If a recording cannot be read or written.
    """
    recordings = find_recordings(
        recordings_dir, _name_filter(manager_kwargs), recurse=manager_kwargs.get("recurse", False)
    )
    prescans = recordings.prescans
    with _open_folder(settings.into, recordings_dir) as folder:
        on_start(recordings)
        minutes = Outcomes(folder)
        pauses = pauses_s(prescans, settings.interval)
        player = Player(prescans, pauses, BEHAVIOURS[settings.behaviour], folder, minutes)
        given = {**manager_kwargs, **instead_of_tracker(manager_kwargs), **FORCED}
        given |= {"img_kwargs": img_kwargs, "img_cache": img_cache}
        most = given.get("max_triggers")
        given["max_triggers"] = len(prescans) if most is None else min(most, len(prescans))
        error: Exception | None = None
        try:
            with _noted_warnings(minutes):
                _run_session(folder, image_analysis_func, given, player, minutes)
        except ConfigurationError:
            raise
        except Exception as raised:  # noqa: BLE001 - returned with what came before it
            error = raised
        finally:
            player.stop()
        replayed = tuple(minutes.outcome_of(p.name) for p in prescans)
        return Rehearsal(replayed, error, _report(folder, report_to))


def instead_of_tracker(manager_kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a rehearsal replaces because they ask for the tracker.

    It puts a path together from the answers and the moves of the stage. Nobody knows how the stage
    moved between recorded prescans, so its places would be made up.
    """
    usual = {"track": "off", "img_err_fallback": True}
    asks = {"track": manager_kwargs.get("track", "off") != "off"}
    asks["img_err_fallback"] = manager_kwargs.get("img_err_fallback") == "predict"
    return {name: usual[name] for name, is_asked in asks.items() if is_asked}


def _report(folder: Path, to: Path | None) -> Path | None:
    """Write the report of a session that had prescans."""
    if to is None or not (folder / JOURNAL_NAME).exists():
        return None
    return write_report(folder, to)


def _run_session(
    folder: Path, pipeline: Pipeline, given: Mapping[str, Any], player: Player, minutes: Outcomes
) -> None:
    """Run the real manager; the player begins once it watches."""
    users_listener: Listener | None = given.get("on_event")
    should_users_stop: Callable[[], bool] | None = given.get("should_stop")

    def listen(event: Event) -> None:
        minutes.hear(event)
        if isinstance(event, SessionStarted):
            player.start()
        if users_listener is not None:
            users_listener(event)

    def should_stop() -> bool:
        return player.is_over() or (should_users_stop is not None and should_users_stop())

    run_dystrack_manager(
        folder, pipeline, **{**given, "on_event": listen, "should_stop": should_stop}
    )


@contextmanager
def _noted_warnings(minutes: Outcomes) -> Iterator[None]:
    """Have each warning of the pipeline noted instead of shown."""

    def note(message: Warning | str, *_: object, **__: object) -> None:
        minutes.note(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = note
        yield


@contextmanager
def _open_folder(into: str, recordings_dir: Path) -> Iterator[Path]:
    """Make the folder of the replay."""
    if not into:
        with tempfile.TemporaryDirectory(
            prefix="dystrack_rehearsal_", ignore_cleanup_errors=True
        ) as folder:
            yield Path(folder)
        return
    chosen = Path(into).absolute()
    if chosen.resolve().is_relative_to(recordings_dir.resolve()):
        msg = f"{chosen} lies in the folder of the recordings, which is only read. Give another."
        raise FolderError(msg)
    if chosen.exists() and (not chosen.is_dir() or any(chosen.iterdir())):
        msg = f"{chosen} is not an empty folder. Give a new one, so that nothing is overwritten."
        raise FolderError(msg)
    try:
        chosen.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"The folder {chosen} cannot be made: {error}. Choose another one."
        raise FolderError(msg) from error
    yield chosen


def _name_filter(manager_kwargs: Mapping[str, Any]) -> NameFilter:
    names = ("file_start", "file_end", "file_regex")
    return NameFilter(*(manager_kwargs.get(name, "") for name in names))
