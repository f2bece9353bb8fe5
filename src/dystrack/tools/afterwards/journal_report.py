"""From the journal of a run, and the pictures beside it, to what a report tells."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import starmap
from pathlib import Path
from statistics import median
from typing import Any

from dystrack.charts.rows import duration_words
from dystrack.history.entries import Entry, event_of, time_of
from dystrack.history.track import Track
from dystrack.manager.events import SessionEnded
from dystrack.manager.settings import Settings
from dystrack.manager.wording import count, describe_end
from dystrack.tools.afterwards.journal_of_run import JournalOfRun
from dystrack.tools.afterwards.run_record import Failure, PositionRecord, RunRecord
from dystrack.tools.afterwards.thumbnails import Thumbnails

__all__ = ["describe_run"]


def describe_run(run: JournalOfRun, folder: Path) -> RunRecord:
    """Return what a report tells of a run.

    Parameters
    ----------
    run : JournalOfRun
        What its journal says.
    folder : Path
        The folder that was watched, where it lies now; pictures are looked for there.

    Returns
    -------
    RunRecord
        The run.
    """
    by_name: dict[str, list[tuple[int, Entry]]] = {}
    for number, entry in enumerate(run.entries, 1):
        by_name.setdefault(str(entry.answered["position"]), []).append((number, entry))
    tracks = {name: _Told(own, run) for name, own in sorted(by_name.items(), key=_natural)}
    thumbnails = Thumbnails(folder, run.start["folder"], len(tracks))
    positions = tuple(track.describe(name, thumbnails) for name, track in tracks.items())
    changed, defaults = _split_settings(run.settings)
    return RunRecord(
        headline=_headline(positions),
        state=_state(run),
        figures=_figures(positions),
        about=_about(run, positions),
        settings=changed,
        defaults=defaults,
        positions=positions,
        failures=tuple(failure for track in tracks.values() for failure in track.failures),
        messages=tuple(run.messages),
        unknown=tuple(_unknown(run, (told.track for told in tracks.values()))),
    )


class _Told:
    """One position, with what a report tells of it."""

    def __init__(self, numbered: Sequence[tuple[int, Entry]], run: JournalOfRun) -> None:
        self._entries = [entry for _, entry in numbered]
        started = [entry.started for entry in self._entries if entry.started]
        knows_path = bool(started) and all(r.get("centre") for r in started)
        self.track = Track(
            started[0] if started else {},
            knows_path=knows_path,
            knows_um=knows_path and all(r.get("voxel_size") for r in started),
            began=run.began,
            settings=run.settings,
        )
        self.rows = tuple(starmap(self.track.row, numbered))
        self.failures: list[Failure] = []

    def describe(self, name: str, thumbnails: Thumbnails) -> PositionRecord:
        """Return what a report tells of it; notes its failures, with their pictures."""
        seen = dict(zip(self.rows, self._entries, strict=True))
        self.failures = [
            Failure(
                row,
                str(entry.failed.get("error") or row.message),
                str(entry.failed.get("fallback", "")),
                thumbnails.of(row, entry),
                str(entry.failed.get("traceback", "")),
            )
            for row, entry in seen.items()
            if row.outcome != "tracked"
        ]
        track = self.track
        return PositionRecord(
            name,
            self.rows,
            track.unit,
            track.knows_path,
            track.field_yx,
            track.limit("step"),
            track.limit("travel"),
            thumbnails.some_of(seen),
        )


def _headline(positions: Sequence[PositionRecord]) -> str:
    counts = {
        outcome: sum(position.count(outcome) for position in positions)
        for outcome in ("tracked", "failed", "held", "not sent")
    }
    n_all = sum(counts.values())
    if not n_all:
        return "No prescan was answered"
    troubles = [f"{n} {what}" for what, n in counts.items() if n and what != "tracked"]
    return ", ".join([f"{counts['tracked']} of {n_all} prescans tracked", *troubles])


def _state(run: JournalOfRun) -> str:
    if run.end:
        event = event_of(run.end)
        ending = describe_end(event) if isinstance(event, SessionEnded) else "Session ended."
        error = run.end.get("error", "")
        return f"{time_of(run.end).astimezone():%Y-%m-%d %H:%M:%S}  {ending} {error}".strip()
    ago = duration_words((datetime.now(UTC) - run.last).total_seconds())
    waiting = f" {count(run.n_waiting, 'prescan')} had no answer by then." if run.n_waiting else ""
    return (
        f"No end is recorded: the run still goes on, or it was killed. Its last event is of "
        f"{run.last.astimezone():%Y-%m-%d %H:%M:%S}, {ago} before this report.{waiting}"
    )


def _figures(positions: Sequence[PositionRecord]) -> dict[str, str]:
    """Return what a person wants to know first, by what it means."""
    rows = [row for position in positions for row in position.rows]
    answers_s = [row.sent_s for row in rows if row.sent_s is not None]
    figures = {}
    if rows:
        n_tracked = sum(row.outcome == "tracked" for row in rows)
        figures["prescans gave a target"] = f"{n_tracked} of {len(rows)}"
    if answers_s:
        worst = duration_words(max(answers_s))
        meaning = f"median time from notice to answer; the worst was {worst}"
        figures[meaning] = duration_words(median(answers_s))
    lengths = [math.hypot(*r.step) for p in positions for r in p.rows if r.step and p.unit == "µm"]
    if lengths:
        meaning = f"median step of the stage; the longest was {max(lengths):.1f} µm"
        figures[meaning] = f"{median(lengths):.1f} µm"
    return figures


def _about(run: JournalOfRun, positions: Sequence[PositionRecord]) -> dict[str, str]:
    versions = {f"Version of {k}": str(v) for k, v in run.start.get("versions", {}).items()}
    if "Version of system" in versions:
        versions["System"] = versions.pop("Version of system")
    resumed = {"Resumed": f"{run.n_resumed} times"} if run.n_resumed else {}
    return {
        "Pipeline": run.start["pipeline"],
        "Folder": run.start["folder"],
        "Began": f"{run.began.astimezone():%Y-%m-%d %H:%M:%S}",
        "Positions": str(len(positions)),
        **resumed,
        **versions,
    }


def _split_settings(settings: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the settings that were given, and those with their default."""
    usual = Settings()
    changed: dict[str, str] = {}
    defaults: dict[str, str] = {}
    for name, value in settings.items():
        is_default = hasattr(usual, name) and getattr(usual, name) == value
        (defaults if is_default else changed)[name] = repr(value)
    return changed, defaults


def _unknown(run: JournalOfRun, tracks: Iterable[Track]) -> Iterable[str]:
    """Yield what the journal leaves open."""
    every = list(tracks)
    if run.n_earlier:
        yield f"{run.n_earlier} earlier runs of this folder are in the journal, but not shown here."
    if run.n_torn:
        yield f"{run.n_torn} lines of the journal are torn and were left out."
    if any(not track.knows_path for track in every):
        yield (
            "The size of some prescans is not known, so there is no path of the stage: their "
            "coordinates are shown as they were sent, in pixels."
        )
    elif any(not track.knows_um for track in every):
        yield "Some prescans do not tell their voxel size, so their places are in pixels."
    if every:
        yield (
            "Where the stage really was is not known to DySTrack: its path is the sum of all steps "
            "that were sent, those of fallbacks included."
        )


def _natural(item: tuple[str, object]) -> tuple[int, str]:
    return len(item[0]), item[0]
