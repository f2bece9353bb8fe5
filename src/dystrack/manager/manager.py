"""`run_dystrack_manager`: keyword arguments → a session → its results."""

import contextlib
import functools
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from dystrack import __version__
from dystrack.core.coords_file import COORDS_FILE_NAME, prepare_coords_file
from dystrack.core.error_texts import describe_error
from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock, Pipeline, Transmitter
from dystrack.images.folder_habits import FolderHabits
from dystrack.images.readiness import ImageArrival
from dystrack.manager.console import Console
from dystrack.manager.controls import Controls, SessionState, SessionStatus
from dystrack.manager.events import (
    Broadcast,
    ImageSkipped,
    Listener,
    SessionEnded,
    SessionStarted,
    StopReason,
    Warned,
)
from dystrack.manager.record.journal import JournalWriter
from dystrack.manager.record.previews import PreviewWriter
from dystrack.manager.record.resume import (
    PastRun,
    newest_of_each_position,
    recall_run,
    restore_settings,
)
from dystrack.manager.record.states import settings_record
from dystrack.manager.sender import Sender
from dystrack.manager.session import Session
from dystrack.manager.settings import Settings, check_folder
from dystrack.manager.stop_key import watch_for_esc
from dystrack.manager.watching.folder import ClockWait, Wait, watch_for_changes
from dystrack.manager.watching.folder_lock import own_folder
from dystrack.manager.watching.image_names import DEFAULT_POSITION_PATTERN, JOURNAL_NAME
from dystrack.manager.watching.watcher import Watcher
from dystrack.manager.workers.in_process import InProcessWorker, Worker

__all__ = ["run_dystrack_manager"]


