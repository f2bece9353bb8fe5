"""Reads one image file directory (IFD) of a TIFF: which tags it has, and their values.

Source: TIFF 6.0 (Adobe, 1992) and the BigTIFF proposal.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats import FileView

__all__ = ["Directory", "Layout", "Tag", "read_directory", "read_header"]

_CLASSIC_MAGIC: Final = 42
_BIG_MAGIC: Final = 43
_MOST_TAGS: Final = 4096
_FIRST_READ_BYTES: Final = 512

_TEXT_KINDS: Final = frozenset({2, 7})
# Struct codes of the field types; rationals are two integers.
_CODES: Final = MappingProxyType(
    {
        1: "B",
        2: "s",
        3: "H",
        4: "I",
        5: "II",
        6: "b",
        7: "s",
        8: "h",
        9: "i",
        10: "ii",
        11: "f",
        12: "d",
        13: "I",
        16: "Q",
        17: "q",
        18: "Q",
    }
)
_SIZES: Final = MappingProxyType({kind: struct.calcsize(f"<{c}") for kind, c in _CODES.items()})
_NO_TAG: Final = (2, 0, 0)


class Layout(NamedTuple):
    """How numbers are laid out: the order of the bytes, and classic or BigTIFF.

    Attributes
    ----------
    order : {"<", ">"}
        Order of the bytes, as `struct` writes it.
    length : Struct
        The number of entries of a directory.
    entry : Struct
        An entry: code, field type, number of values, value or its offset.
    pointer : Struct
        An offset.
    scalars : mapping of int to Struct
        One value of each field type.
    """

    order: str
    length: struct.Struct
    entry: struct.Struct
    pointer: struct.Struct
    scalars: Mapping[int, struct.Struct]


Tag: TypeAlias = tuple[int, int, int]
"""An entry of a directory: field type, number of values, offset of the first one in the file."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory whose values all lie inside the file.

    Attributes
    ----------
    view : FileView
        The file.
    layout : Layout
        How its numbers are laid out.
    offset : int
        Where the directory begins.
    next_offset : int
        Where the next one begins; 0 in the last one.
    tags : mapping of int to Tag
        Its entries by code; the first one where a code is repeated.
    data : bytes
        The file from `offset` on: the directory, and often some of its values.
    """

    view: FileView
    layout: Layout
    offset: int
    next_offset: int
    tags: Mapping[int, Tag]
    data: bytes

    def numbers(self, code: int) -> tuple[float, ...]:
        """Return the values of a tag, rationals as two; none for text or without the tag."""
        kind, count, start = self.tags.get(code, _NO_TAG)
        if kind in _TEXT_KINDS:
            return ()
        data = self._read(start, _SIZES[kind] * count)
        codes = _CODES[kind]
        return struct.unpack(f"{self.layout.order}{count * len(codes)}{codes[0]}", data)

    def number(self, code: int, default: int) -> int:
        """Return the first value of a tag without its fraction; a default where there is none."""
        kind, count, start = self.tags.get(code, _NO_TAG)
        if kind in _TEXT_KINDS or not count:
            return default
        scalar = self.layout.scalars[kind]
        return int(scalar.unpack(self._read(start, scalar.size))[0])

    def ratio(self, code: int) -> float | None:
        """Return a rational; None without the tag, or if its denominator is 0."""
        match self.numbers(code):
            case (numerator, denominator, *_) if denominator:
                return numerator / denominator
        return None

    def text(self, code: int) -> bytes:
        """Return the bytes of a text as they are stored, with their zeros; none without the tag."""
        kind, count, start = self.tags.get(code, _NO_TAG)
        return self._read(start, _SIZES[kind] * count)

    def _read(self, start: int, length: int) -> bytes:
        first = start - self.offset
        if first >= 0 and first + length <= len(self.data):
            return self.data[first : first + length]
        return self.view.read(start, length, "the value of a tag")


def read_header(view: FileView) -> tuple[Layout, int]:
    """Read the first bytes of a TIFF.

    Parameters
    ----------
    view : FileView
        The file.

    Returns
    -------
    layout : Layout
        How its numbers are laid out.
    offset : int
        Where the first directory begins; 0 if that is not written yet.

    Raises
    ------
    IncompleteImageError
        If the file does not begin like a TIFF.
    """
    data = view.read(0, 8, "the header")
    order = {b"II": "<", b"MM": ">"}.get(data[:2], "<")
    magic, offset_bytes, zero = struct.unpack_from(f"{order}HHH", data, 2)
    if data[:2] not in {b"II", b"MM"} or magic not in {_CLASSIC_MAGIC, _BIG_MAGIC}:
        raise IncompleteImageError("it does not begin like a TIFF")
    if magic == _CLASSIC_MAGIC:
        letters, start = ("H", "HHI4s", "I"), 4
    elif (offset_bytes, zero) == (8, 0):
        letters, start = ("Q", "HHQ8s", "Q"), 8
    else:
        raise IncompleteImageError("it does not begin like a BigTIFF")
    length, entry, pointer = (struct.Struct(order + codes) for codes in letters)
    scalars = {kind: struct.Struct(order + code) for kind, code in _CODES.items()}
    layout = Layout(order, length, entry, pointer, scalars)
    data = view.read(start, layout.pointer.size, "the header")
    return layout, int(layout.pointer.unpack(data)[0])


def read_directory(view: FileView, layout: Layout, offset: int) -> Directory:
    """Read a directory.

    Parameters
    ----------
    view : FileView
        The file.
    layout : Layout
        How its numbers are laid out.
    offset : int
        Where the directory begins.

    Returns
    -------
    Directory
        Its tags, whose values all lie inside the file.

    Raises
    ------
    IncompleteImageError
        If an entry is empty, or if the directory or one of its values ends behind the file.
    """
    what = f"the directory at byte {offset}"
    view.require(offset, layout.length.size, what)
    data = view.read(offset, min(_FIRST_READ_BYTES, view.size - offset), what)
    (n_tags,) = layout.length.unpack_from(data)
    if not 0 < n_tags <= _MOST_TAGS:
        raise IncompleteImageError(f"{what} has {n_tags} entries")
    end = layout.length.size + n_tags * layout.entry.size
    if end + layout.pointer.size > len(data):
        data = view.read(offset, end + layout.pointer.size, what)
    tags = _read_tags(view, layout, offset, data[:end])
    (next_offset,) = layout.pointer.unpack_from(data, end)
    return Directory(view, layout, offset, next_offset, tags, data)


def _read_tags(view: FileView, layout: Layout, offset: int, data: bytes) -> dict[int, Tag]:
    """Return the tags of a directory by their codes."""
    tags: dict[int, Tag] = {}
    inline_bytes = layout.pointer.size
    file_size = view.size
    value_at = offset + layout.length.size + layout.entry.size - inline_bytes
    for code, kind, count, value in layout.entry.iter_unpack(data[layout.length.size :]):
        size = _SIZES.get(kind, 0) * count
        if size <= inline_bytes:
            start = value_at
            if not (code and kind):
                raise IncompleteImageError(f"the directory at byte {offset} has an empty entry")
        else:
            (start,) = layout.pointer.unpack(value)
            if not start:
                raise IncompleteImageError(f"the place of tag {code} is not written yet")
            if start + size > file_size:
                view.require(start, size, f"tag {code}")
        if size and code not in tags:
            tags[code] = kind, count, start
        value_at += layout.entry.size
    return tags
