"""The kernels are plain Python too: read without numba, they give the same on small images."""

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import scipy

from dystrack.pipelines.utilities.objects.counting import _Forest
from dystrack.pipelines.utilities.objects.regions import _largest_by_runs
from dystrack.pipelines.utilities.reduction import Reduction
from dystrack.pipelines.utilities.smoothing import _smooth_compiled
from pipelines.images import counts_by_labelling, largest_by_labelling, noise

IMAGES = [
    noise((3, 4, 5), 1),
    noise((3, 5, 6), 4, seed=1),
    noise((2, 6, 7), 255, seed=2),
    noise((1, 9, 8), 3, seed=3),
    noise((6, 1, 7), 9, seed=4),
    noise((5, 6, 1), 9, seed=5),
    (np.indices((3, 4, 5)).sum(axis=0) % 2 * 9 + 1).astype(np.uint8),
]


@pytest.fixture
def uncompiled(monkeypatch):
    """Return what reads a kernel module anew, as plain Python."""
    numba = ModuleType("numba")
    numba.njit = lambda *signature, **options: lambda kernel: kernel
    numba.config = SimpleNamespace(DISABLE_JIT=0)
    numba.types = SimpleNamespace(Array=lambda *kind, readonly: kind)
    for scalar in (
        "boolean",
        "float32",
        "float64",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "void",
    ):
        setattr(numba, scalar, lambda *arguments: arguments)
    monkeypatch.setitem(sys.modules, "numba", numba)

    def read(name):
        name = f"dystrack.pipelines.utilities.kernels.{name}"
        spec = importlib.util.find_spec(name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    jit = read("jit")
    monkeypatch.setitem(sys.modules, jit.__name__, jit)
    return read


@pytest.mark.parametrize("image", IMAGES)
def test_counts(uncompiled, image):
    kernels = uncompiled("counting")
    forest, *others = (_Forest(kernels, slab) for slab in np.split(image, range(1, len(image))))
    forest.build()
    for other in others:
        other.build()
        forest.join(other)
    np.testing.assert_array_equal(forest.object_counts(), counts_by_labelling(image))


@pytest.mark.parametrize("image", IMAGES)
def test_largest_object(uncompiled, image):
    kernels = uncompiled("labelling")
    threshold = int(np.median(image)) + 1
    expected = largest_by_labelling(image >= threshold)
    np.testing.assert_array_equal(_largest_by_runs(kernels, image, threshold).mask, expected)


@pytest.mark.parametrize("image", IMAGES)
def test_smoothing(uncompiled, image):
    kernels = uncompiled("smoothing")
    expected = scipy.ndimage.gaussian_filter(image, 1.0)
    np.testing.assert_array_equal(_smooth_compiled(kernels, image, [1.0] * 3), expected)


@pytest.mark.parametrize("image", IMAGES)
def test_stretching(uncompiled, image):
    values = image.reshape(len(image), -1).astype(np.uint16) * 77
    target = np.empty(values.shape, np.uint8)
    uncompiled("stretching").stretch(values, target, 5.0, 40_000.0)
    np.testing.assert_array_equal(target, ((values - 5.0) / 40_000.0 * 255).astype(np.uint8))


@pytest.mark.parametrize("n", [2, 3])
def test_binning(uncompiled, n):
    planes = noise((2, 7, 8), 255).astype(np.uint16)
    target = np.empty((7 // n, 8 // n), np.uint16)
    uncompiled("binning").bin_planes(planes, target, n, np.empty(8, np.uint32))
    np.testing.assert_array_equal(target, Reduction(2, n).binned(planes)[0])
