"""Files that others wait for: there complete, or not at all."""

import contextlib
from pathlib import Path

__all__ = ["put_in_place"]

_SHORT_STEM = "dystrack"  # fits wherever a longer name does, and is no prescan's


def put_in_place(path: Path, text: str, suffix: str) -> None:
    """Write a text file so that nobody ever sees a part of it.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        What it is to hold; written as UTF-8, with line feeds.
    suffix : str
        Ending of its name, of which the session knows that it is no prescan's.

    Raises
    ------
    OSError
        If it could not be written; there is none then, or the one before.
    """
    unfinished = path.with_name(_SHORT_STEM + suffix)
    try:
        unfinished.write_bytes(text.encode())
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise
