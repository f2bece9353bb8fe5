"""Time in a simulation: it passes only when someone waits."""

import math
import time
from dataclasses import dataclass, field

__all__ = ["PacedClock", "SimulatedClock"]


@dataclass
class SimulatedClock:
    """A clock that stands still between two waits, and can run faster than real time.

    Work therefore costs no simulated time: a simulation gives the same result on any computer.

    Attributes
    ----------
    speed : float
        Simulated seconds in one real second: 1 is real time, infinity waits not at all.
    start_s : float
        What `time` says at the beginning, in seconds since the epoch.
    """

    speed: float = math.inf
    start_s: float = 1_750_000_000.0
    _elapsed_s: float = field(default=0.0, init=False, repr=False)

    def monotonic(self) -> float:
        """Return the simulated seconds since the beginning."""
        return self._elapsed_s

    def time(self) -> float:
        """Return the simulated time of day in s since the epoch."""
        return self.start_s + self._elapsed_s

    def sleep(self, seconds: float, /) -> None:
        """Let simulated seconds pass, and wait for the real ones that correspond to them."""
        self.advance(seconds)
        if math.isfinite(self.speed) and seconds > 0:
            time.sleep(seconds / self.speed)

    def advance(self, seconds: float) -> None:
        """Let simulated seconds pass without waiting for them."""
        self._elapsed_s += max(0.0, seconds)


class PacedClock(SimulatedClock):
    """Keeps pace with real time: waits less where work has taken some of it."""

    _began_s: float | None = None

    def sleep(self, seconds: float, /) -> None:
        """Let time pass, and wait for the real time that corresponds to all of it so far.

        Parameters
        ----------
        seconds : float
            Simulated seconds; negative ones count as none.
        """
        if self._began_s is None:
            self._began_s = time.monotonic()
        self.advance(seconds)
        due_s = self._began_s + self.monotonic() / self.speed
        time.sleep(max(0.0, due_s - time.monotonic()))
