"""The loop that drives a real microscope: time points, positions, prescan, answer, main scan.

::

    for each time point
        for each position
            visit where it was left ─► prescan ─► answer ─► follow ─► main scan ─► record
                                                     └─ none, or not allowed: stay
        look again at those positions that are wanted sooner

It asks for scans and does everything else itself, through a `Guard`. Who runs it takes the scans:
`run_driver` through the guard, Micro-Manager's generator by yielding the events of each.
"""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dystrack.core.coordinates import PixelPosition, offset_from_centre_um
from dystrack.core.errors import (
    ConfigurationError,
    ForbiddenMoveError,
    ScopeError,
)
from dystrack.core.protocols import Clock
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard
from dystrack.scopes.hand_off import NO_ANSWER, HandOff, NextPrescan, Reply
from dystrack.scopes.prescan_file import geometry_of, put_in_place
from dystrack.scopes.protocols import Prescan
from dystrack.scopes.visit_record import DrivenVisit, Progress
from dystrack.scopes.writing.file_names import FILE_NAMES, FileNames

__all__ = ["Driver", "ImageAxes", "Plan", "Scan", "Steps", "StoppedError", "run_driver"]

_LONGEST_REST_S = 0.1


class StoppedError(Exception):
    """Somebody wants the run to end; raised wherever the driver waits."""


class ImageAxes(Protocol):
    """How a stage lies to its images: a calibration, or what a person says of the axes."""

    def shift_to_stage(self, shift: PositionUm) -> PositionUm:
        """Return how far the stage moves for a distance in the image."""
        ...


@dataclass(frozen=True)
class Plan:
    """What a run is to do.

    Attributes
    ----------
    places_um : sequence of PositionUm
        Marked positions, visited in this order at each time point.
    n_time_points : int
        Number of time points.
    interval_s : float
        Time from the beginning of one time point to that of the next.
    obeys_intervals : bool
        Look again sooner than at the next time point where an answer wants that. Where it wants
        it at once, the sample is being searched for, and no main scan is taken.
    ends_on_error : bool
        End the run when the microscope fails; otherwise that visit is given up and told.
    file_names : FileNames
        How images are named.

    Raises
    ------
    ConfigurationError
        If there is no position, or a number makes no sense.
    """

    places_um: Sequence[PositionUm]
    n_time_points: int
    interval_s: float
    obeys_intervals: bool = False
    ends_on_error: bool = False
    file_names: FileNames = FILE_NAMES["zen_blue"]

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        if not self.places_um:
            msg = "No position is marked. Mark one in the microscope's software, or give positions."
            raise ConfigurationError(msg)
        if self.n_time_points < 1:
            msg = f"time_points is {self.n_time_points}. Give 1 or more."
            raise ConfigurationError(msg)
        if not (math.isfinite(self.interval_s) and self.interval_s >= 0):
            msg = f"interval_s is {self.interval_s!r}. Give a number of s, 0 for none."
            raise ConfigurationError(msg)


@dataclass(frozen=True)
class Scan:
    """A scan that the driver wants, where the stage is now.

    Attributes
    ----------
    stem : Path
        Its path without a suffix.
    is_main : bool
        Whether it is the main scan; otherwise a prescan.
    """

    stem: Path
    is_main: bool


Steps = Generator[Scan, Prescan | None, None]
"""Yields the scans that are wanted, and is sent the prescans; None for a main scan."""


@dataclass
class _Place:
    """A position in the course of a run: where to go for it, and when it is wanted again."""

    number: int
    stage_um: PositionUm
    wanted_s: float = math.inf


