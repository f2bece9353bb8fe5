"""Where things are in the simulated world, in µm, and which part of it a scan sees."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError

__all__ = ["PlaneGrid", "PositionUm", "ScanSettings", "View"]


class PositionUm(NamedTuple):
    """A position, or the distance between two, in µm.

    Attributes
    ----------
    z, y, x : float
        Along each axis in µm.
    """

    z: float
    y: float
    x: float

    def plus(self, other: "PositionUm") -> "PositionUm":
        """Return the sum."""
        return PositionUm(self.z + other.z, self.y + other.y, self.x + other.x)

    def minus(self, other: "PositionUm") -> "PositionUm":
        """Return the difference."""
        return PositionUm(self.z - other.z, self.y - other.y, self.x - other.x)

    def length(self) -> float:
        """Return the distance from zero in µm."""
        return math.hypot(self.z, self.y, self.x)

    def times(self, factor: float) -> "PositionUm":
        """Return a multiple."""
        return PositionUm(self.z * factor, self.y * factor, self.x * factor)


_BIT_DEPTHS = (8, 16)
_DIMENSIONS = (2, 3)
_NO_SHIFT = PositionUm(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class PlaneGrid:
    """The pixels of one optical section.

    Attributes
    ----------
    z_um : float
        Height of the section.
    y_um, x_um : ndarray of shape (Y,) and (X,)
        Where its rows and columns lie.
    """

    z_um: float
    y_um: NDArray[np.floating]
    x_um: NDArray[np.floating]

    def relative_to(self, point: PositionUm) -> Self:
        """Return the same pixels as distances from a point."""
        return type(self)(self.z_um - point.z, self.y_um - point.y, self.x_um - point.x)


@dataclass(frozen=True)
class ScanSettings:
    """How an image is taken.

    Attributes
    ----------
    shape : tuple of int
        Shape (Z, Y, X) or (Y, X) of the image.
    voxel_size : VoxelSize
        Distance between voxels.
    bit_depth : {8, 16}
        8 bits, or the 12 bits of a digitiser in 16.
    duration_s : float
        How long the scan takes.

    Raises
    ------
    ConfigurationError
        If there is no such bit depth, or the shape is neither a stack nor a section.
    """

    shape: tuple[int, ...]
    voxel_size: VoxelSize
    bit_depth: int = 8
    duration_s: float = 2.0

    def __post_init__(self) -> None:
        """Refuse what cannot be scanned."""
        if self.bit_depth not in _BIT_DEPTHS:
            msg = f"There is no bit depth {self.bit_depth}. Choose 8 or 16."
            raise ConfigurationError(msg)
        if len(self.shape) not in _DIMENSIONS or min(self.shape) < 1:
            msg = f"An image of shape {self.shape} cannot be scanned. Give (Z, Y, X) or (Y, X)."
            raise ConfigurationError(msg)

    @property
    def shape_zyx(self) -> tuple[int, int, int]:
        """Shape with a z axis, of length 1 for a single section."""
        depth, height, width = (1, *self.shape)[-3:]
        return depth, height, width

    @property
    def field(self) -> PositionUm:
        """Size of the field: number of voxels times their distance."""
        sizes = zip(self.shape_zyx, self.voxel_size, strict=True)
        return PositionUm(*(size * step_um for size, step_um in sizes))


@dataclass(frozen=True)
class View:
    """What a scan sees of the world.

    Attributes
    ----------
    centre : PositionUm
        Centre of the image.
    scan : ScanSettings
        How the image is taken.
    """

    centre: PositionUm
    scan: ScanSettings

    def plane(self, index: int, shift: PositionUm = _NO_SHIFT) -> PlaneGrid:
        """Return the pixels of one section, shifted as a vibrating stage shifts it."""
        centre = self.centre.plus(shift)
        depth, height, width = self.scan.shape_zyx
        z_step_um, y_step_um, x_step_um = self.scan.voxel_size
        return PlaneGrid(
            centre.z + (index - (depth - 1) / 2) * z_step_um,
            centre.y + (np.arange(height) - (height - 1) / 2) * y_step_um,
            centre.x + (np.arange(width) - (width - 1) / 2) * x_step_um,
        )

    def contains(self, low: PositionUm, high: PositionUm) -> bool:
        """Return whether a box lies inside the field; z counts only in a stack."""
        half = self.scan.field.times(0.5)
        field_low, field_high = self.centre.minus(half), self.centre.plus(half)
        axes = range(3) if self.scan.shape_zyx[0] > 1 else range(1, 3)
        return all(field_low[i] <= low[i] and high[i] <= field_high[i] for i in axes)
