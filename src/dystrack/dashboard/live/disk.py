"""How much room is left on a disk, and when it will be full at this pace."""

from collections import deque

__all__ = ["DiskPace"]

_LOOKS = 120
_LEAST_SPAN_S = 60.0


class DiskPace:
    """Notes how much room there is, and expects it to shrink as it has done lately."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque(maxlen=_LOOKS)

    def note(self, at_s: float, free_bytes: int) -> None:
        """Note how much room is left."""
        self._looks.append((at_s, free_bytes))

    @property
    def free_bytes(self) -> int | None:
        """Return the room at the last look; None before the first."""
        return self._looks[-1][1] if self._looks else None

    @property
    def full_in_s(self) -> float | None:
        """Return when it will be full; None while nothing tells, or while it does not shrink."""
        if len(self._looks) < 2:  # noqa: PLR2004 - a pace needs two
            return None
        (first_s, before), (last_s, now) = self._looks[0], self._looks[-1]
        span_s, used = last_s - first_s, before - now
        return now * span_s / used if span_s >= _LEAST_SPAN_S and used > 0 else None
