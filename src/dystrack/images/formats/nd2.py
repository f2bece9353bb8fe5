"""Is an ND2 file complete? Its map must be at the end, and each chunk that it names in its place.

A modern ND2 is a row of chunks: a magic number, the lengths of name and data, the name, the data.
The last 40 bytes say where the map of all chunks is; a crashed acquisition leaves them unwritten
for ever. A legacy ND2 is a row of JPEG 2000 boxes with a map of its own. Source: the layout is the
one that the parsers of the `nd2` package accept.
"""

import struct
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Final

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats import (
    ByteRange,
    FileView,
    Pixels,
    Structure,
    canonical_axes,
    colour_error,
    count_planes,
    voxel_size_of_axes,
    warn_of_other_scenes,
)
from dystrack.images.formats.nd2_metadata import Level, Loop, Value, read_loops, read_variants

__all__ = ["LEGACY_MAGIC", "MAGIC", "read_pixels", "read_structure"]

MAGIC: Final = struct.pack("<I", 0x0ABECEDA)
LEGACY_MAGIC: Final = b"\0\0\0\x0cjP  "

_CHUNK: Final = struct.Struct("<4sIQ")  # magic, bytes of the name, bytes of the data
_PLACE: Final = struct.Struct("<QQ")  # offset of the chunk, bytes of its data
_TAIL: Final = struct.Struct("<32sQ")
_FILE_SIGNATURE: Final = b"ND2 FILE SIGNATURE CHUNK NAME01!"
_MAP_NAME: Final = b"ND2 FILEMAP SIGNATURE NAME 0001!"
_MAP_SIGNATURE: Final = b"ND2 CHUNK MAP SIGNATURE 0000001!"
_LEGACY_SIGNATURE: Final = b"LABORATORY IMAGING ND BOX MAP 00"
_LEGACY_BOX: Final = struct.Struct("<4s4sI")  # type of the box, type of its content, offset
_LEGACY_BOX_BYTES: Final = 16
_FRAME: Final = b"ImageDataSeq|"
_TIME_STAMP_BYTES: Final = 8
_COMPRESSED: Final = frozenset({0, 1})  # without and with loss
_COLOUR_COMPONENTS: Final = frozenset({3, 4})
_LONGEST_NAME_BYTES: Final = 1 << 16


def read_pixels(path: Path) -> tuple[Pixels, str]:
    """Return the first position of an ND2 file, and the letters of its axes."""
    import nd2  # noqa: PLC0415 - heavy, and needed for ND2 alone

    with nd2.ND2File(path) as file:
        if file.is_rgb:
            raise colour_error(path)
        axes = "".join(file.sizes)
        image = file.asarray(position=0)
        warn_of_other_scenes(path, file.sizes.get(nd2.AXIS.POSITION, 1))
    if nd2.AXIS.POSITION in axes:
        image = image.take(0, axis=axes.index(nd2.AXIS.POSITION))
        axes = axes.replace(nd2.AXIS.POSITION, "")
    return image, axes


def read_structure(view: FileView) -> Structure:
    """Follow the map of an ND2, and read its shape and voxel size.

    Parameters
    ----------
    view : FileView
        The file.

    Returns
    -------
    Structure
        What the file promises. Axes and shape are empty for legacy files, and where the number of
        frames does not follow from the loops of the acquisition.

    Raises
    ------
    IncompleteImageError
        If the map, a chunk or a frame is missing.
    """
    start = view.read(0, len(LEGACY_MAGIC), "the header")
    signature, place = _TAIL.unpack(view.read(view.size - _TAIL.size, _TAIL.size, "the end"))
    if start == LEGACY_MAGIC:
        return _read_legacy(view, signature, place)
    _data_of_chunk(view, 0, _FILE_SIGNATURE)
    if signature != _MAP_SIGNATURE or not place:
        raise IncompleteImageError("the map of its chunks is not written yet")
    chunks = dict(_read_map(view, place))
    data = {name: _data_of_chunk(view, at, name, length) for name, (at, length) in chunks.items()}
    attributes = _values(view, data, b"ImageAttributes")
    frames = _frames(data, attributes)
    return _described(view, data, attributes, frames)


def _data_of_chunk(view: FileView, start: int, name: bytes, n_bytes: int = 0) -> ByteRange:
    """Return where the data of a chunk lie, which must be the one that the map names."""
    what = f"the chunk {name.decode('latin-1')[:60]} at byte {start}"
    head = view.read(start, _CHUNK.size + len(name), what)
    magic, name_bytes, data_bytes = _CHUNK.unpack_from(head)
    if magic != MAGIC or head[_CHUNK.size :] != name or data_bytes < n_bytes:
        raise IncompleteImageError(f"{what} is not written yet")
    first = start + _CHUNK.size + name_bytes
    view.require(first, data_bytes, what)
    return ByteRange(first, first + data_bytes)


