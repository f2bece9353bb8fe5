"""What a journal's lines come to: which prescans need no answer, and where each position is."""

import json
import re
from dataclasses import dataclass
from typing import Any

from dystrack.manager.transmitters import traits_of

__all__ = ["Replay", "Summary", "relative_name"]

_HEAD = re.compile(rb'\{"at": "[^"]*", "event": "(\w+)"')
_KINDS = frozenset(
    {
        b"SessionStarted",
        b"Answering",
        b"Answered",
        b"AnsweredLate",
        b"TransmissionFailed",
        b"AnalysisFailed",
        b"CommandObeyed",
        b"ImageSkipped",  # in journals of earlier versions
        b"JournalRenewed",
    }
)
_SENT_NOTHING = "nothing"
_HEAD_BYTES = 200

_States = dict[str, bytes | dict[str, Any]]
_Run = tuple[dict[str, Any], _States]


@dataclass(frozen=True)
class Summary:
    """What the runs in a folder came to.

    Attributes
    ----------
    start : dict
        Record of the last start, of those after which anything was answered. Its settings are those
        at the end; ``changed_by`` has those that a person changed meanwhile, and who.
    handled : frozenset of str
        Paths within the folder of the prescans that need no answer: those that have one, and
        those that were there before the first run.
    states : dict
        Record of each position after its last answer, since the last start without resume.
    ended_by : tuple of str
        Paths within the folder of prescans whose failure ended a run; they have no answer.
    n_torn : int
        How many lines could not be read: what a crash or a power cut tore.
    """

    start: dict[str, Any]
    handled: frozenset[str]
    states: dict[str, dict[str, Any]]
    ended_by: tuple[str, ...]
    n_torn: int


class Replay:
    """Takes the lines of a journal one by one, over all runs in a folder.

    A start without resume begins with fresh positions; but what a run of the same pipeline left
    unanswered stays so, until it is answered. While nothing was answered since such a start, the
    run before is the one to go on with, with its settings and positions. Lines that do not matter
    are not even parsed, and states, which may be large, only at the end.
    """

    def __init__(self) -> None:
        self.start: dict[str, Any] | None = None
        self.n_torn = 0
        self._handled: set[str] = set()
        self._ended_by: dict[str, None] = {}
        self._states: _States = {}
        self._former: _Run | None = None
        self._answering = b""  # the answer that was about to be sent, until it is known what came

    def take(self, line: bytes) -> None:
        """Take the next line.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is of another version.
        """
        head = _HEAD.match(line)
        is_whole = line.endswith((b"}\n", b"}\r\n", b"}"))
        if head and is_whole and head[1] == b"Answering":
            self._take_answering(line)
        elif not (head and is_whole) or head[1] in _KINDS:
            record = _parsed(line)
            if record is not None:
                self._take_record(record)
            elif line.strip():
                self.n_torn += 1

    def summary(self, coords: bytes | None = None) -> Summary | None:
        """Return what it comes to, given what the coordinates file holds; None without a run."""
        if self.start is None:
            return None
        self._settle(None if coords is None else coords.rfind(b"\n") + 1)
        start, kept = self._run(self.start)
        states = {name: _state(one) for name, one in kept.items()}
        ended_by = tuple(name for name in self._ended_by if name not in self._handled)
        return Summary(start, frozenset(self._handled), states, ended_by, self.n_torn)

    def kept(self) -> tuple[dict[str, Any], list[str], dict[str, dict[str, Any]]] | None:
        """Return the last start, the handled prescans and the states; None without a run."""
        if self.start is None:
            return None
        start = {**self.start, "existing": [], "resumed": False}
        return start, sorted(self._handled), {n: _state(k) for n, k in self._states.items()}

    def _take_answering(self, line: bytes) -> None:
        if self._answering:  # the session went on, so the one before was sent
            self._confirm()
        self._answering = line

    def _take_record(self, record: dict[str, Any]) -> None:
        match record["event"]:
            case "SessionStarted":
                self._take_start(record)
            case "Answered":
                self._take_answered(record)
            case "AnsweredLate":
                self._handled.add(self._name(record["path"]))
                if record["state"] is not None:
                    self._states[record["position"]] = record["state"]
            case "TransmissionFailed" if record["final"]:
                self._answering = b""
            case "AnalysisFailed" if record["fallback"].startswith(_SENT_NOTHING):
                self._ended_by[self._name(record["path"])] = None
            case "CommandObeyed" if record.get("setting"):
                self._take_change(record)
            case "ImageSkipped":
                self._handled.add(self._name(record["path"]))
            case "JournalRenewed":
                self._handled.update(record["handled"])
                self._states.update(record["states"])

    def _take_answered(self, record: dict[str, Any]) -> None:
        """Take an answer; one that did not reach the microscope leaves the prescan unanswered."""
        if record["sent"]:
            self._handled.add(self._name(record["path"]))
            if self._is_answering(record["path"]):
                self._states[record["position"]] = self._answering
        self._answering = b""

    def _take_start(self, record: dict[str, Any]) -> None:
        self._settle(record.get("coords_size"))
        previous, self.start = self.start, record
        if previous is not None:
            previous, self._states = self._run(previous)
        self._former = None
        if record["resumed"]:
            return
        if previous is not None and previous["pipeline"] == record["pipeline"]:
            self._former = previous, self._states
        else:
            self._handled.update(map(self._name, record["existing"]))
        self._states = {}

    def _take_change(self, record: dict[str, Any]) -> None:
        """Take over a setting that was changed in the course of the run."""
        if self.start is not None:
            name, by = record["setting"], record["by"]
            settings = {**self.start["settings"], name: record["value"]}
            changed_by = {**self.start.get("changed_by", {}), name: by}
            self.start = {**self.start, "settings": settings, "changed_by": changed_by}

    def _run(self, last: dict[str, Any]) -> _Run:
        """Return start and states of the run to go on with: not the last, if nothing came of it."""
        return self._former if self._former and not self._states else (last, self._states)

    def _settle(self, coords_size: int | None) -> None:
        """Decide whether the answer that was open at a kill was sent; where nothing tells, it was.

        The size of the coordinates file tells, up to the end of its last complete line.
        """
        if not self._answering or self.start is None:
            return
        size_before = json.loads(self._answering)["coords_size"]
        traits = traits_of(self.start["settings"].get("tra_method"))
        is_told = traits.is_verifiable and size_before is not None
        if not is_told or coords_size is None or coords_size > size_before:
            self._confirm()
        self._answering = b""

    def _confirm(self) -> None:
        """Count the answer that was about to be sent as sent."""
        answering = json.loads(self._answering)
        self._handled.add(self._name(answering["path"]))
        self._states[answering["position"]] = answering["state"]

    def _is_answering(self, path: str) -> bool:
        """Return whether the open answer is this prescan's, without parsing its state."""
        written = json.dumps(path, ensure_ascii=False).encode("utf-8", "backslashreplace")
        return b'"path": ' + written in self._answering[: len(written) + _HEAD_BYTES]

    def _name(self, path: str) -> str:
        return relative_name(path, self.start["folder"] if self.start else "")


def relative_name(path: str, folder: str) -> str:
    """Return a path within a folder, with slashes; a path that is relative stays as it is.

    A hundred thousand of them take less than 0.1 s, which `pathlib` does not manage.
    """
    path, folder = path.replace("\\", "/"), folder.replace("\\", "/").rstrip("/")
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else path


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a line's record; None if it is torn, or is none of ours."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "event" in record else None


def _state(kept: bytes | dict[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(kept)["state"] if isinstance(kept, bytes) else kept
    return state
