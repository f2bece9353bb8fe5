"""Take up a run where it was left, from its journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dystrack.core.caches import copied
from dystrack.core.errors import JournalError
from dystrack.manager.record.encoding import decode
from dystrack.manager.record.pipeline_name import PipelineName
from dystrack.manager.record.replay import Replay, Summary
from dystrack.manager.record.states import position_from_record
from dystrack.manager.settings import SETTING_NAMES, differing_from_defaults
from dystrack.manager.tracking.positions import Position
from dystrack.manager.watching.image_names import JOURNAL_NAME, PositionPattern

__all__ = ["PastRun", "read_replay", "recall"]

_NOT_RESTORED = {"max_checks", "max_triggers", "end_on_esc", "progress", "resume", "backlog"}
_MERGED = ("img_kwargs", "img_cache", "tra_kwargs")


@dataclass(frozen=True)
class PastRun:
    """The last run in a folder, with what earlier ones left open.

    Attributes
    ----------
    summary : Summary
        What the journal comes to.
    """

    summary: Summary

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that are taken over where they are not given, as far as they were kept."""
        stored = self.summary.start["settings"]
        return {
            name: decode(stored[name])
            for name in SETTING_NAMES
            if name in stored and name not in _NOT_RESTORED
        }

    @property
    def notices(self) -> list[str]:
        """What a person should know."""
        n_torn = self.summary.n_torn
        notices = [f"{n_torn} torn lines of the journal were dropped."] if n_torn else []
        return notices + [
            f"The cache of position {name} could not be kept in the journal; it starts anew."
            for name, state in self.summary.states.items()
            if state["cache"] is None
        ]

    def overruled(self, given: Mapping[str, Any]) -> list[str]:
        """Return what a person should know of settings that were changed during the run before."""
        changed_by = self.summary.start.get("changed_by", {})
        return [
            f"{name} is {given[name]}, as it is given now. During the run before, {by} had set it "
            f"to {'no limit' if before is None else before}."
            for name, by in changed_by.items()
            if name in given and (before := self.settings[name]) != given[name]
        ]

    def check_same(self, folder: Path, pipeline: PipelineName) -> None:
        """Refuse to resume another run.

        Raises
        ------
        JournalError
            If the folder or the pipeline is another one.
        """
        start = self.summary.start
        if not self._watched(folder):
            _refuse("folder", start["folder"], str(folder))
        if not pipeline.is_of(start):
            past, present = start["pipeline"], pipeline.shown
            if past == present:
                past, present = start.get("pipeline_path", ""), pipeline.path
            _refuse("pipeline", past, present)

    def is_of(self, folder: Path, pipeline: PipelineName) -> bool:
        """Return whether it was a run in this folder with this pipeline."""
        return self._watched(folder) and pipeline.is_of(self.summary.start)

    def complete(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings to go on with.

        Parameters
        ----------
        given : mapping
            What the user gave now. Of dictionaries, each key counts for itself.
        defaults : mapping
            What holds where neither the user nor the run before says anything.

        Returns
        -------
        dict
            Settings by name. What ends a run, and how it is shown, is not taken over.

        Raises
        ------
        JournalError
            If the run before had a setting that its journal could not keep, and that is not
            given now.
        """
        past = self.settings
        if "tra_method" in given and _is_another_way_out(given["tra_method"], past):
            past.pop("tra_kwargs", None)
        merged = {name: {**past[name], **given.get(name, {})} for name in _MERGED if name in past}
        completed = {**defaults, **past, **given, **merged}
        self._check_complete(completed)
        return completed

    def taken_over(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is as it was in the run before because it is not given, for a person."""
        past = differing_from_defaults(self.settings)
        keys = {
            key: value
            for name in _MERGED
            for key, value in past.pop(name, {}).items()
            if key not in given.get(name, {})
        }
        return {n: v for n, v in past.items() if n not in given} | keys

    def positions(self, img_cache: Mapping[str, Any], naming: PositionPattern) -> list[Position]:
        """Return each position as it was left; a cache that was not kept starts anew.

        The very first prescan of a position that ended the run is behind it: the next failure
        there ends nothing.
        """
        names = [naming.label(name).position for name in self.summary.ended_by]
        begun = {name: Position(name, copied(img_cache)) for name in names}
        kept = {
            name: position_from_record(state, copied(img_cache))
            for name, state in self.summary.states.items()
        }
        return list((begun | kept).values())

    def _watched(self, folder: Path) -> bool:
        return Path(self.summary.start["folder"]).resolve() == folder.resolve()

    def _check_complete(self, completed: Mapping[str, Any]) -> None:
        for path in self.summary.start.get("not_kept", []):
            name, _, key = path.partition(".")
            if key not in completed.get(name, {}) if key else name not in completed:
                msg = (
                    f"This run cannot be resumed as it is: its setting {path} could not be kept "
                    "in the journal. Give it again, or start a new run without resume."
                )
                raise JournalError(msg)


def recall(folder: Path, *, resume: bool) -> tuple[Replay, list[str]]:
    """Return what the journal of a folder tells, and what to tell a person of that.

    Where nobody wants to resume, it need not be readable.
    """
    try:
        return read_replay(folder / JOURNAL_NAME), []
    except JournalError as error:
        if resume:
            raise
        return Replay(), [f"What earlier runs in this folder left open is not known. {error}"]


def read_replay(journal_path: Path) -> Replay:
    """Return what the journal of a folder tells; a missing one tells nothing.

    Parameters
    ----------
    journal_path : Path
        The journal.

    Returns
    -------
    Replay
        All its lines, taken in.

    Raises
    ------
    JournalError
        If the journal cannot be read or understood.
    """
    replay = Replay()
    try:
        with journal_path.open("rb") as lines:
            for line in lines:
                replay.take(line)
    except FileNotFoundError:
        return replay
    except OSError as error:
        msg = f"The journal {journal_path} cannot be read: {error}."
        raise JournalError(msg) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = (
            f"The journal {journal_path} cannot be understood: {type(error).__name__}: {error}. "
            "It may come from another version; start without resume."
        )
        raise JournalError(msg) from error
    return replay


def _is_another_way_out(method: object, past: Mapping[str, Any]) -> bool:
    """Return whether coordinates leave by other means; one function is taken for another."""
    before = past.get("tra_method")
    return before != (method if isinstance(method, str) else None)


def _refuse(what: str, past: str, present: str) -> None:
    msg = (
        f"This run cannot be resumed: its {what} was {past}, not {present}. Use the same "
        f"{what}, or start a new run without resume."
    )
    raise JournalError(msg)
