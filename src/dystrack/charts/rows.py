"""The rows that figures are made from, one for each prescan, and how their time is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Row", "TimeAxis", "Zyx", "duration_words", "rounded", "time_axis"]

Zyx = tuple[float, float, float]
"""Values along z, y and x."""

_DIGITS = 3
_SECONDS_UNTIL_S = 300.0
_MINUTES_FROM_S = 120.0
_MINUTES_UNTIL_S = 10_800.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One prescan and what came of it. What is not known is None.

    Attributes
    ----------
    position : str
        The position to which it belongs.
    number : int
        Its number in the run, from 1.
    name : str
        Its name.
    time_s : float or None
        When it came, in s since the beginning of the run.
    outcome : {"tracked", "failed", "held", "not sent"}
        Whether its coordinates come from the image, and reached the microscope.
    message : str
        Message that was sent, or why the analysis failed.
    target, stage : tuple of float or None
        Where the sample was, and where the middle of the prescan was, from the start of the
        position.
    step : tuple of float or None
        How far the stage was sent.
    complete_s, analysed_s, sent_s : float or None
        When it was complete, analysed and answered, in s since its name was noticed.
    distance_um, untracked_um : float or None
        How far the main scan was off, and would have been off, had the stage never moved.
    in_view, untracked_in_view : bool or None
        Whether the complete sample was in the main scan, and would have been.
    """

    position: str
    number: int
    name: str = ""
    time_s: float | None = None
    outcome: str = "tracked"
    message: str = ""
    target: Zyx | None = None
    stage: Zyx | None = None
    step: Zyx | None = None
    complete_s: float | None = None
    analysed_s: float | None = None
    sent_s: float | None = None
    distance_um: float | None = None
    untracked_um: float | None = None
    in_view: bool | None = None
    untracked_in_view: bool | None = None


class TimeAxis(NamedTuple):
    """How time is written, the same in all figures of a run.

    Attributes
    ----------
    title : str
        What stands at the axis.
    unit : str
        The unit; empty where only the order of the prescans is known.
    seconds : float
        How long the unit is.
    """

    title: str
    unit: str
    seconds: float

    def places(self, rows: Iterable[Row]) -> list[float]:
        """Return where rows lie along the axis."""
        if not self.unit:
            return [row.number for row in rows]
        return [round((row.time_s or 0.0) / self.seconds, _DIGITS) for row in rows]

    def words(self, row: Row) -> str:
        """Return when a row was, such as ``12.5 min``."""
        if not self.unit:
            return f"prescan {row.number}"
        return f"{(row.time_s or 0.0) / self.seconds:.1f} {self.unit}"


def time_axis(rows: Sequence[Row]) -> TimeAxis:
    """Return how the time of a run is best written: in s, min or h, or as numbers of prescans."""
    if not rows or any(row.time_s is None for row in rows):
        return TimeAxis("Prescan", "", 1.0)
    longest_s = max(row.time_s or 0.0 for row in rows)
    if longest_s < _SECONDS_UNTIL_S:
        return TimeAxis("Time / s", "s", 1.0)
    if longest_s < _MINUTES_UNTIL_S:
        return TimeAxis("Time / min", "min", 60.0)
    return TimeAxis("Time / h", "h", 3600.0)


def duration_words(seconds: float) -> str:
    """Return a duration in the unit that fits it, such as ``48 ms`` or ``5 min``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTES_FROM_S:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min"


def rounded(values: Iterable[float | None]) -> list[float | None]:
    """Return values with as many digits as a figure needs; None stays a gap."""
    return [None if value is None else round(value, _DIGITS) for value in values]
