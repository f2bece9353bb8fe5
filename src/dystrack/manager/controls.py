"""What others may ask of a session, and what they may know of it; from any thread.

The session obeys between prescans. ::

    Esc, a caller, a page ──► Controls ──► session
                  ▲                           │
                  └────── SessionStatus ◄─────┘
"""

import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dystrack.manager.events import StopReason

__all__ = [
    "Command",
    "Controls",
    "GoOn",
    "Hold",
    "Pause",
    "Release",
    "SessionState",
    "SessionStatus",
]


@dataclass(frozen=True)
class Command:
    """Something that is asked of a session."""


@dataclass(frozen=True)
class Pause(Command):
    """Answer no prescan until told to go on."""


@dataclass(frozen=True)
class GoOn(Command):
    """Answer prescans again."""


@dataclass(frozen=True)
class Hold(Command):
    """Do not move a position any more."""

    position: str
    reason: str


@dataclass(frozen=True)
class Release(Command):
    """Track a position again that is held."""

    position: str


class SessionState(StrEnum):
    """What a session is doing."""

    WAITING = "waiting"
    ANALYSING = "analysing"
    SENDING = "sending"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True)
class SessionStatus:
    """A session at one moment.

    Attributes
    ----------
    state : SessionState
        What it is doing.
    path : str
        The prescan with which it is; empty where there is none.
    held : mapping of str to str
        Positions that are held, and why.
    n_targets, n_analysed, n_sent : int
        Prescans so far; those analysed; those whose coordinates reached the microscope.
    stop_reason : StopReason or None
        Why it ended.
    """

    state: SessionState = SessionState.WAITING
    path: str = ""
    held: Mapping[str, str] = field(default_factory=dict)
    n_targets: int = 0
    n_analysed: int = 0
    n_sent: int = 0
    stop_reason: StopReason | None = None


class Controls:
    """The way in to a session, and its status on the way out."""

    def __init__(self) -> None:
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._stop_reason: StopReason | None = None
        self._stop_conditions: list[tuple[Callable[[], bool], StopReason]] = []
        self.status = SessionStatus()

    def ask(self, command: Command) -> None:
        """Ask for something; it is done before the next prescan."""
        self._commands.put(command)

    def stop(self, reason: StopReason = StopReason.ASKED) -> None:
        """End the session once the prescan under way is answered."""
        self._stop_reason = self._stop_reason or reason

    def stop_when(self, condition: Callable[[], bool], reason: StopReason) -> None:
        """End the session once a condition holds; it is asked about ten times a second."""
        self._stop_conditions.append((condition, reason))

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the session is to end; None while it is not."""
        for condition, reason in self._stop_conditions:
            if self._stop_reason is None and condition():
                self._stop_reason = reason
        return self._stop_reason

    def take(self) -> list[Command]:
        """Return what was asked since the last call, oldest first."""
        return [self._commands.get() for _ in range(self._commands.qsize())]
