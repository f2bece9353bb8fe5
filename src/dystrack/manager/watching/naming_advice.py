"""Say which names tell no position, and which pattern would."""

import re
from collections import deque

from dystrack.manager.events import Listener, Warned
from dystrack.manager.watching.image_names import SINGLE_POSITION, PositionPattern

__all__ = ["NamingAdvice", "offered_pattern"]

_TOKEN = re.compile(r"\d+|[^\W\d_]+|[\W_]+")
_MOST_COMPARED = 20


class NamingAdvice:
    """Tells of the first prescan whose name says no position, and offers a pattern once.

    Parameters
    ----------
    naming : PositionPattern
        Tells a name's position and time point.
    tell : Listener
        Takes the events.
    """

    def __init__(self, naming: PositionPattern, tell: Listener) -> None:
        self._naming = naming
        self._tell = tell
        self._unfit: deque[str] = deque(maxlen=_MOST_COMPARED)
        self._has_offered = False

    def note(self, name: str) -> None:
        """Take note of a prescan's name."""
        if self._has_offered or self._naming.is_off or self._naming.fits(name):
            return
        if not self._unfit:
            self._tell(
                Warned(
                    message=f"The name {name} tells no position: all such prescans are position "
                    f"{SINGLE_POSITION}. If there are several, give --position_pattern."
                )
            )
        for before in reversed(self._unfit):
            pattern = offered_pattern(before, name, self._naming)
            if pattern:
                self._offer(before, name, pattern)
                return
        self._unfit.append(name)

    def _offer(self, before: str, name: str, pattern: str) -> None:
        self._has_offered = True
        self._tell(
            Warned(
                message=f"{before} and {name} are both position {SINGLE_POSITION}. If they are two "
                f'positions, start again with --position_pattern "{pattern}"'
            )
        )


def offered_pattern(first: str, second: str, naming: PositionPattern) -> str:
    r"""Return a pattern for the position of two names that differ in one word or number only.

    Parameters
    ----------
    first, second : str
        The names.
    naming : PositionPattern
        Tells the time point, which is not taken for the position.

    Returns
    -------
    str
        Such as ``embryo(?P<position>\\d+)``; empty if the names differ elsewhere.
    """
    a, b = _TOKEN.findall(first), _TOKEN.findall(second)
    differing = [i for i, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]]
    if len(a) != len(b) or len(differing) != 1:
        return ""
    if naming.label(first).time_point != naming.label(second).time_point:
        return ""
    at = differing[0]
    kind = r"\d+" if a[at].isdecimal() and b[at].isdecimal() else r"[^\W\d_]+"
    before = "^" if at == 0 else "".join(map(re.escape, a[max(0, at - 2) : at]))
    behind = _time_behind(a, at, naming.label(first).time_point)
    return f"{before}(?P<position>{kind}){behind}".replace(r"\-", "-")


def _time_behind(tokens: list[str], at: int, time_point: int | None) -> str:
    """Return the rest of the pattern up to the time point, if that comes behind the position."""
    for index in range(at + 1, len(tokens)):
        if tokens[index].isdecimal() and int(tokens[index]) == time_point:
            return "".join(map(re.escape, tokens[at + 1 : index])) + r"(?P<time>\d+)"
    return ""
