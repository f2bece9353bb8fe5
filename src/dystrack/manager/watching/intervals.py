"""Say when no prescan has come for unusually long."""

from collections import deque

__all__ = ["Intervals"]

_KEPT = 12
_NEEDED = 3
_USUAL_INTERVALS = 3.0
_SHORTEST_SILENCE_S = 30.0


class Intervals:
    """Times between prescans of the same position, and the silence since the last prescan.

    The longest of the last twelve intervals is the usual one: where no name tells positions, those
    of one time point come in quick succession.
    """

    def __init__(self) -> None:
        self._last_s: dict[str, float] = {}
        self._intervals_s: deque[float] = deque(maxlen=_KEPT)
        self._newest_s: float | None = None

    def note(self, position: str, now_s: float) -> None:
        """Take note of when a prescan of a position was noticed, on the monotonic clock."""
        if position in self._last_s:
            self._intervals_s.append(now_s - self._last_s[position])
        self._last_s[position] = self._newest_s = now_s

    def overdue(self, now_s: float) -> tuple[float, float] | None:
        """Say whether no prescan has come for three usual intervals, at least for 30 s.

        Parameters
        ----------
        now_s : float
            The time on the monotonic clock.

        Returns
        -------
        tuple of float or None
            The silence and the usual interval in s; None as long as all is as usual, and, once it
            was said, until the next prescan.
        """
        if self._newest_s is None or len(self._intervals_s) < _NEEDED:
            return None
        usual_s, silent_s = max(self._intervals_s), now_s - self._newest_s
        if silent_s < max(_USUAL_INTERVALS * usual_s, _SHORTEST_SILENCE_S):
            return None
        self._newest_s = None
        return silent_s, usual_s
