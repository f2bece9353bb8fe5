"""Take up a run where it was left, from its journal."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import JournalError
from dystrack.core.limits import Travel
from dystrack.manager.image_names import PositionPattern, natural_key
from dystrack.manager.journal import read_journal
from dystrack.manager.journal_values import NotStorableError, decode, encode
from dystrack.manager.positions import Position
from dystrack.manager.settings import Settings

__all__ = [
    "PastRun",
    "newest_of_each_position",
    "position_record",
    "recall_run",
    "restore_settings",
    "settings_record",
]

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
        Paths that are not to be looked at: answered, skipped, or there before the run.
    positions : tuple of Position
        The state of each position after its last answer.
    notices : tuple of str
        What a person should know.
    """

    folder: str
    pipeline: str
    settings: dict[str, Any]
    handled: frozenset[str]
    positions: tuple[Position, ...]
    notices: tuple[str, ...] = ()

    def check_same(self, folder: str, pipeline: str) -> None:
        """Refuse to resume another run.

        Raises
        ------
        JournalError
            If the folder or the pipeline is another one.
        """
        for what, past, present in (
            ("folder", self.folder, folder),
            ("pipeline", self.pipeline, pipeline),
        ):
            if past != present:
                msg = (
                    f"This run cannot be resumed: its {what} was {past}, not {present}. Use the "
                    f"same {what}, or start a new run without resume."
                )
                raise JournalError(msg)


def recall_run(journal_path: Path, coords_path: Path) -> PastRun:
    """Return what the journal tells of the last run.

    Parameters
    ----------
    journal_path : Path
        The journal.
    coords_path : Path
        The coordinates file; it tells whether the very last answer was written.

    Returns
    -------
    PastRun
        The run since its start, over all times it was resumed.

    Raises
    ------
    JournalError
        If the journal cannot be read, or holds no run.
    """
    records, n_torn = read_journal(journal_path)
    starts = [
        i for i, r in enumerate(records) if r["event"] == "SessionStarted" and not r.get("resumed")
    ]
    if not starts:
        msg = f"The journal {journal_path} holds no run. Start without resume."
        raise JournalError(msg)
    notices = []
    if n_torn:
        notices.append(f"{n_torn} torn lines of the journal were dropped.")
    try:
        return _replay(records[starts[-1] :], coords_path, notices)
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
        What was given now.
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


def newest_of_each_position(paths: Iterable[Path], naming: PositionPattern) -> list[Path]:
    """Return the prescan of each position that was written last.

    Parameters
    ----------
    paths : iterable of Path
        Prescans.
    naming : PositionPattern
        Tells a name's position.

    Returns
    -------
    list of Path
        One for each position.
    """
    newest: dict[str, Path] = {}
    for path in sorted(paths, key=lambda p: (p.stat().st_mtime_ns, natural_key(p.name))):
        newest[naming.label(path.name).position] = path
    return list(newest.values())


def settings_record(settings: Settings) -> dict[str, Any]:
    """Return the settings that a journal can keep.

    Parameters
    ----------
    settings : Settings
        The settings of a session.

    Returns
    -------
    dict
        Settings by name, encoded; those that cannot be kept, such as functions, are left out.
    """
    record = {}
    for field in dataclasses.fields(settings):
        try:
            record[field.name] = encode(getattr(settings, field.name))
        except NotStorableError:
            continue
    return record


def position_record(position: Position) -> dict[str, Any]:
    """Return the state of a position in a form that a journal can keep.

    Parameters
    ----------
    position : Position
        The state.

    Returns
    -------
    dict
        Its fields, encoded; ``cache`` is None if it holds what a journal cannot keep.
    """
    fields = {f.name: getattr(position, f.name) for f in dataclasses.fields(position)}
    try:
        cache = encode(fields["cache"])
    except NotStorableError:
        cache = None
    travel = {"px": position.travel.px, "um": position.travel.um}
    return {**encode({**fields, "cache": None, "travel": travel}), "cache": cache}


def _replay(records: list[dict[str, Any]], coords_path: Path, notices: list[str]) -> PastRun:
    start = records[0]
    handled = set(start["existing"])
    states: dict[str, dict[str, Any]] = {}
    answering: dict[str, Any] = {}
    is_open = False
    for record in records:
        match record["event"]:
            case "Answering":
                if is_open:  # the session went on, so the one before was sent
                    _confirm(answering, handled, states)
                answering, is_open = record, True
            case "Answered":
                handled.add(record["path"])
                if answering.get("path") == record["path"]:
                    _confirm(answering, handled, states)
                is_open = False
            case "TransmissionFailed" if record["final"]:
                is_open = False
            case "ImageSkipped":
                handled.add(record["path"])
    if is_open and _was_sent(answering, start["settings"], coords_path):
        _confirm(answering, handled, states)
    positions = tuple(_position(state, notices) for state in states.values())
    settings = {name: decode(value) for name, value in start["settings"].items()}
    return PastRun(
        start["folder"],
        start["pipeline"],
        settings,
        frozenset(handled),
        positions,
        tuple(notices),
    )


def _confirm(
    answering: dict[str, Any], handled: set[str], states: dict[str, dict[str, Any]]
) -> None:
    """Count an answer that was about to be sent as sent."""
    handled.add(answering["path"])
    states[answering["position"]] = answering["state"]


def _was_sent(record: dict[str, Any], settings: dict[str, Any], coords_path: Path) -> bool:
    """Return whether an answer left before the run was killed; where nothing tells, it did."""
    if settings.get("tra_method") != "txt" or record["coords_size"] is None:
        return True
    return coords_path.exists() and coords_path.stat().st_size > record["coords_size"]


def _position(state: dict[str, Any], notices: list[str]) -> Position:
    fields = {**decode({**state, "cache": None}), "cache": decode(state["cache"])}
    if fields["cache"] is None:
        notices.append(
            f"The cache of position {fields['name']} could not be kept in the journal; it starts "
            "empty."
        )
        fields["cache"] = {}
    if fields["previous"] is not None:
        fields["previous"] = PixelPosition(*fields["previous"])
    fields["travel"] = Travel(**fields["travel"])
    return Position(**fields)
