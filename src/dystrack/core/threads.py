"""Run a compiled loop on all cores that this program may use."""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

from dystrack.core.cores import core_share, usable_cores

__all__ = ["n_threads_for", "run_in_threads"]

_VOXELS_WORTH_A_THREAD = 1 << 18
_PARTS_A_THREAD = 4


def n_threads_for(n_voxels: int) -> int:
    """Return how many threads make work on so many voxels faster; 1 where it is little."""
    n_worth = n_voxels // _VOXELS_WORTH_A_THREAD
    return 1 if n_worth < 2 else min(n_worth, core_share(is_busy=True).n_threads)  # noqa: PLR2004


def run_in_threads(run: Callable[[int, int], object], n: int, n_threads: int) -> None:
    """Run something that releases the interpreter lock over ranges of items, in threads.

    Parameters
    ----------
    run : callable
        Function of the first item and the one behind the last. Ranges must not depend on each
        other.
    n : int
        Number of items.
    n_threads : int
        Number of threads, the present one included; each takes further ranges until none is left.
    """
    n_threads = min(n_threads, n)
    if n_threads < 2:  # noqa: PLR2004 - one thread is this one
        run(0, n)
        return
    n_parts = min(n, n_threads * _PARTS_A_THREAD)
    edges = [n * i // n_parts for i in range(n_parts + 1)]
    ranges = deque(pairwise(edges))

    def take_ranges() -> None:
        while True:
            try:
                first, last = ranges.popleft()
            except IndexError:
                return
            run(first, last)

    others = [_pool(os.getpid()).submit(take_ranges) for _ in range(n_threads - 1)]
    try:
        take_ranges()
    finally:
        ranges.clear()
        for other in others:
            other.result()


@cache
def _pool(_pid: int) -> ThreadPoolExecutor:
    """Return the threads of this process; those of a parent do not live on in a fork."""
    return ThreadPoolExecutor(max(usable_cores(), 32), "dystrack-cores")
