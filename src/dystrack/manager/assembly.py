"""From what was given to a run that is ready: everything that can be refused, is refused here."""

import contextlib
import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dystrack.core.error_texts import describe_error
from dystrack.core.errors import ConfigurationError
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME, content_of, prepare_coords_file
from dystrack.core.hooks import phases_of
from dystrack.core.protocols import SYSTEM_CLOCK, Clock, Pipeline
from dystrack.images.folder_habits import FolderHabits
from dystrack.images.readiness import ImageArrival
from dystrack.manager.controls import Controls, SessionState
from dystrack.manager.events import (
    Broadcast,
    Event,
    Listener,
    SessionEnded,
    StopReason,
    Warned,
)
from dystrack.manager.record.backlog import (
    describe_resume,
    find_backlog,
    found_at_start,
)
from dystrack.manager.record.journal import JournalWriter
from dystrack.manager.record.pipeline_name import pipeline_name
from dystrack.manager.record.previews import PreviewWriter
from dystrack.manager.record.replay import Replay, relative_name
from dystrack.manager.record.resume import PastRun, recall
from dystrack.manager.record.starting import describe_start
from dystrack.manager.sender import Sender
from dystrack.manager.session import Session
from dystrack.manager.settings import Settings, check_folder
from dystrack.manager.terminal.stop_key import watch_for_esc
from dystrack.manager.terminal.termination import Terminated
from dystrack.manager.tracking.positions import Position
from dystrack.manager.watching.folder import ClockWait, Wait, watch_for_changes
from dystrack.manager.watching.folder_lock import own_folder
from dystrack.manager.watching.image_names import PositionPattern
from dystrack.manager.watching.watcher import Watcher
from dystrack.manager.workers.in_process import InProcessWorker, Worker
from dystrack.manager.workers.remote_address import PathMap, RemoteAddress

__all__ = ["Run", "open_run"]


@dataclass(frozen=True)
class Run:
    """A session that has been started, and only has to be run.

    Attributes
    ----------
    session : Session
        The loop.
    watcher : Watcher
        Where prescans come from.
    controls : Controls
        What state the session is in.
    tell : Listener
        Takes the events.
    """

    session: Session
    watcher: Watcher
    controls: Controls
    tell: Listener

    def to_its_end(self) -> tuple[list[list[float | None]], dict[str, int]]:
        """Run the session, tell why it ended, and return coordinates and statistics.

        Raises
        ------
        Exception
            What ended the session early.
        """
        reason, message = StopReason.ERROR, ""
        try:
            reason = self.session.run(self.watcher)
        except Terminated:
            reason = StopReason.TERMINATED
        except KeyboardInterrupt:
            reason = StopReason.CTRL_C
        except BaseException as error:
            message = str(describe_error(error))
            raise
        finally:
            self.controls.status = replace(
                self.controls.status, state=SessionState.ENDED, path="", stop_reason=reason
            )
            self.tell(SessionEnded(reason=reason, stats=self._statistics(), error=message))
        return self.session.coordinates, self._statistics()

    def _statistics(self) -> dict[str, int]:
        status = self.controls.status
        return {
            "check_counter": self.watcher.check_counter,
            "found_counter": self.watcher.found_counter,
            "target_counter": status.n_targets,
            "img_success_counter": status.n_analysed,
            "tra_success_counter": status.n_sent,
        }


