"""Measure how a stage lies to its images: six small moves, then two planes of focus.

::

    first image ─► six moves, an image after each ─► back, and an image again ─► the matrix
                                                  └─► two planes up, a stack  ─► z
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import CalibrationError
from dystrack.images.readers import read_image
from dystrack.scopes.calibration.matrix import Calibration, fit_matrix, judge_depth
from dystrack.scopes.calibration.shifts import plane_shift, stack_depth, without_fixed_pattern
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.protocols import Prescan, ScopeFacts

__all__ = ["Look", "LookAt", "look_of", "measure"]

_MOVES = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (0.7, 0.7), (-0.7, 0.7), (0.0, 0.0))
_SHARE_OF_FIELD = 0.25
_Z_PLANES = 2
_LEAST_PLANES = 7
_STACK_DIMENSIONS = 3


@dataclass(frozen=True)
class Look:
    """An image and where the stage was.

    Attributes
    ----------
    stack : ndarray of shape (Z, Y, X)
        One channel.
    voxel_size : VoxelSize
        Distance between voxels.
    stage_um : PositionUm
        What the stage read.
    """

    stack: NDArray[np.integer]
    voxel_size: VoxelSize
    stage_um: PositionUm

    @property
    def plane(self) -> NDArray[np.floating]:
        """The mean of its planes."""
        mean: NDArray[np.floating] = self.stack.mean(axis=0)
        return mean


class LookAt(Protocol):
    """Goes to a place of the stage, or has a person go there, and takes an image."""

    def __call__(self, offset_um: PositionUm) -> Look:
        """Return an image at a distance from where the calibration began."""
        ...


def measure(look_at: LookAt, facts: ScopeFacts, now: datetime) -> Calibration:
    """Measure how a stage lies to its images.

    Parameters
    ----------
    look_at : callable
        Takes an image at a distance from the start, along the stage's axes.
    facts : ScopeFacts
        Of which microscope and objective.
    now : datetime
        The time.

    Returns
    -------
    Calibration
        What was measured; judged, and right.

    Raises
    ------
    CalibrationError
        If it is not certain.
    """
    start = look_at(PositionUm(0.0, 0.0, 0.0))
    pixel_um = start.voxel_size.x_um
    step_um = _SHARE_OF_FIELD * min(start.plane.shape) * pixel_um
    looks = [look_at(PositionUm(0.0, y * step_um, x * step_um)) for y, x in _MOVES]
    matrix, residual_px = _matrix_of([start, *looks], pixel_um)
    z_sign = 1
    if len(start.stack) >= _LEAST_PLANES:
        z_um = _Z_PLANES * start.voxel_size.z_um
        raised = look_at(PositionUm(z_um, 0.0, 0.0))
        moved = (raised.stage_um.z - looks[-1].stage_um.z) / start.voxel_size.z_um
        z_sign = judge_depth(moved, stack_depth(looks[-1].stack, raised.stack))
        look_at(PositionUm(0.0, 0.0, 0.0))
    return Calibration(
        matrix=matrix,
        z_sign=z_sign,
        microscope=facts.microscope,
        objective=facts.objective,
        pixel_size_um=pixel_um,
        residual_px=round(residual_px, 3),
        measured=now.isoformat(" ", "minutes"),
    )


def look_of(prescan: Prescan, channel: int = 0) -> Look:
    """Return a prescan as an image of one channel.

    Parameters
    ----------
    prescan : Prescan
        With pixels or a file, and its position.
    channel : int, optional, default 0
        Which channel, if it has several.

    Returns
    -------
    Look
        The image.

    Raises
    ------
    CalibrationError
        If it has no voxel size, or other axes.
    """
    stack, voxel_size = prescan.stack, prescan.voxel_size
    if stack is None and prescan.path is not None:
        image = read_image(prescan.path)
        stack, voxel_size = image.pixels, voxel_size or image.voxel_size
    if stack is None or voxel_size is None or prescan.stage_um is None:
        msg = "The prescan does not tell its voxel size. Save prescans with their scaling."
        raise CalibrationError(msg)
    if stack.ndim > _STACK_DIMENSIONS:
        stack = stack[channel]
    if stack.ndim > _STACK_DIMENSIONS:
        msg = f"A prescan of shape {stack.shape} is no stack of one time point. Take one that is."
        raise CalibrationError(msg)
    return Look(stack.reshape(-1, *stack.shape[-2:]), voxel_size, prescan.stage_um)


def _matrix_of(
    looks: Sequence[Look], pixel_um: float
) -> tuple[tuple[tuple[float, float], tuple[float, float]], float]:
    shapes = {look.plane.shape for look in looks}
    if len(shapes) > 1:
        msg = f"The prescans have different sizes: {sorted(shapes)}. Leave their settings alone."
        raise CalibrationError(msg)
    first, *others = without_fixed_pattern([look.plane for look in looks])
    shifts = [plane_shift(first, plane) for plane in others]
    start = looks[0].stage_um
    moves = [(look.stage_um.y - start.y, look.stage_um.x - start.x) for look in looks[1:]]
    return fit_matrix(moves, shifts, pixel_um)
