"""Fixtures for pipelines: life without compiled code."""

import pytest

from dystrack.pipelines.utilities import preparation, reduction, smoothing
from dystrack.pipelines.utilities.kernels.compiled import wait_for_kernels
from dystrack.pipelines.utilities.objects import counting, regions


@pytest.fixture(autouse=True, scope="session")
def kernels_are_ready():
    wait_for_kernels()


@pytest.fixture(params=["compiled", "plain"])
def with_and_without_numba(request, monkeypatch):
    if request.param == "plain":
        use_plain_code(monkeypatch)
    return request.param


@pytest.fixture
def without_numba(monkeypatch):
    use_plain_code(monkeypatch)


def use_plain_code(monkeypatch):
    for module in (counting, preparation, reduction, regions, smoothing):
        monkeypatch.setattr(module, "compiled_kernels", lambda purpose: None)
