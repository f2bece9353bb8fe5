"""The living parts of the simulated samples: analytic shapes filled with a texture of cells.

Each body is centred on the point that its pipeline looks for: the leading edge of a primordium,
the edge of a regressing node, the middle of an organoid or of a group of dividing cells.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dystrack.scopes.geometry import PlaneGrid, PositionUm
from dystrack.scopes.samples.layers import Layer, Light
from dystrack.scopes.samples.textures import cell_membranes, scattered_spots

__all__ = ["Body", "DividingCells", "Node", "Organoid", "Primordium"]

_CENTRE = PositionUm(0.0, 0.0, 0.0)
_ORGANOID_RADIUS = PositionUm(13.0, 22.0, 26.0)


class Body(Layer, Protocol):
    """A layer that moves as a whole, and that is to be followed."""

    def extent(self, time_s: float) -> tuple[PositionUm, PositionUm]:
        """Return the corners of the box that has to be in view, relative to the centre."""
        ...

    def aim(self, field: PositionUm) -> PositionUm:
        """Return where the middle of a field of that size should be, relative to the centre."""
        ...


@dataclass(frozen=True)
class Primordium:
    """A drop of tissue that migrates to the right and leaves a thin trail behind.

    Attributes
    ----------
    length_um : float
        From its leading edge to the narrow end.
    half_width_um, half_height_um : float
        Greatest reach from its axis along y and z.
    blank_fract : float
        Share of the field that is to be free in front of the leading edge.
    seed : int
        Equal seeds give equal cells.
    """

    length_um: float = 140.0
    half_width_um: float = 15.0
    half_height_um: float = 11.0
    blank_fract: float = 0.2
    seed: int = 0

    def paint(self, light: Light, grid: PlaneGrid, centre: PositionUm, time_s: float) -> None:
        """Add bright outlines of its cells; `centre` is the tip of the leading edge."""
        del time_s
        here = grid.relative_to(centre)
        rows, columns = _span(np.abs(here.y_um) < self.half_width_um), _span(here.x_um < 0)
        inside = PlaneGrid(here.z_um, here.y_um[rows], here.x_um[columns])
        behind = -inside.x_um / self.length_um
        across = np.square(inside.y_um / self.half_width_um)
        across += (inside.z_um / self.half_height_um) ** 2
        distance = np.outer(_single(across), _single(1 / np.square(_drop_profile(behind))))
        shape = _soft(distance, edge=3.0)
        shape *= _single(np.where(behind < 1, 1.0, np.maximum(0.0, 0.6 - 0.2 * behind)))
        shape *= 0.35 + 0.65 * cell_membranes(6.5, (4, 12, 12), 1.1, self.seed).plane(inside)
        light[rows, columns] += shape

    def extent(self, time_s: float) -> tuple[PositionUm, PositionUm]:
        """Return the box around the drop without its trail."""
        del time_s
        low = PositionUm(-self.half_height_um, -self.half_width_um, -self.length_um)
        return low, PositionUm(self.half_height_um, self.half_width_um, 0.0)

    def aim(self, field: PositionUm) -> PositionUm:
        """Return where the leading edge leaves `blank_fract` of the field free at the right."""
        return PositionUm(0.0, 0.0, (self.blank_fract - 0.5) * field.x)


@dataclass(frozen=True)
class Organoid:
    """A hollow ball of cells.

    Attributes
    ----------
    radius_um : PositionUm
        Half axes.
    seed : int
        Equal seeds give equal cells.
    """

    radius_um: PositionUm = _ORGANOID_RADIUS
    seed: int = 0

    def paint(self, light: Light, grid: PlaneGrid, centre: PositionUm, time_s: float) -> None:
        """Add bright outlines of its cells around a darker lumen."""
        del time_s
        here = grid.relative_to(centre)
        rows = _span(np.abs(here.y_um) < self.radius_um.y)
        columns = _span(np.abs(here.x_um) < self.radius_um.x)
        inside = PlaneGrid(here.z_um, here.y_um[rows], here.x_um[columns])
        distance = _ellipse(inside, self.radius_um)
        lobes = np.outer(np.cos(inside.y_um / 6), np.cos(inside.x_um / 7))
        shape = _soft(distance * _single(1 + 0.15 * lobes), edge=5.0)
        shape *= np.clip(0.3 + 2.0 * distance, 0.5, 1.0)
        shape *= 0.4 + 0.6 * cell_membranes(7.0, (4, 10, 10), 1.2, self.seed).plane(inside)
        light[rows, columns] += shape

    def extent(self, time_s: float) -> tuple[PositionUm, PositionUm]:
        """Return the box around the ball."""
        del time_s
        return self.radius_um.times(-1.0), self.radius_um

    def aim(self, field: PositionUm) -> PositionUm:
        """Return the middle of the ball."""
        del field
        return _CENTRE


@dataclass(frozen=True)
class Node:
    """The end of a streak of scattered nuclei, which regresses to the left.

    Attributes
    ----------
    edge_um : float
        Width of the logistic fall along x: half the light lies left of the centre, at 3 widths to
        the right there is 5 % of it.
    half_width_um, half_height_um : float
        Standard deviations of the light along y and z.
    seed : int
        Equal seeds give equal nuclei.
    """

    edge_um: float = 12.0
    half_width_um: float = 45.0
    half_height_um: float = 12.0
    seed: int = 0

    def paint(self, light: Light, grid: PlaneGrid, centre: PositionUm, time_s: float) -> None:
        """Add nuclei that stay where they are in the world while the edge passes them."""
        del time_s
        here = grid.relative_to(centre)
        along = 1 / (1 + np.exp(np.clip(here.x_um / self.edge_um, -50, 50)))
        across = np.exp(-0.5 * (here.y_um / self.half_width_um) ** 2)
        across *= math.exp(-0.5 * (here.z_um / self.half_height_um) ** 2)
        nuclei = scattered_spots(11.0, (3, 14, 14), 3.0, self.seed).plane(grid)
        light += np.outer(_single(across), _single(along)) * (0.15 + 0.85 * nuclei)

    def extent(self, time_s: float) -> tuple[PositionUm, PositionUm]:
        """Return the box of two widths around the edge."""
        del time_s
        corner = PositionUm(self.half_height_um, self.half_width_um, 2 * self.edge_um)
        return corner.times(-1.0), corner

    def aim(self, field: PositionUm) -> PositionUm:
        """Return the edge."""
        del field
        return _CENTRE


@dataclass(frozen=True)
class DividingCells:
    """Two cells side by side, each of which divides once; their common middle never jumps.

    Attributes
    ----------
    radius_um : float
        Radius of each of the two; a daughter has half the volume.
    divide_at_s : tuple of float
        When each of them begins to divide, in seconds.
    division_s : float
        How long a division takes, in seconds.
    seed : int
        Equal seeds give equal granules.
    """

    radius_um: float = 8.0
    divide_at_s: tuple[float, float] = (3600.0, 10_800.0)
    division_s: float = 2400.0
    seed: int = 0

    def paint(self, light: Light, grid: PlaneGrid, centre: PositionUm, time_s: float) -> None:
        """Add each cell with a dim nucleus, or as two daughters on their way apart."""
        here = grid.relative_to(centre)
        for middle, radius_um in self._cells(time_s):
            around = here.relative_to(middle)
            rows = _span(np.abs(around.y_um) < radius_um)
            columns = _span(np.abs(around.x_um) < radius_um)
            inside = PlaneGrid(around.z_um, around.y_um[rows], around.x_um[columns])
            distance = _ellipse(inside, PositionUm(radius_um, radius_um, radius_um))
            shape = _soft(distance, edge=2.5) * np.clip(0.2 + 3.0 * distance, 0.6, 1.0)
            shape *= 0.75 + 0.25 * scattered_spots(3.0, (4, 8, 8), 1.0, self.seed).plane(inside)
            np.maximum(light[rows, columns], shape, out=light[rows, columns])

    def extent(self, time_s: float) -> tuple[PositionUm, PositionUm]:
        """Return the box around all cells."""
        cells = self._cells(time_s)
        low = [min(middle[axis] - radius for middle, radius in cells) for axis in range(3)]
        high = [max(middle[axis] + radius for middle, radius in cells) for axis in range(3)]
        return PositionUm(*low), PositionUm(*high)

    def aim(self, field: PositionUm) -> PositionUm:
        """Return the common middle."""
        del field
        return _CENTRE

    def _cells(self, time_s: float) -> list[tuple[PositionUm, float]]:
        """Return middle and radius of each cell."""
        cells: list[tuple[PositionUm, float]] = []
        for side, begin_s in zip((-1, 1), self.divide_at_s, strict=True):
            middle = PositionUm(0.0, 0.0, 0.85 * side * self.radius_um)
            progress = min(1.0, max(0.0, (time_s - begin_s) / self.division_s))
            radius_um = self.radius_um * (1 - progress * (1 - 0.5 ** (1 / 3)))
            apart = PositionUm(0.0, 0.85 * radius_um * progress, 0.25 * side * radius_um * progress)
            cells += [(middle.plus(apart), radius_um), (middle.minus(apart), radius_um)]
        return cells


def _drop_profile(behind: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the relative width of a drop at a distance behind its tip, in lengths of the drop."""
    widest, trail = 0.6, 0.22
    front = np.clip(behind / widest, 1e-6, 1.0)
    rear = np.clip((behind - widest) / (1 - widest), 0.0, 1.0)
    rounded = np.sqrt(front * (2 - front)) * (1 + 0.05 * np.sin(28 * behind))
    taper = trail + (1 - trail) * 0.5 * (1 + np.cos(math.pi * rear))
    profile: NDArray[np.floating] = rounded * taper
    return profile


def _ellipse(grid: PlaneGrid, radius_um: PositionUm) -> Light:
    """Return the squared distance from the origin in units of the half axes."""
    across = np.square(grid.y_um / radius_um.y) + (grid.z_um / radius_um.z) ** 2
    return np.add.outer(_single(across), _single(np.square(grid.x_um / radius_um.x)))


def _soft(distance: Light, edge: float) -> Light:
    """Return 1 inside and 0 outside the distance 1; the greater `edge`, the sharper."""
    inside: Light = np.clip(edge * (1.0 - distance), 0.0, 1.0)
    return inside


def _span(inside: NDArray[np.bool_]) -> slice:
    """Return the range of a run of true values; empty if there is none."""
    places = np.flatnonzero(inside)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0)


def _single(values: NDArray[np.floating]) -> NDArray[np.float32]:
    return values.astype(np.float32)
