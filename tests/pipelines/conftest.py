"""Fixtures for pipelines: the real prescans, and life without compiled code."""

import pytest

from dystrack.pipelines.utilities import masks, object_counting, smoothing
from fakes import SHARED_PRESCANS


@pytest.fixture
def prescans():
    if not SHARED_PRESCANS.is_dir():
        pytest.skip(f"the real prescans are not at {SHARED_PRESCANS}")
    return SHARED_PRESCANS


@pytest.fixture(params=["compiled", "plain"])
def with_and_without_numba(request, monkeypatch):
    if request.param == "plain":
        use_plain_code(monkeypatch)
    return request.param


@pytest.fixture
def without_numba(monkeypatch):
    use_plain_code(monkeypatch)


def use_plain_code(monkeypatch):
    for module in (masks, object_counting, smoothing):
        monkeypatch.setattr(module, "compiled_kernels", lambda purpose: None)
