"""How a session begins, goes on and ends, and what a person asks of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dystrack.manager.events.base import Event

__all__ = [
    "CommandObeyed",
    "CommandRefused",
    "PositionHeld",
    "PositionReleased",
    "SessionEnded",
    "SessionPaused",
    "SessionStarted",
    "SessionWentOn",
    "StopReason",
    "Warned",
]


class StopReason(StrEnum):
    """Why a session ended."""

    ESC = "esc"
    CTRL_C = "ctrl_c"
    TERMINATED = "terminated"  # by the system, with SIGTERM
    ASKED = "asked"  # by the program that called it, or through its controls
    MAX_CHECKS = "max_checks"
    MAX_TRIGGERS = "max_triggers"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class SessionStarted(Event):
    """A session begins to watch its folder.

    Attributes
    ----------
    folder : str
        The folder that is watched.
    pipeline : str
        Name of the pipeline, as ``module.function``.
    settings : dict
        Keyword arguments of the session.
    versions : dict
        Versions of DySTrack, Python and numpy, and the system.
    existing : list of str
        Prescans that were there before, by their paths within the folder.
    resumed : bool
        Whether it goes on with the run before.
    pipeline_path : str
        File of a pipeline of the user's own; empty for one that is imported by name.
    not_kept : list of str
        Settings that a journal cannot keep, such as functions: ``tra_method``,
        ``img_kwargs.model``.
    coords_size : int or None
        Size of the coordinates file in bytes; None where there is none.
    """

    folder: str
    pipeline: str
    settings: dict[str, Any]
    versions: dict[str, str]
    existing: list[str]
    resumed: bool
    pipeline_path: str = ""
    not_kept: list[str] = field(default_factory=list)
    coords_size: int | None = None


@dataclass(frozen=True, kw_only=True)
class SessionPaused(Event):
    """No prescan is answered until the session is told to go on."""


@dataclass(frozen=True, kw_only=True)
class SessionWentOn(Event):
    """Prescans are answered again, those of the pause first."""


@dataclass(frozen=True, kw_only=True)
class PositionHeld(Event):
    """A position is not moved any more until a person has looked at it."""

    position: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PositionReleased(Event):
    """A person has looked at a position that was held; it is tracked again."""

    position: str


@dataclass(frozen=True, kw_only=True)
class Warned(Event):
    """Something that a person should know, but that changes nothing.

    Attributes
    ----------
    message : str
        What to say.
    position : str
        Position that it is about; empty if about none or all.
    kind : str
        What kind of trouble it is, for those who are told of few: ``"runaway"``, ``"stage"`` (it
        does not follow), or empty.
    """

    message: str
    position: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class SessionEnded(Event):
    """The session is over.

    Attributes
    ----------
    reason : StopReason
        Why it ended.
    stats : dict
        The counters that the session returns.
    error : str
        Type and message of the error that ended it, if one did.
    """

    reason: StopReason
    stats: dict[str, int]
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class CommandObeyed(Event):
    """What a person asked for has taken effect; a place or a nudge does with the next answer.

    Attributes
    ----------
    id : str
        Tells it from others.
    command : str
        What was asked for, in words.
    by : str
        Who asked.
    asked_at : str
        When.
    position : str
        Position that it is about; empty if about none or all.
    setting : str
        Limit that it has changed; empty if none.
    value : str, int or None
        What that is now, as the setting of that name takes it.
    """

    id: str
    command: str
    by: str
    asked_at: str
    position: str = ""
    setting: str = ""
    value: str | int | None = None

    @property
    def message(self) -> str:
        """What a person is told."""
        return f"{self.command}, as {self.by} asked."


@dataclass(frozen=True, kw_only=True)
class CommandRefused(Event):
    """What a person asked for was not done.

    Attributes
    ----------
    id : str
        Tells it from others.
    command : str
        What was asked for, in words.
    by : str
        Who asked.
    asked_at : str
        When.
    reason : str
        Why not.
    position : str
        Position that it is about; empty if about none or all.
    """

    id: str
    command: str
    by: str
    asked_at: str
    reason: str
    position: str = ""

    @property
    def message(self) -> str:
        """What a person is told."""
        return f"{self.command}, as {self.by} asked: refused. {self.reason}"
