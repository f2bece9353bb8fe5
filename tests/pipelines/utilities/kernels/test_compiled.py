import os
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy

from dystrack.pipelines.lateral_line import analyze_image
from dystrack.pipelines.utilities.kernels import compiled, jit
from dystrack.pipelines.utilities.kernels.compiled import (
    PURPOSES,
    compiled_kernels,
    wait_for_kernels,
)
from dystrack.pipelines.utilities.objects import counting
from dystrack.pipelines.utilities.objects.counting import object_counts
from pipelines.images import noise, tissue_with_front, write_tiff

WITHOUT_NUMBA = """
import sys, warnings
sys.modules["numba"] = None
from dystrack.pipelines.lateral_line import analyze_image
from dystrack.pipelines.utilities.kernels.compiled import wait_for_kernels
wait_for_kernels()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    answers = [analyze_image(sys.argv[1])[:4] for _ in range(2)]
assert answers[0] == answers[1]
print(answers[0])
print([str(warning.message) for warning in caught])
"""
ALL_KERNELS = """
from dystrack.pipelines.utilities.kernels.compiled import *
wait_for_kernels()
assert all(compiled_kernels(purpose) for purpose in PURPOSES)
"""
TINY_KERNEL = """
import sys
from numba import int64
from dystrack.pipelines.utilities.kernels.jit import compiled_for
print("starts", flush=True)
sys.stdin.read(1)
@compiled_for(int64(int64))
def doubled(number):
    return 2 * number
assert doubled(21) == 42
print(len(doubled.stats.cache_hits), doubled.stats.cache_path)
"""


@pytest.fixture
def loading(monkeypatch):
    """Return the loading as it is before the first use."""
    fresh = compiled._Loading()
    monkeypatch.setattr(compiled, "_loading", fresh)
    return fresh


@pytest.mark.parametrize(
    ("purpose", "names"),
    [
        ("smoothing", ["COLUMNS_AT_ONCE", "PAIRS_AT_ONCE", "smooth_across", "smooth_along"]),
        ("counting", ["count_rows", "join_in_order", "join_planes"]),
        ("labelling", ["count_runs", "find_runs", "join_runs"]),
        ("stretching", ["stretch"]),
        ("binning", ["bin_planes"]),
        ("forests", ["vote"]),
    ],
)
def test_kernels_for_a_purpose_are_loaded_once(purpose, names):
    wait_for_kernels()
    kernels = compiled_kernels(purpose)
    assert kernels.__all__ == names
    assert compiled_kernels(purpose) is kernels


def test_nobody_waits_for_kernels_that_are_being_compiled(loading, monkeypatch):
    may_go_on, asked = threading.Event(), []

    def compile_slowly(name):
        asked.append(name.rpartition(".")[2])
        assert may_go_on.wait(10)
        return name

    monkeypatch.setattr(compiled, "import_module", compile_slowly)
    assert [compiled_kernels(purpose) for purpose in PURPOSES] == [None] * len(PURPOSES)
    may_go_on.set()
    wait_for_kernels()
    assert asked == list(PURPOSES)
    assert all(compiled_kernels(purpose).endswith(purpose) for purpose in PURPOSES)


def test_kernels_take_over_from_the_plain_method_in_the_middle_of_an_image(monkeypatch):
    image = noise((6, 60, 70), 255)
    expected = object_counts(image)
    answers = iter([None] * 100)
    kernels = import_module("dystrack.pipelines.utilities.kernels.counting")
    labellings = []

    def label(mask):
        labellings.append(mask)
        return scipy.ndimage.label(mask)

    monkeypatch.setattr(counting, "compiled_kernels", lambda _: next(answers, kernels))
    plain = SimpleNamespace(ndimage=SimpleNamespace(label=label))
    monkeypatch.setattr(counting, "scipy", plain)
    np.testing.assert_array_equal(object_counts(image), expected)
    assert len(labellings) == 99


def test_broken_numba_is_warned_about_once_and_done_without(loading, monkeypatch):
    tried = []

    def fail(name):
        tried.append(name)
        raise OSError("cannot load llvmlite")

    monkeypatch.setattr(compiled, "import_module", fail)
    wait_for_kernels()
    with pytest.warns(UserWarning, match="numba cannot be used") as warned:
        assert [compiled_kernels(purpose) for purpose in PURPOSES] == [None] * len(PURPOSES)
    (warning,) = warned
    assert warning.filename == __file__
    assert "(OSError: cannot load llvmlite)" in str(warning.message)
    assert "pip install --force-reinstall" in str(warning.message)
    assert len(tried) == 1


