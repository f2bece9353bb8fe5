"""A simulated microscope that follows a sample as a vendor's macro does.

::

    for each time point
        for each position
            move to where the position was left ─► prescan ─► write it ─► wait for one more line
                                                                                   │
            main scan ◄── move ◄── stage + (target - (size-1)/2) · voxel size ◄────┤ a target
                ▲                                                                  │
                └────────────────────── stay ◄── failure, NaN, or no line in time ─┘
            move on to where the next prescan is wanted, if the answer says so
        look again at those positions that are wanted sooner, if it may
        wait until the next time point begins

It knows neither the manager nor a pipeline: it meets them on disk, or through a function
(`dystrack.scopes.hand_off`). Each visit to a position is recorded with what only a simulation
knows: where the sample really was.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dystrack.core.coordinates import PixelPosition, offset_from_centre_um
from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import Clock
from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.geometry import PositionUm, ScanSettings, View
from dystrack.scopes.hand_off import HandOff, NextPrescan, Reply
from dystrack.scopes.samples.sample import Sample
from dystrack.scopes.simulated.visits import Visit, projection
from dystrack.scopes.stage import Stage, StageAxes, StageSettings
from dystrack.scopes.writing.behaviours import BEHAVIOURS, WriteBehaviour
from dystrack.scopes.writing.file_names import FILE_NAMES, FileNames
from dystrack.scopes.writing.writers import SUFFIXES, WRITERS, encode

__all__ = ["Microscope", "MicroscopeSettings", "Site"]

_NOWHERE = PositionUm(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Site:
    """A position that a user has marked.

    Attributes
    ----------
    sample : Sample
        What is there; it is not seen from other positions.
    misplacement_um : PositionUm
        How badly the user centred it at the beginning.
    """

    sample: Sample
    misplacement_um: PositionUm = _NOWHERE


@dataclass(frozen=True)
class MicroscopeSettings:
    """How a microscope is set up.

    Attributes
    ----------
    prescan : ScanSettings
        Scan that is analysed.
    main_scan : ScanSettings or None
        Scan that the user wants; None for none, the field of the prescan then counts.
    n_time_points : int
        Number of time points.
    interval_s : float
        Time from the beginning of one time point to that of the next.
    file_format : str
        Format of the prescans, one of `WRITERS`.
    write_behaviour : WriteBehaviour
        How prescans get on the disk.
    file_names : FileNames
        How images are named.
    stage : StageSettings
        What the stage can do.
    axes : StageAxes
        How the stage really sits.
    macro_axes : StageAxes or None
        How the macro believes that it sits; None if the macro is right.
    keeps_pictures : bool
        Keep a small picture of each main scan, with and without tracking.
    saves_main_scans : bool
        Write the main scans into the folder of the prescans.
    obeys_intervals : bool
        Look again sooner than at the next time point where an answer wants that. Where it wants it
        at once, the sample is being searched for, and no main scan is taken.
    """

    prescan: ScanSettings
    main_scan: ScanSettings | None = None
    n_time_points: int = 100
    interval_s: float = 300.0
    file_format: str = "ome_tiff"
    write_behaviour: WriteBehaviour = BEHAVIOURS["at_once"]
    file_names: FileNames = FILE_NAMES["zen_blue"]
    stage: StageSettings = field(default_factory=StageSettings)
    axes: StageAxes = field(default_factory=StageAxes)
    macro_axes: StageAxes | None = None
    keeps_pictures: bool = False
    saves_main_scans: bool = False
    obeys_intervals: bool = False

    def __post_init__(self) -> None:
        """Refuse an unknown file format."""
        if self.file_format not in WRITERS:
            msg = f"There is no image format {self.file_format!r}. Choose one of {list(WRITERS)}."
            raise ConfigurationError(msg)


class Microscope:
    """A microscope with a macro that tracks.

    Parameters
    ----------
    sites : sequence of Site
        Positions, visited in this order at each time point.
    folder : Path
        Where prescans are written.
    hand_off : HandOff
        Where the coordinates come from.
    settings : MicroscopeSettings
        How it is set up.
    clock : SimulatedClock, optional
        Time in which the samples live; one that never waits if not given.
    """

    def __init__(
        self,
        sites: Sequence[Site],
        folder: Path,
        hand_off: HandOff,
        settings: MicroscopeSettings,
        clock: SimulatedClock | None = None,
    ) -> None:
        self._folder = folder
        self._hand_off = hand_off
        self._settings = settings
        self._main_settings = settings.main_scan or settings.prescan
        self._clock = clock or SimulatedClock()
        self._began_s = self._clock.monotonic()
        self._places = [_Place(number, site, settings) for number, site in enumerate(sites, 1)]
        self._stage = Stage(settings.stage, settings.axes.to_stage(_NOWHERE))
        self._n_rounds = 0

    def run(self) -> Iterator[Visit]:
        """Visit all positions at all time points.

        Yields
        ------
        Visit
            Record of the visit that has just ended.
        """
        interval_s = self._settings.interval_s
        for index in range(self._settings.n_time_points):
            self._clock.sleep(index * interval_s - self._now_s())
            yield from self._round(self._places)
            while soon := self._wanted_before((index + 1) * interval_s):
                self._clock.sleep(min(place.wanted_s for place in soon) - self._now_s())
                yield from self._round([p for p in soon if p.wanted_s <= self._now_s()])

    def _round(self, places: Sequence["_Place"]) -> Iterator[Visit]:
        self._n_rounds += 1
        for place in places:
            yield self._visit(self._n_rounds, place)

    def _wanted_before(self, time_s: float) -> list["_Place"]:
        """Return the places that are to be looked at again before a time point begins."""
        if not self._settings.obeys_intervals:
            return []
        return [place for place in self._places if max(place.wanted_s, self._now_s()) < time_s]

    def _visit(self, time_point: int, place: "_Place") -> Visit:
        """Take the prescan, follow the answer, take the main scan, move on."""
        self._stage.move_to(place.stage_um, self._clock)
        before_um = self._stage.position
        began_s = self._now_s()
        answer = self._analysed_prescan(time_point, place)
        shift = None if answer.target is None else self._shift_um(answer.target)
        reached = self._stage.move_to(before_um.plus(shift or _NOWHERE), self._clock)
        place.stage_um = self._stage.position
        visit = self._record(
            place,
            time_point=time_point,
            stage_before_um=before_um,
            moved=shift is not None,
            reached=reached,
            line=answer.line,
            prescan_path=answer.path,
            writing_s=answer.writing_s,
            latency_s=answer.latency_s,
            prescan_in_view=self._prescan_in_view(place, began_s, before_um),
            searching=self._settings.obeys_intervals and answer.is_searching,
        )
        if not visit.searching:
            self._main_scan(time_point, place)
        self._move_on(place, before_um, began_s, answer.next_prescan)
        return visit

    def _prescan_in_view(self, place: "_Place", time_s: float, stage_um: PositionUm) -> bool:
        view = View(self._settings.axes.to_world(stage_um), self._settings.prescan)
        return place.sample.is_in_view(time_s, view)

    def _move_on(
        self, place: "_Place", before_um: PositionUm, began_s: float, then: NextPrescan | None
    ) -> None:
        """Go to where the next prescan is wanted, and note when."""
        place.wanted_s = math.inf
        if then is None:
            return
        if then.in_s is not None:
            place.wanted_s = began_s + then.in_s
        self._stage.move_to(before_um.plus(self._shift_um(then.place)), self._clock)
        place.stage_um = self._stage.position

    def _record(self, place: "_Place", **what_happened: Any) -> Visit:
        """Return what happened, and what only a simulation knows: where the sample is now."""
        view = View(self._camera_um(), self._main_settings)
        untracked = View(place.start_um, self._main_settings)
        time_s, sample = self._now_s(), place.sample
        keeps = self._settings.keeps_pictures
        return Visit(
            position=place.number,
            time_s=time_s,
            stage_after_um=place.stage_um,
            camera_um=view.centre,
            target_um=sample.target_um(time_s, view.scan.field),
            position_um=sample.position_um(time_s),
            in_view=sample.is_in_view(time_s, view),
            untracked_in_view=sample.is_in_view(time_s, untracked),
            image=projection(sample.render(time_s, view)) if keeps else None,
            untracked_image=projection(sample.render(time_s, untracked)) if keeps else None,
            **what_happened,
        )

    def _analysed_prescan(self, time_point: int, place: "_Place") -> Reply:
        """Scan where the stage is, write the image, and return what comes back for it."""
        prescan = self._settings.prescan
        image = place.sample.render(self._now_s(), View(self._camera_um(), prescan))
        self._clock.sleep(prescan.duration_s)
        path = self._path(self._settings.file_names.prescan_name(time_point, place.number))

        def write(clock: Clock) -> Path:
            data = encode(self._settings.file_format, image, prescan.voxel_size)
            self._settings.write_behaviour.write(data, path, clock)
            return path

        began_s = self._clock.monotonic()
        answer = self._hand_off.exchange(write)
        passed_s = self._clock.monotonic() - began_s  # more than 0 if both share a clock
        self._clock.advance(answer.writing_s + answer.latency_s - passed_s)
        return answer

    def _main_scan(self, time_point: int, place: "_Place") -> None:
        """Take the scan for which all this is done, and save it if that is wanted."""
        scan = self._settings.main_scan
        if scan is None:
            return
        if self._settings.saves_main_scans:
            image = place.sample.render(self._now_s(), View(self._camera_um(), scan))
            name = self._settings.file_names.main_scan_name(time_point, place.number)
            WRITERS[self._settings.file_format](self._path(name), image, scan.voxel_size)
        self._clock.sleep(scan.duration_s)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIXES[self._settings.file_format]}"

    def _shift_um(self, target: PixelPosition) -> PositionUm:
        """Return how far the macro moves the stage for a place in the prescan."""
        prescan = self._settings.prescan
        offset_um = PositionUm(*offset_from_centre_um(target, prescan.shape, prescan.voxel_size))
        return (self._settings.macro_axes or self._settings.axes).shift_to_stage(offset_um)

    def _camera_um(self) -> PositionUm:
        return self._settings.axes.to_world(self._stage.position)

    def _now_s(self) -> float:
        return self._clock.monotonic() - self._began_s


class _Place:
    """A position in the course of a run: where it began, was left, and when it is wanted again."""

    def __init__(self, number: int, site: Site, settings: MicroscopeSettings) -> None:
        self.number = number
        self.sample = site.sample
        centred_um = site.sample.target_um(0.0, settings.prescan.field)
        self.start_um = centred_um.plus(site.misplacement_um)
        self.stage_um = settings.axes.to_stage(self.start_um)
        self.wanted_s = math.inf
