import threading

import numpy as np
import pytest

from dystrack.core import cores
from dystrack.core.threads import n_threads_for, run_in_threads


@pytest.mark.parametrize("n", [0, 1, 7, 100])
@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_each_item_is_run_once(n, n_threads):
    seen = np.zeros(n, int)

    def run(first, last):
        seen[first:last] += 1

    run_in_threads(run, n, n_threads)
    assert (seen == 1).all()


def test_items_are_run_at_the_same_time():
    meet = threading.Barrier(3, timeout=10)
    run_in_threads(lambda first, last: meet.wait(), 3, 3)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_error_in_a_thread_is_raised(n_threads):
    def run(first, last):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_in_threads(run, 12, n_threads)


@pytest.mark.parametrize(
    ("n_voxels", "share", "expected"),
    [(1000, 8, 1), (400_000, 8, 1), (600_000, 8, 2), (10**8, 8, 8), (10**8, 1, 1)],
)
def test_small_images_stay_in_one_thread(n_voxels, share, expected, monkeypatch):
    monkeypatch.setattr(cores, "_marks", cores._Marks())
    cores.limit_threads(share)
    assert n_threads_for(n_voxels) == expected