def test_kernels_that_cannot_be_compiled_are_done_without(loading, monkeypatch):
    monkeypatch.setitem(sys.modules, "dystrack.pipelines.utilities.kernels.labelling", None)
    wait_for_kernels()
    with pytest.warns(UserWarning, match=r"numba cannot be used \(ModuleNotFoundError"):
        assert compiled_kernels("labelling") is None
    assert compiled_kernels("counting") is not None


def test_program_works_without_numba(tmp_path):
    path = write_tiff(tmp_path, tissue_with_front((5, 60, 90), 70))
    command = [sys.executable, "-c", WITHOUT_NUMBA, path]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    answer, warned = run.stdout.splitlines()
    assert answer == str(tuple(analyze_image(path)[:4]))
    assert warned.count("numba cannot be used (ModuleNotFoundError") == 1


def test_numba_that_is_switched_off_is_not_used(tmp_path):
    command = [sys.executable, "-c", "import dystrack.pipelines.utilities.kernels.smoothing"]
    env = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert "ImportError: NUMBA_DISABLE_JIT is set" in run.stderr


def test_cache_that_cannot_be_written_is_done_without(monkeypatch):
    asked = []

    def njit(signature, *, cache=False, nogil, no_cfunc_wrapper):
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda kernel: ("compiled", kernel, signature, nogil, no_cfunc_wrapper)

    monkeypatch.setattr(jit, "_njit", njit)
    assert jit.compiled_for("signature")(len) == ("compiled", len, "signature", True, True)
    assert asked == [True, False]


@pytest.mark.slow
def test_real_cache_that_cannot_be_written(tmp_path):
    blocked = tmp_path / "file, not a folder"
    blocked.touch()
    env = os.environ | {"NUMBA_CACHE_DIR": str(blocked / "cache")}
    command = [sys.executable, "-W", "error", "-c", ALL_KERNELS]
    subprocess.run(command, check=True, env=env)


class TinyProcesses:
    """Processes that run one small kernel, whose folder and user are of their own."""

    def __init__(self, folder):
        self.package = folder / "package"
        self.package.mkdir()
        self._script = self.package / "tiny.py"
        self._script.write_text(TINY_KERNEL, "utf-8")
        self._env = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
        for variable in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
            self._env[variable] = str(folder / "user")

    def run(self, n, **env):
        """Start `n`, let them compile at the same time, and return hits and cache path of each."""
        command = [sys.executable, "-W", "error", str(self._script)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        processes = [
            subprocess.Popen(command, text=True, env=self._env | env, **pipes) for _ in range(n)
        ]
        assert [process.stdout.readline() for process in processes] == ["starts\n"] * n
        for process in processes:
            process.stdin.write("!")
            process.stdin.flush()
        answers = [process.communicate()[0].strip().split(" ", 1) for process in processes]
        assert [process.returncode for process in processes] == [0] * n
        return [(int(hits), Path(path)) for hits, path in answers]


def test_processes_can_compile_at_the_same_time(tmp_path):
    processes = TinyProcesses(tmp_path)
    cache = processes.package / "__pycache__"
    assert {path for _, path in processes.run(3)} == {cache}
    assert {file.suffix for file in cache.glob("tiny.*")} == {".nbi", ".nbc"}
    assert processes.run(1) == [(1, cache)]


def test_each_kind_of_processor_has_its_own_code_in_a_cache_that_several_computers_share(tmp_path):
    processes = TinyProcesses(tmp_path)
    for processor in ({}, {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}):
        assert [processes.run(1, **processor)[0][0] for _ in range(2)] == [0, 1]
    assert processes.run(1)[0][0] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks its registry for the folder")
def test_folder_that_cannot_be_written_gives_way_to_that_of_the_user(tmp_path):
    processes = TinyProcesses(tmp_path)
    (processes.package / "__pycache__").touch()
    ((hits, path),) = processes.run(1)
    assert hits == 0
    assert path.is_relative_to(tmp_path / "user")
    assert processes.run(1) == [(1, path)]


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
