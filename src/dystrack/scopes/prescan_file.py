"""The file of a prescan in the folder of a run, whether it came as pixels or lies elsewhere."""

import os
import shutil
from pathlib import Path

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ScopeError
from dystrack.images.image_file import inspect_image
from dystrack.scopes.protocols import Prescan
from dystrack.scopes.writing.writers import write_in_place

__all__ = ["geometry_of", "put_in_place"]

_SUFFIX = ".ome.tif"


def put_in_place(prescan: Prescan, stem: Path) -> Path:
    """Return the file of a prescan; where there is none in the folder, it is put there complete.

    Parameters
    ----------
    prescan : Prescan
        The prescan.
    stem : Path
        Its path without a suffix.

    Returns
    -------
    Path
        Its file.

    Raises
    ------
    ScopeError
        If that cannot be done, or if there is another file of that name.
    """
    if prescan.path is not None and prescan.path.parent == stem.parent:
        return prescan.path
    path = stem.with_name(stem.name + _suffix_of(prescan.path))
    if path.exists():
        msg = f"{path} exists already and is not written over. Choose an empty folder."
        raise ScopeError(msg)
    try:
        if prescan.path is not None:
            _copy(prescan.path, path)
        elif prescan.stack is not None and prescan.voxel_size is not None:
            write_in_place(path, prescan.stack, prescan.voxel_size)
        else:
            msg = f"{path.name} came without pixels or voxel size. Its bridge is wrong."
            raise ScopeError(msg)
    except OSError as error:
        msg = f"{path} could not be written: {error}. Is the disk full?"
        raise ScopeError(msg) from error
    return path


def _suffix_of(path: Path | None) -> str:
    """Return the ending of an image file, of two parts where it is an OME-TIFF."""
    if path is None:
        return _SUFFIX
    return "".join(path.suffixes[-2:]) if ".ome" in path.suffixes else path.suffix


def _copy(source: Path, path: Path) -> None:
    """Copy a file that the microscope has saved elsewhere, which nobody would look at there."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        shutil.copyfile(source, unfinished)
        os.replace(unfinished, path)  # noqa: PTH105 - as everywhere where files are put in place
    finally:
        unfinished.unlink(missing_ok=True)


def geometry_of(prescan: Prescan, path: Path) -> tuple[tuple[int, ...], VoxelSize]:
    """Return the shape and the voxel size of a prescan.

    Parameters
    ----------
    prescan : Prescan
        The prescan.
    path : Path
        Its file.

    Returns
    -------
    tuple of int, VoxelSize
        Of its pixels, or of what its file says.

    Raises
    ------
    ScopeError
        If neither tells.
    """
    if prescan.stack is not None and prescan.voxel_size is not None:
        return prescan.stack.shape, prescan.voxel_size
    status = inspect_image(path)
    voxel_size = prescan.voxel_size or status.voxel_size
    if not status.shape or voxel_size is None:
        msg = (
            f"{path.name} does not tell its shape and voxel size, so its pixels are no µm. The "
            "stage stays. Save prescans with their scaling."
        )
        raise ScopeError(msg)
    return status.shape, voxel_size
