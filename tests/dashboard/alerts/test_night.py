"""Twelve hours in fast motion: exactly the alerts that a person would want, by real servers."""

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.dashboard.alerts.digest import Message
from dystrack.dashboard.alerts.post import Post, open_service
from dystrack.dashboard.alerts.settings import AlertSettings
from dystrack.dashboard.alerts.watch import AlertWatch
from dystrack.dashboard.live.watch import Watch
from dystrack.manager.manager import run_dystrack_manager
from fakes import FakeClock
from made_up_runs import a_prescan

from .services import mail_server, web_server

# what the libraries themselves use
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

H, MIN = 3600.0, 60.0
INTERVAL_S = 5 * MIN
TARGET = (2.0, 10.0, 21.0)
GB = 10**9


class KilledError(BaseException):
    """The manager's process ends at once."""


class Night:
    """A session of three positions, with its troubles, and a page that looks every half minute."""

    def __init__(self, folder, settings, post):
        self.folder, self.clock, self.is_owned = folder, FakeClock(), True
        self.began_s = self.clock.monotonic()
        self.watch = Watch(
            [folder],
            clock=self.clock,
            has_owner=lambda _: self.is_owned,
            free_bytes=self.free_bytes,
        )
        AlertWatch(self.watch, settings, post, self.clock)

    @property
    def now_s(self):
        return self.clock.monotonic() - self.began_s

    def free_bytes(self, _):
        return (2 if 7 * H < self.now_s < 8 * H else 900) * GB

    def pipeline(self, target_path):
        is_lost = ("pos_2" in target_path and 2 * H < self.now_s < 3 * H) or (
            "pos_1" in target_path and 2.3 * H < self.now_s < 2.9 * H
        )
        if is_lost:
            raise ValueError("no sample")
        return (*TARGET, "OK", {})

    def write(self, time_point, position):
        if self.folder.is_dir():
            (self.folder / f"prescan_{time_point}_pos_{position}.ome.tif").write_bytes(
                a_prescan(time_point)
            )

    def kill(self):
        raise KilledError

    def run(self):
        away = self.folder.with_name("away")
        plan = self.clock.plan
        for time_point in range(int(12 * H / INTERVAL_S)):
            for position in (1, 2, 3):
                plan(
                    time_point * INTERVAL_S + 20 * position,
                    lambda t=time_point, p=position: self.write(t, p),
                )
        for look in range(int(12.5 * H / 30)):
            plan(30.0 * look, self.watch.look)
        plan(5 * H + 100, lambda: self.folder.rename(away))
        plan(5 * H + 100 + 8 * MIN, lambda: away.rename(self.folder))
        plan(11 * H + 110, self.kill)
        with pytest.raises(KilledError):
            run_dystrack_manager(
                self.folder,
                self.pipeline,
                max_triggers=10_000,
                end_on_esc=False,
                delay=15.0,
                clock=self.clock,
                progress=False,
            )
        journal = (
            self.folder / "dystrack_journal.jsonl"
        )  # a process that is killed says nothing more
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(line for line in lines if b"SessionEnded" not in line))
        self.is_owned = False
        self.clock.sleep(H)


@pytest.fixture(autouse=True)
def no_pauses_between_messages(monkeypatch):
    """The library waits seconds between messages to one service, which these servers need not."""
    import apprise.plugins.custom_json as hook
    import apprise.plugins.email.base as mail

    for service in (mail.NotifyEmail, hook.NotifyJSON):
        monkeypatch.setattr(service, "request_rate_per_sec", 0)


def test_a_night_leads_to_the_alerts_that_a_person_would_want(tmp_path, monkeypatch):
    folder = tmp_path / "fish"
    folder.mkdir()
    with mail_server() as (mails, mail_address), web_server() as (hooks, hook_address):
        monkeypatch.setenv("DYSTRACK_ALERTS", f"{mail_address} json://{hook_address}/")
        settings = AlertSettings(heartbeat_min=60.0)
        send, n_services = open_service(settings)
        post = Post(send, f"http://{hook_address}/alive", pauses_s=(0.0,))
        Night(folder, settings, post).run()
        post.close()
    wanted = [
        "fish: sample lost (position 2)",
        "fish: 1 more trouble",
        "fish: all is well again",
        "fish: folder out of reach",
        "fish: all is well again",
        "fish: disk nearly full",
        "fish: all is well again",
        "fish: DySTrack died",
    ]
    assert n_services == 2
    assert mails.subjects == wanted
    assert hooks.titles == wanted
    assert (post.n_sent, post.n_failed) == (8, 0)
    assert "Position 2, sample lost: ValueError: no sample" in hooks.got[0]["message"]
    assert "Position 1, sample lost" in hooks.got[1]["message"]
    assert [len(message["attachments"]) for message in hooks.got] == [1, 0, 0, 0, 0, 0, 0, 0]
    assert hooks.n_beats == 12  # each hour, from the first look; none once it had died
    journal = (folder / "dystrack_journal.jsonl").read_text("utf-8")
    assert hook_address not in journal


def test_a_service_that_is_down_holds_up_nobody(monkeypatch):
    with web_server() as (hooks, address):
        hooks.is_down = True
        monkeypatch.setenv("LAB", f"json://{address}/")
        send, _ = open_service(AlertSettings(services="env:LAB"))
        post = Post(send, pauses_s=(0.0, 0.0, 0.0))
        for number in range(300):
            post.put(Message(f"trouble {number}", "text"))
        post.close()
    assert hooks.got == []
    assert post.n_sent == 0
    assert post.n_failed == 300


@pytest.mark.parametrize(
    ("addresses", "told"),
    [("", "env:LAB is empty"), ("json://localhost hunter2", "Address 2 of env:LAB")],
)
def test_services_that_cannot_be_used_are_told_without_their_addresses(
    monkeypatch, addresses, told
):
    monkeypatch.setenv("LAB", addresses)
    with pytest.raises(ConfigurationError, match=told) as refusal:
        open_service(AlertSettings(services="env:LAB"))
    assert "hunter2" not in str(refusal.value)