@contextlib.contextmanager
def open_run(
    target_dir: str | os.PathLike[str],
    pipeline: Pipeline,
    given: Mapping[str, Any],
    *,
    defaults: Mapping[str, Any] = {},
    on_event: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
    controls: Controls | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Iterator[Run]:
    """Check what was given, take up the run before if that is wanted, and start a session.

    Parameters
    ----------
    target_dir : path-like
        The folder to watch.
    pipeline : Pipeline
        The user's function.
    given : mapping
        The settings that the user gave; only those.
    defaults : mapping, optional
        Settings that hold where neither the user nor the run before says anything, if they are
        not those of `Settings`.
    on_event, should_stop, controls, clock : optional
        As `dystrack.manager.manager.run_dystrack_manager` takes them.

    Yields
    ------
    Run
        The run, its start told already.

    Raises
    ------
    ConfigurationError
        If something that was asked for cannot be done.
    CoordsFileError
        If the text file is not one of DySTrack's.
    JournalError
        If the journal cannot be written, or if the run to resume is another one.
    """
    _check_callable(pipeline)
    name = pipeline_name(pipeline)
    settings = Settings(**{**defaults, **given})
    folder = check_folder(target_dir)
    replay, notices = recall(folder, resume=settings.resume)
    summary = replay.summary(content_of(folder / COORDS_FILE_NAME))
    past = PastRun(summary) if summary is not None and settings.resume else None
    if past is not None:
        past.check_same(folder, name)
        settings = Settings(**past.complete(given, defaults))
        notices += past.notices + past.overruled(given)
    naming = settings.naming(phases_of(pipeline, settings.img_kwargs))
    worker = _choose_worker(pipeline, settings)
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(own_folder(folder))
        if settings.keeps_text_file:
            prepare_coords_file(folder / COORDS_FILE_NAME)
        stack.callback(worker.close)
        tell = _open_listeners(stack, folder, settings, replay, on_event, clock)
        controls = _open_controls(stack, settings, controls, _asking(worker, should_stop))
        if settings.control:
            from dystrack.manager.orders import Orders  # noqa: PLC0415 - only where wanted

            controls.ask_also(Orders(folder, clock).take)
        known = past.positions(settings.img_cache, naming) if past else ()
        session = _make_session(folder, settings, naming, worker, known, controls, tell, clock)
        watcher = _open_watcher(stack, folder, settings, naming, session, tell, clock, lock.keep)
        names = watcher.existing_names()
        tell(describe_start(folder, name, settings, [] if past else names, resumed=bool(past)))
        worker.start(settings.img_kwargs)
        if past is None:
            found: Sequence[Event] = found_at_start(names, summary, folder, name)
        else:
            backlog = find_backlog(names, past, settings, naming)
            found = [describe_resume(past, given, backlog)]
            for left_out in backlog.left_out:
                session.skip(folder / left_out)
            watcher.expect(backlog.missed)
        for event in [*found, *(Warned(message=notice) for notice in notices)]:
            tell(event)
        yield Run(session, watcher, controls, tell)


def _check_callable(pipeline: object) -> None:
    if not callable(pipeline):
        msg = f"The pipeline is {pipeline!r}. Give a function f(target_path, ...)."
        raise ConfigurationError(msg)


def _choose_worker(pipeline: Pipeline, settings: Settings) -> Worker:
    if settings.executor:
        from dystrack.manager.workers.remote import RemoteWorker  # noqa: PLC0415 - only where wanted

        address = RemoteAddress(settings.executor, settings.executor_key)
        paths = PathMap.parsed(settings.executor_paths)
        worker = RemoteWorker(
            pipeline, settings.timeout_s, address, paths=paths, threads=settings.threads
        )
        worker.reach()
        return worker
    if not settings.isolate:
        return InProcessWorker(pipeline, threads=settings.threads)
    from dystrack.manager.workers.isolated import IsolatedWorker  # noqa: PLC0415 - only where wanted

    return IsolatedWorker(pipeline, settings.timeout_s, threads=settings.threads)


def _open_listeners(
    stack: contextlib.ExitStack,
    folder: Path,
    settings: Settings,
    replay: Replay,
    on_event: Listener | None,
    clock: Clock,
) -> Broadcast:
    """Return who is told what happens: the journal, the terminal, and the user's own listener."""

    def tell_all(event: Event) -> None:
        tell(event)

    listeners: list[Listener] = [
        stack.enter_context(JournalWriter(folder, clock, replay, tell_all))
    ]
    if settings.progress:
        from dystrack.manager.terminal.console import Console  # noqa: PLC0415 - only where wanted

        console = Console(settings.max_checks, settings.max_triggers, settings.end_on_esc)
        listeners.append(stack.enter_context(console))
    if settings.previews:
        channel = settings.img_kwargs.get("channel")
        shown = channel if isinstance(channel, int) else 0
        listeners.append(stack.enter_context(PreviewWriter(folder, channel=shown)))
    if on_event is not None:
        listeners.append(on_event)
    tell = Broadcast(listeners)
    return tell


def _open_controls(
    stack: contextlib.ExitStack,
    settings: Settings,
    controls: Controls | None,
    should_stop: Callable[[], bool],
) -> Controls:
    """Return the way in for others, which Esc and the caller use too."""
    controls = controls or Controls()
    if settings.end_on_esc:
        controls.stop_when(stack.enter_context(watch_for_esc()), StopReason.ESC)
    controls.stop_when(should_stop, StopReason.ASKED)
    return controls


def _asking(worker: Worker, should_stop: Callable[[], bool] | None) -> Callable[[], bool]:
    """Return `should_stop`, which then also raises what keeps the pipeline from running at all."""

    def ask() -> bool:
        worker.check()
        return should_stop is not None and should_stop()

    return ask


def _open_watcher(
    stack: contextlib.ExitStack,
    folder: Path,
    settings: Settings,
    naming: PositionPattern,
    session: Session,
    tell: Listener,
    clock: Clock,
    keep_lock: Callable[[], None],
) -> Watcher:
    habits, folder_text = FolderHabits(), str(folder)

    def new_arrival(path: Path, is_new: bool) -> ImageArrival:
        position = naming.label(relative_name(str(path), folder_text)).position
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


def _make_session(
    folder: Path,
    settings: Settings,
    naming: PositionPattern,
    worker: Worker,
    known: Iterable[Position],
    controls: Controls,
    tell: Listener,
    clock: Clock,
) -> Session:
    rules = settings.tracking_rules
    if rules.has_tracker:  # not at the first prescan
        importlib.import_module("dystrack.manager.tracking.following")
    return Session(
        worker=worker,
        sender=_make_sender(folder, settings, controls, tell, clock),
        rules=rules,
        naming=naming,
        img_kwargs=settings.img_kwargs,
        img_cache=settings.img_cache,
        known=known,
        max_triggers=settings.max_triggers,
        controls=controls,
        tell=tell,
        clock=clock,
    )


def _make_sender(
    folder: Path, settings: Settings, controls: Controls, tell: Listener, clock: Clock
) -> Sender:
    return Sender(
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
