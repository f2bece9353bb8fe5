"""Is a CZI complete? Header, directory, all sub-blocks, metadata and attachments must be there.

A CZI is a row of segments, each with an identifier and its allocated length. The header at byte 0
says where the directory of the sub-blocks (the planes), the metadata and the directory of the
attachments are. Source: Zeiss, *CZI: image file format for microscopes* (ZISRAW), version 1.2.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Final

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats import (
    ByteRange,
    FileView,
    Structure,
    canonical_axes,
    count_planes,
    joined,
    voxel_size_of_axes,
)

__all__ = [
    "SubBlock",
    "extent_of",
    "first_scene",
    "pixels_of",
    "read_structure",
    "read_sub_blocks",
]

_SEGMENT: Final = struct.Struct("<16sqq")  # identifier, allocated bytes, used bytes
_HEADER: Final = struct.Struct(
    "<iqqiq"
)  # file part, directory, metadata, update pending, attachments
_HEADER_AT: Final = _SEGMENT.size + 48
_ENTRY: Final = struct.Struct("<2siqiiB5xi")  # schema, pixel type, position, part, compression, …
_DIMENSION: Final = struct.Struct("<4siifi")  # name, start, size, coordinate, stored size
_SUB_BLOCK: Final = struct.Struct("<iiq")  # bytes of metadata, of attachment, of pixels
_ATTACHMENT: Final = struct.Struct("<2s10xq")  # schema, position
_ATTACHMENT_ENTRY_BYTES: Final = 128
_LIST_AT: Final = _SEGMENT.size + 128  # entries of the directory
_ATTACHMENTS_AT: Final = _SEGMENT.size + 256
_XML_AT: Final = _SEGMENT.size + 256
_SUB_BLOCK_HEAD_BYTES: Final = 256
_UNCOMPRESSED: Final = 0
_SCENE: Final = "S"
_TILE: Final = "M"
_MOST_DIMENSIONS: Final = 40
_MOST_XML_BYTES: Final = 1 << 28

_PIXEL_BYTES: Final[Mapping[int, int]] = MappingProxyType(
    {0: 1, 1: 2, 2: 4, 3: 3, 4: 6, 8: 12, 9: 4, 10: 8, 11: 24, 12: 4, 13: 8}
)
_COLOURS: Final[Mapping[int, int]] = MappingProxyType({3: 3, 4: 3, 8: 3, 9: 4, 11: 3})

_DISTANCE: Final = re.compile(rb'<Distance\s+Id="([XYZ])"[^>]*>\s*<Value>([^<]{1,40})</Value>')
_UM_PER_M: Final = 1e6


@dataclass(frozen=True, slots=True)
class SubBlock:
    """What the directory says of one sub-block, which is a plane or a tile of one.

    Attributes
    ----------
    pixel_type : int
        Code of the type of its pixels.
    position : int
        Offset of its segment in the file.
    compression : int
        Code of its compression; 0 if it is not compressed.
    dimensions : mapping
        Start, size and stored size along each dimension, by its letter; a stored size of 0 is the
        size.
    """

    pixel_type: int
    position: int
    compression: int
    dimensions: Mapping[str, tuple[int, int, int]]

    def start(self, axis: str) -> int:
        """Return where it begins along an axis; 0 where it has no such axis."""
        return self.dimensions.get(axis, (0, 1, 1))[0]

    @property
    def is_full_size(self) -> bool:
        """Whether it is a plane, not a smaller copy of one."""
        return all(stored in {0, size} for _, size, stored in self.dimensions.values())

    @property
    def n_bytes(self) -> int:
        """Return the bytes of its uncompressed pixels."""
        return prod(
            stored or size for _, size, stored in self.dimensions.values()
        ) * _PIXEL_BYTES.get(self.pixel_type, 1)


def read_structure(view: FileView) -> Structure:
    """Follow the positions that a CZI names, and read its shape and voxel size.

    Parameters
    ----------
    view : FileView
        The file.

    Returns
    -------
    Structure
        What the file promises; of several scenes, axes and shape are those of the first.

    Raises
    ------
    IncompleteImageError
        If a segment, a sub-block or a plane is missing, or while the file is being updated.
    """
    _segment(view, 0, b"ZISRAWFILE", "the header")
    header = _HEADER.unpack(view.read(_HEADER_AT, _HEADER.size, "the header"))
    _, directory_at, metadata_at, is_pending, attachments_at = header
    if is_pending:
        raise IncompleteImageError("the file is being updated")
    if not (directory_at and metadata_at):
        raise IncompleteImageError("the place of the directory or metadata is not written yet")
    entries = list(_read_entries(view, directory_at))
    pixels = tuple(joined(_stretch(view, entry) for entry in entries))
    xml = _read_metadata(view, metadata_at)
    if attachments_at:
        _check_attachments(view, attachments_at)
    return _described([entry for entry in entries if entry.is_full_size], pixels, xml)


def read_sub_blocks(view: FileView) -> list[SubBlock]:
    """Return the planes and tiles of a complete CZI in full size, in the order of the file."""
    header = _HEADER.unpack(view.read(_HEADER_AT, _HEADER.size, "the header"))
    return [entry for entry in _read_entries(view, header[1]) if entry.is_full_size]


def first_scene(blocks: Iterable[SubBlock]) -> list[SubBlock]:
    """Return the sub-blocks of the first scene; those that name no scene belong to it."""
    blocks = list(blocks)
    first = min(block.start(_SCENE) for block in blocks)
    return [block for block in blocks if block.dimensions.get(_SCENE, (first,))[0] == first]


def _segment(view: FileView, start: int, identifier: bytes, what: str) -> int:
    """Return the allocated bytes of a segment that lies inside the file."""
    data = view.read(start, _SEGMENT.size, what)
    found, allocated, used = _SEGMENT.unpack(data)
    if found.rstrip(b"\0") != identifier or used > allocated:
        raise IncompleteImageError(f"{what} is not at byte {start}")
    view.require(start, _SEGMENT.size + allocated, what)
    return int(allocated)


def _read_entries(view: FileView, start: int) -> Iterator[SubBlock]:
    """Yield the entries of the directory of sub-blocks."""
    allocated = _segment(view, start, b"ZISRAWDIRECTORY", "the directory of planes")
    data = view.read(start, _SEGMENT.size + allocated, "the directory of planes")
    (n_entries,) = struct.unpack_from("<i", data, _SEGMENT.size)
    if n_entries < 1:
        raise IncompleteImageError(f"the directory lists {n_entries} planes")
    at = _LIST_AT
    for index in range(n_entries):
        if at + _ENTRY.size > len(data):
            raise IncompleteImageError(f"the directory has {index} of {n_entries} entries")
        schema, pixel_type, position, _, compression, _, n_dims = _ENTRY.unpack_from(data, at)
        at += _ENTRY.size
        stop = at + n_dims * _DIMENSION.size
        if schema != b"DV" or not 1 <= n_dims <= _MOST_DIMENSIONS or stop > len(data):
            raise IncompleteImageError(f"entry {index} of the directory is not written yet")
        dimensions = {
            name.rstrip(b"\0").decode("latin-1"): (first, size, stored)
            for name, first, size, _, stored in _DIMENSION.iter_unpack(data[at:stop])
        }
        if "" in dimensions or min(size for _, size, _ in dimensions.values()) < 1:
            raise IncompleteImageError(f"entry {index} of the directory is not written yet")
        at = stop
        yield SubBlock(pixel_type, position, compression, dimensions)


def pixels_of(view: FileView, block: SubBlock) -> ByteRange:
    """Return where the pixels of a sub-block lie, as they are stored.

    Parameters
    ----------
    view : FileView
        The file.
    block : SubBlock
        The sub-block.

    Returns
    -------
    ByteRange
        Its pixels.

    Raises
    ------
    IncompleteImageError
        If the sub-block or some of its pixels are missing.
    """
    start = block.position
    what = f"the plane at byte {start}"
    head = view.read(start, _SEGMENT.size + _SUB_BLOCK.size, what)
    identifier, allocated, _ = _SEGMENT.unpack_from(head)
    metadata_bytes, _, n_bytes = _SUB_BLOCK.unpack_from(head, _SEGMENT.size)
    if identifier.rstrip(b"\0") != b"ZISRAWSUBBLOCK" or min(metadata_bytes, n_bytes - 1) < 0:
        raise IncompleteImageError(f"{what} is not written yet")
    view.require(start, _SEGMENT.size + allocated, what)
    entry_bytes = _ENTRY.size + len(block.dimensions) * _DIMENSION.size
    pixels_at = max(_SUB_BLOCK_HEAD_BYTES, _SUB_BLOCK.size + entry_bytes) + metadata_bytes
    too_few = block.compression == _UNCOMPRESSED and n_bytes < block.n_bytes
    if too_few or pixels_at + n_bytes > allocated:
        raise IncompleteImageError(f"{what} has too few pixels for its size")
    first = start + _SEGMENT.size + pixels_at
    return ByteRange(first, first + n_bytes)


def _stretch(view: FileView, block: SubBlock) -> ByteRange:
    """Return where the pixels of a sub-block and what is left of its segment lie."""
    pixels = pixels_of(view, block)
    (allocated,) = struct.unpack("<q", view.read(block.position + 16, 8, "the plane"))
    return ByteRange(pixels.start, block.position + _SEGMENT.size + allocated)


def _read_metadata(view: FileView, start: int) -> bytes:
    """Return the XML of the metadata, written to its end."""
    allocated = _segment(view, start, b"ZISRAWMETADATA", "the metadata")
    (length,) = struct.unpack("<i", view.read(start + _SEGMENT.size, 4, "the metadata"))
    if not 0 < length <= min(allocated, _MOST_XML_BYTES):
        raise IncompleteImageError("the metadata are not written yet")
    xml = view.read(start + _XML_AT, length, "the metadata").rstrip(b"\0 \r\n\t")
    if not xml.endswith(b"</ImageDocument>") or b"\0" in xml:
        raise IncompleteImageError("the metadata are not written to their end")
    return xml


def _check_attachments(view: FileView, start: int) -> None:
    """Raise unless each attachment lies inside the file."""
    allocated = _segment(view, start, b"ZISRAWATTDIR", "the directory of attachments")
    (count,) = struct.unpack("<i", view.read(start + _SEGMENT.size, 4, "the directory"))
    length = count * _ATTACHMENT_ENTRY_BYTES
    if count < 0 or length > allocated:
        raise IncompleteImageError(f"the directory of attachments lists {count}")
    data = view.read(start + _ATTACHMENTS_AT, length, "the directory of attachments")
    for index in range(count):
        schema, position = _ATTACHMENT.unpack_from(data, index * _ATTACHMENT_ENTRY_BYTES)
        if schema != b"A1":
            raise IncompleteImageError(f"attachment {index} is not written yet")
        _segment(view, position, b"ZISRAWATTACH", f"attachment {index}")


def _described(entries: list[SubBlock], pixels: tuple[ByteRange, ...], xml: bytes) -> Structure:
    """Return the structure of the planes that the directory lists."""
    if not entries:
        raise IncompleteImageError("the directory lists no plane in full size")
    scene = first_scene(entries)
    axes_there = scene[0].dimensions.keys() - {_SCENE, _TILE}
    sizes = {axis: extent_of(scene, axis)[1] for axis in sorted(axes_there)}
    _check_every_plane_is_there(scene, sizes)
    colours = {entry.pixel_type for entry in entries} & _COLOURS.keys()
    is_colour = bool(colours)
    sizes["S"] = max((_COLOURS[colour] for colour in colours), default=1)
    axes, shape = canonical_axes(sizes)
    return Structure(
        axes=axes,
        shape=shape,
        voxel_size=_voxel_size(xml, axes),
        n_planes=count_planes(axes, shape),
        is_colour=is_colour,
        pixels=pixels,
        may_end_blank=True,  # segments are padded
    )


def extent_of(blocks: Iterable[SubBlock], axis: str) -> tuple[int, int]:
    """Return where the planes begin along an axis, and how far they reach, tiles together."""
    places = [block.dimensions.get(axis, (0, 1, 1)) for block in blocks]
    start = min(first for first, _, _ in places)
    return start, max(first + size for first, size, _ in places) - start


def _check_every_plane_is_there(entries: Iterable[SubBlock], sizes: Mapping[str, int]) -> None:
    """Raise if a combination of z, channel and time has no sub-block: readers show it black."""
    axes = [axis for axis in sizes if axis not in "YX"]
    planes = {tuple(entry.start(axis) for axis in axes) for entry in entries}
    expected = prod(sizes[axis] for axis in axes)
    if len(planes) < expected:
        raise IncompleteImageError(f"{len(planes)} of {expected} planes are there")


def _voxel_size(xml: bytes, axes: str) -> VoxelSize | None:
    """Return the voxel size from the ``Scaling`` of the metadata, which is in m."""
    start = xml.find(b"<Scaling>")
    scaling = xml[start : xml.find(b"</Scaling>", start)] if start >= 0 else b""
    um = {axis: float(value) * _UM_PER_M for axis, value in _DISTANCE.findall(scaling)}
    return voxel_size_of_axes(axes, um.get(b"Z"), um.get(b"Y"), um.get(b"X"))
