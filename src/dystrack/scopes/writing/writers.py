"""Writes a prescan as real microscopes do: one function for each file format."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError, UnsupportedImageError
from dystrack.scopes.writing.nd2_file import nd2_chunks

__all__ = [
    "SUFFIXES",
    "WRITERS",
    "Stack",
    "Writer",
    "encode",
    "write_czi",
    "write_imagej_tiff",
    "write_in_place",
    "write_multipage_tiff",
    "write_nd2",
    "write_ome_tiff",
]

Stack: TypeAlias = NDArray[np.integer]
"""An image of shape (Z, Y, X) or (Y, X), of type uint8 or uint16."""

Writer: TypeAlias = Callable[[Path, Stack, VoxelSize], None]
"""Writes a stack with its voxel size to a path."""

_DIMENSIONS = (2, 3)
_WITH_CHANNELS = 4
_DEPTHS = (np.dtype(np.uint8), np.dtype(np.uint16))
_UM_PER_CM = 10_000.0


def write_ome_tiff(path: Path, stack: Stack, voxel_size: VoxelSize) -> None:
    """Write an OME-TIFF: one IFD a plane, the OME-XML in the first.

    Parameters
    ----------
    path : Path
        File to write; by convention it ends in ``.ome.tif``. An existing file is replaced.
    stack : ndarray of shape (C, Z, Y, X), (Z, Y, X) or (Y, X)
        Image of type uint8 or uint16.
    voxel_size : VoxelSize
        Distance between voxels in µm.

    Raises
    ------
    UnsupportedImageError
        If the stack has other dimensions or another type.
    """
    import tifffile  # noqa: PLC0415 - heavy: loaded when it is used

    _check(stack, (*_DIMENSIONS, _WITH_CHANNELS))
    sizes = {"Z": voxel_size.z_um, "Y": voxel_size.y_um, "X": voxel_size.x_um}
    metadata: dict[str, str | float] = {"axes": _axes(stack)}
    for axis in _axes(stack).removeprefix("C"):
        metadata[f"PhysicalSize{axis}"] = sizes[axis]
        metadata[f"PhysicalSize{axis}Unit"] = "µm"
    tifffile.imwrite(path, stack, ome=True, photometric="minisblack", metadata=metadata)


def write_in_place(path: Path, stack: Stack, voxel_size: VoxelSize) -> None:
    """Write an OME-TIFF that appears complete or not at all.

    Parameters
    ----------
    path : Path
        File to write.
    stack : ndarray of shape (C, Z, Y, X), (Z, Y, X) or (Y, X)
        Image of type uint8 or uint16.
    voxel_size : VoxelSize
        Distance between voxels in µm.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        write_ome_tiff(unfinished, stack, voxel_size)
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def write_imagej_tiff(
    path: Path, stack: Stack, voxel_size: VoxelSize, *, single_ifd: bool = False
) -> None:
    """Write an ImageJ TIFF: contiguous planes, their number, spacing and unit in the description.

    Parameters
    ----------
    path : Path
        File to write. An existing file is replaced.
    stack : ndarray of shape (Z, Y, X) or (Y, X)
        Image of type uint8 or uint16.
    voxel_size : VoxelSize
        Distance between voxels in µm.
    single_ifd : bool, optional, default False
        Describe only the first plane by an IFD, as ImageJ does for very large stacks.

    Raises
    ------
    UnsupportedImageError
        If the stack has other dimensions or another type.
    """
    import tifffile  # noqa: PLC0415 - heavy: loaded when it is used

    _check(stack)
    metadata: dict[str, str | float] = {"axes": _axes(stack), "unit": "um"}
    if "Z" in _axes(stack):
        metadata["spacing"] = voxel_size.z_um
    resolution = (1 / voxel_size.x_um, 1 / voxel_size.y_um)
    with tifffile.TiffWriter(path, imagej=True) as tiff:
        tiff.write(stack, resolution=resolution, metadata=metadata, truncate=single_ifd)


def write_multipage_tiff(
    path: Path, stack: Stack, voxel_size: VoxelSize, *, bigtiff: bool = False
) -> None:
    """Write a plain multi-page TIFF: each plane's IFD, then its pixels; nothing counts the planes.

    Parameters
    ----------
    path : Path
        File to write. An existing file is replaced.
    stack : ndarray of shape (Z, Y, X) or (Y, X)
        Image of type uint8 or uint16.
    voxel_size : VoxelSize
        Distance between voxels in µm; y and x become the resolution, z has no place in the format.
    bigtiff : bool, optional, default False
        Write 64-bit offsets.

    Raises
    ------
    UnsupportedImageError
        If the stack has other dimensions or another type.
    """
    import tifffile  # noqa: PLC0415 - heavy: loaded when it is used

    _check(stack)
    resolution = (_UM_PER_CM / voxel_size.x_um, _UM_PER_CM / voxel_size.y_um)
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as tiff:
        for plane in _planes(stack):
            tiff.write(
                plane,
                photometric="minisblack",
                resolution=resolution,
                resolutionunit="CENTIMETER",
                contiguous=False,
                metadata=None,
            )


