"""Where targets really are: from a table, or from the simulator."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.scopes.geometry import PositionUm, View
from dystrack.scopes.samples.scenes import SCENES, make_sample
from dystrack.scopes.writing.writers import write_ome_tiff

__all__ = [
    "TRUTH_NAME",
    "Truth",
    "read_truth",
    "simulate_prescans",
    "simulated_names",
    "write_truth",
]

TRUTH_NAME = "dystrack_truth.csv"
"""Name of the table beside the prescans that is used if it is there."""

Truth = Mapping[str, PixelPosition]
"""Targets by the names of their prescans."""

_COLUMNS = ("file", "z", "y", "x")
_MOST_OFFSET = 0.12  # of the field
_BETWEEN_S = 900.0


def read_truth(path: Path) -> dict[str, PixelPosition]:
    """Read a table of targets.

    Parameters
    ----------
    path : Path
        CSV with the columns file, z, y, x; in pixels, counted from 0. In 2-D z may be left out.

    Returns
    -------
    dict of str to PixelPosition
        Targets by file names.

    Raises
    ------
    ConfigurationError
        If there is no such file, a column is missing, or a value is no number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, dialect=_dialect(path)))
    except OSError as error:
        msg = f"The table of targets {path} cannot be read: {error}. Check --truth."
        raise ConfigurationError(msg) from error
    names = {str(name).strip().lower(): name for row in rows[:1] for name in row}
    missing = [name for name in _COLUMNS if name not in names and name != "z"]
    if missing or not rows:
        msg = (
            f"{path} lacks {', '.join(missing) or 'rows'}. Its first line must name the columns "
            "file, z, y, x; each other line is a prescan and its target in pixels."
        )
        raise ConfigurationError(msg)
    truth = {}
    for number, row in enumerate(rows, 2):
        values = [row[names[axis]] if axis in names else "0" for axis in "zyx"]
        truth[row[names["file"]]] = _position(values, f"line {number} of {path}")
    return truth


def _dialect(path: Path) -> type[csv.Dialect]:
    """Return commas, or the semicolons that a spreadsheet writes in some countries."""
    with path.open(encoding="utf-8-sig") as file:
        return _Semicolons if ";" in file.readline() else csv.excel


class _Semicolons(csv.excel):
    delimiter = ";"


def _position(values: list[str], place: str) -> PixelPosition:
    try:
        numbers = [float(value.replace(",", ".")) for value in values]
    except (AttributeError, ValueError):
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        msg = f"The target in {place} is {', '.join(map(str, values))}; give finite numbers."
        raise ConfigurationError(msg)
    return PixelPosition(*numbers)


def write_truth(path: Path, truth: Truth) -> None:
    """Write a table of targets, complete or not at all.

    Parameters
    ----------
    path : Path
        The table; one that is there is replaced.
    truth : mapping of str to PixelPosition
        Targets by file names.

    Raises
    ------
    FolderError
        If it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            writer.writerows([name, *(round(v, 3) for v in place)] for name, place in truth.items())
        part.replace(path)
    except OSError as error:
        msg = f"The table of targets {path} cannot be written: {error}. Choose another place."
        raise FolderError(msg) from error


def simulated_names(scene: str, difficulty: str, n: int) -> list[str]:
    """Return the names of simulated prescans, which say all that they depend on."""
    return [f"{scene}_{difficulty}_{number}.ome.tif" for number in range(1, n + 1)]


def simulate_prescans(
    folder: Path, scene: str, difficulty: str = "normal", *, n: int = 6, seed: int = 0
) -> dict[str, PixelPosition]:
    """Write prescans of simulated samples, each off the middle, and the table of their targets.

    Parameters
    ----------
    folder : Path
        Where they go; it is made if need be.
    scene, difficulty : str
        As `dystrack.scopes.samples.scenes.make_sample` takes them.
    n : int, default 6
        Number of samples.
    seed : int, default 0
        Equal seeds give equal prescans.

    Returns
    -------
    dict of str to PixelPosition
        Targets by file names.

    Raises
    ------
    ConfigurationError
        If there is no such scene or difficulty.
    """
    if scene not in SCENES:
        msg = f"There is no scene {scene!r}. Choose one of {', '.join(SCENES)}."
        raise ConfigurationError(msg)
    scan, random, truth = SCENES[scene].prescan, np.random.default_rng(seed), {}
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(simulated_names(scene, difficulty, n), 1):
        sample, time_s = make_sample(scene, difficulty, seed=seed + number), number * _BETWEEN_S
        offset = random.uniform(-_MOST_OFFSET, _MOST_OFFSET, 3) * np.array(scan.field)
        aim = sample.target_um(time_s, scan.field)
        view = View(aim.minus(PositionUm(*offset.tolist())), scan)
        path = folder / name
        write_ome_tiff(path, sample.render(time_s, view), scan.voxel_size)
        truth[name] = _in_pixels(aim.minus(view.centre), scan.shape, scan.voxel_size)
    write_truth(folder / TRUTH_NAME, truth)
    return truth


def _in_pixels(offset: PositionUm, shape: tuple[int, ...], voxel_size: VoxelSize) -> PixelPosition:
    sizes = (1, *shape)[-3:]
    values = [
        (size - 1) / 2 + (um / step if step else 0.0)
        for size, um, step in zip(sizes, offset, voxel_size, strict=True)
    ]
    return PixelPosition(*values)
