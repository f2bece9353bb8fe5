"""Caches that a session cannot hand on."""

import numpy as np
import pytest

from dystrack.tools.kit.cache_faults import cache_fault


def pipeline(target_path, last=None):
    """Take what was handed on."""


@pytest.mark.parametrize("cache", [{}, {"last": 3}, {"last": [np.zeros(3), {"a": (1, 2)}]}])
def test_what_may_be_handed_on(cache):
    assert cache_fault(pipeline, cache) == ""


@pytest.mark.parametrize(
    ("cache", "sentence"),
    [
        ({"lost": 3}, "hands on lost, which is none of its own parameters"),
        ({"last": print}, "last (builtin_function_or_method) cannot get from one process"),
        ({"last": {1, 2}}, "so that a run that is resumed starts without it"),
        ({"last": np.zeros(100_000)}, "so that a run that is resumed starts without it"),
    ],
)
def test_what_may_not(cache, sentence):
    assert sentence in cache_fault(pipeline, cache)


def test_a_pipeline_that_takes_anything():
    assert cache_fault(lambda path, **kwargs: None, {"lost": 3}) == ""
