"""From the journal of a run, and the pictures beside it, to what a report tells."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import starmap
from pathlib import Path
from statistics import median
from typing import Any

from dystrack.charts.rows import Row, Zyx, duration_words
from dystrack.core.errors import ConfigurationError
from dystrack.core.limits import parse_axis_limits
from dystrack.manager.events import SessionEnded
from dystrack.manager.settings import Settings
from dystrack.manager.wording import describe_end
from dystrack.tools.afterwards.journal_entries import Entry, JournalOfRun, event_of, time_of
from dystrack.tools.afterwards.run_record import Failure, PositionRecord, RunRecord
from dystrack.tools.afterwards.thumbnails import Thumbnails

__all__ = ["describe_run"]

_NOTHING: Zyx = (0.0, 0.0, 0.0)


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
    tracks = {name: _Track(own, run) for name, own in sorted(by_name.items(), key=_natural)}
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
        unknown=tuple(_unknown(run, tracks.values())),
    )


class _Track:
    """One position: the stage's path is the sum of the steps that were sent."""

    def __init__(self, numbered: Sequence[tuple[int, Entry]], run: JournalOfRun) -> None:
        self._entries = [entry for _, entry in numbered]
        started = [entry.started for entry in self._entries if entry.started]
        self.knows_path = bool(started) and all(r.get("centre") for r in started)
        self.knows_um = self.knows_path and all(r.get("voxel_size") for r in started)
        self.unit = "µm" if self.knows_um else "px"
        self._first = started[0] if started else {}
        self._settings = run.settings
        self._began = run.began
        self._stage: Zyx = _NOTHING
        self._geometry: Mapping[str, Any] = self._first
        self.rows = tuple(starmap(self._next_row, numbered))
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
        return PositionRecord(
            name,
            self.rows,
            self.unit,
            self.knows_path,
            self._field(),
            self._limit("step"),
            self._limit("travel"),
            thumbnails.some_of(seen),
        )

    def _next_row(self, number: int, entry: Entry) -> Row:
        answered = entry.answered
        if entry.started.get("centre"):
            self._geometry = entry.started
        is_ok = answered["outcome"] == "ok"
        step = self._step(answered)
        before = self._stage if self.knows_path else self._coordinates(answered)
        if answered["sent"] and step is not None:
            self._stage = _sum(self._stage, step)
        target = _sum(before, step) if self.knows_path and step and before else before
        return Row(
            position=str(answered["position"]),
            number=number,
            name=Path(answered["path"]).name,
            time_s=self._time_s(entry),
            outcome=_outcome(entry),
            message=str(answered["msg"] if is_ok else entry.failed.get("error", answered["msg"])),
            target=target if is_ok else None,
            stage=before if self.knows_path else None,
            step=step,
            complete_s=entry.started.get("wait_s"),
            analysed_s=_analysed_s(entry),
            sent_s=answered["total_s"],
        )

    def _step(self, answered: Mapping[str, Any]) -> Zyx | None:
        """Return the step that was sent: from the centre of the prescan to the coordinates."""
        coordinates = self._coordinates(answered)
        if coordinates is None or not self.knows_path:
            return None
        sizes = self._geometry["voxel_size"] if self.knows_um else (1.0, 1.0, 1.0)
        parts = zip(coordinates, self._geometry["centre"], sizes, strict=True)
        z, y, x = ((place - middle) * size for place, middle, size in parts)
        return z, y, x

    @staticmethod
    def _coordinates(answered: Mapping[str, Any]) -> Zyx | None:
        z, y, x = (answered[name] for name in "zyx")
        return None if z is None or y is None or x is None else (z, y, x)

    def _time_s(self, entry: Entry) -> float:
        noticed = entry.noticed or entry.answered
        return (time_of(noticed) - self._began).total_seconds()

    def _field(self) -> tuple[float, float] | None:
        sizes = dict(zip(self._first.get("axes", ""), self._first.get("shape", ()), strict=False))
        if not {"Y", "X"} <= sizes.keys():
            return None
        _, y_um, x_um = self._first["voxel_size"] if self.knows_um else (1.0, 1.0, 1.0)
        return sizes["Y"] * y_um, sizes["X"] * x_um

    def _limit(self, of_what: str) -> Zyx | None:
        """Return the limit of steps or of travel in the unit of this position, if there is one."""
        in_um = self._parsed(f"max_{of_what}_um")
        in_px = self._parsed(f"max_{of_what}_px")
        if not self.knows_um:
            return in_px
        if in_px is not None:
            z, y, x = (n * s for n, s in zip(in_px, self._first["voxel_size"], strict=True))
            in_px = z, y, x
        if in_um is None or in_px is None:
            return in_um or in_px
        z, y, x = map(min, in_um, in_px)
        return z, y, x

    def _parsed(self, name: str) -> Zyx | None:
        try:
            return parse_axis_limits(name, self._settings.get(name))
        except ConfigurationError:  # of another version
            return None


def _outcome(entry: Entry) -> str:
    if entry.answering.get("state", {}).get("held"):
        return "held"
    if entry.answered["outcome"] != "ok":
        return "failed"
    return "tracked" if entry.answered["sent"] else "not sent"


def _analysed_s(entry: Entry) -> float | None:
    """Return when the pipeline was done, from the notice of the prescan's name."""
    wait_s = entry.started.get("wait_s")
    if wait_s is None:
        return None
    if entry.succeeded:
        return float(wait_s + entry.succeeded["analysis_s"])
    if entry.failed:
        return float(wait_s + (time_of(entry.failed) - time_of(entry.started)).total_seconds())
    return None


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
    return (
        f"No end is recorded: the run still goes on, or it was killed. Its last event is of "
        f"{run.last.astimezone():%Y-%m-%d %H:%M:%S}, {ago} before this report."
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


def _unknown(run: JournalOfRun, tracks: Iterable[_Track]) -> Iterable[str]:
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


def _sum(first: Zyx, second: Zyx) -> Zyx:
    z, y, x = (a + b for a, b in zip(first, second, strict=True))
    return z, y, x


def _natural(item: tuple[str, object]) -> tuple[int, str]:
    return len(item[0]), item[0]
