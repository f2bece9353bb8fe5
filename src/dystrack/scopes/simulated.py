"""The simulated microscope behind the contract of a scope: stage, focus, and what it sees."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from dystrack.core.protocols import Clock
from dystrack.scopes.box import Box
from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.geometry import PositionUm, ScanSettings, View
from dystrack.scopes.protocols import Prescan, ScopeFacts, ScopeTraits
from dystrack.scopes.samples.sample import Sample
from dystrack.scopes.stage import Stage, StageAxes, StageSettings
from dystrack.scopes.writing.writers import WRITERS, Stack

__all__ = ["SimulatedScope", "StageMap"]

_ORIGIN = PositionUm(0.0, 0.0, 0.0)
_MAIN_SCAN_SUFFIX = ".ome.tif"


class StageMap(Protocol):
    """How what the stage reads and places in the world belong together."""

    def to_world(self, stage: PositionUm) -> PositionUm:
        """Return what is in the middle of the image."""
        ...


class SimulatedScope:
    """A microscope whose samples are made up.

    Parameters
    ----------
    samples : sequence of Sample
        What lies on the stage; the nearest one is seen.
    prescan : ScanSettings
        Scan that is analysed.
    main_scan : ScanSettings or None, optional
        Scan that the user wants; none is taken if not given.
    stage : StageSettings, optional
        What the stage can do.
    axes : StageMap, optional
        How the stage sits.
    clock : Clock, optional
        Time in which the samples live; one that never waits if not given.
    saves_main_scans : bool, optional
        Whether main scans are written.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        prescan: ScanSettings,
        main_scan: ScanSettings | None = None,
        *,
        stage: StageSettings | None = None,
        axes: StageMap | None = None,
        clock: Clock | None = None,
        saves_main_scans: bool = False,
    ) -> None:
        self._samples = samples
        self._prescan = prescan
        self._main_scan = main_scan
        self._settings = stage or StageSettings()
        self._stage = Stage(self._settings, _ORIGIN)
        self._axes = axes or StageAxes()
        self._clock = clock or SimulatedClock()
        self._began_s = self._clock.monotonic()
        self._saves_main_scans = saves_main_scans

    @property
    def traits(self) -> ScopeTraits:
        """What it can do."""
        deepest_um = max(
            (scan.shape_zyx[0] - 1) / 2 * scan.voxel_size.z_um
            for scan in (self._prescan, self._main_scan or self._prescan)
        )
        return ScopeTraits(
            name="simulator",
            status="simulated from beginning to end",
            delivers_pixels=True,
            reach_um=PositionUm(deepest_um, 0.0, 0.0),
        )

    def facts(self) -> ScopeFacts:
        """Return what it says of itself."""
        return ScopeFacts(
            microscope="simulator",
            version="DySTrack",
            objective="simulated",
            pixel_size_um=self._prescan.voxel_size.x_um,
        )

    def position_um(self) -> PositionUm:
        """Return what stage and focus read."""
        return self._stage.position

    def limits_um(self) -> Box:
        """Return the ends of the travel."""
        return Box(self._settings.low, self._settings.high)

    def drive_stage(self, y_um: float, x_um: float) -> None:
        """Move the stage."""
        self._stage.move_to(self._stage.position._replace(y=y_um, x=x_um), self._clock)

    def drive_focus(self, z_um: float) -> None:
        """Move the focus."""
        self._stage.move_to(self._stage.position._replace(z=z_um), self._clock)

    def settle(self) -> None:
        """Do nothing: the stage has settled."""

    def prescan(self, stem: Path) -> Prescan:
        """Take a prescan; its pixels are delivered."""
        del stem
        stack = self._image(self._prescan)
        self._clock.sleep(self._prescan.duration_s)
        return Prescan(stack=stack, voxel_size=self._prescan.voxel_size)

    def main_scan(self, stem: Path) -> Path | None:
        """Take the main scan, and write it if that is wanted."""
        if self._main_scan is None:
            return None
        path = stem.with_name(stem.name + _MAIN_SCAN_SUFFIX)
        if self._saves_main_scans:
            WRITERS["ome_tiff"](path, self._image(self._main_scan), self._main_scan.voxel_size)
        self._clock.sleep(self._main_scan.duration_s)
        return path if self._saves_main_scans else None

    def stop(self) -> None:
        """Do nothing: a simulated move has ended when it returns."""

    def _image(self, scan: ScanSettings) -> Stack:
        """Return what the nearest sample looks like now."""
        time_s = self._clock.monotonic() - self._began_s
        centre = self._axes.to_world(self._stage.position)
        distances = [sample.position_um(time_s).minus(centre).length() for sample in self._samples]
        sample = self._samples[distances.index(min(distances))]
        return sample.render(time_s, View(centre, scan))
