"""How a position and a session are doing, in one word; trouble has the higher number."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "LOST_AFTER",
    "SEVERITIES",
    "PositionState",
    "SessionState",
    "is_late",
    "is_searching",
    "position_state",
]

LOST_AFTER = 3
"""So many failures in a row, and the sample counts as lost."""

_LATE_AFTER_INTERVALS = 2.0
_LATE_AT_LEAST_S = 10.0
_SEARCHING = ("TRACKER:SEARCH", "TRACKER:LOST")


class PositionState(StrEnum):
    """How a position is doing."""

    LOST = "lost"
    HELD = "held"
    UNSENT = "not sent"
    LATE = "late"
    FALLING_BACK = "falling back"
    TRACKING = "tracking"
    WAITING = "waiting"
    ENDED = "ended"


class SessionState(StrEnum):
    """How a session is doing."""

    DIED = "died"
    FAILED = "ended by an error"
    AWAY = "folder out of reach"
    PAUSED = "paused"
    RUNNING = "running"
    WAITING = "waiting"
    ENDED = "ended"
    NONE = "no run yet"


SEVERITIES: Mapping[str, int] = MappingProxyType(
    {
        PositionState.LOST: 4,
        PositionState.HELD: 3,
        PositionState.UNSENT: 3,
        PositionState.LATE: 2,
        PositionState.FALLING_BACK: 2,
        PositionState.TRACKING: 1,
        PositionState.WAITING: 0,
        SessionState.DIED: 5,
        SessionState.FAILED: 5,
        SessionState.AWAY: 4,
        SessionState.PAUSED: 2,
        SessionState.RUNNING: 1,
    }
)
"""From 0, nothing to see, over 1, all is well, to 5."""


def position_state(
    *,
    outcomes: tuple[str, ...],
    message: str,
    held: str,
    is_over: bool,
    silent_s: float | None,
    interval_s: float | None,
) -> PositionState:
    """Return how a position is doing.

    Parameters
    ----------
    outcomes : tuple of str
        What came of its last prescans, the newest last.
    message : str
        Message of the newest.
    held : str
        Why it is held; empty if it is not.
    is_over : bool
        Whether its session has ended.
    silent_s, interval_s : float or None
        Time since its last prescan, and usual time between two; None where that is not known.

    Returns
    -------
    PositionState
        The worst of what is so.
    """
    checks = (
        (is_over, PositionState.ENDED),
        (held, PositionState.HELD),
        (not outcomes, PositionState.WAITING),
        (is_searching(message, outcomes[-LOST_AFTER:]), PositionState.LOST),
        (outcomes[-1:] == ("not sent",), PositionState.UNSENT),
        (is_late(silent_s, interval_s), PositionState.LATE),
        (outcomes[-1:] == ("tracked",), PositionState.TRACKING),
    )
    return next((state for so, state in checks if so), PositionState.FALLING_BACK)


def is_searching(message: str, outcomes: tuple[str, ...]) -> bool:
    """Return whether a sample is lost: it is searched for, or the last analyses all failed."""
    has_all_failed = len(outcomes) >= LOST_AFTER and set(outcomes) == {"failed"}
    return message.startswith(_SEARCHING) or has_all_failed


def is_late(silent_s: float | None, interval_s: float | None) -> bool:
    """Return whether no prescan has come for twice the usual time."""
    if silent_s is None or interval_s is None:
        return False
    return silent_s > max(_LATE_AFTER_INTERVALS * interval_s, _LATE_AT_LEAST_S)
