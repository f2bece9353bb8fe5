"""Take up a run where it was left, from its journal."""

import contextlib
import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from dystrack.core.caches import copied
from dystrack.core.errors import JournalError
from dystrack.manager.record.encoding import decode
from dystrack.manager.record.journal import read_journal
from dystrack.manager.record.states import position_from_record
from dystrack.manager.settings import Settings
from dystrack.manager.tracking.positions import Position
from dystrack.manager.transmitters import traits_of
from dystrack.manager.watching.image_names import PositionPattern, natural_key

__all__ = ["PastRun", "newest_of_each_position", "recall_run", "restore_settings"]

_NOT_RESTORED = {"max_checks", "max_triggers", "end_on_esc", "progress", "resume", "backlog"}


@dataclass(frozen=True)
class PastRun:
    """What a journal tells of the run before.

    Attributes
    ----------
    folder, pipeline : str
        What it watched, and with which pipeline.
    settings : dict
        Its settings, as far as a journal can keep them.
    handled : frozenset of str
        Paths within the folder that are not to be looked at: answered, or there before.
    states : dict
        Record of each position after its last answer.
    notices : tuple of str
        What a person should know.
    """

    folder: str
    pipeline: str
    settings: dict[str, Any]
    handled: frozenset[str]
    states: dict[str, dict[str, Any]]
    notices: tuple[str, ...] = ()

    def check_same(self, folder: Path, pipeline: str) -> None:
        """Refuse to resume another run.

        Raises
        ------
        JournalError
            If the folder or the pipeline is another one.
        """
        if Path(self.folder).resolve() != folder.resolve():
            self._refuse("folder", self.folder, str(folder))
        if self.pipeline != pipeline:
            self._refuse("pipeline", self.pipeline, pipeline)

    def positions(self, initial_cache: Mapping[str, Any]) -> list[Position]:
        """Return each position as it was left; a cache that was not kept starts anew."""
        return [
            position_from_record(state, copied(initial_cache)) for state in self.states.values()
        ]

    @staticmethod
    def _refuse(what: str, past: str, present: str) -> None:
        msg = (
            f"This run cannot be resumed: its {what} was {past}, not {present}. Use the same "
            f"{what}, or start a new run without resume."
        )
        raise JournalError(msg)


def recall_run(journal_path: Path, coords_path: Path) -> PastRun | None:
    """Return what the journal tells of the last run.

    Parameters
    ----------
    journal_path : Path
        The journal.
    coords_path : Path
        The coordinates file; it tells whether the very last answer was written.

    Returns
    -------
    PastRun or None
        The run since its start, over all times it was resumed; None if there was none.

    Raises
    ------
    JournalError
        If the journal cannot be read or understood.
    """
    records, n_torn = read_journal(journal_path)
    starts = [
        i for i, r in enumerate(records) if r["event"] == "SessionStarted" and not r.get("resumed")
    ]
    if not starts:
        return None
    try:
        replay = _Replay(coords_path)
        for record in records[starts[-1] :]:
            replay.take(record)
        return replay.result(n_torn)
    except (KeyError, TypeError, ValueError) as error:
        msg = (
            f"The journal {journal_path} cannot be understood: {type(error).__name__}: {error}. "
            "It may come from another version; start without resume."
        )
        raise JournalError(msg) from error


def restore_settings(settings: Settings, past: PastRun) -> Settings:
    """Return settings in which those that were not given are as in the run before.

    Parameters
    ----------
    settings : Settings
        What was given now; a setting with its default counts as not given.
    past : PastRun
        The run before.

    Returns
    -------
    Settings
        The settings to go on with. What ends a run, and how it is shown, is not restored.
    """
    defaults = Settings()
    restored = {
        name: value
        for name, value in past.settings.items()
        if name not in _NOT_RESTORED
        and hasattr(defaults, name)
        and getattr(settings, name) == getattr(defaults, name)
    }
    return dataclasses.replace(settings, **restored)


def newest_of_each_position(
    names: Iterable[str], folder: Path, naming: PositionPattern
) -> list[str]:
    """Return the prescan of each position that was written last.

    Parameters
    ----------
    names : iterable of str
        Prescans, as paths within the folder with slashes.
    folder : Path
        The folder that is watched.
    naming : PositionPattern
        Tells a name's position.

    Returns
    -------
    list of str
        One for each position; none of a file that is gone.
    """
    newest: dict[str, tuple[int, str]] = {}
    for name in sorted(names, key=natural_key):
        position = naming.label(name).position
        with contextlib.suppress(OSError):
            written = (folder / name).stat().st_mtime_ns, name
            newest[position] = max(written, newest.get(position, written), key=itemgetter(0))
    return [name for _, name in newest.values()]


class _Replay:
    """Goes through the records of a run, from its start over each time it was resumed."""

    def __init__(self, coords_path: Path) -> None:
        self._coords_path = coords_path
        self._start: dict[str, Any] = {}
        self._handled: set[str] = set()
        self._states: dict[str, dict[str, Any]] = {}
        self._answering: dict[str, Any] = {}
        self._is_open = False  # an answer was about to be sent, and nothing says that it was

    def take(self, record: dict[str, Any]) -> None:
        """Take the next record."""
        match record["event"]:
            case "SessionStarted":
                self._start = record
                self._handled.update(map(self._name, record["existing"]))
            case "Answering":
                if self._is_open:  # the session went on, so the one before was sent
                    self._confirm()
                self._answering, self._is_open = record, True
            case "Answered":
                if record["sent"] and self._answering.get("path") == record["path"]:
                    self._confirm()
                self._is_open = False
            case "TransmissionFailed" if record["final"]:
                self._is_open = False
            case "AnsweredLate":
                self._handled.add(self._name(record["path"]))
                if record["state"] is not None:
                    self._states[record["position"]] = record["state"]

    def result(self, n_torn: int) -> PastRun:
        """Return what came of it."""
        if self._is_open and self._was_sent():
            self._confirm()
        notices = [f"{n_torn} torn lines of the journal were dropped."] if n_torn else []
        notices += [
            f"The cache of position {name} could not be kept in the journal; it starts anew."
            for name, state in self._states.items()
            if state["cache"] is None
        ]
        return PastRun(
            folder=self._start["folder"],
            pipeline=self._start["pipeline"],
            settings={name: decode(value) for name, value in self._start["settings"].items()},
            handled=frozenset(self._handled),
            states=self._states,
            notices=tuple(notices),
        )

    def _confirm(self) -> None:
        """Count the answer that was about to be sent as sent."""
        self._handled.add(self._name(self._answering["path"]))
        self._states[self._answering["position"]] = self._answering["state"]

    def _was_sent(self) -> bool:
        """Return whether the last answer left before the kill; where nothing tells, it did."""
        size_before = self._answering["coords_size"]
        traits = traits_of(self._start["settings"].get("tra_method"))
        if not traits.is_verifiable or size_before is None:
            return True
        if not self._coords_path.exists():
            return False
        return b"\n" in self._coords_path.read_bytes()[size_before:]

    def _name(self, path: str) -> str:
        return Path(path).relative_to(self._start["folder"]).as_posix()