@dataclass
class Driver:
    """Drives a microscope through an experiment.

    Attributes
    ----------
    guard : Guard
        The way to the microscope.
    plan : Plan
        What to do.
    axes : ImageAxes
        How the stage lies to the images.
    folder : Path
        Where prescans go.
    hand_off : HandOff
        Where coordinates come from.
    clock : Clock
        Time.
    record : callable
        Takes each visit when its prescan begins, and again when it has ended.
    tell : callable
        Takes what a person should know, as a sentence.
    should_stop : callable
        Says whether the run is to end.
    progress : Progress
        Where a run before left off; a new one begins if not given.
    """

    guard: Guard
    plan: Plan
    axes: ImageAxes
    folder: Path
    hand_off: HandOff
    clock: Clock
    record: Callable[[DrivenVisit], object]
    tell: Callable[[str], object]
    should_stop: Callable[[], bool] = lambda: False
    progress: Progress = field(default_factory=Progress)

    def steps(self) -> Steps:
        """Go through the experiment, and ask for its scans.

        Yields
        ------
        Scan
            A scan to take now; send its `Prescan` back, or None.

        Raises
        ------
        ScopeError
            If the microscope fails and the plan wants the run to end then.
        """
        places = [
            _Place(number, self.progress.places_um.get(number, place))
            for number, place in enumerate(self.plan.places_um, 1)
        ]
        began_s = self.clock.monotonic() - self.progress.time_point * self.plan.interval_s
        for index in range(self.progress.time_point, self.plan.n_time_points):
            self._rest_until(began_s + index * self.plan.interval_s)
            done = self.progress.visited if index == self.progress.time_point else frozenset()
            yield from self._round(index, [p for p in places if p.number not in done])
            next_s = began_s + (index + 1) * self.plan.interval_s
            while soon := self._wanted_before(next_s, places):
                self._rest_until(min(place.wanted_s for place in soon))
                now_s = self.clock.monotonic()
                yield from self._round(index, [p for p in soon if p.wanted_s <= now_s])

    def _round(self, time_point: int, places: Sequence[_Place]) -> Steps:
        self.progress = self.progress.in_round(self.progress.round + 1)
        for place in places:
            if self.should_stop():
                raise StoppedError
            try:
                yield from self._visit(time_point, place)
            except ScopeError as error:
                if self.plan.ends_on_error:
                    raise
                place.wanted_s = math.inf
                self.tell(f"Position {place.number} was given up at this visit. {error}")

    def _wanted_before(self, time_s: float, places: Sequence[_Place]) -> list[_Place]:
        """Return the places that are to be looked at again before a time point begins."""
        if not self.plan.obeys_intervals:
            return []
        now_s = self.clock.monotonic()
        return [place for place in places if max(place.wanted_s, now_s) < time_s]

    def _visit(self, time_point: int, place: _Place) -> Steps:
        """Take the prescan, follow the answer, take the main scan, note where to go next."""
        names, number = self.plan.file_names, self.progress.round
        self.guard.visit(place.stage_um)
        began_s = self.clock.monotonic()
        stem = self.folder / names.prescan_name(number, place.number)
        visit = DrivenVisit(time_point, number, place.number, self.clock.time(), place.stage_um)
        self.record(visit)
        prescan = yield Scan(stem, is_main=False)
        if prescan is None or prescan.stage_um is None:
            msg = "The prescan came without its position. The bridge of this microscope is wrong."
            raise ScopeError(msg)
        answer = self.hand_off.exchange(lambda _: put_in_place(prescan, stem))
        if answer.line.msg == NO_ANSWER:
            self.tell(f"{answer.path.name} got no answer in time; the stage stays where it is.")
        moved, after_um = self._follow(self._target_um(prescan, answer))
        is_searching = self.plan.obeys_intervals and answer.is_searching
        if (moved or self.guard.traits.stays) and not is_searching:
            yield Scan(self.folder / names.main_scan_name(number, place.number), is_main=True)
        self._note_next(place, prescan, answer.path, answer.next_prescan, after_um, began_s)
        self.record(
            visit.ended(
                prescan=answer.path.name,
                prescan_um=prescan.stage_um,
                after_um=after_um,
                next_um=place.stage_um,
                moved=moved,
                message=answer.line.msg,
            )
        )

    def _target_um(self, prescan: Prescan, answer: Reply) -> PositionUm | None:
        """Return where an answer leads; None to stay."""
        target = answer.target
        return None if target is None else self._place_um(prescan, answer.path, target)

    def _place_um(self, prescan: Prescan, path: Path, target: PixelPosition) -> PositionUm:
        """Return where the stage has a point of a prescan in the middle of the image."""
        shape, voxel_size = geometry_of(prescan, path)
        offset_um = PositionUm(*offset_from_centre_um(target, shape, voxel_size))
        taken_at = prescan.stage_um or self.guard.position_um()
        return taken_at.plus(self.axes.shift_to_stage(offset_um))

    def _follow(self, target_um: PositionUm | None) -> tuple[bool, PositionUm]:
        """Go where the answer leads; return whether that was done, and where the stage is."""
        if target_um is not None:
            try:
                return True, self.guard.follow(target_um)
            except ForbiddenMoveError as error:
                self.tell(str(error))
        return False, self.guard.position_um()

    def _note_next(
        self,
        place: _Place,
        prescan: Prescan,
        path: Path,
        then: NextPrescan | None,
        after_um: PositionUm,
        began_s: float,
    ) -> None:
        """Note where the next prescan of a position is taken, and when."""
        place.stage_um, place.wanted_s = after_um, math.inf
        if then is None:
            return
        if then.in_s is not None:
            place.wanted_s = began_s + then.in_s
        wanted_um = self._place_um(prescan, path, then.place)
        if self.guard.box.contains(wanted_um):
            place.stage_um = wanted_um

    def _rest_until(self, due_s: float) -> None:
        """Rest in short pieces, so that the end of the run need not be waited for."""
        while (left_s := due_s - self.clock.monotonic()) > 0:
            if self.should_stop():
                raise StoppedError
            self.clock.sleep(min(left_s, _LONGEST_REST_S))


def run_driver(driver: Driver) -> None:
    """Run an experiment, with the scans taken through the guard.

    Parameters
    ----------
    driver : Driver
        What drives it.

    Raises
    ------
    ScopeError
        If the microscope fails and the plan wants the run to end then.
    """
    steps = driver.steps()
    scan = next(steps, None)
    while scan is not None:
        try:
            taken = _take(driver.guard, scan)
        except ScopeError as error:
            scan = _next_after(steps, error)
        else:
            scan = _next_after(steps, taken)


def _take(guard: Guard, scan: Scan) -> Prescan | None:
    if not scan.is_main:
        return guard.prescan(scan.stem)
    guard.main_scan(scan.stem)
    return None


def _next_after(steps: Steps, result: Prescan | ScopeError | None) -> Scan | None:
    """Hand over what came of a scan, and return the next one; None at the end."""
    try:
        return steps.throw(result) if isinstance(result, ScopeError) else steps.send(result)
    except StopIteration:
        return None
