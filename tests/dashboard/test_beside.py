"""A page that is started beside a run: with which options, and that it never ends the run."""

import io
import subprocess
import sys
from types import SimpleNamespace

import pytest

from dystrack.cli.running.run import _own_words, _page_settings
from dystrack.core.errors import ConfigurationError
from dystrack.dashboard import beside
from dystrack.dashboard.alerts.settings import AlertSettings
from dystrack.dashboard.settings import DashboardSettings
from made_up_runs import made_up_run

AHEAD = (2.0, 10.0, 24.0)


@pytest.mark.parametrize(
    ("words", "host", "port"),
    [
        ([], "127.0.0.1", 8765),
        (["--dashboard"], "127.0.0.1", 8765),
        (["--dashboard=192.168.1.7:9000"], "192.168.1.7", 9000),
        (["--dashboard=scope-1"], "scope-1", 8765),
        (["--dashboard=9000"], "127.0.0.1", 9000),
        (["--dashboard=[::1]:9000"], "::1", 9000),
    ],
)
def test_a_word_says_where_the_page_is_served(words, host, port):
    own, rest = _own_words(["lateral_line", *words, "folder"])
    settings = _page_settings(own, None)
    assert (settings.host, settings.port) == (host, port)
    assert rest == ["lateral_line", "folder"]


@pytest.mark.parametrize(
    "words",
    [
        ["--dashboard_certificate=a b.pem", "--dashboard_key=k.pem", "--dashboard"],
        ["--dashboard-certificate", "a b.pem", "--dashboard_key", "k.pem"],
    ],
)
def test_words_give_the_page_a_certificate(words):
    own, rest = _own_words(["p", "folder", *words, "--key", "of the pipeline"])
    settings = _page_settings(own, DashboardSettings(port=9000, name="scope"))
    assert (settings.certificate, settings.key) == ("a b.pem", "k.pem")
    assert (settings.port, settings.name) == (9000, "scope")
    assert rest == ["p", "folder", "--key", "of the pipeline"]


@pytest.mark.parametrize(
    "words", [["--dashboard_key"], ["--dashboard_key="], ["--dashboard_key", "--x"]]
)
def test_an_option_of_the_page_without_its_value_is_told(words):
    with pytest.raises(ConfigurationError, match="dashboard_key lacks its value"):
        _own_words(["p", "folder", *words])


def test_what_is_no_option_of_the_page_is_left_to_the_run():
    assert _own_words(["p", "--dashboard_port=5"]) == ({}, ["p", "--dashboard_port=5"])


def processes(start):
    """Return what stands for the module of processes, which the run itself needs, too."""
    return SimpleNamespace(Popen=start, PIPE=subprocess.PIPE, STDOUT=subprocess.STDOUT)


@pytest.mark.parametrize("control", [False, True])
def test_the_page_of_a_run_is_started_with_its_options(tmp_path, monkeypatch, control):
    started, seen = [], []

    def start(words, **more):
        said = io.BytesIO(b"The page is here\n")
        started.append(SimpleNamespace(words=words, stdin=io.BytesIO(), stdout=said, more=more))
        return started[-1]

    monkeypatch.setattr(beside, "subprocess", processes(start))
    settings, alerts = DashboardSettings(port=9000), AlertSettings(quiet="22:00-07:00")
    with beside.page_beside({"on_event": seen.append}, settings, alerts) as manager_kwargs:
        made_up_run(tmp_path, [AHEAD], control=control, **manager_kwargs)
    (page,) = started
    assert page.words[:5] == [sys.executable, "-m", "dystrack", "dashboard", str(tmp_path)]
    assert {"--host=127.0.0.1", "--port=9000", "--alerts", "--quiet=22:00-07:00"} <= set(page.words)
    assert ("--control" in page.words) is control
    assert page.more["env"]["PYTHONIOENCODING"] == "utf-8"
    assert page.stdin.closed  # so it sees that the run is over
    assert type(seen[-1]).__name__ == "SessionEnded"


def test_a_page_that_cannot_be_started_never_ends_a_run(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError

    monkeypatch.setattr(beside, "subprocess", processes(fail))
    with beside.page_beside({}, DashboardSettings()) as manager_kwargs:
        coordinates, _ = made_up_run(tmp_path, [AHEAD], **manager_kwargs)
    assert coordinates == [list(AHEAD)]


def test_every_option_of_a_page_is_one_that_its_command_knows(tmp_path):
    words = beside._words(DashboardSettings(name="scope")) + beside._words(AlertSettings())
    command = [sys.executable, "-m", "dystrack", "dashboard", str(tmp_path / "nowhere"), *words]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "is not a folder" in result.stderr
