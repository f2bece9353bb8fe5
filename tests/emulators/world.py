"""Simulated samples on a stage: the world in which every emulated microscope stands."""

from dataclasses import dataclass

from dystrack.core.coordinates import VoxelSize
from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.geometry import PositionUm, ScanSettings, View
from dystrack.scopes.samples.bodies import Organoid
from dystrack.scopes.samples.imaging import Imaging
from dystrack.scopes.samples.motion import Motion
from dystrack.scopes.samples.sample import Sample
from dystrack.scopes.stage import Stage, StageAxes, StageSettings

PRESCAN = ScanSettings((9, 36, 40), VoxelSize(4.0, 2.5, 2.5), duration_s=1.0)
MAIN_SCAN = ScanSettings((9, 72, 80), VoxelSize(4.0, 1.25, 1.25), duration_s=1.0)
FAR_UM = 4000.0
VELOCITY_UM_S = PositionUm(0.01, 0.06, -0.1)
START_UM = PositionUm(803.0, 1005.0, 2000.0)  # no axis reads 0, as a value left out does


def drifting_samples(n=1, start=START_UM, velocity=VELOCITY_UM_S):
    """Return samples that move 4 µm in half a minute, each far from the others."""
    return [
        Sample(
            Organoid(),
            Motion(start.plus(PositionUm(0.0, 0.0, FAR_UM * number)), velocity),
            imaging=Imaging(black_level=-0.05),
        )
        for number in range(n)
    ]


@dataclass(frozen=True)
class Acquisition:
    """An image that was acquired, and what only a simulation knows."""

    name: str
    stage: PositionUm
    distance_um: float
    in_view: bool


class World:
    """Samples and a stage under them, with a record of everything that was done."""

    def __init__(self, samples, clock=None, axes=None):
        self.samples = samples
        self.clock = clock or SimulatedClock()
        self.axes = axes or StageAxes()
        self.began_s = self.clock.monotonic()
        self.stage = Stage(StageSettings(), self.axes.to_stage(samples[0].position_um(0.0)))
        self.commands: list[dict[str, float]] = []
        self.acquired: list[Acquisition] = []

    @property
    def position(self):
        """What stage and focus read."""
        return self.stage.position

    def starts(self):
        """Return where the stage reads that each sample began."""
        return [self.axes.to_stage(sample.position_um(0.0)) for sample in self.samples]

    def places_now(self):
        """Return where the stage would read each sample now."""
        time_s = self.clock.monotonic() - self.began_s
        return [self.axes.to_stage(sample.position_um(time_s)) for sample in self.samples]

    def move(self, **axes):
        """Move some axes as the microscope's software was told to, and keep a record of it."""
        self.commands.append({axis: round(value, 6) for axis, value in axes.items()})
        self.stage_to(self.stage.position._replace(**axes))

    def stage_to(self, position):
        """Move as a person does, by hand."""
        self.stage.move_to(position, self.clock)

    def scan(self, scan, name):
        """Take an image of the sample that is nearest, where the stage is."""
        time_s = self.clock.monotonic() - self.began_s
        camera = self.axes.to_world(self.stage.position)
        sample = min(self.samples, key=lambda one: one.position_um(time_s).minus(camera).length())
        view = View(camera, scan)
        image = sample.render(time_s, view)
        self.clock.sleep(scan.duration_s)
        self.acquired.append(
            Acquisition(
                name,
                self.stage.position,
                camera.minus(sample.target_um(time_s, scan.field)).length(),
                sample.is_in_view(time_s, view),
            )
        )
        return image

    def main_scans(self):
        """Return the images that are no prescans."""
        return [one for one in self.acquired if "prescan" not in one.name]
