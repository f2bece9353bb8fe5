"""When prescans were taken, on a clock that runs on over resumes."""

from collections.abc import Iterable
from pathlib import Path

from dystrack.core.protocols import Clock
from dystrack.images.outcomes import Ready
from dystrack.images.readers import read_image
from dystrack.manager.tracking.positions import Position
from dystrack.manager.watching.waiting_line import ArrivedImage

__all__ = ["TrackingTimes", "is_black_image"]

_NS_PER_S = 1e9
_AT_START_S = 5.0


class TrackingTimes:
    """Tells times of prescans: in a session by the steady clock, between two by the wall clock.

    Parameters
    ----------
    clock : Clock
        The time.
    known : iterable of Position
        Positions of the run before; the clock never runs back behind their last looks.
    """

    def __init__(self, clock: Clock, known: Iterable[Position]) -> None:
        looks_s = [position.track.time_s for position in known if position.track is not None]
        self._wall_s = clock.time()
        self._steady_s = clock.monotonic()
        self._start_s = max([self._wall_s, *looks_s])

    def of(self, image: ArrivedImage) -> float:
        """Return when a prescan came; one that was there before, when it was written."""
        since_s = image.noticed_s - self._steady_s
        if since_s < _AT_START_S and isinstance(image.outcome, Ready):
            since_s = min(since_s, image.outcome.stamp.mtime_ns / _NS_PER_S - self._wall_s)
        return self._start_s + since_s


def is_black_image(path: Path) -> bool:
    """Return whether an image shows nothing at all, not even noise; False if it cannot be read."""
    try:
        pixels = read_image(path).pixels
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it does not say that it is black
        return False
    return bool(pixels.size and pixels.min() == pixels.max())
