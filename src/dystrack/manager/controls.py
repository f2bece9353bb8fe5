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
from typing import ClassVar

from dystrack.manager.events import StopReason

__all__ = [
    "Command",
    "Controls",
    "GoOn",
    "Hold",
    "Nudge",
    "Order",
    "Pause",
    "Release",
    "Retarget",
    "SessionState",
    "SessionStatus",
    "SetLimit",
    "StopAfterTimePoint",
    "Unusable",
]

Offset = tuple[float, float, float]


@dataclass(frozen=True)
class Order:
    """Who asked for something, and when.

    Attributes
    ----------
    id : str
        Tells it from others, for whoever waits for what came of it.
    by : str
        Who asked.
    at : str
        When, in the form of ISO 8601.
    """

    id: str
    by: str
    at: str


@dataclass(frozen=True)
class Command:
    """Something that is asked of a session.

    Attributes
    ----------
    order : Order or None
        Who asked for it; None of the program that runs the session.
    """

    order: Order | None = field(default=None, kw_only=True)

    _WORDS: ClassVar[str] = "A command"

    @property
    def words(self) -> str:
        """What is asked, in words."""
        return self._WORDS.format_map(vars(self))


@dataclass(frozen=True)
class Pause(Command):
    """Answer no prescan until told to go on."""

    _WORDS = "Pause"


@dataclass(frozen=True)
class GoOn(Command):
    """Answer prescans again."""

    _WORDS = "Go on"


@dataclass(frozen=True)
class Hold(Command):
    """Do not move a position any more."""

    position: str
    reason: str

    _WORDS = "Hold position {position}"


@dataclass(frozen=True)
class Release(Command):
    """Track a position again that is held."""

    position: str

    _WORDS = "Release position {position}"


@dataclass(frozen=True)
class Retarget(Command):
    """Send a position, once, to a place that a person has seen in one of its last prescans.

    Attributes
    ----------
    position : str
        The position.
    path : str
        The prescan.
    zyx : tuple of float
        The place in its pixels; z may be NaN, for as it was.
    """

    position: str
    path: str
    zyx: Offset

    _WORDS = "Send position {position} to the place that was clicked"


@dataclass(frozen=True)
class Nudge(Command):
    """Move what is followed at a position by so many pixels from what the pipeline finds."""

    position: str
    zyx_px: Offset

    _WORDS = (
        "Follow position {position} further by "
        "z {zyx_px[0]:+.1f}, y {zyx_px[1]:+.1f}, x {zyx_px[2]:+.1f} px"
    )


@dataclass(frozen=True)
class SetLimit(Command):
    """Change a limit, such as ``max_step_um``, to a value as the setting of that name takes it."""

    name: str
    value: str | int | None

    @property
    def words(self) -> str:
        """What is asked, in words."""
        return f"Set {self.name} to {'no limit' if self.value is None else self.value}"


@dataclass(frozen=True)
class StopAfterTimePoint(Command):
    """End the session once all positions have come to the time point under way."""

    _WORDS = "Stop after this time point"


@dataclass(frozen=True)
class Unusable(Command):
    """Something that was asked for in words that make no command."""

    reason: str


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
        self._sources: list[Callable[[], list[Command]]] = []
        self.status = SessionStatus()

    def ask(self, command: Command) -> None:
        """Ask for something; it is done before the next prescan."""
        self._commands.put(command)

    def ask_also(self, source: Callable[[], list[Command]]) -> None:
        """Take what a source has, too, whenever the session obeys."""
        self._sources.append(source)

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
        asked = [self._commands.get() for _ in range(self._commands.qsize())]
        return asked + [command for source in self._sources for command in source()]
