"""The last run of a journal, over all times that it was resumed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dystrack.history.entries import Entry, Gathering, Record, said_of, time_of
from dystrack.manager.record.encoding import decode
from dystrack.manager.record.journal import read_journal

__all__ = ["JournalOfRun", "read_run"]


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
    n_waiting : int
        Prescans that were noticed and have no answer.
    """

    start: Record
    last: datetime
    entries: list[Entry] = field(default_factory=list)
    end: Record = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    n_earlier: int = 0
    n_resumed: int = 0
    n_torn: int = 0
    n_waiting: int = 0

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
    gathering = Gathering()
    for record in own:
        _take(run, gathering, record)
    ended = gathering.ended()
    run.entries += ended
    run.n_waiting = len(gathering.waiting) - len(ended)
    return run


def _take(run: JournalOfRun, gathering: Gathering, record: Record) -> None:
    """Add an event to the run."""
    entry = gathering.take(record)
    if entry is not None:
        run.entries.append(entry)
    match record["event"]:
        case "SessionStarted":
            run.n_resumed, run.end = run.n_resumed + 1, {}
        case "SessionEnded":
            run.end = record
        case "AnsweredLate":
            _send_late(run.entries, record)
    told = said_of(record)
    if told:
        run.messages.append(f"{time_of(record).astimezone():%H:%M:%S}  {told}")


def _send_late(entries: Iterable[Entry], record: Record) -> None:
    """Count an answer as sent that had been given up before."""
    sent = {name: record[name] for name in ("z", "y", "x", "msg")}
    for entry in entries:
        if entry.answered["path"] == record["path"]:
            entry.answered = {**entry.answered, **sent, "sent": True}
