"""The answer file of a prescan: its line of the coordinates file, alone.

``<prescan name>.answer.txt`` has the same header, so that nobody can take it for another prescan's
answer. Readers go by the header: columns may be added at its end.
"""

import contextlib
from pathlib import Path

from dystrack.core.coords_file import HEADER, CoordsLine

__all__ = ["ANSWER_SUFFIX", "answer_path", "read_answer", "write_answer"]

ANSWER_SUFFIX = ".answer.txt"


def answer_path(prescan: Path) -> Path:
    """Return where the answer file of a prescan lies: beside it."""
    return prescan.with_name(prescan.name + ANSWER_SUFFIX)


def write_answer(prescan: Path, line: CoordsLine) -> None:
    """Put the answer file of a prescan in place, complete.

    Parameters
    ----------
    prescan : Path
        The prescan.
    line : CoordsLine
        Its answer.

    Raises
    ------
    OSError
        If it could not be written; there is none then, or the one before.
    """
    unfinished = answer_path(prescan.with_name(f"{prescan.name}.part"))  # no prescan's name either
    try:
        unfinished.write_bytes(f"{HEADER}\n{line.format()}\n".encode())
        unfinished.replace(answer_path(prescan))
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def read_answer(prescan: Path) -> CoordsLine | None:
    """Return what the answer file of a prescan says, by the names in its header.

    Parameters
    ----------
    prescan : Path
        The prescan.

    Returns
    -------
    CoordsLine or None
        Its answer; None while there is none.
    """
    try:
        header, line = answer_path(prescan).read_text("utf-8", "replace").split("\n")[:2]
    except (OSError, ValueError):  # not there yet, or just being put in place
        return None
    columns = dict(zip(header.split("\t"), line.split("\t"), strict=False))
    return CoordsLine.parse("\t".join(columns.get(name, "") for name in HEADER.split("\t")))
