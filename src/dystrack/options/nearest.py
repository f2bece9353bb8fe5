"""The name that somebody meant who has typed another."""

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean", "nearest"]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like another, whatever its case; empty if none is."""
    spellings = {spelling.lower(): spelling for spelling in known}
    close = difflib.get_close_matches(name.lower(), spellings, n=1)
    return spellings[close[0]] if close else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the question whether a known name was meant, after a space; empty if none is near."""
    meant = nearest(name, known)
    return f" Did you mean {meant}?" if meant else ""
