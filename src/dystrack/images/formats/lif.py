"""Is a Leica LIF file complete? Each memory block that its XML names must be there at full size.

A LIF is a header with an XML in UTF-16, then blocks: 0x70, a length, 0x2A, the bytes of memory,
0x2A, a name in UTF-16, the memory. Source: Leica Microsystems, *LIF file description*, versions 1
and 2.
"""

import struct
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats import (
    ByteRange,
    FileView,
    Structure,
    canonical_axes,
    count_planes,
    voxel_size_of_axes,
)

__all__ = ["MAGIC", "read_structure"]

MAGIC: Final = b"\x70\0\0\0"

_HEAD: Final = struct.Struct("<4sIBI")  # magic, bytes to come, 0x2A, characters of the XML
_MARK: Final = 0x2A
_LONG_MEMORY_VERSION: Final = 2
_AXIS_OF_DIMENSION: Final = {"1": "X", "2": "Y", "3": "Z", "4": "T"}
_COLOUR_CHANNELS: Final = frozenset({"1", "2", "3"})  # red, green, blue instead of grey
_UM_OF_UNIT: Final = {"m": 1e6, "mm": 1e3, "\N{MICRO SIGN}m": 1.0, "um": 1.0, "nm": 1e-3}
_MOST_BLOCKS: Final = 100_000


def read_structure(view: FileView) -> Structure:
    """Follow the blocks of a LIF to the end of the file.

    Parameters
    ----------
    view : FileView
        The file.

    Returns
    -------
    Structure
        What the file promises; axes, shape and voxel size are those of its first image.

    Raises
    ------
    IncompleteImageError
        If the XML cannot be parsed, a block is cut off, or one that the XML names is missing.
    """
    head = view.read(0, _HEAD.size, "the header")
    magic, _, mark, n_characters = _HEAD.unpack(head)
    if magic != MAGIC or mark != _MARK:
        raise IncompleteImageError("it does not begin like a LIF")
    text = view.read(_HEAD.size, 2 * n_characters, "the XML").decode("utf-16-le", "replace")
    try:
        root = ET.fromstring(text.rstrip("\0"))  # noqa: S314 -- expat limits the growth of entities
    except ET.ParseError as error:
        raise IncompleteImageError(f"the XML cannot be parsed ({error})") from error
    is_long = int(root.get("Version", "1")) >= _LONG_MEMORY_VERSION
    blocks = dict(_blocks(view, _HEAD.size + 2 * n_characters, is_long=is_long))
    for memory in root.iter("Memory"):
        _check_memory(memory, blocks)
    image = root.find(".//Image/ImageDescription")
    pixels = tuple(block for block in blocks.values() if block.stop > block.start)
    return Structure(pixels=pixels) if image is None else _described(image, pixels)


def _blocks(view: FileView, start: int, *, is_long: bool) -> Iterator[tuple[str, ByteRange]]:
    """Yield the name of each memory block and where its memory lies."""
    size_code = "<Q" if is_long else "<I"
    size_bytes = struct.calcsize(size_code)
    for _ in range(_MOST_BLOCKS):
        if start == view.size:
            return
        head = view.read(start, 8, "a memory block")
        (length,) = struct.unpack_from("<I", head, 4)
        body = view.read(start + 8, length, "the head of a memory block")
        letters_at = 1 + size_bytes + 1
        if head[:4] != MAGIC or len(body) < letters_at + 4 or body[0] != _MARK:
            raise IncompleteImageError(f"there is no memory block at byte {start}")
        (size,) = struct.unpack_from(size_code, body, 1)
        name = body[letters_at + 4 :].decode("utf-16-le", "replace").rstrip("\0")
        first = start + 8 + length
        view.require(first, size, f"the memory block {name[:40]}")
        yield name, ByteRange(first, first + size)
        start = first + size
    raise IncompleteImageError(f"there are more than {_MOST_BLOCKS} memory blocks")


def _check_memory(memory: ET.Element, blocks: dict[str, ByteRange]) -> None:
    """Raise unless a memory that the XML names is there at full size."""
    size, name = int(memory.get("Size", "0")), memory.get("MemoryBlockID", "")
    if size and name not in blocks:
        raise IncompleteImageError(f"the memory block {name[:40]} is not written yet")
    if size and blocks[name].stop - blocks[name].start < size:
        raise IncompleteImageError(f"the memory block {name[:40]} is smaller than {size} bytes")


def _described(image: ET.Element, pixels: tuple[ByteRange, ...]) -> Structure:
    """Return the structure of the first image."""
    sizes = {"Y": 1, "X": 1}
    steps_um: dict[str, float] = {}
    for dimension in image.iter("DimensionDescription"):
        axis = _AXIS_OF_DIMENSION.get(dimension.get("DimID", ""), "O")
        sizes[axis] = count = int(dimension.get("NumberOfElements", "1"))
        unit_um = _UM_OF_UNIT.get(dimension.get("Unit", ""))
        if unit_um and count > 1:
            steps_um[axis] = abs(float(dimension.get("Length", "nan"))) * unit_um / (count - 1)
    channels = [channel.get("ChannelTag", "0") for channel in image.iter("ChannelDescription")]
    is_colour = set(channels) >= _COLOUR_CHANNELS
    sizes["S" if is_colour else "C"] = max(len(channels), 1)
    if min(sizes.values()) < 1:
        raise IncompleteImageError(f"the XML describes an impossible image ({sizes})")
    axes, shape = canonical_axes(sizes)
    return Structure(
        axes=axes,
        shape=shape,
        voxel_size=_voxel_size(steps_um, axes),
        n_planes=count_planes(axes, shape),
        is_colour=is_colour,
        pixels=pixels,
    )


def _voxel_size(steps_um: dict[str, float], axes: str) -> VoxelSize | None:
    return voxel_size_of_axes(axes, steps_um.get("Z"), steps_um.get("Y"), steps_um.get("X"))
