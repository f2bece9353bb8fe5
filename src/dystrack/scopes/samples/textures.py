"""Periodic textures of cells, made once and then only looked up."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from dystrack.scopes.geometry import PlaneGrid

__all__ = ["Texture", "cell_membranes", "scattered_spots"]

_FINEST_UM = 0.4
_VOXELS_PER_DETAIL = 2.5
_Blocks = NDArray[np.float32]  # (cells, pixels of a cell) along z, y and x: six axes


@dataclass(frozen=True, eq=False)
class Texture:
    """A pattern that repeats without end along every axis.

    Attributes
    ----------
    values : ndarray of shape (Z, Y, X)
        One period, 0 to 1; a single plane is the same at every height.
    pixel_um : tuple of float
        Distance between its voxels along z, y and x in µm.
    """

    values: NDArray[np.float32]
    pixel_um: tuple[float, float, float]

    def plane(self, grid: PlaneGrid) -> NDArray[np.float32]:
        """Look the nearest values of the pattern up on a section (Y, X)."""
        z_px, y_px, x_px = self.pixel_um
        depth, height, width = self.values.shape
        layer = self.values[int(grid.z_um // z_px) % depth]
        rows = (grid.y_um // y_px).astype(np.intp) % height
        columns = (grid.x_um // x_px).astype(np.intp) % width
        found: NDArray[np.float32] = layer.take(columns, axis=1).take(rows, axis=0)
        return found


@lru_cache(maxsize=16)
def cell_membranes(
    cell_um: float, n_cells: tuple[int, int, int], thickness_um: float, seed: int
) -> Texture:
    """Make cells of random shape with bright outlines.

    They are Worley's cells: a voxel is bright where the nearest two of randomly placed centres are
    about equally far (S. Worley, A cellular texture basis function, SIGGRAPH 1996).

    Parameters
    ----------
    cell_um : float
        Mean diameter of a cell in µm.
    n_cells : tuple of int
        Number of cells along z, y and x in one period; 1 along z gives a flat sheet.
    thickness_um : float
        Thickness of an outline in µm.
    seed : int
        Equal seeds give equal textures.

    Returns
    -------
    Texture
        1 on an outline, 0 inside a cell.
    """
    nearest = second = np.full(_block_shape(cell_um, n_cells, thickness_um), np.inf, np.float32)
    for squared, _ in _distances(cell_um, nearest.shape, seed):
        second = np.minimum(second, np.maximum(nearest, squared))
        nearest = np.minimum(nearest, squared)
    gap_um = np.sqrt(second) - np.sqrt(nearest)
    return _texture(np.exp(-((gap_um / thickness_um) ** 2)), cell_um)


@lru_cache(maxsize=16)
def scattered_spots(
    spacing_um: float, n_cells: tuple[int, int, int], radius_um: float, seed: int
) -> Texture:
    """Make round spots of random brightness at random places.

    Parameters
    ----------
    spacing_um : float
        Mean distance of neighbours in µm.
    n_cells : tuple of int
        Number of spots along z, y and x in one period; 1 along z gives a flat sheet.
    radius_um : float
        Radius of a spot at half its brightness in µm.
    seed : int
        Equal seeds give equal textures.

    Returns
    -------
    Texture
        Up to 1 in a spot, 0 between them.
    """
    values = np.zeros(_block_shape(spacing_um, n_cells, radius_um), np.float32)
    for squared, brightness in _distances(spacing_um, values.shape, seed):
        spot = np.clip(1.5 - squared / radius_um**2, 0.0, 1.0) * brightness
        values = np.maximum(values, spot)
    return _texture(values, spacing_um)


def _block_shape(
    cell_um: float, n_cells: tuple[int, int, int], detail_um: float
) -> tuple[int, ...]:
    """Return number of cells and voxels of a cell along z, y and x; a flat sheet has one plane."""
    pixel_um = max(_FINEST_UM, detail_um / _VOXELS_PER_DETAIL)
    side = max(1, round(cell_um / pixel_um))
    nz, ny, nx = n_cells
    return nz, (1 if nz == 1 else max(1, side // 2)), ny, side, nx, side


def _distances(
    cell_um: float, shape: tuple[int, ...], seed: int
) -> Iterator[tuple[_Blocks, _Blocks]]:
    """Yield the squared distance of all voxels from one centre of each neighbouring cell in turn.

    With the distances comes the brightness of those centres. There is one centre in each cube of
    a grid, so that only the 27 cubes around a voxel matter; the grid's ends meet.
    """
    n_cells = shape[::2]
    random = np.random.default_rng(seed)
    in_cube = random.random((3, *n_cells), dtype=np.float32)
    brightness = random.uniform(0.2, 1.0, n_cells).astype(np.float32)
    axes = (1, 2) if n_cells[0] == 1 else (0, 1, 2)
    for steps in product(*((-1, 0, 1) if axis in axes else (0,) for axis in range(3))):
        squared = np.zeros(shape, np.float32)
        for axis in axes:
            centre = _neighbours(in_cube[axis], steps) + steps[axis]
            n_voxels = shape[2 * axis + 1]
            voxel = (np.arange(n_voxels, dtype=np.float32) + 0.5) / n_voxels
            others = tuple(i for i in range(6) if i != 2 * axis + 1)
            squared += np.square((np.expand_dims(voxel, others) - centre) * cell_um)
        yield squared, _neighbours(brightness, steps)


def _neighbours(of_cubes: NDArray[np.float32], steps: tuple[int, ...]) -> _Blocks:
    """Return what the cubes so many steps away have, as blocks."""
    back = tuple(-step for step in steps)
    return np.roll(of_cubes, back, (0, 1, 2))[:, None, :, None, :, None]


def _texture(blocks: _Blocks, cell_um: float) -> Texture:
    """Join the blocks of all cells into one period."""
    nz, pz, ny, py, nx, px = blocks.shape
    values = blocks.reshape(nz * pz, ny * py, nx * px)
    return Texture(values.astype(np.float32), (cell_um / pz, cell_um / py, cell_um / px))
