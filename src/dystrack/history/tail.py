"""Reads a journal while it grows; whatever is in it, it never raises."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from dystrack.history.entries import Record
from dystrack.history.sound import is_sound

__all__ = ["JournalTail"]

_PIECE_BYTES = 1 << 20
_LONGEST_LINE_BYTES = 4 << 20  # an event of ours has 64 kB at most; beyond, it is none


class JournalTail:
    """The lines of a journal that are new since the last look.

    A line is read once its end is there. One that is torn, too long or no event is counted.

    Parameters
    ----------
    path : Path
        The journal; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_torn = 0
        self.is_away = False
        self._file_id: tuple[int, int] | None = None
        self._offset = 0
        self._rest = b""
        self._is_too_long = False

    def is_another_file(self) -> bool:
        """Return whether the journal was replaced or cut since the last look, so to begin anew."""
        try:
            now = self.path.stat()
        except OSError:
            self.is_away = True
            return False
        self.is_away = False
        is_other = self._file_id is not None and (
            _id_of(now) != self._file_id or now.st_size < self._offset
        )
        if is_other or self._file_id is None:
            self._file_id = _id_of(now)
            self._offset, self._rest, self.n_torn = 0, b"", 0
        return is_other

    def read(self) -> Iterator[tuple[int, Record]]:
        """Yield each new event, and where in the file its line begins."""
        for at, line in self._lines():
            record = _parsed(line)
            if record is None:
                self.n_torn += bool(line.strip())
            else:
                yield at, record

    def read_at(self, offset: int) -> Record:
        """Return the event that begins at a place in the file; an empty one if there is none."""
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                return _parsed(file.readline(_LONGEST_LINE_BYTES)) or {}
        except OSError:
            return {}

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        try:
            if self.path.stat().st_size <= self._offset:
                return
            with self.path.open("rb") as file:
                file.seek(self._offset)
                while piece := file.read(_PIECE_BYTES):
                    yield from self._cut(piece)
        except OSError:
            self.is_away = True

    def _cut(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        begin = self._offset - len(self._rest)
        *complete, self._rest = (self._rest + piece).split(b"\n")
        self._offset += len(piece)
        for line in complete:
            if self._is_too_long:
                self._is_too_long = False
                self.n_torn += 1
            else:
                yield begin, line
            begin += len(line) + 1
        if len(self._rest) > _LONGEST_LINE_BYTES:
            self._is_too_long, self._rest = True, b""


def _id_of(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _parsed(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if is_sound(record) else None
