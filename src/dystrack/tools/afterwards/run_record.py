"""What a report tells of a run, as plain values, wherever it was read from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from dystrack.charts.pictures import Picture
from dystrack.charts.rows import Row, Zyx

__all__ = ["Comparison", "Failure", "PositionRecord", "RunRecord", "evenly"]


@dataclass(frozen=True)
class Failure:
    """A prescan that gave no coordinates of its own.

    Attributes
    ----------
    row : Row
        The prescan.
    reason : str
        Why.
    instead : str
        What was sent instead.
    picture : Picture or None
        What it looked like, where a picture was kept.
    traceback : str
        The pipeline's own lines, where it raised.
    """

    row: Row
    reason: str
    instead: str = ""
    picture: Picture | None = None
    traceback: str = ""


@dataclass(frozen=True)
class Comparison:
    """Pictures of main scans of a simulation, with and without tracking, in the same order."""

    tracked: tuple[Picture, ...] = ()
    untracked: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class PositionRecord:
    """What came of one position.

    Attributes
    ----------
    name : str
        The position; empty where that is not known.
    rows : tuple of Row
        Its prescans.
    unit : {"µm", "px"}
        Unit of its places and steps.
    knows_path : bool
        Whether places are counted from its start; otherwise they are coordinates in the image.
    field_yx : tuple of float or None
        Size of the field along y and x, in that unit.
    most_step, most_travel : tuple of float or None
        Limits along z, y, x, in that unit.
    pictures : tuple of Picture
        Some of its prescans, from the first to the last.
    comparison : Comparison
        Its main scans, if it was simulated.
    """

    name: str
    rows: tuple[Row, ...]
    unit: str = "px"
    knows_path: bool = True
    field_yx: tuple[float, float] | None = None
    most_step: Zyx | None = None
    most_travel: Zyx | None = None
    pictures: tuple[Picture, ...] = ()
    comparison: Comparison = field(default_factory=Comparison)

    @property
    def title(self) -> str:
        """Return what stands above it; without a name, nothing tells positions apart."""
        return f"Position {self.name}" if self.name else "All lines"

    @property
    def interval_s(self) -> float | None:
        """Return the median time from one prescan to the next; None where that is not known."""
        times = [row.time_s for row in self.rows if row.time_s is not None]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        return median(gaps) if gaps else None

    def count(self, outcome: str) -> int:
        """Return how many of its prescans had an outcome."""
        return sum(row.outcome == outcome for row in self.rows)


@dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes
    ----------
    headline : str
        How it went, in a sentence.
    state : str
        That it has ended, and why, or what is known of that.
    about : dict of str to str
        What ran, by headings.
    figures : dict of str to str
        What a person wants to know first: values by what they mean.
    settings : dict of str to str
        Settings by name; those with their default are not among them.
    defaults : dict of str to str
        The others.
    positions : tuple of PositionRecord
        Its positions.
    failures : tuple of Failure
        Prescans that gave no coordinates of their own.
    messages : tuple of str
        Warnings, and when they were told.
    unknown : tuple of str
        What the report cannot tell, and why.
    is_simulated : bool
        Whether places are those of a simulation, which knows the truth.
    """

    headline: str
    state: str
    about: dict[str, str]
    positions: tuple[PositionRecord, ...]
    figures: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    messages: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    is_simulated: bool = False

    @property
    def rows(self) -> list[Row]:
        """Return the rows of all positions, in the order of the run."""
        every = (row for position in self.positions for row in position.rows)
        return sorted(every, key=lambda row: row.number)


def evenly(rows: Sequence[Row], most: int) -> list[Row]:
    """Return at most so many rows, from the first to the last."""
    if len(rows) <= most:
        return list(rows)
    return [rows[round(i * (len(rows) - 1) / (most - 1))] for i in range(most)]
