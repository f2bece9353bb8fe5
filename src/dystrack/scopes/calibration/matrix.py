"""The matrix from an image to the stage, fitted to moves and judged."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dystrack.core.errors import CalibrationError
from dystrack.scopes.calibration.shifts import Shift
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.stage import StageAxes

__all__ = ["Calibration", "fit_matrix", "judge_depth"]

_MOST_RESIDUAL_PX = 2.0
_SINGULAR_VALUES = (0.8, 1.25)  # of the pixel size
_DEPTHS = (0.75, 1.25)  # of the planes by which the focus was moved
_TILT_OF_AXES = 0.3  # more than this part along the other axis is no reflection or swap


@dataclass(frozen=True)
class Calibration:
    """How a stage lies to its images.

    Attributes
    ----------
    matrix : tuple of tuple of float
        µm of the stage along y and x for each µm along y and x in the image; rows are the stage's.
    z_sign : {1, -1}
        -1 where a stack's planes run against the focus.
    microscope, objective : str
        Of which stand and objective.
    pixel_size_um : float
        Pixel size of the images it was measured in.
    residual_px : float
        How far the worst move was from what the matrix says.
    measured : str
        When, as a date and time.
    """

    matrix: tuple[tuple[float, float], tuple[float, float]]
    z_sign: int
    microscope: str
    objective: str
    pixel_size_um: float
    residual_px: float
    measured: str

    def shift_to_stage(self, shift: PositionUm) -> PositionUm:
        """Return how far the stage moves for a distance in the image."""
        (yy, yx), (xy, xx) = self.matrix
        return PositionUm(
            self.z_sign * shift.z, yy * shift.y + yx * shift.x, xy * shift.y + xx * shift.x
        )

    @property
    def axes(self) -> StageAxes | None:
        """The same as signs and a swap, for a macro; None where the stage is turned too far."""
        matrix = np.array(self.matrix)
        swaps = bool(abs(matrix[0, 1]) > abs(matrix[0, 0]))
        straight = matrix[:, ::-1] if swaps else matrix
        if np.abs(straight[[0, 1], [1, 0]]).max() > _TILT_OF_AXES:
            return None
        of_y, of_x = (int(np.sign(straight[i, i])) for i in (0, 1))
        y_sign, x_sign = (of_x, of_y) if swaps else (of_y, of_x)
        return StageAxes(self.z_sign, y_sign, x_sign, swaps_yx=swaps)

    @property
    def turn_deg(self) -> float:
        """How far the stage is turned against the image, beyond signs and a swap."""
        matrix = np.array(self.matrix)
        row = matrix[0] / np.linalg.norm(matrix[0])
        return math.degrees(math.asin(float(np.abs(row).min())))


def fit_matrix(
    moves_um: Sequence[tuple[float, float]], shifts_px: Sequence[Shift], pixel_size_um: float
) -> tuple[tuple[tuple[float, float], tuple[float, float]], float]:
    """Fit the matrix to what small moves of the stage did in the image, and refuse a wrong one.

    The sample may itself move at a steady pace meanwhile.

    Parameters
    ----------
    moves_um : sequence of tuple of float
        Where the stage was, along its y and x, less where it was for the first image; in the order
        of the images.
    shifts_px : sequence of tuple of float
        How far the content of each image was shifted against the first, along y and x.
    pixel_size_um : float
        Pixel size of the images.

    Returns
    -------
    matrix : tuple of tuple of float
        As in `Calibration`.
    residual_px : float
        How far the worst shift was from what the fit says.

    Raises
    ------
    CalibrationError
        If no matrix fits, or if it changes sizes.
    """
    moves, shifts = np.array(moves_um), np.array(shifts_px)
    order = np.arange(1, len(moves) + 1)
    fitted = np.column_stack([-moves, order])  # what the stage goes to comes to the middle
    solution, *_ = np.linalg.lstsq(fitted, shifts, rcond=None)
    residual_px = float(np.abs(shifts - fitted @ solution).max())
    sizes = np.linalg.svd(solution[:2], compute_uv=False) * pixel_size_um
    low, high = _SINGULAR_VALUES
    is_sized = bool((sizes >= 1 / high).all() and (sizes <= 1 / low).all())
    if not (residual_px <= _MOST_RESIDUAL_PX and is_sized):
        found = ", ".join(f"{1 / size:.3g}" if size else "none" for size in sizes)
        msg = (
            f"The moves do not fit what the images show: {residual_px:.1f} px off at worst (at "
            f"most {_MOST_RESIDUAL_PX:g}), sizes {found} of the pixel size (between {low:g} and "
            f"{high:g}). Nothing was saved. Take a field with sharp structure everywhere that does "
            "not move by itself, see that the pixel size is right, and try again."
        )
        raise CalibrationError(msg)
    inverse = np.linalg.inv(solution[:2].T) / pixel_size_um
    (yy, yx), (xy, xx) = inverse.tolist()
    return ((yy, yx), (xy, xx)), residual_px


def judge_depth(moved_planes: float, seen_planes: float) -> int:
    """Return the direction of z, and refuse what is not certain.

    Parameters
    ----------
    moved_planes : float
        How far the focus was moved, in planes.
    seen_planes : float
        How far the content of the second stack is shifted against the first.

    Returns
    -------
    {1, -1}
        1 where planes run along the focus.

    Raises
    ------
    CalibrationError
        If the content did not shift by about as much.
    """
    low, high = _DEPTHS
    share = -seen_planes / moved_planes
    if not low <= abs(share) <= high:
        msg = (
            f"The focus was moved by {moved_planes:g} planes, and the stack shows "
            f"{-seen_planes:.2f}. Nothing was saved. See that the distance of planes is right, and "
            "that the sample lies in the middle of the stack."
        )
        raise CalibrationError(msg)
    return 1 if share > 0 else -1
