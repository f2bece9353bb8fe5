"""Run a pipeline in a process of its own, with a deadline, so that it cannot take the run down.

Two processes are kept: when a hang, a crash or an exit ends one, the other is warm already.
"""

import threading
import warnings
from collections.abc import Mapping
from typing import Any

from dystrack.core.analysis import Analysis
from dystrack.core.error_texts import describe_error
from dystrack.core.errors import ConfigurationError, WorkerError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock, Pipeline
from dystrack.manager.workers.errors_from_elsewhere import error_from_data
from dystrack.manager.workers.handing_over import HandedOver, handed_over, request_for, result_of
from dystrack.manager.workers.serving import PipelineRecipe
from dystrack.manager.workers.worker_process import (
    Reply,
    State,
    WorkerProcess,
    interrupts_left_to_the_session,
)

__all__ = ["IsolatedWorker"]

_N_PROCESSES = 2
_LOOK_S = 0.2  # short, because Windows holds Ctrl-C back during a wait
_START_LIMIT_S = 300.0
_FIRST_PAUSE_S = 0.1
_PAUSE_GROWTH = 3.0
_LONGEST_PAUSE_S = 10.0


class IsolatedWorker:
    """Runs the pipeline in one of two worker processes, each of which is replaced when it dies.

    A prescan goes to the first process that is ready. If that dies before the pipeline got the
    prescan, the next one gets it; afterwards it is a failed analysis.

    Parameters
    ----------
    pipeline : Pipeline or HandedOver
        The user's function; a process of its own must be able to import it.
    timeout_s : float
        Deadline for one prescan in s, from the request to the complete answer; also where it has
        to wait for a process.
    clock : Clock, optional
        The time.
    n_processes : int, default 2
        How many processes are kept; with one, a prescan may have to wait for its replacement.
    threads : int or None, optional
        How many threads an analysis may use; by default its share of the computer.

    Raises
    ------
    ConfigurationError
        If the function cannot be handed to another process, or if the deadline leaves no time.
    """

    def __init__(
        self,
        pipeline: Pipeline | HandedOver,
        timeout_s: float,
        *,
        clock: Clock = SYSTEM_CLOCK,
        n_processes: int = _N_PROCESSES,
        threads: int | None = None,
    ) -> None:
        if not timeout_s > 0:
            msg = f"timeout_s is {timeout_s}; it must be more than 0 s, or inf for no deadline."
            raise ConfigurationError(msg)
        self._timeout_s = timeout_s
        self._clock = clock
        self._n_processes = n_processes
        self._threads = threads
        self._pipeline: HandedOver = (
            pipeline if isinstance(pipeline, HandedOver) else HandedOver.of(pipeline)
        )
        self._changed = threading.Condition()  # guards all that follows
        self._keeper: threading.Thread | None = None
        self._processes: list[WorkerProcess] = []
        self._is_closed = False
        self._has_worked = False
        self._n_failed_starts = 0
        self._next_start_s = 0.0
        self._refusal: Exception | None = None
        self._last_failure = ""
        self._notices: dict[State, str] = {}  # the newest of each kind

    def start(self, img_kwargs: Mapping[str, Any]) -> None:
        """Start the processes; they load and warm up the pipeline while the session goes on.

        Raises
        ------
        ConfigurationError
            If the keyword arguments cannot be handed to another process.
        """
        kwargs = handed_over(dict(img_kwargs), "A keyword argument of the pipeline")
        recipe = (*self._pipeline, kwargs, self._threads)
        self._keeper = threading.Thread(
            target=self._keep,
            args=(recipe,),
            name="dystrack-workers",
        )
        self._keeper.daemon = True
        self._keeper.start()

    def check(self) -> None:
        """Raise why the pipeline cannot run at all, if the start has shown that."""
        if self._refusal is not None:
            raise self._refusal

    def run(
        self, path: str, img_kwargs: Mapping[str, Any], img_cache: Mapping[str, Any]
    ) -> Analysis:
        """Return what the pipeline answers, or raise what it raises.

        Raises
        ------
        WorkerError
            If it took too long, or if its process ended.
        """
        if self._keeper is None:
            self.start(img_kwargs)
        return result_of(self.exchange(request_for(path, img_kwargs, img_cache)))

    def exchange(self, request: bytes) -> Reply:
        """Return what a process replies to a request.

        Raises
        ------
        WorkerError
            If it took too long, or if its process ended.
        """
        deadline_s = self._clock.monotonic() + self._timeout_s
        while True:
            process = self._first_ready(deadline_s)
            process.ask(request, deadline_s)
            self._wait_while_busy(process)
            if process.reply is not None:
                return process.reply
            if process.was_taken or process.is_overdue:
                raise self._death_of(process)

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._keeper is not None:
            self._keeper.join()

    def _first_ready(self, deadline_s: float) -> WorkerProcess:
        """Return the first process that is ready, once there is one."""
        while True:
            self._tell_notices()
            with self._changed:
                self.check()
                for process in self._processes:
                    if process.state is State.READY:
                        return process
                if self._clock.monotonic() >= deadline_s:
                    raise self._nobody_ready()
                self._changed.wait(_LOOK_S)

    def _wait_while_busy(self, process: WorkerProcess) -> None:
        try:
            with self._changed:
                while process.state is State.BUSY:
                    self._changed.wait(_LOOK_S)
        except BaseException:  # Ctrl-C: nobody will ask for this reply
            process.kill()
            raise

    def _tell_notices(self) -> None:
        with self._changed:
            notices, self._notices = self._notices, {}
        for notice in notices.values():
            warnings.warn(notice, UserWarning, stacklevel=3)

    def _keep(self, recipe: PipelineRecipe) -> None:
        """Keep two processes until the session ends: replace the dead, end what takes too long."""
        with interrupts_left_to_the_session():
            while self._look_after(self._clock.monotonic()):
                if self._may_start():
                    self._start_one(recipe)
                else:
                    with self._changed:
                        if not self._is_closed:
                            self._changed.wait(_LOOK_S)
        for process in self._processes:
            process.kill()
            process.join()

    def _look_after(self, now_s: float) -> bool:
        """Deal with what happened to the processes; return whether they are still wanted."""
        with self._changed:
            for process in self._processes:
                process.end_if_overdue(now_s)
                if process.state in {State.READY, State.BUSY}:
                    self._has_worked, self._n_failed_starts, self._last_failure = True, 0, ""
            dead = [p for p in self._processes if p.state is State.DEAD]
            for process in dead:
                self._processes.remove(process)
                self._note_death(process)
            return not self._is_closed and self._refusal is None

    def _may_start(self) -> bool:
        is_missing = len(self._processes) < self._n_processes
        return is_missing and self._clock.monotonic() >= self._next_start_s

    def _start_one(self, recipe: PipelineRecipe) -> None:
        limit_s = self._clock.monotonic() + _START_LIMIT_S
        try:
            process = WorkerProcess(recipe, self._changed, limit_s)
        except OSError as error:  # the computer has no room for another process
            with self._changed:
                self._note_failed_start(f"{error}.")
        except RuntimeError as error:  # a run file that starts a session when it is imported
            self._refusal = _unable(str(error))
        else:
            with self._changed:
                self._processes.append(process)

    def _note_death(self, process: WorkerProcess) -> None:
        if process.died_while is State.READY:
            self._has_worked = True
            self._notices[State.READY] = (
                f"A process that waited for prescans ended, {_how(process)}; another one replaces "
                "it. Does the pipeline leave a thread behind?"
            )
        elif process.died_while is State.STARTING:
            if not self._has_worked and _cannot_be_loaded(process):
                self._refusal = _refusal(process)
            else:
                self._note_failed_start(_why_not_started(process))

    def _note_failed_start(self, reason: str) -> None:
        pause_s = min(_FIRST_PAUSE_S * _PAUSE_GROWTH**self._n_failed_starts, _LONGEST_PAUSE_S)
        self._n_failed_starts += 1
        self._next_start_s = self._clock.monotonic() + pause_s
        self._last_failure = f"A process for the pipeline could not be started: {reason}"
        self._notices[State.STARTING] = f"{self._last_failure} Trying again in {pause_s:g} s."

    def _nobody_ready(self) -> WorkerError:
        hint = "Does its file do something at import, or its warm_up, that takes long?"
        return WorkerError(
            f"No process was ready for the pipeline within {self._timeout_s:g} s. "
            f"{self._last_failure or hint} Raise timeout_s if it needs longer."
        )

    def _death_of(self, process: WorkerProcess) -> WorkerError:
        if process.is_overdue:
            return WorkerError(
                f"The pipeline took longer than {self._timeout_s:g} s and was stopped. Raise "
                "timeout_s, or make the pipeline or the prescan smaller."
            )
        return WorkerError(
            f"The process of the pipeline ended, {_how(process)}: it crashed, ran out of memory, "
            "or was killed."
        )


def _how(process: WorkerProcess) -> str:
    return f"exit code {process.exit_code}"


def _why_not_started(process: WorkerProcess) -> str:
    if process.reply is not None:
        return f"{describe_error(error_from_data(process.reply.content))}".rstrip(".") + "."
    if process.is_overdue:
        return f"it did not get ready within {_START_LIMIT_S:g} s."
    return f"it ended, {_how(process)}."


def _cannot_be_loaded(process: WorkerProcess) -> bool:
    """Return whether a start failed for a reason that will not pass: not because it was killed."""
    return process.reply is not None or (process.exit_code or 0) > 0


def _refusal(process: WorkerProcess) -> Exception:
    """Return why a pipeline cannot run at all."""
    error = None if process.reply is None else error_from_data(process.reply.content)
    if isinstance(error, ConfigurationError):
        return error
    refusal = _unable(_why_not_started(process))
    refusal.__cause__ = error
    return refusal


def _unable(reason: str) -> WorkerError:
    return WorkerError(
        f"The pipeline could not be run in a process of its own: {reason} Another process must be "
        'able to import it: a run file needs `if __name__ == "__main__":` before its call. If it '
        "cannot, set isolate=False."
    )
