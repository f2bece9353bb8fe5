"""A simulated microscope with what makes calibrations wrong: turns, patterns, backlash."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from scipy import ndimage

from dystrack.core.coordinates import VoxelSize
from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.protocols import Prescan
from dystrack.scopes.samples.scenes import SCENES, make_sample
from dystrack.scopes.simulated.scope import SimulatedScope


@dataclass(frozen=True)
class Turned:
    """A stage whose y and x lie to the world's as a matrix says; z may be reversed."""

    matrix: tuple = ((1.0, 0.0), (0.0, 1.0))
    z_sign: int = 1

    def to_world(self, stage):
        y, x = np.array(self.matrix) @ (stage.y, stage.x)
        return PositionUm(self.z_sign * stage.z, y, x)

    def to_stage(self, world):
        y, x = np.linalg.solve(np.array(self.matrix), (world.y, world.x))
        return PositionUm(self.z_sign * world.z, y, x)


def turned(degrees, *, mirrored=False, swapped=False, scale=1.0, z_sign=1):
    """Return such a stage by its turn."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    reflection = np.diag([1.0, -1.0 if mirrored else 1.0])
    matrix = scale * turn @ (reflection[::-1] if swapped else reflection)
    return Turned(tuple(map(tuple, matrix)), z_sign)


class CalibrationScope(SimulatedScope):
    """With a fixed pattern on the chip, backlash in the stage, and a pixel size that it claims."""

    def __init__(
        self,
        scene,
        difficulty="easy",
        *,
        axes=None,
        pattern=0.0,
        backlash_um=0.0,
        claims=1.0,
        seed=0,
    ):
        scan = SCENES[scene].prescan
        super().__init__(
            [make_sample(scene, difficulty, seed=seed)],
            scan,
            axes=axes or Turned(),
            clock=SimulatedClock(),
        )
        random = np.random.default_rng(5)
        smooth = ndimage.gaussian_filter(random.normal(0, 1, scan.shape_zyx[1:]), 2)
        self._pattern = pattern * 255 * smooth / smooth.std()
        self._backlash_um, self._slack = backlash_um, np.zeros(2)
        self._claims = claims
        self._numbers = count()

    def drive_stage(self, y_um, x_um):
        before = np.array(self._stage.position[1:])
        direction = np.sign(np.array([y_um, x_um]) - before)
        self._slack = np.where(direction == 0, self._slack, -direction * self._backlash_um / 2)
        super().drive_stage(y_um, x_um)

    def prescan(self, stem: Path):
        reads = self._stage.position
        self._stage._position = PositionUm(
            reads.z, reads.y + self._slack[0], reads.x + self._slack[1]
        )
        taken = super().prescan(stem)
        self._stage._position = reads
        stack = np.clip(taken.stack + self._pattern, 0, 255).astype(np.uint8)
        z, y, x = taken.voxel_size
        return Prescan(stack=stack, voxel_size=VoxelSize(z, y * self._claims, x * self._claims))
