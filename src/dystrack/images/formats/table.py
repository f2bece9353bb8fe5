"""The formats of image files that are known, one line for each.

A new one is a file beside this one, and a line here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from dystrack.images.formats import (
    FileView,
    Pixels,
    Structure,
    czi,
    czi_pixels,
    hdf5,
    lif,
    nd2,
    tiff,
)

__all__ = ["FORMATS", "Format", "PixelReader", "format_of_start", "format_of_suffix"]

PixelReader: TypeAlias = Callable[[Path], tuple[Pixels, str]]


@dataclass(frozen=True)
class Format:
    """How files of one format are told from others and read.

    Attributes
    ----------
    suffixes : tuple of str
        How their names end, in lower case.
    magics : tuple of bytes
        How their content begins, where that tells.
    read_structure : callable
        Says whether a file is complete, and what it holds.
    read_pixels : callable, optional
        Reads its pixels; None where a plug-in of bioio does.
    """

    suffixes: tuple[str, ...]
    magics: tuple[bytes, ...]
    read_structure: Callable[[FileView], Structure]
    read_pixels: PixelReader | None = None


_TIFF = (".tif", ".tiff", ".btf", ".tf2", ".tf8"), (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

FORMATS: Final = (
    Format(*_TIFF, tiff.read_structure, tiff.read_pixels),
    Format((".czi",), (b"ZISRAWFILE",), czi.read_structure, czi_pixels.read_pixels),
    Format((".nd2",), (nd2.MAGIC, nd2.LEGACY_MAGIC), nd2.read_structure, nd2.read_pixels),
    Format((".lif",), (), lif.read_structure),
    Format((".h5", ".hdf5", ".ims"), (hdf5.MAGIC,), hdf5.read_structure),
)


def format_of_suffix(suffix: str) -> Format | None:
    """Return the format of files whose names end like this; None if it is not known."""
    return next((known for known in FORMATS if suffix.lower() in known.suffixes), None)


def format_of_start(start: bytes) -> Format | None:
    """Return the format of files that begin like this; None if it is not known."""
    return next((known for known in FORMATS if start.startswith(known.magics)), None)
