"""The planes of a LAS X scan, which come as one file each, put together to a stack."""

import re
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath

import numpy as np

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ScopeError
from dystrack.core.protocols import Clock
from dystrack.images.readers import read_image
from dystrack.scopes.bridge import complete_files
from dystrack.scopes.protocols import Prescan

__all__ = ["local_path", "plane_files", "read_planes"]

_PLANE = re.compile(r"--Z(?P<z>\d+)--C(?P<channel>\d+)\.ome\.tiff?$", re.IGNORECASE)


def local_path(folder: Path, announced: str) -> Path:
    """Return where an announced file lies: LAS X names it by a path of Windows.

    Raises
    ------
    ScopeError
        If it would lie elsewhere.
    """
    parts = PureWindowsPath(announced).parts
    if PureWindowsPath(announced).anchor or ".." in parts:
        msg = f"LAS X announces {announced!r}, which is not in its image folder. It was not read."
        raise ScopeError(msg)
    return folder.joinpath(*parts)


def plane_files(files: Iterable[Path], channel: int) -> dict[int, Path]:
    """Return the file of each plane of one channel, by its number; one named twice counts once."""
    found = {}
    for path in files:
        match = _PLANE.search(path.name)
        if match and int(match["channel"]) == channel:
            found[int(match["z"])] = path
    return found


def read_planes(files: dict[int, Path], n_planes: int, z_step_um: float, clock: Clock) -> Prescan:
    """Return the stack of a prescan.

    Parameters
    ----------
    files : dict of int to Path
        The file of each plane.
    n_planes : int
        How many there must be.
    z_step_um : float
        Distance between them.
    clock : Clock
        The time.

    Returns
    -------
    Prescan
        Its pixels and voxel size.

    Raises
    ------
    ScopeError
        If planes are missing, or do not fit together.
    """
    missing = sorted(set(range(n_planes)) - set(files))
    if missing:
        msg = (
            f"Of the {n_planes} planes of the prescan these are missing: {missing}. The stage "
            "stays where it is. Check the number of planes, and that LAS X saves each of them."
        )
        raise ScopeError(msg)
    paths = [files[z] for z in range(n_planes)]
    complete = complete_files(paths, clock)
    images = [read_image(path, one.status) for path, one in zip(paths, complete, strict=True)]
    pixel_size = images[0].voxel_size
    if pixel_size is None or len({image.pixels.shape for image in images}) != 1:
        msg = (
            f"The planes from {files[0].name} on are no stack: their sizes are "
            f"{sorted({image.pixels.shape for image in images})}, their pixel size {pixel_size}."
        )
        raise ScopeError(msg)
    return Prescan(
        stack=np.stack([image.pixels for image in images]),
        voxel_size=VoxelSize(z_step_um, pixel_size.y_um, pixel_size.x_um),
    )
