"""What lies around a sample and makes its tracking harder: skin, debris, passers-by."""

import math
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dystrack.scopes.geometry import PlaneGrid, PositionUm
from dystrack.scopes.samples.textures import cell_membranes, scattered_spots

__all__ = ["Debris", "Layer", "Light", "PasserBy", "Skin"]

_FAINTEST = 1e-3  # less than this does not show in any image

Light: TypeAlias = NDArray[np.float32]
"""Light of one section, of shape (Y, X); 1 is as bright as the brightest part of a sample."""


class Layer(Protocol):
    """Something that shines."""

    def paint(self, light: Light, grid: PlaneGrid, centre: PositionUm, time_s: float) -> None:
        """Add the layer's light to a section.

        `grid` lies in the world, and `centre` is where the sample is at `time_s`.
        """
        ...


@dataclass(frozen=True)
class Skin:
    """A sheet of large flat cells over the sample, which does not move with it in the plane.

    Attributes
    ----------
    above_um : float
        Height of its middle above the sample's centre.
    half_height_um : float
        Standard deviation of its light along z.
    brightness : float
        Light of its cells' outlines.
    gap_um : float
        How far along y from the sample's axis it is thin and dark.
    seed : int
        Equal seeds give equal cells.
    """

    above_um: float = 10.0
    half_height_um: float = 5.0
    brightness: float = 0.1
    gap_um: float = 18.0
    seed: int = 0

    def paint(self, light: Light, grid: PlaneGrid, centre: PositionUm, time_s: float) -> None:
        """Add the outlines of its cells."""
        del time_s
        height = (grid.z_um - centre.z - self.above_um) / self.half_height_um
        here = self.brightness * math.exp(-0.5 * height**2)
        if here > _FAINTEST:
            outlines = cell_membranes(22.0, (1, 8, 8), 1.3, self.seed).plane(grid)
            beside = (grid.y_um - centre.y) / self.gap_um
            outlines *= (here * (1 - np.exp(-(beside**4))))[:, None].astype(np.float32)
            light += outlines


@dataclass(frozen=True)
class Debris:
    """Small bright specks that stay where they are.

    Attributes
    ----------
    brightness : float
        Light of the brightest.
    spacing_um : float
        Mean distance of neighbours.
    seed : int
        Equal seeds give equal specks.
    """

    brightness: float = 0.2
    spacing_um: float = 20.0
    seed: int = 0

    def paint(self, light: Light, grid: PlaneGrid, centre: PositionUm, time_s: float) -> None:
        """Add the specks."""
        del centre, time_s
        specks = scattered_spots(self.spacing_um, (2, 5, 5), 1.6, self.seed).plane(grid)
        specks *= self.brightness
        light += specks


@dataclass(frozen=True)
class PasserBy:
    """A bright blob that crosses the field near the sample from time to time.

    Attributes
    ----------
    brightness : float
        Light of its middle.
    radius_um : float
        Standard deviation of its light.
    distance_um : float
        How far along y it stays from the sample's centre.
    speed_um_per_s : float
        Speed along x.
    every_s : float
        Time from one passage to the next in seconds; the first is after half of it.
    """

    brightness: float = 0.8
    radius_um: float = 3.0
    distance_um: float = 30.0
    speed_um_per_s: float = 0.1
    every_s: float = 7200.0

    def paint(self, light: Light, grid: PlaneGrid, centre: PositionUm, time_s: float) -> None:
        """Add the blob where it is now."""
        ahead_um = (time_s % self.every_s - self.every_s / 2) * self.speed_um_per_s
        here = grid.relative_to(centre.plus(PositionUm(0.0, self.distance_um, ahead_um)))
        along, across = self._bell(here.x_um), self._bell(here.y_um)
        height = self.brightness * float(self._bell(np.array([here.z_um]))[0])
        if height * along.max() * across.max() > _FAINTEST:
            light += np.outer(across * np.float32(height), along)

    def _bell(self, distance_um: NDArray[np.floating]) -> Light:
        bell: Light = np.exp(-0.5 * np.square(distance_um / self.radius_um)).astype(np.float32)
        return bell
