"""One worker process, as the session sees it."""

import contextlib
import multiprocessing
import multiprocessing.connection
import signal
import sys
import threading
from collections.abc import Iterator
from enum import Enum, auto
from typing import Any, NamedTuple

from dystrack.manager.workers.plain_data import unpacked
from dystrack.manager.workers.serving import (
    LARGEST_CACHE_BYTES,
    PipelineRecipe,
    end_group,
    serve,
)

__all__ = ["Reply", "State", "WorkerProcess", "interrupts_left_to_the_session"]

_ALIVE_CHECK_S = 1.0
_BURIAL_S = 5.0
_LARGEST_MESSAGE_BYTES = LARGEST_CACHE_BYTES + (1 << 24)
_CONTEXT = multiprocessing.get_context("spawn")


class State(Enum):
    """What a worker process does."""

    STARTING = auto()
    READY = auto()
    BUSY = auto()
    DEAD = auto()


class Reply(NamedTuple):
    """What a worker process says.

    Attributes
    ----------
    kind : {"ready", "failed", "taken", "answer", "error"}
        See `serving`.
    content : object
        Plain data.
    warnings : list of str
        What the pipeline warned of.
    """

    kind: str
    content: Any
    warnings: list[str]


class WorkerProcess:
    """A process in which the pipeline is loaded once and then runs for one prescan after another.

    ::

        STARTING ──► READY ◄──► BUSY
            └──────────┴─────────┴──► DEAD

    A thread listens to it as long as it lives, so that its death is noticed whatever it does.

    Parameters
    ----------
    recipe : PipelineRecipe
        How to get the pipeline.
    changed : threading.Condition
        Guards all that can be read here, and is notified when that changes.
    deadline_s : float
        When to give up the start.

    Attributes
    ----------
    state : State
        What it does.
    died_while : State or None
        What it did when it died.
    deadline_s : float
        When what it does has to be over, on the clock of whoever set it.
    is_overdue : bool
        Whether it was ended because of that.
    was_taken : bool
        Whether the pipeline got the last request.
    reply : Reply or None
        What came of the last request, or of the start if that failed.
    """

    def __init__(
        self, recipe: PipelineRecipe, changed: threading.Condition, deadline_s: float
    ) -> None:
        self._changed = changed
        self.state = State.STARTING
        self.died_while: State | None = None
        self.deadline_s = deadline_s
        self.is_overdue = False
        self.was_taken = False
        self.reply: Reply | None = None
        self._connection, theirs = _CONTEXT.Pipe()
        try:
            self._process = _CONTEXT.Process(
                target=serve, args=(theirs, recipe), name="dystrack-worker", daemon=True
            )
            self._process.start()
        except BaseException:
            self._connection.close()
            raise
        finally:
            theirs.close()
        self._listener = threading.Thread(
            target=self._listen, name="dystrack-worker-listener", daemon=True
        )
        self._listener.start()

    @property
    def pid(self) -> int | None:
        """Return the number of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return how the process ended; None while that is not known."""
        return self._process.exitcode

    def ask(self, request: bytes, deadline_s: float) -> None:
        """Hand over a request for `serve`, if the process is still there."""
        with self._changed:
            self.reply, self.was_taken = None, False
            if self.state is not State.READY:
                return
            self.state, self.deadline_s = State.BUSY, deadline_s
        with contextlib.suppress(OSError):  # its death is noticed by the listener
            self._connection.send_bytes(request)

    def end_if_overdue(self, now_s: float) -> None:
        """Kill the process if what it does took too long."""
        if self.state in {State.STARTING, State.BUSY} and now_s >= self.deadline_s:
            self.is_overdue = True
            self._pass_on(State.DEAD)
            self.kill()

    def kill(self) -> None:
        """End the process, whatever it does."""
        if self._process.pid is not None:
            end_group(self._process.pid)
        self._process.kill()

    def join(self) -> None:
        """Wait until a process that was killed is gone."""
        self._listener.join(_BURIAL_S)

    def _listen(self) -> None:
        """Take what the process says until it dies."""
        with contextlib.suppress(Exception):  # torn messages are as good as none
            while self.state is not State.DEAD and (reply := self._next_reply()) is not None:
                with self._changed:
                    self._take(reply)
        self.kill()
        self._process.join(_BURIAL_S)
        with self._changed:
            self._pass_on(State.DEAD)
        # The connection closes itself once nobody holds it: the session may be writing to it.

    def _next_reply(self) -> Reply | None:
        """Return the next message; None when there will be none."""
        waited_for: list[Any] = [self._connection, self._process.sentinel]
        while not multiprocessing.connection.wait(waited_for, _ALIVE_CHECK_S):
            if not self._process.is_alive():  # something that it started holds its pipes open
                break
        if not self._connection.poll():
            return None
        return Reply(*unpacked(self._connection.recv_bytes(_LARGEST_MESSAGE_BYTES)))

    def _take(self, reply: Reply) -> None:
        if reply.kind == "taken":
            self.was_taken = True
        elif reply.kind == "ready":
            self._pass_on(State.READY)
        else:
            self.reply = reply
            self._pass_on(State.DEAD if reply.kind == "failed" else State.READY)

    def _pass_on(self, state: State) -> None:
        """Change the state; the dead stay dead."""
        if self.state is State.DEAD:
            return
        if state is State.DEAD:
            self.died_while = self.state
        self.state = state
        self._changed.notify_all()


@contextlib.contextmanager
def interrupts_left_to_the_session() -> Iterator[None]:
    """Have Ctrl-C spare the processes that this thread starts, from their first moment on."""
    if sys.platform == "win32":  # they ignore it themselves, a moment later
        yield
        return
    from multiprocessing import resource_tracker  # noqa: PLC0415 - exists on POSIX only

    resource_tracker.ensure_running()  # its start would end what is set next
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
