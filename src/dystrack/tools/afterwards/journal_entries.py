"""The events of a run's journal, gathered by the prescan that they concern."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dystrack.manager import events
from dystrack.manager.events import AnalysisFailed, Event
from dystrack.manager.record.encoding import decode
from dystrack.manager.record.journal import read_journal
from dystrack.manager.wording import trouble

__all__ = ["Entry", "JournalOfRun", "event_of", "read_run", "time_of"]

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

_Record = Mapping[str, Any]


@dataclass
class Entry:
    """What the journal says of one prescan; empty where it does not."""

    noticed: _Record = field(default_factory=dict)
    started: _Record = field(default_factory=dict)
    succeeded: _Record = field(default_factory=dict)
    failed: _Record = field(default_factory=dict)
    answering: _Record = field(default_factory=dict)
    answered: _Record = field(default_factory=dict)


@dataclass
class JournalOfRun:
    """A run, over all times that it was resumed.

    Attributes
    ----------
    start : dict
        Record of its beginning.
    entries : list of Entry
        Prescans that were answered, in their order.
    end : dict
        Record of its end; empty if there is none.
    messages : list of str
        What was told besides, with its time.
    last : datetime
        When the last event happened.
    n_earlier, n_resumed, n_torn : int
        Runs before it in the same journal, how often it was resumed, and lines that are torn.
    """

    start: _Record
    last: datetime
    entries: list[Entry] = field(default_factory=list)
    end: _Record = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    n_earlier: int = 0
    n_resumed: int = 0
    n_torn: int = 0

    @property
    def began(self) -> datetime:
        """Return when it began."""
        return time_of(self.start)

    @property
    def settings(self) -> dict[str, Any]:
        """Return its settings."""
        return {name: decode(value) for name, value in self.start.get("settings", {}).items()}


def read_run(path: Path) -> JournalOfRun | None:
    """Return the last run of a journal.

    Parameters
    ----------
    path : Path
        The journal.

    Returns
    -------
    JournalOfRun or None
        The run; None if the journal has none.

    Raises
    ------
    JournalError
        If it cannot be read.
    """
    records, n_torn = read_journal(path)
    records = [record for record in records if {"at", "event"} <= record.keys()]
    starts = [i for i, r in enumerate(records) if r["event"] == "SessionStarted"]
    afresh = [i for i in starts if not records[i].get("resumed")] or starts[:1]
    if not afresh:
        return None
    own = records[afresh[-1] :]
    run = JournalOfRun(
        own[0], time_of(own[-1]), n_earlier=len(afresh) - 1, n_torn=n_torn, n_resumed=-1
    )
    pending: dict[str, Entry] = {}
    for record in own:
        _take(run, pending, record)
    run.entries += [_ended_by(entry) for entry in pending.values() if entry.failed]
    return run


def time_of(record: _Record) -> datetime:
    """Return when an event happened."""
    return datetime.fromisoformat(record["at"])


def event_of(record: _Record) -> Event | None:
    """Return the event of a record; None if this version does not know it, or not like this."""
    kind = getattr(events, record["event"], None)
    if not (isinstance(kind, type) and issubclass(kind, Event)):
        return None
    known = {name: record[name] for field in fields(kind) if (name := field.name) in record}
    try:
        return kind(**known)
    except TypeError:
        return None


def _ended_by(entry: Entry) -> Entry:
    """Return a prescan whose failure ended the session, so that nothing was sent for it."""
    nothing = dict.fromkeys("zyx")
    told = {"outcome": "fallback", "sent": False, "total_s": None, "msg": entry.failed["error"]}
    return replace(entry, answered={**entry.failed, **nothing, **told})


def _take(run: JournalOfRun, pending: dict[str, Entry], record: _Record) -> None:
    """Add an event to the run."""
    event, path = record["event"], record.get("path", "")
    if event in _FIELDS:
        setattr(pending.setdefault(path, Entry()), _FIELDS[event], record)
    match event:
        case "SessionStarted":
            run.n_resumed, run.end = run.n_resumed + 1, {}
        case "SessionEnded":
            run.end = record
        case "Answered":
            run.entries.append(pending.pop(path))
        case "AnsweredLate":
            _send_late(run.entries, record)
    told = _said_of(record)
    if told:
        run.messages.append(f"{time_of(record).astimezone():%H:%M:%S}  {told}")


def _send_late(entries: Iterable[Entry], record: _Record) -> None:
    """Count an answer as sent that had been given up before."""
    sent = {name: record[name] for name in ("z", "y", "x", "msg")}
    for entry in entries:
        if entry.answered["path"] == record["path"]:
            entry.answered = {**entry.answered, **sent, "sent": True}


def _said_of(record: _Record) -> str:
    """Return what is to be said of an event, in the words of the terminal; failures are shown."""
    event = event_of(record)
    return "" if event is None or isinstance(event, AnalysisFailed) else trouble(event)
