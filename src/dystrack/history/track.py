"""From what the journal says of the prescans of a position to rows that charts are made of."""

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from sys import intern
from typing import Any

from dystrack.charts.rows import Row, Zyx
from dystrack.core.errors import ConfigurationError
from dystrack.core.limits import parse_axis_limits
from dystrack.history.entries import Entry, Record, time_of

__all__ = ["Track"]

_NOTHING: Zyx = (0.0, 0.0, 0.0)


class Track:
    """One position: the stage's path is the sum of the steps that were sent.

    Parameters
    ----------
    first : mapping
        What is said of its first prescan that went to the pipeline; empty if none did.
    knows_path, knows_um : bool
        Whether its prescans tell their centre; whether they tell their voxel size, too.
    began : datetime
        When the run began.
    settings : mapping
        Settings of the run.
    """

    def __init__(
        self,
        first: Record,
        *,
        knows_path: bool,
        knows_um: bool,
        began: datetime,
        settings: Mapping[str, Any],
    ) -> None:
        self.knows_path = knows_path
        self.knows_um = knows_um
        self.unit = "µm" if knows_um else "px"
        self._first = first
        self._settings = settings
        self._began = began
        self._stage: Zyx = _NOTHING
        self._geometry: Record = first

    def row(self, number: int, entry: Entry) -> Row:
        """Return the row of the next prescan, which has this number in the run."""
        answered = entry.answered
        if entry.started.get("centre"):
            self._geometry = entry.started
        is_ok = answered["outcome"] == "ok"
        step = self._step(answered)
        before = self._stage if self.knows_path else _coordinates(answered)
        if answered["sent"] and step is not None:
            self._stage = _sum(self._stage, step)
        target = _sum(before, step) if self.knows_path and step and before else before
        return Row(
            position=intern(str(answered["position"])),  # the same text many times
            number=number,
            name=Path(answered["path"]).name,
            time_s=self._time_s(entry),
            outcome=_outcome(entry),
            message=intern(str(answered["msg"] if is_ok else _error(entry))),
            target=target if is_ok else None,
            stage=before if self.knows_path else None,
            step=step,
            complete_s=_number(entry.started.get("wait_s")),
            analysed_s=_number(_analysed_s(entry)),
            sent_s=_number(answered["total_s"]),
        )

    @property
    def field_yx(self) -> tuple[float, float] | None:
        """Return the size of the field along y and x; None where that is not known."""
        sizes = dict(zip(self._first.get("axes", ""), self._first.get("shape", ()), strict=False))
        if not {"Y", "X"} <= sizes.keys():
            return None
        _, y_um, x_um = self._first["voxel_size"] if self.knows_um else (1.0, 1.0, 1.0)
        return sizes["Y"] * y_um, sizes["X"] * x_um

    def limit(self, of_what: str) -> Zyx | None:
        """Return the limit of a ``step`` or of ``travel`` in its unit, if there is one."""
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

    def _step(self, answered: Record) -> Zyx | None:
        """Return the step that was sent: from the centre of the prescan to the coordinates."""
        coordinates = _coordinates(answered)
        if coordinates is None or not self.knows_path:
            return None
        sizes = self._geometry["voxel_size"] if self.knows_um else (1.0, 1.0, 1.0)
        parts = zip(coordinates, self._geometry["centre"], sizes, strict=True)
        z, y, x = ((place - middle) * size for place, middle, size in parts)
        return z, y, x

    def _time_s(self, entry: Entry) -> float:
        noticed = entry.noticed or entry.answered
        return (time_of(noticed) - self._began).total_seconds()


def _error(entry: Entry) -> str:
    return str(entry.failed.get("error", entry.answered["msg"]))


def _coordinates(answered: Record) -> Zyx | None:
    z, y, x = (_number(answered[name]) for name in "zyx")
    return None if z is None or y is None or x is None else (z, y, x)


def _number(value: Any) -> float | None:
    """Return a number that can be drawn, whatever a journal holds."""
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else None


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


def _sum(first: Zyx, second: Zyx) -> Zyx:
    z, y, x = (a + b for a, b in zip(first, second, strict=True))
    return z, y, x
