"""Follows the chain of pages of a TIFF and checks that the pixels of each are there."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Final, NamedTuple

from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats import ByteRange, FileView, joined
from dystrack.images.formats.tiff_directory import Directory, read_directory, read_header

__all__ = ["PageKind", "TiffPage", "read_pages"]

_WIDTH: Final = 256
_LENGTH: Final = 257
_BITS_PER_SAMPLE: Final = 258
_COMPRESSION: Final = 259
_PHOTOMETRIC: Final = 262
_STRIP_OFFSETS: Final = 273
_SAMPLES_PER_PIXEL: Final = 277
_STRIP_BYTE_COUNTS: Final = 279
_PLANAR_CONFIGURATION: Final = 284
_TILE_OFFSETS: Final = 324
_TILE_BYTE_COUNTS: Final = 325
_SAMPLE_FORMAT: Final = 339

_UNCOMPRESSED: Final = 1
_SEPARATE_PLANES: Final = 2
_COLOUR_PHOTOMETRICS: Final = frozenset({2, 5, 6, 8})  # RGB, CMYK, YCbCr, CIE Lab
_COLOUR_SAMPLES: Final = frozenset({3, 4})
_MOST_PAGES: Final = 100_000
_MOST_BITS: Final = 1 << 43  # a page of 1 TB


class PageKind(NamedTuple):
    """What the pages of one image have in common.

    Attributes
    ----------
    height, width : int
        Size in pixels.
    samples : int
        Values of each pixel.
    bits : int
        Bits of each value.
    compression, sample_format, planar : int
        Values of the tags of these names.
    """

    height: int
    width: int
    samples: int
    bits: int
    compression: int
    sample_format: int
    planar: int

    @property
    def is_compressed(self) -> bool:
        """Whether the pixels are stored compressed."""
        return self.compression != _UNCOMPRESSED

    @property
    def is_planar(self) -> bool:
        """Whether each value of the pixels is a plane of its own."""
        return self.planar == _SEPARATE_PLANES and self.samples > 1

    @property
    def n_bytes(self) -> int:
        """Return the bytes of a page that is not compressed; its rows are padded to full bytes."""
        in_row, planes = (1, self.samples) if self.is_planar else (self.samples, 1)
        return planes * self.height * ((self.width * in_row * self.bits + 7) // 8)

    @property
    def pixel_bytes(self) -> int:
        """Return the bytes of a pixel as stored; 1 when compressed."""
        return 1 if self.is_compressed else max(self.samples * self.bits // 8, 1)


@dataclass(frozen=True, slots=True)
class TiffPage:
    """A page whose directory, values and pixels all lie inside the file.

    Attributes
    ----------
    directory : Directory
        Its tags.
    kind : PageKind
        What the pages of one image have in common.
    is_colour : bool
        Whether a pixel is a colour.
    pixels : tuple of ByteRange
        Where its pixels lie; strips that touch are joined.
    """

    directory: Directory
    kind: PageKind
    is_colour: bool
    pixels: tuple[ByteRange, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each axis of the page by its letter."""
        return {"Y": self.kind.height, "X": self.kind.width, "S": self.kind.samples}


def read_pages(view: FileView) -> list[TiffPage]:
    """Follow the chain of pages to its end.

    Parameters
    ----------
    view : FileView
        The file.

    Returns
    -------
    list of TiffPage
        At least one page.

    Raises
    ------
    IncompleteImageError
        If a directory, a value or a strip of pixels is missing, or is said to be at 0.
    """
    layout, offset = read_header(view)
    pages: list[TiffPage] = []
    seen: set[int] = set()
    strips_left = view.size
    while offset:
        if offset in seen or len(pages) >= _MOST_PAGES:
            raise IncompleteImageError(f"the chain of pages does not end (at byte {offset})")
        seen.add(offset)
        directory = read_directory(view, layout, offset)
        strips_left -= _number_of_strips(directory)
        if strips_left < 0:
            raise IncompleteImageError("there are more strips than the file has bytes")
        pages.append(_read_page(directory, len(pages)))
        offset = directory.next_offset
    if not pages:
        raise IncompleteImageError("the place of the first page is not written yet")
    return pages


def _number_of_strips(directory: Directory) -> int:
    tag = directory.tags.get(_STRIP_OFFSETS) or directory.tags.get(_TILE_OFFSETS)
    return tag[1] if tag else 0


def _read_page(directory: Directory, index: int) -> TiffPage:
    """Return a page with the place of its pixels, all of them in the file."""
    kind = PageKind(
        directory.number(_LENGTH, 0),
        directory.number(_WIDTH, 0),
        directory.number(_SAMPLES_PER_PIXEL, 1),
        directory.number(_BITS_PER_SAMPLE, 1),
        directory.number(_COMPRESSION, _UNCOMPRESSED),
        directory.number(_SAMPLE_FORMAT, 1),
        directory.number(_PLANAR_CONFIGURATION, 1),
    )
    if min(kind[:4]) < 1 or prod(kind[:4]) > _MOST_BITS:
        raise IncompleteImageError(f"page {index} has no valid size ({kind.height} x {kind.width})")
    photometric = directory.number(_PHOTOMETRIC, 1)
    is_colour = photometric in _COLOUR_PHOTOMETRICS or kind.samples in _COLOUR_SAMPLES
    strips = _strips(directory, kind, index)
    return TiffPage(directory, kind, is_colour, tuple(joined(strips)))


def _strips(directory: Directory, kind: PageKind, index: int) -> list[ByteRange]:
    """Return the strips or tiles of a page."""
    offsets = directory.numbers(_STRIP_OFFSETS) or directory.numbers(_TILE_OFFSETS)
    counts = directory.numbers(_STRIP_BYTE_COUNTS) or directory.numbers(_TILE_BYTE_COUNTS)
    if len(offsets) == 1 and not counts and not kind.is_compressed:
        counts = (kind.n_bytes,)
    if not offsets or len(offsets) != len(counts):
        raise IncompleteImageError(f"page {index} does not say where its pixels are")
    if min(offsets) <= 0 or min(counts) <= 0:
        raise IncompleteImageError(f"page {index} has strips that are not written yet")
    if not kind.is_compressed and sum(counts) < kind.n_bytes:
        raise IncompleteImageError(f"page {index} has too few pixels for its size")
    return list(_ranges_in_file(offsets, counts, directory.view, index))


def _ranges_in_file(
    offsets: tuple[float, ...], counts: tuple[float, ...], view: FileView, index: int
) -> Iterator[ByteRange]:
    """Yield where strips lie."""
    for offset, count in zip(offsets, counts, strict=True):
        start, stop = int(offset), int(offset + count)
        if stop > view.size:
            raise IncompleteImageError(
                f"the pixels of page {index} end at byte {stop}, but the file has only {view.size}"
            )
        yield ByteRange(start, stop)