def write_czi(path: Path, stack: Stack, voxel_size: VoxelSize) -> None:
    """Write a CZI file: one sub-block a plane, scaling in the metadata.

    Parameters
    ----------
    path : Path
        File to write. An existing file is replaced.
    stack : ndarray of shape (Z, Y, X) or (Y, X)
        Image of type uint8 or uint16.
    voxel_size : VoxelSize
        Distance between voxels in µm.

    Raises
    ------
    UnsupportedImageError
        If the stack has other dimensions or another type.
    ConfigurationError
        If pylibCZIrw is not installed, which writes them.
    """
    _check(stack)
    try:
        from pylibCZIrw import czi  # noqa: PLC0415 - heavy, and brings much more with it
    except ImportError as error:
        msg = "CZI files are written by one more package: pip install pylibCZIrw"
        raise ConfigurationError(msg) from error
    is_stack = "Z" in _axes(stack)
    with czi.create_czi(str(path), exist_ok=True) as document:
        for index, plane in enumerate(_planes(stack)):
            coordinate = {"C": 0, "Z": index} if is_stack else {"C": 0}
            document.write(np.ascontiguousarray(plane), plane=coordinate)
        document.write_metadata(
            path.stem,
            scale_x=voxel_size.x_um * 1e-6,
            scale_y=voxel_size.y_um * 1e-6,
            scale_z=voxel_size.z_um * 1e-6 if is_stack else 0.0,
        )


def write_nd2(path: Path, stack: Stack, voxel_size: VoxelSize) -> None:
    """Write an ND2 file of the modern format, with one voxel size for y and x: that of x.

    Raises `UnsupportedImageError` unless the stack is (Z, Y, X) or (Y, X) of uint8 or uint16.
    """
    _check(stack)
    with path.open("wb") as file:
        file.writelines(nd2_chunks(stack, voxel_size))


def _write_single_ifd_imagej_tiff(path: Path, stack: Stack, voxel_size: VoxelSize) -> None:
    write_imagej_tiff(path, stack, voxel_size, single_ifd=True)


def _write_big_multipage_tiff(path: Path, stack: Stack, voxel_size: VoxelSize) -> None:
    write_multipage_tiff(path, stack, voxel_size, bigtiff=True)


WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        "ome_tiff": write_ome_tiff,
        "imagej_tiff": write_imagej_tiff,
        "imagej_tiff_single_ifd": _write_single_ifd_imagej_tiff,
        "multipage_tiff": write_multipage_tiff,
        "multipage_bigtiff": _write_big_multipage_tiff,
        "czi": write_czi,
        "nd2": write_nd2,
    }
)
"""Every file format by its name."""

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "ome_tiff": ".ome.tif",
        "imagej_tiff": ".tif",
        "imagej_tiff_single_ifd": ".tif",
        "multipage_tiff": ".tiff",
        "multipage_bigtiff": ".tiff",
        "czi": ".czi",
        "nd2": ".nd2",
    }
)
"""How the names of files in each format end."""


def encode(name: str, stack: Stack, voxel_size: VoxelSize) -> bytes:
    """Return the bytes of an image file, for those who lay them on the disk in their own way.

    Parameters
    ----------
    name : str
        Format, one of `WRITERS`.
    stack : ndarray of shape (Z, Y, X) or (Y, X)
        Image of type uint8 or uint16.
    voxel_size : VoxelSize
        Distance between voxels in µm.

    Returns
    -------
    bytes
        The finished file.

    Raises
    ------
    ConfigurationError
        If there is no such format.
    UnsupportedImageError
        If the stack has other dimensions or another type.
    """
    if name not in WRITERS:
        msg = f"There is no image format {name!r}. Choose one of {', '.join(WRITERS)}."
        raise ConfigurationError(msg)
    with TemporaryDirectory(prefix="dystrack-") as folder:
        path = Path(folder, f"image{SUFFIXES[name]}")
        WRITERS[name](path, stack, voxel_size)
        return path.read_bytes()


def _check(stack: Stack, dimensions: tuple[int, ...] = _DIMENSIONS) -> None:
    """Raise if no microscope would write such a stack."""
    if stack.ndim not in dimensions or stack.dtype not in _DEPTHS:
        msg = (
            f"Cannot write an image of shape {stack.shape} and type {stack.dtype}. "
            "Give (Z, Y, X) or (Y, X) of type uint8 or uint16."
        )
        raise UnsupportedImageError(msg)


def _axes(stack: Stack) -> str:
    return "CZYX"[-stack.ndim :]


def _planes(stack: Stack) -> Stack:
    """Return the stack with a z axis, of length 1 for a single plane."""
    return stack.reshape(-1, *stack.shape[-2:])
