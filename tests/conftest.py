"""Fixtures for all rooms: the real prescans."""

import pytest

from fakes import SHARED_PRESCANS


@pytest.fixture
def prescans():
    if not SHARED_PRESCANS.is_dir():
        pytest.skip(f"the real prescans are not at {SHARED_PRESCANS}")
    return SHARED_PRESCANS
