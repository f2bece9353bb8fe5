"""The simulated microscope behind the contract of a scope: stage, focus, and what it sees."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import Clock
from dystrack.scopes.box import Box
from dystrack.scopes.clocks import PacedClock, SimulatedClock
from dystrack.scopes.geometry import PositionUm, ScanSettings, View
from dystrack.scopes.protocols import Prescan, Scope, ScopeFacts, ScopeTraits
from dystrack.scopes.samples.sample import Sample
from dystrack.scopes.samples.scenes import SCENES, make_sample
from dystrack.scopes.stage import Stage, StageAxes, StageSettings, spread_over_stage
from dystrack.scopes.writing.writers import WRITERS, Stack

__all__ = ["SimulatedScope", "StageMap", "open_simulator"]

_MAIN_SCAN_SUFFIX = ".ome.tif"


class StageMap(Protocol):
    """How what the stage reads and places in the world belong together."""

    def to_world(self, stage: PositionUm) -> PositionUm:
        """Return what is in the middle of the image."""
        ...

    def to_stage(self, world: PositionUm) -> PositionUm:
        """Return what the stage reads with a point in the middle of the image."""
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
        self._axes = axes or StageAxes()
        self._stage = Stage(self._settings, self.marked_um()[0])
        self.clock: Clock = clock or SimulatedClock()
        self._began_s = self.clock.monotonic()
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
            axes=self._axes if isinstance(self._axes, StageAxes) else None,
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

    def marked_um(self) -> list[PositionUm]:
        """Return where its samples were in the middle of the image at the beginning."""
        field = self._prescan.field
        return [self._axes.to_stage(sample.target_um(0.0, field)) for sample in self._samples]

    def limits_um(self) -> Box:
        """Return the ends of the travel."""
        return Box(self._settings.low, self._settings.high)

    def drive_stage(self, y_um: float, x_um: float) -> None:
        """Move the stage."""
        self._stage.move_to(self._stage.position._replace(y=y_um, x=x_um), self.clock)

    def drive_focus(self, z_um: float) -> None:
        """Move the focus."""
        self._stage.move_to(self._stage.position._replace(z=z_um), self.clock)

    def settle(self) -> None:
        """Do nothing: the stage has settled."""

    def prescan(self, stem: Path) -> Prescan:
        """Take a prescan; its pixels are delivered."""
        del stem
        stack = self._image(self._prescan)
        self.clock.sleep(self._prescan.duration_s)
        return Prescan(stack=stack, voxel_size=self._prescan.voxel_size)

    def main_scan(self, stem: Path) -> Path | None:
        """Take the main scan, and write it if that is wanted."""
        if self._main_scan is None:
            return None
        path = stem.with_name(stem.name + _MAIN_SCAN_SUFFIX)
        if self._saves_main_scans:
            WRITERS["ome_tiff"](path, self._image(self._main_scan), self._main_scan.voxel_size)
        self.clock.sleep(self._main_scan.duration_s)
        return path if self._saves_main_scans else None

    def stop(self) -> None:
        """Do nothing: a simulated move has ended when it returns."""

    def _image(self, scan: ScanSettings) -> Stack:
        """Return what the nearest sample looks like now."""
        time_s = self.clock.monotonic() - self._began_s
        centre = self._axes.to_world(self._stage.position)
        distances = [sample.position_um(time_s).minus(centre).length() for sample in self._samples]
        sample = self._samples[distances.index(min(distances))]
        return sample.render(time_s, View(centre, scan))


@contextmanager
def open_simulator(
    *,
    scene: str = "organoid",
    difficulty: str = "normal",
    samples: int = 2,
    speed: float = 1.0,
    seed: int = 0,
    time_lapse: float = 300.0,
    main_scans: bool = False,
) -> Iterator[Scope]:
    """Prepare a simulated microscope.

    Parameters
    ----------
    scene : str, {"organoid", "primordium", "node", "dividing_cells"}, default "organoid"
        Kind of its samples.
    difficulty : str, {"easy", "normal", "hard"}, default "normal"
        How hard they are to follow.
    samples : int, default 2
        How many there are, each at a marked position.
    speed : float, default 1.0
        How many times their usual velocity they have.
    seed : int, default 0
        Another number gives other samples.
    time_lapse : float, default 300.0
        How many of its seconds pass in one real second; infinite to wait for nothing.
    main_scans : bool, default False
        Whether main scans are written.

    Yields
    ------
    Scope
        The microscope.

    Raises
    ------
    ConfigurationError
        If there is no such scene or difficulty, or if a number makes no sense.
    """
    for name, value in (("samples", samples), ("time_lapse", time_lapse)):
        if not value > 0:
            msg = f"{name} is {value!r}. Give a number above 0."
            raise ConfigurationError(msg)
    stage = StageSettings()
    made = [
        make_sample(scene, difficulty, seed=seed + number, speed=speed, start=place)
        for number, place in enumerate(spread_over_stage(samples, stage))
    ]
    kind = SCENES[scene]
    yield SimulatedScope(
        made,
        kind.prescan,
        kind.main_scan,
        stage=stage,
        clock=PacedClock(speed=time_lapse),
        saves_main_scans=main_scans,
    )
