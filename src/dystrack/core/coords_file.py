"""The text file through which coordinates reach a microscope's macro; its one definition.

``dystrack_coords.txt`` has the header ``Z<tab>Y<tab>X<tab>msg`` and then one line for each target.
Macros poll it and read the last line, so a line appears whole or not at all.
"""

import errno
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dystrack.core.errors import CoordsFileError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock

__all__ = [
    "COORDS_FILE_NAME",
    "HEADER",
    "CoordsLine",
    "append_line",
    "clean_message",
    "prepare_coords_file",
    "read_lines",
    "wait_for_line",
]

COORDS_FILE_NAME = "dystrack_coords.txt"
HEADER = "Z\tY\tX\tmsg"
_NO_MESSAGE = "_"
_N_COLUMNS = 4


def clean_message(message: object) -> str:
    """Return a message that fits into one column of one line.

    Parameters
    ----------
    message : object
        Whatever a pipeline gave as its message.

    Returns
    -------
    str
        Its text with white space of any kind folded to single blanks and unprintable characters
        replaced by ``?``; ``_`` when nothing is left.
    """
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
            if not content:
                file.write(f"{HEADER}\n".encode())
            elif not content.endswith(b"\n"):
                _mend_last_line(file, content)
    except OSError as error:
        msg = f"{path} cannot be written: {error}. Close programs that hold it, check its rights."
        raise CoordsFileError(msg) from error


def _mend_last_line(file: io.FileIO, content: bytes) -> None:
    """End the last line, or drop it where a power cut tore its coordinates."""
    start = content.rfind(b"\n") + 1
    if content.count(b"\t", start) < _N_COLUMNS - 1:
        file.truncate(start)
    else:
        file.write(b"\n")


def append_line(path: Path, line: CoordsLine, precision: int = 4) -> None:
    """Append one line, whole or not at all.

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
    with path.open("ab", buffering=0) as file:
        size_before = file.seek(0, 2)
        text = line.format(precision) + "\n"
        data = (text if size_before else f"{HEADER}\n{text}").encode()
        if file.write(data) != len(data):
            file.truncate(size_before)
            raise OSError(errno.ENOSPC, "the disk is full", str(path))


def read_lines(path: Path) -> list[CoordsLine]:
    """Return the lines that are written whole, without the header.

    Parameters
    ----------
    path : Path
        The file; a missing one has no lines.

    Returns
    -------
    list of CoordsLine
        Lines in the order of writing.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    whole = content[: content.rfind(b"\n") + 1].decode("utf-8", "replace")
    return [CoordsLine.parse(text) for text in whole.split("\n")[1:-1]]


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
    deadline_s = clock.monotonic() + timeout_s
    while len(lines := read_lines(path)) <= n_before:
        if clock.monotonic() >= deadline_s:
            msg = f"No coordinates came within {timeout_s:g} s in {path}. Is DySTrack running?"
            raise TimeoutError(msg)
        clock.sleep(poll_s)
    return lines[n_before]
