"""What the interface for programs answers, from what is known of sessions."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from dystrack.dashboard.live.position_charts import position_figures, session_clock
from dystrack.dashboard.live.session import LiveSession, Message
from dystrack.dashboard.live.watch import Watch
from dystrack.manager.settings import Settings

__all__ = ["about", "charts", "messages", "prescans", "session"]

_MOST_MESSAGES = 200


def session(watch: Watch, one: LiveSession) -> dict[str, Any]:
    """Return a session with its positions."""
    return {**watch.view(one), "positions": list(watch.tiles(one).values())}


def about(one: LiveSession) -> dict[str, Any]:
    """Return with what a session was started."""
    usual = Settings()
    settings = [
        {
            "name": name,
            "value": repr(value),
            "is_default": hasattr(usual, name) and getattr(usual, name) == value,
        }
        for name, value in one.settings.items()
    ]
    return {
        "settings": settings,
        "not_kept": list(map(str, one.start.get("not_kept", ()))),
        "versions": {str(k): str(v) for k, v in one.start.get("versions", {}).items()},
        "pipeline": str(one.start.get("pipeline", "")),
        "pipeline_path": str(one.start.get("pipeline_path", "")),
        "folder": str(one.folder.absolute()),
    }


def charts(
    one: LiveSession, position: str, begin: float | None, end: float | None
) -> dict[str, Any] | None:
    """Return the charts of a position; None if there is no such one."""
    own = one.positions.get(position)
    if own is None or not own.rows:
        return None
    clock = session_clock(own.rows)
    return {
        "version": own.rows[-1].number,
        "unit": clock.unit,
        "figures": position_figures(own, clock, begin, end),
    }


def prescans(one: LiveSession, position: str) -> dict[str, Any] | None:
    """Return the prescans of a position in brief; None if there is no such one."""
    own = one.positions.get(position)
    if own is None:
        return None
    return {
        "numbers": [row.number for row in own.rows],
        "times_s": [row.time_s for row in own.rows],
        "outcomes": [row.outcome for row in own.rows],
    }


def messages(one: LiveSession, wanted: Mapping[str, str]) -> dict[str, Any]:
    """Return what was told, newest first, by level, position and text, and how much in all.

    ``before`` is the number of the oldest message that is known already.
    """
    found = (message for message in reversed(one.messages) if _fits(message, wanted))
    return {"messages": list(islice(found, _MOST_MESSAGES)), "total": one.n_messages}


def _fits(message: Message, wanted: Mapping[str, str]) -> bool:
    for name in ("level", "position"):
        if wanted.get(name) and message[name] != wanted[name]:
            return False
    before = wanted.get("before", "")
    if before.isdecimal() and message["number"] >= int(before):
        return False
    text = wanted.get("text", "").lower()
    return not text or any(text in part.lower() for part in _texts(message))


def _texts(message: Message) -> Iterable[str]:
    return message["text"], message["event"], message["traceback"]
