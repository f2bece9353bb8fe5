import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from dystrack.pipelines import utilities
from dystrack.pipelines.lateral_line import analyze_image
from dystrack.pipelines.utilities import _kernels, compiled
from dystrack.pipelines.utilities.compiled import compiled_kernels, run_in_threads
from dystrack.pipelines.utilities.object_counting import object_counts
from pipelines.images import noise, tissue_with_front, write_tiff

WITHOUT_NUMBA = """
import sys, warnings
sys.modules["numba"] = None
import numpy as np
from dystrack.pipelines.lateral_line import analyze_image
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    answers = [analyze_image(sys.argv[1])[:4] for _ in range(2)]
assert answers[0] == answers[1]
print(answers[0])
print([str(warning.message) for warning in caught])
"""


def test_kernels_are_loaded_once():
    assert compiled_kernels() is compiled_kernels()
    assert compiled_kernels() is _kernels


def test_broken_numba_is_warned_about_and_done_without(monkeypatch):
    monkeypatch.delattr(utilities, "_kernels")
    monkeypatch.setitem(sys.modules, "dystrack.pipelines.utilities._kernels", None)
    with pytest.warns(UserWarning, match=r"numba cannot be used .*pip install --force-reinstall"):
        assert compiled_kernels.__wrapped__() is None


def test_program_works_without_numba(tmp_path):
    path = write_tiff(tmp_path, tissue_with_front((5, 60, 90), 70))
    command = [sys.executable, "-c", WITHOUT_NUMBA, path]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    answer, warned = run.stdout.splitlines()
    assert answer == str(tuple(analyze_image(path)[:4]))
    assert warned.count("numba cannot be used (ModuleNotFoundError") == 1


def test_numba_that_is_switched_off_is_not_used(tmp_path):
    command = [sys.executable, "-c", "import dystrack.pipelines.utilities._kernels"]
    env = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert "ImportError: NUMBA_DISABLE_JIT is set" in run.stderr


def test_cache_that_cannot_be_written_is_done_without(monkeypatch):
    asked = []

    def njit(signature, *, nogil, cache=False):
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda kernel: ("compiled", kernel, signature, nogil)

    monkeypatch.setattr(_kernels, "_njit", njit)
    assert _kernels._compiled("signature")(len) == ("compiled", len, "signature", True)
    assert asked == [True, False]


@pytest.mark.slow
def test_real_cache_that_cannot_be_written(tmp_path):
    blocked = tmp_path / "file, not a folder"
    blocked.touch()
    env = os.environ | {"NUMBA_CACHE_DIR": str(blocked / "cache")}
    code = "from dystrack.pipelines.utilities.compiled import compiled_kernels as k; assert k()"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=env)


@pytest.mark.parametrize("n_rows", [0, 1, 999, 2000, 5003])
@pytest.mark.parametrize("n_cpus", [None, 1, 2, 64])
def test_each_row_is_run_once(n_rows, n_cpus, monkeypatch):
    monkeypatch.setattr(compiled, "os", SimpleNamespace(cpu_count=lambda: n_cpus))
    seen = np.zeros(n_rows, int)

    def run_rows(first, last):
        seen[first:last] += 1

    run_in_threads(run_rows, n_rows)
    assert (seen == 1).all()


def test_error_in_a_thread_is_raised():
    def run_rows(first, last):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_in_threads(run_rows, 100_000)


def test_kernels_can_run_at_the_same_time():
    images = [noise((6, 60, 70), 255, seed=seed) for seed in range(4)]
    expected = [object_counts(image) for image in images]
    found = [None] * 4

    def count(number):
        found[number] = object_counts(images[number])

    threads = [threading.Thread(target=count, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found, expected)
