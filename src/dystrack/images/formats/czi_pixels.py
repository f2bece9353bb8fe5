"""Reads the pixels of a CZI, by the directory of its sub-blocks.

The file is opened as any other and closed at once, so that ZEN may open it again meanwhile. Source:
Zeiss, *CZI: image file format for microscopes* (ZISRAW), version 1.2; for "zstd1", libCZI's
documentation of it.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from dystrack.core.errors import UnsupportedImageError
from dystrack.images.formats import FileView, Pixels, warn_of_other_scenes
from dystrack.images.formats.czi import (
    SubBlock,
    extent_of,
    first_scene,
    pixels_of,
    read_sub_blocks,
)
from dystrack.images.stack_axes import described

__all__ = ["read_first_scene", "read_pixels"]

_AXES: Final = "TCZYX"
_OWN_AXES: Final = frozenset("TCZYXSM")  # scenes are picked, tiles of a mosaic put together
_DTYPES: Final[Mapping[int, np.dtype[Any]]] = MappingProxyType(
    {code: np.dtype(name) for code, name in {0: "u1", 1: "<u2", 2: "<f4", 12: "<u4"}.items()}
)
_LOW_AND_HIGH_BYTES_APART: Final = b"\x03\x01\x01"  # header of zstd1: its bytes, a kind, a flag


def read_pixels(path: Path) -> tuple[Pixels, str]:
    """Return the first scene of a CZI, and the letters of its axes."""
    scene, n_scenes = read_first_scene(path)
    warn_of_other_scenes(path, n_scenes)
    return scene, _AXES


def read_first_scene(path: Path) -> tuple[Pixels, int]:
    """Read the first scene of a CZI.

    Parameters
    ----------
    path : Path
        Path of a complete file without colours.

    Returns
    -------
    scene : ndarray of shape (T, C, Z, Y, X)
        Its pixels; of tiles that overlap, the one with the higher index lies above.
    n_scenes : int
        Number of scenes in the file.

    Raises
    ------
    UnsupportedImageError
        If it has views, phases or the like, or a type of pixels or a compression that cannot be
        read.
    """
    with path.open("rb", buffering=0) as file:
        view = FileView(file, path.name)
        blocks = read_sub_blocks(view)
        scene = first_scene(blocks)
        _refuse_other_axes(path, scene)
        dtype = np.result_type(*(_dtype_of(path, block) for block in scene))
        starts, shape = zip(*(extent_of(scene, axis) for axis in _AXES), strict=True)
        pixels = np.zeros(shape, dtype)
        for block in sorted(scene, key=lambda block: block.start("M")):
            tile = _decoded(path, view, block)
            places = [block.start(axis) - start for axis, start in zip(_AXES, starts, strict=True)]
            *plane, y, x = places
            pixels[(*plane, slice(y, y + tile.shape[0]), slice(x, x + tile.shape[1]))] = tile
    return pixels, len({block.start("S") for block in blocks})


def _refuse_other_axes(path: Path, scene: list[SubBlock]) -> None:
    """Refuse several views, phases, illuminations or the like."""
    others = {axis for block in scene for axis in block.dimensions} - _OWN_AXES
    sizes = {axis: extent_of(scene, axis)[1] for axis in sorted(others)}
    if any(size > 1 for size in sizes.values()):
        raise UnsupportedImageError(
            f"{path.name} has axes that no pipeline takes: {described(sizes)}. "
            "Take the prescan without views, phases, blocks or illuminations."
        )


def _dtype_of(path: Path, block: SubBlock) -> np.dtype[Any]:
    try:
        return _DTYPES[block.pixel_type]
    except KeyError:
        raise UnsupportedImageError(
            f"{path.name} has pixels of a type that no pipeline takes (code {block.pixel_type}). "
            "Let the microscope save grey values of 8, 16 or 32 bits."
        ) from None


def _decoded(path: Path, view: FileView, block: SubBlock) -> Pixels:
    """Return the pixels of a sub-block, of shape (Y, X)."""
    place = pixels_of(view, block)
    data = view.read(place.start, place.stop - place.start, "the pixels")
    decode = _DECODERS.get(block.compression)
    if decode is None:
        raise UnsupportedImageError(
            f"{path.name} is compressed in a way that cannot be read (code {block.compression}). "
            "Let the microscope save prescans uncompressed, which are read faster, too."
        )
    shape = block.dimensions["Y"][1], block.dimensions["X"][1]
    return decode(data, _dtype_of(path, block), shape)


def _from_raw(data: bytes, dtype: np.dtype[Any], shape: tuple[int, int]) -> Pixels:
    return np.frombuffer(data, dtype, shape[0] * shape[1]).reshape(shape)


def _from_zstd(data: bytes, dtype: np.dtype[Any], shape: tuple[int, int]) -> Pixels:
    return _from_raw(_decompressed(data), dtype, shape)


def _from_zstd1(data: bytes, dtype: np.dtype[Any], shape: tuple[int, int]) -> Pixels:
    """Return pixels behind a header, which may say that low and high bytes lie apart."""
    content = _decompressed(data[data[0] :])
    if not data.startswith(_LOW_AND_HIGH_BYTES_APART):
        return _from_raw(content, dtype, shape)
    halves = np.frombuffer(content, np.uint8).reshape(2, -1)
    return _from_raw(halves.T.tobytes(), dtype, shape)


def _from_jpeg_xr(data: bytes, dtype: np.dtype[Any], shape: tuple[int, int]) -> Pixels:
    import imagecodecs  # noqa: PLC0415 - an extra

    return np.asarray(imagecodecs.jpegxr_decode(data), dtype).reshape(shape)


def _decompressed(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - only compressed files need it
    else:
        from backports import zstd  # noqa: PLC0415

    return zstd.decompress(data)


_DECODERS: Final[Mapping[int, Callable[[bytes, np.dtype[Any], tuple[int, int]], Pixels]]] = (
    MappingProxyType({0: _from_raw, 4: _from_jpeg_xr, 5: _from_zstd, 6: _from_zstd1})
)
