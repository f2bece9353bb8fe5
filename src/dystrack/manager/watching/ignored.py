"""What is not a prescan is said at once, and once for each kind of reason."""

from collections import defaultdict
from collections.abc import Iterable

from dystrack.manager.events import ImagesIgnored, Listener

__all__ = ["IgnoredImages"]

_NAMES_TOLD = 5


class IgnoredImages:
    """Tells which new files are ignored: the first of each kind at once, then at 10, 100, ….

    Parameters
    ----------
    tell : Listener
        Takes the events.
    """

    def __init__(self, tell: Listener) -> None:
        self._tell = tell
        self._counts: dict[str, int] = defaultdict(int)
        self._told: dict[str, int] = {}

    def __contains__(self, reason: object) -> bool:
        """Return whether something was ignored for this reason."""
        return reason in self._counts

    def add(self, reason: str, names: Iterable[str]) -> None:
        """Count files that are ignored for a reason, such as ``"do not end with .tif"``."""
        listed = tuple(names)
        self._counts[reason] += len(listed)
        count = self._counts[reason]
        if count >= 10 * self._told.get(reason, 0):
            self._told[reason] = 10 ** (len(str(count)) - 1)
            self._tell(ImagesIgnored(reason=reason, names=listed[:_NAMES_TOLD], count=count))
