"""One session as a page shows it: its journal, read on and on."""

import hashlib
import os
from collections import deque
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from dystrack.dashboard.live.position import LivePosition
from dystrack.dashboard.live.states import SessionState
from dystrack.history.entries import Entry, Gathering, Record, event_of, said_of, time_of
from dystrack.history.kept_pictures import picture_path
from dystrack.history.tail import JournalTail
from dystrack.manager.events import AnalysisFailed, SessionEnded
from dystrack.manager.record.encoding import decode
from dystrack.manager.watching.image_names import JOURNAL_NAME
from dystrack.manager.wording import describe_end, failure

__all__ = ["LiveSession", "Message"]

_MOST_MESSAGES = 2000
_MOST_COMMANDS = 20
_BAD = frozenset({"AnalysisFailed", "PositionHeld", "TransmissionFailed", "FolderLost"})
_SILENT = frozenset(
    {"ImageNoticed", "AnalysisStarted", "AnalysisSucceeded", "Answering", "Answered"}
)
_GOOD = frozenset({"PositionReleased", "TransmissionRecovered", "FolderReturned", "SessionWentOn"})

Message = dict[str, Any]
"""Something that was told: when, of which event, position and prescan, how bad, in which words."""


class LiveSession:
    """What a page knows of the last run in a folder.

    Parameters
    ----------
    folder : Path
        The folder, which need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:10]
        self._tail = JournalTail(folder / JOURNAL_NAME)
        self.is_owned: bool | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.start: Record = {}
        self.watched = ""  # the folder, as the session called it
        self.end: Record = {}
        self.settings: dict[str, Any] = {}
        self.positions: dict[str, LivePosition] = {}
        self.messages: deque[Message] = deque(maxlen=_MOST_MESSAGES)
        self.n_messages = 0
        self.n_prescans = 0
        self.is_paused = False
        self.lost_folder = ""
        self.last: Record = {}
        self.commands: dict[str, dict[str, Any]] = {}
        self._gathering = Gathering()
        self._places: dict[str, list[int]] = {}
        self._where: list[tuple[str, int]] = []

    @property
    def n_torn(self) -> int:
        """Return how many lines of the journal could not be used."""
        return self._tail.n_torn

    @property
    def is_in_reach(self) -> bool:
        """Return whether the journal could be read at the last look."""
        return not self._tail.is_away

    def update(self) -> bool:
        """Read on; return whether there was anything new."""
        is_new = self._tail.is_another_file()
        if is_new:
            self._begin_anew()
        for place, record in self._tail.read():
            is_new = True
            try:
                self._take(place, record)
            except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
                self._tail.n_torn += 1  # no event of ours, whatever it calls itself
        return is_new

    @property
    def state(self) -> SessionState:
        """Return how the session is doing."""
        if self._tail.is_away:
            return SessionState.AWAY if self.start else SessionState.NONE
        if not self.start:
            return SessionState.NONE
        if self.end:
            return SessionState.FAILED if self.end.get("error") else SessionState.ENDED
        if self.is_owned is False:
            return SessionState.DIED
        if self.is_paused:
            return SessionState.PAUSED
        return SessionState.RUNNING if self.positions else SessionState.WAITING

    @property
    def is_over(self) -> bool:
        """Return whether no more prescans are answered."""
        return bool(self.end) or self.is_owned is False

    def prescan(self, number: int) -> tuple[LivePosition, int] | None:
        """Return the position of a prescan, and which row of it is its own."""
        if not 1 <= number <= len(self._where):
            return None
        name, index = self._where[number - 1]
        return self.positions[name], index

    def entry_of(self, position: LivePosition, index: int) -> Entry:
        """Return all that the journal says of a prescan, by reading it there once more."""
        gathering, found = Gathering(), None
        for place in position.places[index]:
            record = self._tail.read_at(place)
            if PurePath(str(record.get("path", ""))).name == position.rows[index].name:
                found = gathering.take(record) or found
        return found or Entry()

    def picture_of(self, position: LivePosition, index: int) -> Path:
        """Return where the picture of a prescan is, if one was kept."""
        path = str(self.entry_of(position, index).answered.get("path", ""))
        return picture_path(self.folder, self.watched, path)

    def _take(self, place: int, record: Record) -> None:
        at = time_of(record)
        kind = record["event"]
        if kind == "SessionStarted":
            self._start(record)
        if not self.start:
            return
        self.last = record
        if isinstance(path := record.get("path"), str) and kind != "AnsweredLate":
            self._places.setdefault(path, []).append(place)
        entry = self._gathering.take(record)
        if entry is not None:
            self._answered(entry)
        self._follow(record)
        self._note(record, at.timestamp())

    def _follow(self, record: Record) -> None:
        """Take over what an event changes besides prescans."""
        match record["event"]:
            case "SessionEnded":
                self.end = record
            case "SessionPaused" | "SessionWentOn":
                self.is_paused = record["event"] == "SessionPaused"
            case "PositionHeld":
                self._position(record["position"]).held = str(record["reason"])
            case "PositionReleased":
                self._position(record["position"]).held = ""
            case "FolderLost":
                self.lost_folder = _said(record)
            case "FolderReturned":
                self.lost_folder = ""
            case "Warned" if record.get("kind") and record.get("position"):
                self._position(record["position"]).warn(str(record["kind"]), record["message"])
            case "CommandObeyed" | "CommandRefused":
                self._take_outcome(record)

    def _start(self, record: Record) -> None:
        """Begin with a run; one that is resumed goes on as the same."""
        settings = {name: decode(value) for name, value in record["settings"].items()}
        watched = record["folder"]
        if not (record.get("resumed") and self.start):
            self._begin_anew()
            self.start = record
        self.settings, self.watched = settings, watched
        self.end = {}
        self.is_paused = False
        self.is_owned = None

    def _answered(self, entry: Entry) -> None:
        path = entry.answered["path"]
        position = self._position(str(entry.answered["position"]))
        position.take(self.n_prescans + 1, entry, tuple(self._places.pop(path, ())))
        self._note_effect(entry)
        self.n_prescans += 1
        self._where.append((position.name, len(position.rows) - 1))
        if entry.answering:
            position.held = str(entry.answering.get("state", {}).get("held") or "")

    def note_asked(self, id_: str, words: str, by: str, at_s: float, position: str) -> None:
        """Note what was asked of the session from a page, until it says what came of it."""
        self.commands.setdefault(
            id_, {"id": id_, "state": "asked", "position": position, "with": ""}
        )
        self.commands[id_] |= {"command": words, "by": by, "asked_at": at_s, "reason": ""}
        self.commands = dict(list(self.commands.items())[-_MOST_COMMANDS:])

    def _take_outcome(self, record: Record) -> None:
        """Note what came of a command; a place and a nudge take effect with the next answer."""
        is_done = record["event"] == "CommandObeyed"
        asked_s = datetime.fromisoformat(record["asked_at"]).timestamp()
        id_, position = str(record["id"]), str(record["position"])
        self.note_asked(id_, str(record["command"]), str(record["by"]), asked_s, position)
        self.commands[id_] |= {
            "state": "done" if is_done else "refused",
            "took_effect": time_of(record).timestamp(),
            "reason": "" if is_done else record["reason"],
            "with": "",
        }
        if is_done and record.get("setting"):
            self.settings[str(record["setting"])] = record["value"]

    def _note_effect(self, entry: Entry) -> None:
        """Note with which prescan the commands on a position took effect."""
        position = str(entry.answered["position"])
        for command in self.commands.values():
            if (command["position"], command["state"], command["with"]) == (position, "done", ""):
                command["with"] = PurePath(str(entry.answered["path"])).name
                is_held = bool(self._position(position).held)
                command["reason"] = "" if is_held else str(entry.failed.get("error", ""))

    def _position(self, name: str) -> LivePosition:
        if name not in self.positions:
            self.positions[name] = LivePosition(name, time_of(self.start), self.settings)
        return self.positions[name]

    def _note(self, record: Record, at_s: float) -> None:
        text = _said(record)
        if not text:
            return
        kind = record["event"]
        is_bad = kind in _BAD or (kind == "SessionEnded" and bool(record.get("error")))
        level = "bad" if is_bad else "good" if kind in _GOOD else "info"
        self.n_messages += 1
        self.messages.append(
            {
                "number": self.n_messages,
                "at": at_s,
                "event": kind,
                "level": "warn" if kind == "Warned" else level,
                "position": str(record.get("position", "")),
                "prescan": PurePath(str(record.get("path", ""))).name,
                "text": text,
                "traceback": str(record.get("traceback", "")),
            }
        )


def _said(record: Record) -> str:
    if record["event"] in _SILENT:  # by far the most
        return ""
    event = event_of(record)
    if isinstance(event, AnalysisFailed):
        return failure(replace(event, traceback=""))  # which is shown below it
    if isinstance(event, SessionEnded):
        return f"{describe_end(event)} {event.error}".strip()
    if record["event"] == "SessionStarted":
        return f"Watches {record['folder']} with {record['pipeline']}."
    return said_of(record)
