"""Structural tests of image files, one module for each format, and what they share.

Each module offers ``read_structure``, which follows the format's own pointers and returns a
`Structure`, or raises `IncompleteImageError` with what is missing. Nothing is decoded: only
headers, directories and small pieces of metadata are read. Some also offer ``read_pixels``, which
returns the first scene and the letters of its axes, in any order. `table` lists them all.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from math import prod
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy.typing as npt

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import IncompleteImageError, UnsupportedImageError

__all__ = [
    "ByteRange",
    "FileView",
    "Pixels",
    "Structure",
    "canonical_axes",
    "colour_error",
    "count_planes",
    "joined",
    "voxel_size_of_axes",
    "warn_of_other_scenes",
]

Pixels: TypeAlias = npt.NDArray[Any]

_AXES_BEFORE: Final = "TC"
_AXES_AFTER: Final = "ZYXS"


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A stretch of a file.

    Attributes
    ----------
    start : int
        Offset of its first byte.
    stop : int
        Offset behind its last byte.
    """

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Structure:
    """What the structure of a file promises, all of which lies inside the file.

    Attributes
    ----------
    axes : str
        Letters of the axes that are longer than 1, in the order T, C, Z, Y, X, S (samples of a
        colour), others before Z; empty when not known.
    shape : tuple of int
        Their lengths.
    axes_known : bool
        Whether the file says what its axes are. If not, those before Y and X are a guess, in which
        the last one is Z.
    voxel_size : VoxelSize or None
        Distance between voxels in µm; None when the file does not say.
    n_planes : int or None
        Number of 2-D planes.
    is_colour : bool
        Whether a pixel has a colour (RGB and the like) instead of one value.
    doubt : str
        Why more planes may follow; empty when the file says itself that it has all of them.
    suspicion : str
        Why the content may not have been written yet, although the structure has; else empty.
    pixels : tuple of ByteRange
        Where the promised pixels lie, in the order of the file.
    pixel_bytes : int
        Bytes of one pixel as stored; 1 when compressed.
    may_end_blank : bool
        Whether the file may end with zeros although all of it is written.
    """

    axes: str = ""
    shape: tuple[int, ...] = ()
    axes_known: bool = True
    voxel_size: VoxelSize | None = None
    n_planes: int | None = None
    is_colour: bool = False
    doubt: str = ""
    suspicion: str = ""
    pixels: tuple[ByteRange, ...] = ()
    pixel_bytes: int = 1
    may_end_blank: bool = False


class FileView:
    """Reads pieces of a file and never goes beyond its end.

    Parameters
    ----------
    file : FileIO
        The open file, unbuffered.
    name : str
        Its name, for rules that depend on it.
    """

    def __init__(self, file: FileIO, name: str) -> None:
        self._file = file
        self.name = name
        self.size = file.seek(0, 2)

    def require(self, start: int, length: int, what: str) -> None:
        """Raise `IncompleteImageError`, which names a stretch, unless it lies inside the file."""
        if start < 0 or length < 0 or start + length > self.size:
            raise IncompleteImageError(
                f"{what} ends at byte {start + length}, but the file has only {self.size} bytes"
            )

    def read(self, start: int, length: int, what: str) -> bytes:
        """Return a stretch of the file.

        Parameters
        ----------
        start, length : int
            The stretch in bytes.
        what : str
            What it is, for the message.

        Returns
        -------
        bytes
            Exactly `length` bytes.

        Raises
        ------
        IncompleteImageError
            If the stretch does not lie inside the file.
        """
        self.require(start, length, what)
        self._file.seek(start)
        data = self._file.read(length)
        if len(data) != length:
            raise IncompleteImageError(f"{what} at byte {start} was cut off while it was read")
        return data


def canonical_axes(sizes: dict[str, int]) -> tuple[str, tuple[int, ...]]:
    """Return axes and shape of the squeezed image: T, C, others, Z, Y, X, S; only longer than 1."""
    others = "".join(axis for axis in sizes if axis not in _AXES_BEFORE + _AXES_AFTER)
    axes = [axis for axis in _AXES_BEFORE + others + _AXES_AFTER if sizes.get(axis, 1) != 1]
    return "".join(axes), tuple(sizes[axis] for axis in axes)


def voxel_size_of_axes(
    axes: str, z_um: float | None, y_um: float | None, x_um: float | None
) -> VoxelSize | None:
    """Return a voxel size if every axis of the image has one.

    Parameters
    ----------
    axes : str
        Letters of the axes of the image.
    z_um, y_um, x_um : float or None
        What the file says, in µm.

    Returns
    -------
    VoxelSize or None
        None unless the distances along y, x and, in a stack, along z are positive and finite.
    """
    depth_um = z_um if "Z" in axes else 0.0
    if depth_um is None or y_um is None or x_um is None:
        return None
    needed = (depth_um, y_um, x_um) if "Z" in axes else (y_um, x_um)
    if not all(0.0 < size_um < float("inf") for size_um in needed):
        return None
    return VoxelSize(float(depth_um), float(y_um), float(x_um))


def count_planes(axes: str, shape: tuple[int, ...]) -> int:
    """Return the number of 2-D planes: the product of all lengths but those of Y, X and S."""
    return prod(size for axis, size in zip(axes, shape, strict=True) if axis not in "YXS")


def joined(ranges: Iterable[ByteRange]) -> Iterator[ByteRange]:
    """Yield stretches of a file, those that touch or overlap as one.

    Parameters
    ----------
    ranges : iterable of ByteRange
        The stretches, in any order.

    Yields
    ------
    ByteRange
        A stretch, in the order of the file.
    """
    start = stop = 0
    for piece in sorted(ranges, key=lambda piece: piece.start):
        if piece.start > stop:
            if stop > start:
                yield ByteRange(start, stop)
            start = piece.start
        stop = max(stop, piece.stop)
    if stop > start:
        yield ByteRange(start, stop)


def colour_error(path: Path) -> UnsupportedImageError:
    """Return the error for a colour picture, which says what to do."""
    return UnsupportedImageError(
        f"{path.name} is a colour (RGB) picture. Pipelines measure grey values: let the "
        "microscope save raw channels, without burnt-in colours, overlay or merge."
    )


def warn_of_other_scenes(path: Path, n_scenes: int) -> None:
    """Warn that only the first of several scenes is used."""
    if n_scenes > 1:
        warnings.warn(
            f"{path.name} holds {n_scenes} scenes or positions; only the first is used. "
            "Let the microscope save one file for each position.",
            UserWarning,
            stacklevel=5,
        )
