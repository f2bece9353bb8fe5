"""The events of a journal, gathered by the prescan that they concern."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from dystrack.manager import events
from dystrack.manager.events import AnalysisFailed, Event
from dystrack.manager.wording import trouble

__all__ = ["Entry", "Gathering", "Record", "event_of", "said_of", "time_of"]

_FIELDS = MappingProxyType(
    {
        "ImageNoticed": "noticed",
        "AnalysisStarted": "started",
        "AnalysisSucceeded": "succeeded",
        "AnalysisFailed": "failed",
        "Answering": "answering",
        "Answered": "answered",
    }
)

Record = Mapping[str, Any]
"""One line of a journal."""


@dataclass
class Entry:
    """What the journal says of one prescan; empty where it does not."""

    noticed: Record = field(default_factory=dict)
    started: Record = field(default_factory=dict)
    succeeded: Record = field(default_factory=dict)
    failed: Record = field(default_factory=dict)
    answering: Record = field(default_factory=dict)
    answered: Record = field(default_factory=dict)


class Gathering:
    """Gathers events, one after the other, until a prescan is answered."""

    def __init__(self) -> None:
        self._pending: dict[str, Entry] = {}

    def take(self, record: Record) -> Entry | None:
        """Take an event; return what is known of its prescan if that is answered by it."""
        name = _FIELDS.get(record["event"])
        if name is None:
            return None
        path = record["path"]
        entry = self._pending.setdefault(path, Entry())
        setattr(entry, name, record)
        return self._pending.pop(path) if name == "answered" else None

    @property
    def waiting(self) -> Mapping[str, Entry]:
        """Return what is not answered yet, by paths."""
        return self._pending

    def ended(self) -> list[Entry]:
        """Return prescans whose failure ended the session, so that nothing was sent for them."""
        return [_ended_by(entry) for entry in self._pending.values() if entry.failed]


def time_of(record: Record) -> datetime:
    """Return when an event happened."""
    return datetime.fromisoformat(record["at"])


def event_of(record: Record) -> Event | None:
    """Return the event of a record; None if this version does not know it, or not like this."""
    kind = getattr(events, record["event"], None)
    if not (isinstance(kind, type) and issubclass(kind, Event)):
        return None
    known = {name: record[name] for field in fields(kind) if (name := field.name) in record}
    try:
        return kind(**known)
    except TypeError:
        return None


def said_of(record: Record) -> str:
    """Return what is to be said of an event, in the words of the terminal; failures are shown."""
    event = event_of(record)
    return "" if event is None or isinstance(event, AnalysisFailed) else trouble(event)


def _ended_by(entry: Entry) -> Entry:
    nothing = dict.fromkeys("zyx")
    told = {"outcome": "fallback", "sent": False, "total_s": None, "msg": entry.failed["error"]}
    return replace(entry, answered={**entry.failed, **nothing, **told})