def _read_map(view: FileView, start: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield the name of each chunk, its offset and the bytes of its data."""
    place = _data_of_chunk(view, start, _MAP_NAME)
    data = view.read(place.start, place.stop - place.start, "the map of its chunks")
    at = 0
    while True:
        stop = data.find(b"!", at, at + _LONGEST_NAME_BYTES) + 1
        if stop <= 0 or stop + _TAIL.size - len(_MAP_SIGNATURE) > len(data):
            raise IncompleteImageError("the map of its chunks has no end")
        name = data[at:stop]
        if name == _MAP_SIGNATURE:
            return
        if stop + _PLACE.size > len(data):
            raise IncompleteImageError("the map of its chunks has no end")
        offset, length = _PLACE.unpack_from(data, stop)
        yield name, (offset, 0 if length == offset else length)
        at = stop + _PLACE.size


def _values(view: FileView, data: Mapping[bytes, ByteRange], name: bytes) -> dict[str, Value]:
    """Return the metadata of a chunk; newer files have its name with ``LV`` before the mark."""
    key, _, number = name.partition(b"|")
    end = b"|" + number + b"!" if number else b"!"
    place = data.get(key + b"LV" + end) or data.get(key + end)
    if place is None:
        return {}
    return read_variants(view.read(place.start, place.stop - place.start, "the metadata"))


def _frames(
    data: Mapping[bytes, ByteRange], attributes: Mapping[str, Value]
) -> tuple[ByteRange, ...]:
    """Return where the frames lie: as many as the attributes promise, each with all its pixels."""
    n_frames = _whole(attributes, "uiSequenceCount")
    n_bytes = _whole(attributes, "uiHeight") * _whole(attributes, "uiWidthBytes")
    is_compressed = attributes.get("eCompression") in _COMPRESSED
    n_there = sum(name.startswith(_FRAME) for name in data)
    if not n_frames or n_there < n_frames:
        raise IncompleteImageError(f"{n_there} of {n_frames} frames are there")
    frames = [data.get(b"%b%d!" % (_FRAME, index)) for index in range(n_frames)]
    for index, frame in enumerate(frames):
        if frame is None:
            raise IncompleteImageError(f"frame {index} of {n_frames} is not there")
        n_pixel_bytes = frame.stop - frame.start - _TIME_STAMP_BYTES
        if n_pixel_bytes < (1 if is_compressed else n_bytes):
            raise IncompleteImageError(f"frame {index} has too few pixels for its size")
    return tuple(frame for frame in frames if frame is not None)


def _described(
    view: FileView,
    data: Mapping[bytes, ByteRange],
    attributes: Mapping[str, Value],
    frames: tuple[ByteRange, ...],
) -> Structure:
    """Return the structure of the frames."""
    picture = _values(view, data, b"ImageMetadataSeq|0")
    loops = read_loops(_values(view, data, b"ImageMetadata"))
    components = _whole(attributes, "uiComp") or 1
    samples = components // _n_channels(picture)
    is_colour = samples in _COLOUR_COMPONENTS
    sizes = _sizes_of_loops(loops, len(frames))
    found = Structure(is_colour=is_colour, pixels=frames, n_planes=len(frames) * components)
    if sizes is None:
        return found
    sizes.pop("P", None)
    sizes |= {"Y": _whole(attributes, "uiHeight"), "X": _whole(attributes, "uiWidth")}
    sizes |= {"C": components // samples, "S": samples} if is_colour else {"C": components}
    axes, shape = canonical_axes(sizes)
    return Structure(
        axes=axes,
        shape=shape,
        voxel_size=_voxel_size(picture, loops, axes),
        n_planes=count_planes(axes, shape),
        is_colour=is_colour,
        pixels=found.pixels,
    )


def _whole(values: Mapping[str, Value], name: str) -> int:
    """Return a number of the metadata, 0 where it is missing."""
    value = values.get(name)
    return int(value) if isinstance(value, (int, float)) else 0


def _n_channels(picture: Mapping[str, Value]) -> int:
    planes = picture.get("sPicturePlanes")
    return max(_whole(planes.values(), "uiCount"), 1) if isinstance(planes, Level) else 1


def _sizes_of_loops(loops: list[Loop], n_frames: int) -> dict[str, int] | None:
    """Return the number of steps along each loop; None if the frames do not fill the loops."""
    counted = {loop.axis: loop.count for loop in loops if loop.count is not None}
    n_planned = prod(counted.values())
    open_loops = [loop.axis for loop in loops if loop.count is None]
    if not open_loops and n_planned > n_frames:
        raise IncompleteImageError(f"{n_frames} of {n_planned} planned frames are there")
    if len(open_loops) == 1 and n_planned and n_frames % n_planned == 0:
        return {open_loops[0]: n_frames // n_planned, **counted}
    is_filled = not open_loops and n_planned == n_frames
    return counted if is_filled and len(counted) == len(loops) else None


def _voxel_size(picture: Mapping[str, Value], loops: list[Loop], axes: str) -> VoxelSize | None:
    """Return the voxel size; the format has one value for x and y."""
    pixel_um = picture.get("dCalibration")
    if not picture.get("bCalibrated") or not isinstance(pixel_um, float):
        return None
    step_um = next((loop.step_um for loop in loops if loop.axis == "Z"), None)
    return voxel_size_of_axes(axes, step_um, pixel_um, pixel_um)


def _read_legacy(view: FileView, signature: bytes, distance: int) -> Structure:
    """Return the structure of a legacy file, whose map lies `distance` bytes before the end."""
    if signature != _LEGACY_SIGNATURE or not _TAIL.size < distance <= view.size:
        raise IncompleteImageError("the map of its boxes is not written yet")
    start = view.size - distance
    count = int.from_bytes(view.read(start, 4, "the map of its boxes"), "big")
    data = view.read(start + 4, count * _LEGACY_BOX_BYTES, "the map of its boxes")
    for index in range(count):
        _, _, offset = _LEGACY_BOX.unpack_from(data, index * _LEGACY_BOX_BYTES)
        view.require(offset, 8, f"box {index}")
    return Structure()
