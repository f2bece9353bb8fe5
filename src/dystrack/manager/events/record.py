"""What a session finds of earlier runs, and of its own record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dystrack.manager.events.base import Event

__all__ = ["JournalRenewed", "PrescansFound", "RunResumed"]

_NAMES_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class PrescansFound(Event):
    """Prescans lay in the folder at the start and are left alone.

    Attributes
    ----------
    names : list of str
        Their paths within the folder, the first few.
    count : int
        How many there are.
    unanswered : bool
        Whether an earlier run of this pipeline should have answered them.
    """

    names: list[str]
    count: int
    unanswered: bool

    @property
    def message(self) -> str:
        """What a person is told."""
        if self.unanswered:
            return (
                f"An earlier run in this folder left {_counted(self.count, self.names)} "
                "unanswered. To have them answered, end this run and add --resume."
            )
        return f"There at the start, and left alone: {_counted(self.count, self.names)}."


@dataclass(frozen=True, kw_only=True)
class RunResumed(Event):
    """A session goes on with the run before.

    Attributes
    ----------
    started : str
        When that run was started, as its journal says.
    settings : dict
        Settings that are taken over from it, because they are not given now; those of the
        pipeline by their own names.
    positions : list of str
        Positions that go on where they were.
    waiting : list of str
        Prescans that are to be answered now, the first few.
    n_waiting : int
        How many there are.
    left_out : list of str
        Prescans that get a line without coordinates: those of which only newer ones are wanted,
        and those that ended the run before.
    """

    started: str
    settings: dict[str, Any]
    positions: list[str]
    waiting: list[str]
    n_waiting: int
    left_out: list[str]

    @property
    def message(self) -> str:
        """What a person is told."""
        settings = ", ".join(f"{name} {value!r}" for name, value in self.settings.items())
        parts = [
            f"The run of {self.started[:16].replace('T', ' ')} UTC goes on",
            f"positions: {', '.join(self.positions) or 'none yet'}",
            f"settings taken over: {settings or 'none'}",
            f"to be answered: {_counted(self.n_waiting, self.waiting)}",
        ]
        if self.left_out:
            parts.append(f"not analysed: {_counted(len(self.left_out), self.left_out)}")
        return f"{'; '.join(parts)}."


@dataclass(frozen=True, kw_only=True)
class JournalRenewed(Event):
    """The journal was deleted or replaced while the session ran, and is begun anew.

    Attributes
    ----------
    handled : list of str
        Prescans that need no answer any more, by their paths within the folder.
    states : dict
        Record of each position after its last answer.
    """

    handled: list[str]
    states: dict[str, dict[str, Any]]


def _counted(count: int, names: Sequence[str]) -> str:
    """Return how many prescans there are, with the names of the first."""
    if not count:
        return "no prescan"
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = ", …" if count > len(names[:_NAMES_SHOWN]) else ""
    return f"{count} {'prescan' if count == 1 else 'prescans'} ({shown}{more})"
