"""The text file through which coordinates reach a microscope's macro; its one definition.

``dystrack_coords.txt`` has the header ``Z<tab>Y<tab>X<tab>msg`` and then one line for each prescan,
in the order in which they were noticed. Macros poll it and count its lines, so a line appears
complete or not at all.
"""

import errno
import io
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dystrack.core.errors import CoordsFileError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock

__all__ = [
    "COORDS_FILE_NAME",
    "FAILURE_MESSAGE",
    "HEADER",
    "LATE_MARK",
    "VISITS_FILE_NAME",
    "CoordsFollower",
    "CoordsLine",
    "append_line",
    "clean_message",
    "content_of",
    "prepare_coords_file",
    "read_lines",
    "wait_for",
    "wait_for_line",
]

COORDS_FILE_NAME = "dystrack_coords.txt"
VISITS_FILE_NAME = "dystrack_visits.jsonl"
"""Where the program that drives a microscope records its visits, beside that file."""
HEADER = "Z\tY\tX\tmsg"
FAILURE_MESSAGE = "Image analysis failed!"
"""Message where the coordinates do not come from the image; a careful macro then stays."""
LATE_MARK = "LATE:"
"""Stands before the message of an answer that could not be sent at its time."""

_NO_MESSAGE = "_"
_N_COLUMNS = 4
_LONGEST_LINE_BYTES = 65_536


def clean_message(message: object) -> str:
    """Return a message for one column of a line: white space folded, the unprintable as ``?``."""
    folded = " ".join(str(message).split())
    return "".join(c if c.isprintable() else "?" for c in folded) or _NO_MESSAGE


@dataclass(frozen=True, slots=True)
class CoordsLine:
    """One line of the file.

    Attributes
    ----------
    z, y, x : float
        Coordinates in pixels; NaN where there are none.
    msg : str
        Message to the macro.
    """

    z: float
    y: float
    x: float
    msg: str

    def format(self, precision: int = 4) -> str:
        """Return the line as it stands in the file, without its line end."""
        numbers = (f"{value:.{precision}f}" for value in (self.z, self.y, self.x))
        return "\t".join((*numbers, clean_message(self.msg)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the line that `text` spells; one that cannot be read has no target."""
        *columns, msg = [*text.split("\t", 3), _NO_MESSAGE][:4]
        try:
            z, y, x = (float(column) for column in columns)
        except ValueError:
            return cls(math.nan, math.nan, math.nan, clean_message(text))
        return cls(z, y, x, msg)


def prepare_coords_file(path: Path) -> None:
    """Make sure that lines can be appended: create the file, or check the one that is there.

    Parameters
    ----------
    path : Path
        The file; what it holds already stays.

    Raises
    ------
    CoordsFileError
        If its first line is not the header, or if it cannot be opened for writing.
    """
    try:
        with path.open("a+b", buffering=0) as file:
            file.seek(0)
            content = file.read()
            if content and not content.startswith(HEADER.encode()):
                first_line = content.splitlines()[0][:80].decode("utf-8", "replace")
                msg = (
                    f"{path} is not a coordinates file of DySTrack: its first line is "
                    f"{first_line!r}, not {HEADER!r}. It was left as it is. Move it away, or "
                    "watch another folder."
                )
                raise CoordsFileError(msg)
            if _end_last_line(file) == 0:
                file.write(f"{HEADER}\n".encode())
    except OSError as error:
        msg = f"{path} cannot be written: {error}. Close programs that hold it, check its rights."
        raise CoordsFileError(msg) from error


def _end_last_line(file: io.FileIO) -> int:
    """End the last line, or drop it where its coordinates are torn; return the size of the file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LONGEST_LINE_BYTES))
    tail = file.read()
    last_line = tail[tail.rfind(b"\n") + 1 :]
    if not last_line:
        return size
    if last_line.count(b"\t") < _N_COLUMNS - 1:
        return file.truncate(size - len(last_line))
    return size + file.write(b"\n")


