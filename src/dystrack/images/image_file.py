"""Is an image file complete, and what does it hold? Answered from headers, without decoding pixels.

The verdicts::

    COMPLETE    everything that the file promises is there
    OPEN        valid so far, but nothing says that no more planes follow
    SUSPECT     complete in structure, but some of it looks as if it had not been written yet
    INCOMPLETE  something is missing; the reason says what
    UNKNOWN     the format is not known

Structure alone cannot see everything: a file that was allocated in advance may be complete in
structure while its last pixels are still zero. That is why `readiness` also asks whether someone
still writes.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats import ByteRange, FileView, Structure, joined, zarr
from dystrack.images.formats.table import FORMATS, format_of_start, format_of_suffix

__all__ = ["SUPPORTED", "ImageStatus", "Verdict", "inspect_image", "inspect_image_closely"]

_LONGEST_MAGIC_BYTES: Final = 16

SUPPORTED: Final = frozenset({*(suffix for known in FORMATS for suffix in known.suffixes), ".zarr"})
"""Suffixes, in lower case, of the formats whose structure is understood."""

# What parsing damaged metadata can raise: a value of any type may stand where a number belongs.
_DAMAGE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)

_PAGE_BYTES: Final = 4096
_TAIL_BYTES: Final = 512
_MOST_SAMPLES: Final = 32
_SCAN_BYTES: Final = 1 << 16
_WORDS_PER_PAGE: Final = _PAGE_BYTES // 8
_PROBE_STEP: Final = 73  # words of a page that are looked at first: every 73rd


class Verdict(StrEnum):
    """What the structure of a file says."""

    COMPLETE = "complete"
    OPEN = "open"
    SUSPECT = "suspect"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ImageStatus:
    """What is known of an image file.

    Attributes
    ----------
    verdict : Verdict
        Whether it is complete.
    reason : str
        Why it is not `COMPLETE`; else empty.
    axes : str
        Letters of the axes of the squeezed image: T (time), C (channel), Z, Y, X and S (samples of
        a colour) in this order, others before Z; empty when not known. Of several positions in an
        ND2 file, only the first counts.
    shape : tuple of int
        Length of each of these axes; empty when not known.
    axes_known : bool
        Whether the file says what its axes are. If not, those before Y and X are a guess, in which
        the last one is Z.
    voxel_size : VoxelSize or None
        Distance between voxels in µm; None unless the file gives it for every axis that it has.
    n_planes : int or None
        Number of 2-D planes, in an `OPEN` file so far; None when not known.
    is_colour : bool
        Whether a pixel is a colour (RGB and the like) instead of one value.
    may_grow : bool
        Whether nothing in the file says how many planes it will have.
    """

    verdict: Verdict
    reason: str = ""
    axes: str = ""
    shape: tuple[int, ...] = ()
    axes_known: bool = True
    voxel_size: VoxelSize | None = None
    n_planes: int | None = None
    is_colour: bool = False
    may_grow: bool = True


def inspect_image(path: Path) -> ImageStatus:
    """Say whether an image file is complete, from its headers and some of its pixels.

    Parameters
    ----------
    path : Path
        The file, or the folder of an OME-Zarr image.

    Returns
    -------
    ImageStatus
        `SUSPECT` if the last 512 bytes, or the last 4 KiB page of one of up to 32 stretches of
        pixels, are all zero. A file that may not be read is `INCOMPLETE`: its writer may deny it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    return _inspect(path, closely=False)


