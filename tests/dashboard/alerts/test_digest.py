"""Which messages a person gets, and which not."""

from datetime import time

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.dashboard.alerts.digest import Digest
from dystrack.dashboard.alerts.settings import AlertSettings, secret
from dystrack.dashboard.alerts.troubles import Kind, Trouble

LOST1, LOST2 = (Trouble(Kind.LOST, name, "gone") for name in "12")
HELD1 = Trouble(Kind.HELD, "1", "debris")
DIED = Trouble(Kind.DIED, "", "without a word")
ENDED = Trouble(Kind.ENDED, "", "as asked")
DAY, NIGHT = False, True


def told(*steps, **settings):
    """Return the titles of what is told, by the minute in which it is."""
    digest = Digest("fish", AlertSettings(**settings))
    titles = []
    for minute, troubles, *quiet in steps:
        messages = digest.take(troubles, 60.0 * minute, is_quiet=bool(quiet and quiet[0]))
        titles += [(minute, message.title.removeprefix("fish: ")) for message in messages]
    return titles


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([(0, []), (1, [])], []),
        ([(0, [LOST1]), (1, [LOST1]), (99, [LOST1])], [(0, "sample lost (position 1)")]),
        ([(0, [LOST1, LOST2])], [(0, "sample lost (position 1, 2)")]),
        ([(0, [LOST1]), (1, [LOST1, HELD1])], [(0, "sample lost (position 1)"), (1, "position held (position 1)")]),
        # of the same kind: kept for a summary
        ([(0, [LOST1]), (1, [LOST1, LOST2]), (29, [LOST1, LOST2]), (31, [LOST1, LOST2]), (99, [LOST1, LOST2])],
         [(0, "sample lost (position 1)"), (31, "1 more trouble")]),
        # well again, once it lasts
        ([(0, [LOST1]), (5, []), (5.5, []), (6, []), (7, [])], [(0, "sample lost (position 1)"), (6, "all is well again")]),
        # to and fro is no news
        ([(0, [LOST1]), (1, []), (1.5, [LOST1]), (2, []), (2.5, [LOST1]), (40, [LOST1])],
         [(0, "sample lost (position 1)"), (40, "2 more troubles")]),
        # after all was well, it is news
        ([(0, [LOST1]), (1, []), (3, []), (9, [LOST1])],
         [(0, "sample lost (position 1)"), (3, "all is well again"), (9, "sample lost (position 1)")]),
        ([(0, [DIED]), (1, [DIED]), (60, [])], [(0, "DySTrack died")]),
        ([(0, [LOST1]), (1, [ENDED])], [(0, "sample lost (position 1)"), (1, "run ended")]),
        # the night: only what is urgent, the rest in the morning
        ([(0, [LOST1], NIGHT), (99, [LOST1], NIGHT), (400, [LOST1], DAY)], [(400, "1 more trouble")]),
        ([(0, [LOST1], NIGHT), (9, [], NIGHT), (99, [], NIGHT), (400, [], DAY), (401, [], DAY)],
         [(400, "1 more trouble")]),
        ([(0, [LOST1], NIGHT), (9, [DIED], NIGHT)], [(9, "DySTrack died")]),
    ],
)  # fmt: skip
def test_a_person_is_told_once_and_when_it_is_over(steps, wanted):
    assert told(*steps) == wanted


@pytest.mark.parametrize(
    ("at", "quiet", "is_so"),
    [
        (time(23, 0), "22:00-07:00", True),
        (time(6, 59), "22:00-07:00", True),
        (time(7, 0), "22:00-07:00", False),
        (time(12, 0), "12:00-13:00", True),
        (time(13, 0), "12:00 - 13:00", False),
        (time(3, 0), "", False),
    ],
)
def test_quiet_hours_may_go_over_midnight(at, quiet, is_so):
    assert AlertSettings(quiet=quiet).is_quiet(at) is is_so


@pytest.mark.parametrize(
    ("given", "told_of"),
    [
        ({"services": "mailto://user:hunter2@example.org"}, "services is not env:NAME"),
        ({"heartbeat": "https://example.org/uuid-hunter2"}, "heartbeat is not env:NAME"),
        ({"quiet": "at night"}, "quiet is 'at night'"),
        ({"quiet": "25:00-07:00"}, "quiet is"),
        ({"failures": -1}, "failures is -1"),
        ({"disk_gb": "much"}, "disk_gb is 'much'"),
    ],
)
def test_settings_that_cannot_be_are_refused_without_repeating_secrets(given, told_of):
    with pytest.raises(ConfigurationError, match=told_of) as refusal:
        AlertSettings(**given)
    assert "hunter2" not in str(refusal.value)


def test_a_secret_comes_from_the_environment_or_the_keyring(monkeypatch):
    import keyring

    kept = {("dystrack", "lab"): "json://localhost"}
    monkeypatch.setattr(keyring, "get_password", lambda *names: kept.get(names))
    monkeypatch.setenv("LAB", "mailto://example.org")
    assert secret("env:LAB") == "mailto://example.org"
    assert secret("env:NOTHING") == ""
    assert secret("keyring:lab") == "json://localhost"
    assert secret("keyring:nothing") == ""
    assert secret("") == ""


def test_a_keyring_that_cannot_be_read_is_told(monkeypatch):
    import keyring
    from keyring.errors import NoKeyringError

    def fail(*_):
        raise NoKeyringError

    monkeypatch.setattr(keyring, "get_password", fail)
    with pytest.raises(ConfigurationError, match="env:NAME"):
        secret("keyring:lab")
