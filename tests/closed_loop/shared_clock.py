"""Simulated time for several threads of which only one runs at a time, always the same way."""

import heapq
import itertools
import threading
import time

_DEADLINE_S = 120.0


class SharedClock:
    """A clock on which a manager and a microscope live side by side, faster than real time.

    A thread that sleeps hands over to the one that wakes first. Work takes no time. The time of day
    is the real one, as that of the files is.
    """

    def __init__(self):
        self._now_s = 0.0
        self._sleepers = []
        self._count = itertools.count()
        self._threads = []
        self._failures = []

    def monotonic(self):
        return self._now_s

    def time(self):
        return time.time()

    def sleep(self, seconds):
        woken = self._lie_down(seconds)
        self._wake_next()
        if not woken.wait(_DEADLINE_S):
            raise TimeoutError("The other threads never slept.")

    def run_beside(self, work):
        """Have something done in a thread of its own, from the next sleep of this one on."""
        woken = self._lie_down(0.0)

        def work_when_woken():
            woken.wait()
            try:
                work()
            except Exception as error:  # noqa: BLE001 - raised again in `finish`
                self._failures.append(error)
            self._threads.remove(thread)
            self._wake_next()

        thread = threading.Thread(target=work_when_woken, daemon=True)
        self._threads.append(thread)
        thread.start()

    def finish(self):
        """Let all others come to their end."""
        while self._threads:
            self.sleep(1.0)
        if self._failures:
            raise self._failures[0]

    @property
    def has_ended(self):
        return not self._threads

    def _lie_down(self, seconds):
        woken = threading.Event()
        wake_s = self._now_s + max(0.0, seconds)
        heapq.heappush(self._sleepers, (wake_s, next(self._count), woken))
        return woken

    def _wake_next(self):
        if self._sleepers:
            wake_s, _, woken = heapq.heappop(self._sleepers)
            self._now_s = max(self._now_s, wake_s)
            woken.set()
