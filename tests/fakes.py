"""Stand-ins for time, pipelines and microscopes, shared by all tests."""

import heapq
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

SHARED_PRESCANS = Path(__file__).parents[2] / "shared" / "prescans"


class FakeClock:
    """A clock that runs only when somebody sleeps, and does what was planned on the way."""

    def __init__(self, wall_s: float = 1_800_000_000.0) -> None:
        self._now_s = 1000.0
        self._wall_s = wall_s
        self._plans: list[tuple[float, int, Callable[[], object]]] = []
        self._count = itertools.count()

    def monotonic(self) -> float:
        return self._now_s

    def time(self) -> float:
        return self._wall_s + self._now_s

    def sleep(self, seconds: float) -> None:
        end_s = self._now_s + seconds
        while self._plans and self._plans[0][0] <= end_s:
            at_s, _, action = heapq.heappop(self._plans)
            self._now_s = max(self._now_s, at_s)
            action()
        self._now_s = max(self._now_s, end_s)

    def plan(self, in_s: float, action: Callable[[], object]) -> None:
        """Have something done once `in_s` seconds have passed."""
        heapq.heappush(self._plans, (self._now_s + in_s, next(self._count), action))


class Recorder:
    """A listener that keeps the events."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def __call__(self, event: object) -> None:
        self.events.append(event)

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


def write_prescan(path: Path, value: int = 0, shape: tuple[int, ...] = (5, 20, 30)) -> Path:
    """Write a small ImageJ stack that differs with `value`."""
    stack = np.full(shape, 7, np.uint8)
    stack[..., 5:9, 10:14] = 100 + value
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYX"[-len(shape) :]})
    return path


def fixed_pipeline(target_path, answer=(1.0, 2.0, 3.0)):
    """Answer the same each time.

    Parameters
    ----------
    target_path : str
        Not looked at.
    answer : tuple
        The coordinates.
    """
    return (*answer, "OK", {})
