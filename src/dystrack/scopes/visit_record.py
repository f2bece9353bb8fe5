"""The record of an experiment on a microscope: one line for each visit, from which it is resumed.

``dystrack_visits.jsonl`` gets a line when a prescan is about to be taken, so that no number is
used twice, and one when the visit has ended.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dystrack.core.errors import JournalError, ScopeError
from dystrack.core.exchange.coords_file import VISITS_FILE_NAME
from dystrack.scopes.geometry import PositionUm

__all__ = ["DrivenVisit", "Progress", "VisitRecord"]


@dataclass(frozen=True)
class DrivenVisit:
    """A visit to a position; what is not known when it begins is None.

    Attributes
    ----------
    time_point : int
        Index of the time point, from 0.
    round : int
        Number in the names of its images, from 1; also counts visits between two time points.
    position : int
        Number of the position, from 1.
    time_s : float
        When it began, in seconds since the epoch.
    begun_um : PositionUm
        Where the stage was sent for the prescan.
    prescan : str or None
        Name of the prescan.
    prescan_um : PositionUm or None
        What the stage read at the prescan.
    after_um : PositionUm or None
        What it read at the main scan.
    next_um : PositionUm or None
        Where the next prescan of the position is taken.
    moved : bool
        Whether the stage followed the answer; otherwise it stayed.
    message : str
        Message of the answer.
    """

    time_point: int
    round: int
    position: int
    time_s: float
    begun_um: PositionUm
    prescan: str | None = None
    prescan_um: PositionUm | None = None
    after_um: PositionUm | None = None
    next_um: PositionUm | None = None
    moved: bool = False
    message: str = ""

    def ended(self, **known: Any) -> "DrivenVisit":
        """Return the visit with what is known at its end."""
        return replace(self, **known)


@dataclass(frozen=True)
class Progress:
    """How far an experiment has come.

    Attributes
    ----------
    time_point : int
        Index of the time point that is under way, from 0.
    round : int
        The last round that has begun.
    visited : frozenset of int
        Positions that have been visited at this time point.
    places_um : mapping of int to PositionUm
        Where to take the next prescan of each position that has been visited.
    marks_um : mapping of int to PositionUm
        Where each of them was visited first: around these the stage may move.
    """

    time_point: int = 0
    round: int = 0
    visited: frozenset[int] = frozenset()
    places_um: Mapping[int, PositionUm] = field(default_factory=dict)
    marks_um: Mapping[int, PositionUm] = field(default_factory=dict)

    def in_round(self, number: int) -> "Progress":
        """Return the same in another round."""
        return replace(self, round=number)

    def after(self, visit: DrivenVisit) -> "Progress":
        """Return how far it has come with a visit that began or ended.

        Parameters
        ----------
        visit : DrivenVisit
            The visit; one that only began counts, so that its number is not used again.

        Returns
        -------
        Progress
            The state after it.
        """
        is_same = visit.time_point == self.time_point
        places = dict(self.places_um)
        if visit.next_um is not None:
            places[visit.position] = visit.next_um
        return Progress(
            visit.time_point,
            visit.round,
            (self.visited if is_same else frozenset()) | {visit.position},
            places,
            {visit.position: visit.begun_um, **self.marks_um},
        )


class VisitRecord:
    """The file, open for more lines.

    Parameters
    ----------
    folder : Path
        Folder of the prescans.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / VISITS_FILE_NAME

    @property
    def exists(self) -> bool:
        """Whether there was a run in this folder."""
        return self._path.exists()

    def add(self, visit: DrivenVisit) -> None:
        """Append a line for a visit that begins or has ended.

        Raises
        ------
        ScopeError
            If it cannot be written.
        """
        line = json.dumps(asdict(visit), ensure_ascii=False)
        try:
            with self._path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(line + "\n")
        except OSError as error:
            msg = f"{self._path} cannot be written: {error}. Is the disk full?"
            raise ScopeError(msg) from error

    def progress(self) -> Progress:
        """Return how far the last run in this folder came, and make room for more lines.

        Returns
        -------
        Progress
            Its state; the beginning if there was none.

        Raises
        ------
        JournalError
            If the file cannot be read. A last line that was cut off is no fault: it is taken away.
        """
        try:
            content = self._path.read_bytes()
            kept, _, cut = content.rpartition(b"\n")
            if cut:
                os.truncate(self._path, len(content) - len(cut))
            lines = kept.decode("utf-8").split("\n")
        except FileNotFoundError:
            return Progress()
        except (OSError, UnicodeError) as error:
            msg = f"{self._path} cannot be read: {error}. Start without --resume in a new folder."
            raise JournalError(msg) from error
        progress = Progress()
        for number, line in enumerate(filter(None, lines), 1):
            try:
                progress = progress.after(_visit(json.loads(line)))
            except (ValueError, TypeError, KeyError) as error:
                msg = f"Line {number} of {self._path} is damaged: {error}. Correct or delete it."
                raise JournalError(msg) from error
        return progress


def _visit(data: Mapping[str, Any]) -> DrivenVisit:
    places = {
        name: PositionUm(*value)
        for name, value in data.items()
        if name.endswith("_um") and value is not None
    }
    return DrivenVisit(**{**data, **places})