def append_line(path: Path, line: CoordsLine, precision: int = 4) -> None:
    """Append one line, complete or not at all.

    Where something else left the last line without its end, that is mended first.

    Parameters
    ----------
    path : Path
        The file; it is made, with its header, where it is missing.
    line : CoordsLine
        What to append.
    precision : int, default 4
        Digits after the decimal point.

    Raises
    ------
    OSError
        If the line could not be written; the file is then as it was.
    """
    with path.open("ab+", buffering=0) as file:
        size_before = _end_last_line(file)
        text = line.format(precision) + "\n"
        data = (text if size_before else f"{HEADER}\n{text}").encode()
        if file.write(data) != len(data):
            file.truncate(size_before)
            raise OSError(errno.ENOSPC, "the disk is full", str(path))


class CoordsFollower:
    """Reads a coordinates file as it grows: each look takes what is new.

    Parameters
    ----------
    path : Path
        The file; a missing one has no lines.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._texts: list[str] = []  # the header, then the lines

    def look(self) -> list[str]:
        """Return the lines that are complete by now, as text, without the header."""
        try:
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._offset:  # another file stands there now
                    self._offset, self._texts = 0, []
                file.seek(self._offset)
                new = file.read()
        except FileNotFoundError:
            new = b""
        complete = new[: new.rfind(b"\n") + 1]
        self._offset += len(complete)
        self._texts += complete.decode("utf-8", "replace").split("\n")[:-1]
        return self._texts[1:]


def content_of(path: Path) -> bytes | None:
    """Return what the file holds; nothing if it is missing, None if it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError:
        return None


def read_lines(path: Path) -> list[CoordsLine]:
    """Return the complete lines in order, without the header; a missing file has none."""
    return [CoordsLine.parse(text) for text in CoordsFollower(path).look()]


def wait_for_line(
    path: Path,
    n_before: int,
    *,
    timeout_s: float,
    clock: Clock = SYSTEM_CLOCK,
    poll_s: float = 0.05,
) -> CoordsLine:
    """Return the line that answers a prescan, as a macro does: wait for one more than before.

    Parameters
    ----------
    path : Path
        The file.
    n_before : int
        How many lines it had before the prescan was written.
    timeout_s : float
        How long to wait in s.
    clock : Clock, optional
        The time.
    poll_s : float, default 0.05
        Time between two looks in s.

    Returns
    -------
    CoordsLine
        The first line after the `n_before` lines.

    Raises
    ------
    TimeoutError
        If no line came in time.
    """
    follower = CoordsFollower(path)

    def look() -> CoordsLine | None:
        lines = follower.look()
        return CoordsLine.parse(lines[n_before]) if len(lines) > n_before else None

    return wait_for(look, path, timeout_s=timeout_s, clock=clock, poll_s=poll_s)


def wait_for(
    look: Callable[[], CoordsLine | None],
    path: Path,
    *,
    timeout_s: float,
    clock: Clock = SYSTEM_CLOCK,
    poll_s: float = 0.05,
) -> CoordsLine:
    """Return the line that a look finds, as soon as it finds one.

    Parameters
    ----------
    look : callable
        Returns the line, or None while there is none.
    path : Path
        Where it looks, for the message.
    timeout_s : float
        How long to wait in s.
    clock : Clock, optional
        The time.
    poll_s : float, default 0.05
        Time between two looks in s.

    Returns
    -------
    CoordsLine
        The line.

    Raises
    ------
    TimeoutError
        If no line came in time.
    """
    deadline_s = clock.monotonic() + timeout_s
    while (line := look()) is None:
        if clock.monotonic() >= deadline_s:
            msg = f"No coordinates came within {timeout_s:g} s in {path}. Is DySTrack running?"
            raise TimeoutError(msg)
        clock.sleep(poll_s)
    return line
