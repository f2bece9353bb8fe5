"""One position of a running session: its rows, and its newest prescan in full."""

import math
from array import array
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from dystrack.dashboard.live.states import LOST_AFTER
from dystrack.history.entries import Entry, Record, time_of
from dystrack.history.track import Track

if TYPE_CHECKING:
    from dystrack.charts.rows import Row

__all__ = ["LivePosition"]

_GAPS = 9
_WARNED_FOR = 5  # prescans


class LivePosition:
    """What a page knows of a position.

    Parameters
    ----------
    name : str
        The position.
    began : datetime
        When the run began.
    settings : mapping
        Settings of the run.
    """

    def __init__(self, name: str, began: datetime, settings: Mapping[str, Any]) -> None:
        self.name = name
        self.rows: list[Row] = []
        self.places: list[array[int]] = []  # in the journal, where more is told of each row
        self.last = Entry()
        self.held = ""
        self.warning = ""
        self.warned = ""
        self._n_since_warned = 0
        self._began = began
        self._settings = settings
        self._track: Track | None = None
        self._times: deque[float] = deque(maxlen=_GAPS + 1)

    @property
    def track(self) -> Track:
        """Return where the stage has been; known from its first prescan on."""
        return self._track or self._begin({})

    def take(self, number: int, entry: Entry, places: tuple[int, ...]) -> None:
        """Take a prescan that has been answered."""
        if self._track is None or (not self.rows and entry.started):
            self._track = self._begin(entry.started)
        row = self._track.row(number, entry)
        self.rows.append(row)
        self.places.append(array("q", places))
        self.last = entry
        self._n_since_warned += 1
        if self._n_since_warned > _WARNED_FOR:
            self.warning = self.warned = ""
        self._times.append(time_of(entry.noticed or entry.answered).timestamp())

    def warn(self, kind: str, text: str) -> None:
        """Note a warning, which counts for the next few prescans."""
        self.warning, self.warned, self._n_since_warned = kind, text, 0

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Return what came of its last prescans, the newest last."""
        return self.outcomes_of(LOST_AFTER)

    def outcomes_of(self, number: int) -> tuple[str, ...]:
        """Return what came of so many of its last prescans, the newest last."""
        return tuple(row.outcome for row in self.rows[-number:])

    @property
    def last_s(self) -> float | None:
        """Return when its last prescan came, in s since 1970."""
        return self._times[-1] if self._times else None

    @property
    def interval_s(self) -> float | None:
        """Return the usual time between two prescans in s."""
        gaps = [later - earlier for earlier, later in pairwise(self._times)]
        return median(gaps) if gaps else None

    @property
    def distance(self) -> float | None:
        """Return how far from the centre the sample was found in the newest prescan."""
        own = self.last.answered.get("own")
        centre = self.last.started.get("centre")
        if own and centre:
            sizes = self.last.started.get("voxel_size") if self.track.knows_um else None
            parts = zip(own, centre, sizes or (1.0, 1.0, 1.0), strict=True)
            return math.hypot(*((place - middle) * size for place, middle, size in parts))
        row = self.rows[-1]
        return math.hypot(*row.step) if row.step and row.outcome == "tracked" else None

    @property
    def step(self) -> float | None:
        """Return how far the stage was sent last."""
        row = self.rows[-1]
        return math.hypot(*row.step) if row.step else None

    def _begin(self, first: Record) -> Track:
        knows_path = bool(first.get("centre"))
        return Track(
            first,
            knows_path=knows_path,
            knows_um=knows_path and bool(first.get("voxel_size")),
            began=self._began,
            settings=self._settings,
        )
