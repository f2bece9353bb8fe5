"""Is it still the same file, and the same image? Answered from stamps, identities and samples."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import Final, TypeAlias

__all__ = ["FileId", "FileStamp", "PixelSamples", "file_id", "sample", "shows_same_image"]

FileId: TypeAlias = tuple[int, int]
"""What stays the same when a file is renamed: its device and its number there."""

_SAMPLE_BYTES: Final = 64
_MOST_SAMPLES: Final = 64
_SAME_SHARE: Final = 0.75  # the rest may be headers and pointers, which change when pages follow


@dataclass(frozen=True)
class FileStamp:
    """What tells that a file has changed.

    Attributes
    ----------
    size : int
        Bytes; of a folder, those of all files in it.
    mtime_ns : int
        Time of the last change in ns since the epoch; of a folder, the latest in it.
    """

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> "FileStamp":
        """Take the stamp of a file, or of a folder with all in it, from the files themselves.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        """
        found = path.stat()
        if not S_ISDIR(found.st_mode):
            return cls(found.st_size, found.st_mtime_ns)
        stamps = list(_stamps_below(path))
        return cls(
            sum(stamp.size for stamp in stamps),
            max([found.st_mtime_ns, *(stamp.mtime_ns for stamp in stamps)]),
        )


def file_id(found: os.stat_result) -> FileId | None:
    """Return what a new name of a file does not change; None where files have no numbers."""
    return (found.st_dev, found.st_ino) if found.st_ino else None


@dataclass(frozen=True, slots=True)
class PixelSamples:
    """Small pieces of a file.

    Attributes
    ----------
    offsets : tuple of int
        Where they begin.
    pieces : tuple of bytes
        Up to 64 bytes each.
    """

    offsets: tuple[int, ...]
    pieces: tuple[bytes, ...]


def sample(path: Path) -> PixelSamples | None:
    """Take up to 64 pieces by which an image can be recognised; None where they cannot be read."""
    try:
        size = path.stat().st_size
        count = min(_MOST_SAMPLES, -(-size // _SAMPLE_BYTES))
        offsets = tuple(index * size // count for index in range(count))
        return PixelSamples(offsets, _pieces(path, offsets))
    except OSError:
        return None


def shows_same_image(path: Path, before: PixelSamples) -> bool | None:
    """Return whether a file still has the image of which samples were taken, or more of it.

    So it is if three quarters of the samples are where they were. Those that were blank do not
    count, since they may have been filled; None if all of them were.
    """
    pairs = zip(before.pieces, _pieces(path, before.offsets), strict=True)
    same = [old == new for old, new in pairs if any(old)]
    return sum(same) >= _SAME_SHARE * len(same) if same else None


def _pieces(path: Path, offsets: tuple[int, ...]) -> tuple[bytes, ...]:
    with path.open("rb", buffering=0) as file:
        pieces = []
        for offset in offsets:
            file.seek(offset)
            pieces.append(file.read(_SAMPLE_BYTES))
        return tuple(pieces)


def _stamps_below(folder: Path) -> Iterator[FileStamp]:
    """Yield the stamps of all files and folders below a folder; folders have no size."""
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            try:
                found = Path(parent, name).stat()
            except FileNotFoundError:
                continue
            size = 0 if S_ISDIR(found.st_mode) else found.st_size
            yield FileStamp(size, found.st_mtime_ns)
