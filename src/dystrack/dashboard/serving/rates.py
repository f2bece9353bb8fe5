"""How many requests somebody may make."""

from collections import OrderedDict

from dystrack.core.protocols import SYSTEM_CLOCK, Clock

__all__ = ["Rates"]

_MOST_KNOWN = 1000


class Rates:
    """A bucket of requests for each address, filled evenly.

    Parameters
    ----------
    per_s : float
        How many requests a second are refilled.
    most : int
        How many there may be at once.
    clock : Clock, optional
        The time.
    """

    def __init__(self, per_s: float, most: int, clock: Clock = SYSTEM_CLOCK) -> None:
        self._per_s = per_s
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> bool:
        """Take one request of somebody, and return whether there was one left."""
        left = self._left(who)
        has_one = left >= 1
        self._buckets[who] = (left - has_one, self._clock.monotonic())
        self._buckets.move_to_end(who)
        if len(self._buckets) > _MOST_KNOWN:
            self._buckets.popitem(last=False)
        return has_one

    def _left(self, who: str) -> float:
        now_s = self._clock.monotonic()
        left, at_s = self._buckets.get(who, (float(self._most), now_s))
        return min(self._most, left + (now_s - at_s) * self._per_s)
