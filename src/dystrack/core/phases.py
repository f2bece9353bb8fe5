"""Which phase of an experiment a prescan belongs to: its name says so."""

import re
from collections.abc import Iterable

__all__ = ["phase_in"]


def phase_in(name: str, phases: Iterable[str]) -> str:
    """Return the phase that the name of a prescan tells.

    Parameters
    ----------
    name : str
        Name of its file.
    phases : iterable of str
        The words that stand for phases.

    Returns
    -------
    str
        The one that stands first in the name, apart from other letters and in any case; empty if
        there is none.

    Examples
    --------
    >>> phase_in("closeup_3_pos_1.czi", ["overview", "closeup"])
    'closeup'
    """
    found = []
    for phase in phases:
        word = rf"(?<![^\W\d_]){re.escape(phase)}(?![^\W\d_])"
        if match := re.search(word, name, re.IGNORECASE):
            found.append((match.start(), -len(phase), phase))
    return min(found)[2] if found else ""