def run_dystrack_manager(
    target_dir: str | os.PathLike[str],
    image_analysis_func: Pipeline,
    max_checks: int | None = None,
    max_triggers: int | None = None,
    end_on_esc: bool = True,
    delay: float = 1.0,
    recurse: bool = False,
    file_start: str = "",
    file_end: str = "",
    file_regex: str = "",
    img_kwargs: Mapping[str, Any] = {},
    img_cache: Mapping[str, Any] = {},
    img_err_fallback: bool | str = True,
    tra_method: str | Transmitter = "txt",
    tra_kwargs: Mapping[str, Any] = {},
    tra_err_resume: bool = False,
    write_txt: bool = True,
    *,
    position_pattern: str = DEFAULT_POSITION_PATTERN,
    frame_margin_px: float = 0.0,
    max_step_px: float | str | Sequence[float] | None = None,
    max_step_um: float | str | Sequence[float] | None = None,
    max_travel_px: float | str | Sequence[float] | None = None,
    max_travel_um: float | str | Sequence[float] | None = None,
    max_failures: int | None = None,
    on_max_failures: str = "hold",
    on_runaway: str = "warn",
    resume: bool = False,
    backlog: str = "all",
    isolate: bool = False,
    timeout_s: float = 60.0,
    quiet_s: float = 2.0,
    incomplete_limit_s: float = 30.0,
    progress: bool = True,
    answer_files: bool = False,
    send_limit_s: float = 30.0,
    previews: bool = True,
    on_event: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
    controls: Controls | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[list[list[float | None]], dict[str, int]]:
    """Watch a folder for prescans and answer each with coordinates for the microscope.

    Each new file whose name fits is given to the pipeline once it is whole; its answer is
    checked and sent. The watch ends after `max_checks` checks of the folder, after
    `max_triggers` prescans, on Esc, or on Ctrl-C.

    Parameters
    ----------
    target_dir : path-like
        The folder to watch. Files that lie in it at the start are left alone.
    image_analysis_func : callable
        The pipeline: ``z, y, x, msg, cache = f(path, **img_kwargs, **img_cache)``, in pixels.
    max_checks : int or None, default None
        Number of checks of the folder after which to end.
    max_triggers : int or None, default None
        Number of prescans after which to end.
    end_on_esc : bool, default True
        Whether the Esc key ends the watch.
    delay : float, default 1.0
        Longest time between two checks in s, when nothing wakes DySTrack earlier.
    recurse : bool, default False
        Whether to watch subfolders as well.
    file_start : str, default ""
        How the names of prescans start; any if empty.
    file_end : str, default ""
        How the names of prescans end; any if empty.
    file_regex : str, default ""
        Regular expression that the whole name of a prescan matches; any if empty.
    img_kwargs : dict, default {}
        Keyword arguments for the pipeline.
    img_cache : dict, default {}
        Keyword arguments that the pipeline hands on from call to call, for each position.
    img_err_fallback : bool or str, default True
        What to send when an analysis fails, unless it is the very first: True or ``"previous"``,
        the previous coordinates of the same position; ``"stay"``, the centre of the image;
        False, nothing, and the session ends with the error.
    tra_method : str or callable, default "txt"
        The way to the microscope: ``"txt"``, a line in ``dystrack_coords.txt``; ``"MyPiC"``, the
        Windows registry; or ``f(z_pos, y_pos, x_pos, img_msg, img_cache, img_error, target_dir,
        **tra_kwargs)``.
    tra_kwargs : dict, default {}
        Keyword arguments for the way to the microscope.
    tra_err_resume : bool, default False
        Whether to go on when coordinates could not be sent within `send_limit_s`. They are kept,
        and sent late as soon as that is possible.
    write_txt : bool, default True
        Whether to keep coordinates in ``dystrack_coords.txt`` whatever `tra_method` is.
    position_pattern : str, optional
        Regular expression with the groups ``position`` and, if wanted, ``time``, which says to
        which position the name of a prescan belongs. By default the namings of the usual
        vendors; empty: all prescans are one position.
    frame_margin_px : float, default 0.0
        How far outside its image a target may lie in pixels; infinite to allow any.
    max_step_px, max_step_um : str or float or sequence of float or None, default None
        Greatest step from the centre of a prescan, in pixels or µm: one number for all axes, or
        three for z, y, x, such as ``"5,20,20"``. A target beyond is a failed analysis.
    max_travel_px, max_travel_um : str or float or sequence of float or None, default None
        Greatest way of a position from its start, the sum of its steps, given in the same way.
    max_failures : int or None, default None
        Number of failures in a row at one position that is tolerated.
    on_max_failures : str, {"hold", "stop"}, default "hold"
        What to do beyond: hold the position where it is, or end the session.
    on_runaway : str, {"warn", "hold"}, default "warn"
        What to do when the stage runs away from the sample, because the microscope's macro has
        the sign of an axis wrong, or has axes swapped.
    resume : bool, default False
        Whether to go on with the last run in this folder, of this pipeline: with the state of
        each position, with its settings where they are not given, and with the prescans that
        came in the meantime. No prescan is answered twice. Starts afresh where there was no run.
    backlog : str, {"all", "newest"}, default "all"
        Which of the prescans that came in the meantime to answer: all of them, oldest first, or
        only the newest of each position.
    isolate : bool, default False
        Whether to run the pipeline in a process of its own, which may hang or crash.
    timeout_s : float, default 60.0
        Deadline for one prescan in s, with `isolate`.
    quiet_s : float, default 2.0
        How long a file has to rest in s where nothing else tells that it is whole.
    incomplete_limit_s : float, default 30.0
        How long an image that is not whole may stay unchanged in s before it counts as aborted,
        which is a failed analysis.
    progress : bool, default True
        Whether to show what happens in the terminal.
    answer_files : bool, default False
        Whether to answer each prescan in a file of its own as well, ``<its name>.answer.txt``. A
        macro that waits for that file cannot take another prescan's answer.
    send_limit_s : float, default 30.0
        How long to try to send coordinates in s, at least three times, with growing pauses.
    previews : bool, default True
        Whether to keep a small picture of each prescan in ``dystrack_previews``, for reports.
    on_event : callable or None, default None
        Is called with each event of the session (see `dystrack.manager.events`).
    should_stop : callable or None, default None
        Is asked about ten times a second, and between prescans, whether to end the watch.
    controls : Controls or None, default None
        A way to pause the session, to hold and release positions, and to see its status.
    clock : Clock, optional
        The time, for simulations.

    Returns
    -------
    coordinates : list of [z, y, x]
        What was sent for each prescan, in pixels, fallbacks included; three times None where
        there was nothing to send.
    stats : dict of str to int
        ``check_counter``, checks of the folder; ``found_counter``, new files;
        ``target_counter``, prescans; ``img_success_counter``, prescans analysed;
        ``tra_success_counter``, coordinates that reached the microscope.

    Raises
    ------
    ConfigurationError
        Before the watch starts, if something that was asked for cannot be done; a `ValueError`.
    CoordsFileError
        If the text file is not one of DySTrack's.
    JournalError
        If the journal cannot be written, or if the run to resume is another one.
    Exception
        What the pipeline raised on the very first prescan, or on any without fallback; what
        kept coordinates from being sent, unless `tra_err_resume`.
    """
    given = locals()
    _check_callable(image_analysis_func)
    settings = Settings(**{field.name: given[field.name] for field in fields(Settings)})
    folder = check_folder(target_dir)
    past = _recall(folder, image_analysis_func) if resume else None
    if past is not None:
        settings = restore_settings(settings, past)
    worker = _choose_worker(image_analysis_func, settings)
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(own_folder(folder))
        if settings.keeps_text_file:
            prepare_coords_file(folder / COORDS_FILE_NAME)
        stack.callback(worker.close)
        tell = Broadcast(_open_listeners(stack, folder, settings, on_event, clock))
        controls = _open_controls(
            stack, settings, controls or Controls(), _asking(worker, should_stop)
        )
        sender = Sender(
            settings.transmit,
            settings.records,
            traits=settings.traits,
            target_dir=str(folder),
            tra_kwargs=settings.tra_kwargs,
            answer_files=settings.answer_files,
            send_limit_s=settings.send_limit_s,
            resume=settings.tra_err_resume,
            controls=controls,
            tell=tell,
            clock=clock,
        )
        session = Session(
            worker=worker,
            sender=sender,
            rules=settings.tracking_rules,
            naming=settings.naming,
            img_kwargs=settings.img_kwargs,
            img_cache=settings.img_cache,
            known=past.positions(settings.img_cache) if past else (),
            max_triggers=settings.max_triggers,
            controls=controls,
            tell=tell,
            clock=clock,
        )
        watcher = _open_watcher(stack, folder, settings, session, tell, clock, lock.keep)
        tell(_describe_start(folder, image_analysis_func, settings, watcher, past))
        worker.start(settings.img_kwargs)
        if past is not None:
            _expect_backlog(watcher, session, folder, past, settings, tell)
        _run(session, watcher, controls, tell)
        return session.coordinates, _statistics(watcher, controls.status)


def _check_callable(pipeline: object) -> None:
    if not callable(pipeline):
        msg = f"The pipeline is {pipeline!r}. Give a function f(target_path, ...)."
        raise ConfigurationError(msg)


def _recall(folder: Path, pipeline: Pipeline) -> PastRun | None:
    """Return the run to go on with, if there was one."""
    journal_path = folder / JOURNAL_NAME
    if not journal_path.exists():
        return None
    past = recall_run(journal_path, folder / COORDS_FILE_NAME)
    if past is not None:
        past.check_same(folder, _name_of(pipeline))
    return past


def _expect_backlog(
    watcher: Watcher,
    session: Session,
    folder: Path,
    past: PastRun,
    settings: Settings,
    tell: Listener,
) -> None:
    """Have the prescans answered that came while DySTrack was down, each with one line."""
    for notice in past.notices:
        tell(Warned(message=notice))
    missed = [name for name in watcher.existing_names() if name not in past.handled]
    wanted = missed
    if settings.backlog == "newest":
        wanted = newest_of_each_position(missed, folder, settings.naming)
        for name in sorted(set(missed) - set(wanted)):
            tell(ImageSkipped(path=str(folder / name)))
            session.skip(folder / name)
    watcher.expect(missed)


def _choose_worker(pipeline: Pipeline, settings: Settings) -> Worker:
    if not settings.isolate:
        return InProcessWorker(pipeline)
    from dystrack.manager.workers.isolated import IsolatedWorker  # noqa: PLC0415 - only where wanted

    return IsolatedWorker(pipeline, settings.timeout_s)


def _open_listeners(
    stack: contextlib.ExitStack,
    folder: Path,
    settings: Settings,
    on_event: Listener | None,
    clock: Clock,
) -> list[Listener]:
    """Return who is told what happens: the journal, the terminal, and the user's own listener."""
    listeners: list[Listener] = [stack.enter_context(JournalWriter(folder, clock))]
    if settings.progress:
        console = Console(settings.max_checks, settings.max_triggers, settings.end_on_esc)
        listeners.append(stack.enter_context(console))
    if settings.previews:
        channel = settings.img_kwargs.get("channel")
        shown = channel if isinstance(channel, int) else 0
        listeners.append(stack.enter_context(PreviewWriter(folder, channel=shown)))
    if on_event is not None:
        listeners.append(on_event)
    return listeners


def _open_controls(
    stack: contextlib.ExitStack,
    settings: Settings,
    controls: Controls,
    should_stop: Callable[[], bool],
) -> Controls:
    """Return the way in for others, which Esc and the caller use too."""
    if settings.end_on_esc:
        controls.stop_when(stack.enter_context(watch_for_esc()), StopReason.ESC)
    controls.stop_when(should_stop, StopReason.ASKED)
    return controls


def _open_watcher(
    stack: contextlib.ExitStack,
    folder: Path,
    settings: Settings,
    session: Session,
    tell: Listener,
    clock: Clock,
    keep_lock: Callable[[], None],
) -> Watcher:
    naming, habits = settings.naming, FolderHabits()

    def new_arrival(path: Path, is_new: bool) -> ImageArrival:
        position = naming.label(path.relative_to(folder).as_posix()).position
        return ImageArrival(
            path,
            quiet_s=settings.quiet_s,
            limit_s=settings.incomplete_limit_s,
            expected_planes=session.position(position).n_planes,
            position=position,
            habits=habits,
            is_new=is_new,
            clock=clock,
        )

    wait: Wait = ClockWait(clock)
    if clock is SYSTEM_CLOCK:
        wait = stack.enter_context(watch_for_changes(folder, clock, recurse=settings.recurse))
    return Watcher(
        folder,
        name_filter=settings.name_filter,
        naming=naming,
        recurse=settings.recurse,
        delay_s=settings.delay,
        max_checks=settings.max_checks,
        new_arrival=new_arrival,
        habits=habits,
        should_stop=session.attend,
        tell=tell,
        clock=clock,
        wait=wait,
        keep_lock=keep_lock,
    )


def _asking(worker: Worker, should_stop: Callable[[], bool] | None) -> Callable[[], bool]:
    """Return `should_stop`, which then also raises what keeps the pipeline from running at all."""

    def ask() -> bool:
        worker.check()
        return should_stop is not None and should_stop()

    return ask


def _run(session: Session, watcher: Watcher, controls: Controls, tell: Listener) -> None:
    """Run a session to its end and tell why it ended."""
    reason, message = StopReason.ERROR, ""
    try:
        reason = session.run(watcher)
    except KeyboardInterrupt:
        reason = StopReason.CTRL_C
    except BaseException as error:
        message = str(describe_error(error))
        raise
    finally:
        controls.status = replace(
            controls.status, state=SessionState.ENDED, path="", stop_reason=reason
        )
        statistics = _statistics(watcher, controls.status)
        tell(SessionEnded(reason=reason, stats=statistics, error=message))


def _statistics(watcher: Watcher, status: SessionStatus) -> dict[str, int]:
    return {
        "check_counter": watcher.check_counter,
        "found_counter": watcher.found_counter,
        "target_counter": status.n_targets,
        "img_success_counter": status.n_analysed,
        "tra_success_counter": status.n_sent,
    }


def _describe_start(
    folder: Path, pipeline: Pipeline, settings: Settings, watcher: Watcher, past: PastRun | None
) -> SessionStarted:
    return SessionStarted(
        folder=str(folder),
        pipeline=_name_of(pipeline),
        settings=settings_record(settings),
        versions={
            "dystrack": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "system": platform.platform(),
        },
        existing=[] if past else [str(folder / name) for name in watcher.existing_names()],
        resumed=past is not None,
    )


def _name_of(pipeline: Pipeline) -> str:
    """Return a name that tells one pipeline from another, also those of two run files."""
    function = pipeline.func if isinstance(pipeline, functools.partial) else pipeline
    name = getattr(function, "__qualname__", type(function).__qualname__)
    module = getattr(function, "__module__", "?")
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{name}" if module == "__main__" and code else f"{module}.{name}"
