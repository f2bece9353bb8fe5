"""Cuts a finished file into the pieces in which its writer would have laid it on the disk."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Piece", "chunk_pieces", "header_last_pieces", "plane_pieces"]

_HEADER_LENGTH = 4096


class Piece(NamedTuple):
    """Some bytes of a file and where they go.

    Attributes
    ----------
    offset : int
        Where the bytes begin.
    data : bytes
        The bytes.
    """

    offset: int
    data: bytes


class _IfdLayout(NamedTuple):
    """How a TIFF writes the offset of an IFD, its number of tags, and how long a tag is."""

    offset: struct.Struct
    first_link: int
    n_tags: struct.Struct
    tag_length: int


_IFD_LAYOUTS = {
    b"II*\0": _IfdLayout(struct.Struct("<I"), 4, struct.Struct("<H"), 12),
    b"MM\0*": _IfdLayout(struct.Struct(">I"), 4, struct.Struct(">H"), 12),
    b"II+\0": _IfdLayout(struct.Struct("<Q"), 8, struct.Struct("<Q"), 20),
    b"MM\0+": _IfdLayout(struct.Struct(">Q"), 8, struct.Struct(">Q"), 20),
}


def chunk_pieces(data: bytes, n_chunks: int) -> Iterator[Piece]:
    """Yield the file from its beginning to its end in equal chunks, at most so many."""
    length = max(1, -(-len(data) // n_chunks))
    for start in range(0, len(data), length):
        yield Piece(start, data[start : start + length])


def header_last_pieces(data: bytes, n_chunks: int) -> Iterator[Piece]:
    """Yield the file without its first bytes, at most 4 KiB, which follow at the very end."""
    header_length = min(_HEADER_LENGTH, len(data) // 2)
    for piece in chunk_pieces(data[header_length:], n_chunks):
        yield Piece(piece.offset + header_length, piece.data)
    yield Piece(0, data[:header_length])


def plane_pieces(data: bytes, n_chunks: int) -> Iterator[Piece]:
    """Yield a TIFF page by page, so that after each page it is a valid, shorter TIFF.

    Each page first says that it is the last one, and is linked to the next once that is there.
    Files with a single page, and other formats, come in equal chunks.

    Parameters
    ----------
    data : bytes
        The finished file.
    n_chunks : int
        Greatest number of chunks of a file without pages.

    Yields
    ------
    Piece
        The next page, or the link from the last page to it.
    """
    links = _ifd_links(data)
    starts = [ifd for _, ifd in links]
    if len(links) < 2 or starts != sorted(starts):  # noqa: PLR2004 -- one page has no boundary
        yield from chunk_pieces(data, n_chunks)
        return
    offset = _IFD_LAYOUTS[data[:4]].offset
    unlinked = bytearray(data)
    for link, _ in links[1:]:
        offset.pack_into(unlinked, link, 0)
    yield Piece(0, bytes(unlinked[: starts[1]]))
    for (link, start), end in zip(links[1:], [*starts[2:], len(data)], strict=True):
        yield Piece(start, bytes(unlinked[start:end]))
        yield Piece(link, data[link : link + offset.size])


def _ifd_links(data: bytes) -> list[tuple[int, int]]:
    """Return where each IFD's offset is written, and that offset; nothing if it is no TIFF."""
    layout = _IFD_LAYOUTS.get(data[:4])
    links: list[tuple[int, int]] = []
    if layout is None:
        return links
    link = layout.first_link
    while ifd := layout.offset.unpack_from(data, link)[0]:
        links.append((link, ifd))
        n_tags = layout.n_tags.unpack_from(data, ifd)[0]
        link = ifd + layout.n_tags.size + n_tags * layout.tag_length
    return links
