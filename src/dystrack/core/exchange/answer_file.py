"""The answer file of a prescan: its line of the coordinates file, alone.

``<prescan name>.answer.txt`` has the same header, so that nobody can take it for another prescan's
answer. Readers go by the header: where the next prescan is wanted elsewhere than the main scan, the
columns ``nextZ nextY nextX nextInS`` follow.
"""

import math
from pathlib import Path
from typing import NamedTuple

from dystrack.core.coordinates import PixelPosition
from dystrack.core.exchange.complete_file import put_in_place
from dystrack.core.exchange.coords_file import HEADER, CoordsLine

__all__ = [
    "ANSWER_SUFFIX",
    "NextPrescan",
    "answer_path",
    "read_answer",
    "read_next",
    "write_answer",
]

ANSWER_SUFFIX = ".answer.txt"

_NEXT_COLUMNS = ("nextZ", "nextY", "nextX", "nextInS")


class NextPrescan(NamedTuple):
    """Where and when the next prescan is wanted, apart from where the main scan is.

    Attributes
    ----------
    z, y, x : float
        Its middle in pixels of the prescan that was answered.
    in_s : float or None
        How long after the last prescan, 0 for at once; None for at the usual time.
    """

    z: float
    y: float
    x: float
    in_s: float | None = None

    @property
    def place(self) -> PixelPosition:
        """Place of its middle, in pixels."""
        return PixelPosition(self.z, self.y, self.x)


def answer_path(prescan: Path) -> Path:
    """Return where the answer file of a prescan lies: beside it."""
    return prescan.with_name(prescan.name + ANSWER_SUFFIX)


def write_answer(prescan: Path, line: CoordsLine, then: NextPrescan | None = None) -> None:
    """Put the answer file of a prescan in place, complete.

    Parameters
    ----------
    prescan : Path
        The prescan.
    line : CoordsLine
        Its answer.
    then : NextPrescan or None, optional
        Where the next prescan is wanted; the four columns of the answer stand alone without it.

    Raises
    ------
    OSError
        If it could not be written; there is none then, or the one before.
    """
    header, text = HEADER, line.format()
    if then is not None:
        values = (math.nan if value is None else value for value in then)
        header = "\t".join((header, *_NEXT_COLUMNS))
        text = "\t".join((text, *(f"{value:.4f}" for value in values)))
    put_in_place(answer_path(prescan), f"{header}\n{text}\n", ANSWER_SUFFIX)


def read_answer(prescan: Path) -> CoordsLine | None:
    """Return what the answer file of a prescan says, by the names in its header; None if none."""
    columns = _columns(prescan)
    if columns is None:
        return None
    return CoordsLine.parse("\t".join(columns.get(name, "") for name in HEADER.split("\t")))


def read_next(prescan: Path) -> NextPrescan | None:
    """Return where and when an answer file wants the next prescan; None if it does not say."""
    columns = _columns(prescan) or {}
    try:
        z, y, x, in_s = (float(columns[name]) for name in _NEXT_COLUMNS)
    except (KeyError, ValueError):
        return None
    if not all(map(math.isfinite, (z, y, x))):
        return None
    return NextPrescan(z, y, x, None if math.isnan(in_s) else in_s)


def _columns(prescan: Path) -> dict[str, str] | None:
    """Return the columns of an answer by their names; None while there is none."""
    try:
        header, line = answer_path(prescan).read_text("utf-8", "replace").split("\n")[:2]
    except (OSError, ValueError):  # not there yet, or just being put in place
        return None
    return dict(zip(header.split("\t"), line.split("\t"), strict=False))
