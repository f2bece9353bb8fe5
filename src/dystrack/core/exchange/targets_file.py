"""The extra targets of a prescan, in two files beside it.

``<prescan name>.targets.txt`` is for macros: a header, then a line for each target, the most urgent
first, its columns separated by tabs::

    name    priority    Z          Y          X          region
    cell_1  2           10.0000    31.5000    210.2500
    leader  1           9.5000     99.0000    399.0000   80.0000,380.0000;118.0000,380.0000;…

A region has its corners as y,x, separated by semicolons. All lengths are pixels of the prescan,
counted from 0. ``<prescan name>.targets.json`` says the same for programs, with the size of the
prescan and, where it tells its voxel size, how far each target lies from its middle in µm.

Both are in place, complete, before the answer to the prescan is. Without extra targets there are
none.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from dystrack.core.coordinates import VoxelSize, offset_from_centre_um
from dystrack.core.exchange.complete_file import put_in_place
from dystrack.core.findings import ExtraTarget

__all__ = ["HEADER", "TARGETS_SUFFIXES", "write_targets"]

HEADER = "name\tpriority\tZ\tY\tX\tregion"
_TEXT, _JSON = ".targets.txt", ".targets.json"
TARGETS_SUFFIXES = (_TEXT, _JSON)
"""Endings of their names."""


def write_targets(
    prescan: Path,
    targets: Sequence[ExtraTarget],
    shape_zyx: tuple[int, int, int] | None = None,
    voxel_size: VoxelSize | None = None,
) -> None:
    """Put the files with the extra targets of a prescan in place, or remove older ones.

    Parameters
    ----------
    prescan : Path
        The prescan.
    targets : sequence of ExtraTarget
        What to write, the most urgent first; without any, there are no files afterwards.
    shape_zyx : tuple of int or None, optional
        Size of the prescan along Z, Y, X.
    voxel_size : VoxelSize or None, optional
        Its voxel size in µm.

    Raises
    ------
    OSError
        If a file could not be written or removed.
    """
    paths = {suffix: prescan.with_name(prescan.name + suffix) for suffix in (_JSON, _TEXT)}
    if targets:
        content = _as_json(prescan, targets, shape_zyx, voxel_size)
        put_in_place(paths[_JSON], content, _JSON)
        put_in_place(paths[_TEXT], "\n".join((HEADER, *map(_line, targets), "")), _TEXT)
        return
    for path in paths.values():
        if os.path.exists(path):  # noqa: PTH110 - also where the name would be too long
            path.unlink()


def _line(target: ExtraTarget) -> str:
    region = ";".join(f"{y:.4f},{x:.4f}" for y, x in target.region)
    place = (f"{value:.4f}" for value in target.place)
    return "\t".join((target.name, str(target.priority), *place, region))


def _as_json(
    prescan: Path,
    targets: Sequence[ExtraTarget],
    shape_zyx: tuple[int, int, int] | None,
    voxel_size: VoxelSize | None,
) -> str:
    def entry(target: ExtraTarget) -> dict[str, object]:
        values: dict[str, object] = target.as_data()
        if shape_zyx and voxel_size:
            values["offset_zyx_um"] = offset_from_centre_um(target.place, shape_zyx, voxel_size)
        return values

    content = {
        "prescan": prescan.name,
        "shape_zyx": shape_zyx,
        "voxel_size_zyx_um": voxel_size,
        "targets": [entry(target) for target in targets],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