def inspect_image_closely(path: Path) -> ImageStatus:
    """Say whether an image file is complete, with a look at every page of its pixels.

    For use where nobody can say whether the file is still being written. Reads all of the pixels.

    Parameters
    ----------
    path : Path
        The file, or the folder of an OME-Zarr image.

    Returns
    -------
    ImageStatus
        As from `inspect_image`, but `SUSPECT` also if any 4 KiB page that holds pixels is all zero,
        or if the file ends with a pixel that is zero.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    return _inspect(path, closely=True)


def _inspect(path: Path, *, closely: bool) -> ImageStatus:
    try:
        if path.is_dir():
            return _inspect_folder(path)
        return _inspect_file(path, closely=closely)
    except FileNotFoundError:
        raise
    except IncompleteImageError as error:
        return ImageStatus(Verdict.INCOMPLETE, str(error))
    except OSError as error:
        return ImageStatus(Verdict.INCOMPLETE, f"it cannot be read now ({error.strerror or error})")
    except _DAMAGE as error:
        return ImageStatus(Verdict.INCOMPLETE, f"its header or metadata are damaged ({error})")


def _inspect_folder(path: Path) -> ImageStatus:
    if not zarr.is_zarr(path):
        return ImageStatus(Verdict.UNKNOWN, "a folder that is no OME-Zarr image")
    return _status(zarr.read_structure(path), blank="")


def _inspect_file(path: Path, *, closely: bool) -> ImageStatus:
    with path.open("rb", buffering=0) as file:
        view = FileView(file, path.name)
        if not view.size:
            raise IncompleteImageError("it is empty")
        by_name = format_of_suffix(path.suffix)
        known = by_name or format_of_start(_start_of(view))
        if known is None:
            return ImageStatus(Verdict.UNKNOWN, f"the format {path.suffix!r} is not known")
        structure = known.read_structure(view)
        status = _status(structure, _blank_part(view, structure, closely=closely))
        # Microscopes have their own kinds of TIFF and HDF5: only the structure can be relied upon.
        return status if by_name else ImageStatus(status.verdict, status.reason)


def _start_of(view: FileView) -> bytes:
    return view.read(0, min(_LONGEST_MAGIC_BYTES, view.size), "the header")


def _status(structure: Structure, blank: str) -> ImageStatus:
    """Return the verdict on a structure, some part of which may look blank."""
    suspicions = [reason for reason in (structure.suspicion, blank) if reason]
    if suspicions:
        verdict = Verdict.SUSPECT
    elif structure.doubt:
        verdict = Verdict.OPEN
    else:
        verdict = Verdict.COMPLETE
    return ImageStatus(
        verdict=verdict,
        reason="; ".join([*suspicions, structure.doubt] if structure.doubt else suspicions),
        axes=structure.axes,
        shape=structure.shape,
        axes_known=structure.axes_known,
        voxel_size=structure.voxel_size,
        n_planes=structure.n_planes,
        is_colour=structure.is_colour,
        may_grow=bool(structure.doubt),
    )


def _blank_part(view: FileView, structure: Structure, *, closely: bool) -> str:
    """Say which part looks as if it had not been written yet; nothing if none does."""
    if not structure.may_end_blank:
        ends_with_pixel = bool(structure.pixels) and structure.pixels[-1].stop == view.size
        wanted = structure.pixel_bytes if closely and ends_with_pixel else _TAIL_BYTES
        tail_bytes = min(wanted, view.size)
        if not any(view.read(view.size - tail_bytes, tail_bytes, "the end")):
            return f"its last {tail_bytes} bytes are zero"
    start = _blank_page(view, structure) if closely else _blank_last_page(view, structure)
    if start is None:
        return ""
    return f"its bytes from {start} to {min(start + _PAGE_BYTES, view.size)} are zero"


def _blank_last_page(view: FileView, structure: Structure) -> int | None:
    """Return where a page begins that ends some stretch of pixels and is all zero.

    Some stretches are looked at, the last one among them; of each the last page without anything
    but pixels.
    """
    step = -(-len(structure.pixels) // _MOST_SAMPLES) or 1
    for piece in structure.pixels[::-step]:
        start = (piece.stop // _PAGE_BYTES - 1) * _PAGE_BYTES
        if start >= piece.start and not any(view.read(start, _PAGE_BYTES, "the pixels")):
            return start
    return None


def _blank_page(view: FileView, structure: Structure) -> int | None:
    """Return where a page begins that holds pixels, be it among other things, and is all zero."""
    pages = (
        ByteRange(piece.start // _PAGE_BYTES, -(-piece.stop // _PAGE_BYTES))
        for piece in structure.pixels
    )
    for piece in joined(pages):
        stop = min(piece.stop * _PAGE_BYTES, view.size)
        for start in range(piece.start * _PAGE_BYTES, stop, _SCAN_BYTES):
            data = view.read(start, min(_SCAN_BYTES, stop - start), "the pixels")
            page = _first_blank(data)
            if page is not None:
                return start + page * _PAGE_BYTES
    return None


def _first_blank(data: bytes) -> int | None:
    """Return the index of the first page that is all zero; the last one may be shorter."""
    n_whole, rest = divmod(len(data), _PAGE_BYTES)
    words = np.frombuffer(data, np.uint64, n_whole * _WORDS_PER_PAGE)
    words = words.reshape(n_whole, _WORDS_PER_PAGE)
    for page in np.flatnonzero(~words[:, ::_PROBE_STEP].any(axis=1)):
        if not words[page].any():
            return int(page)
    return n_whole if rest and not any(data[-rest:]) else None
