"""Without the extra, each page is refused with what to type, and not with a traceback."""

import sys

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.dashboard.command import show_sessions
from dystrack.dashboard.marking.page import serve_marking
from dystrack.dashboard.settings import DashboardSettings


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
@pytest.mark.parametrize(
    "show",
    [
        lambda folder: show_sessions([folder], DashboardSettings(port=0)),
        lambda _: serve_marking(None, 0, print),
    ],
    ids=["sessions", "marking"],
)
def test_what_to_install_is_said(show, package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigurationError, match=r'pip install "dystrack\[dashboard\]"'):
        show(tmp_path)
