"""A session in a process of its own: killed, and on a disk that is really full."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from dystrack.dashboard.alerts.post import Post, open_service
from dystrack.dashboard.alerts.settings import AlertSettings
from dystrack.dashboard.alerts.watch import AlertWatch
from dystrack.dashboard.live.states import SessionState
from dystrack.dashboard.live.watch import Watch
from fakes import FakeClock
from made_up_runs import a_prescan

from .services import web_server

# what the libraries themselves use
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LONGEST_S = 60.0
DISK_BYTES = 2_000_000
SESSION = """
import sys
from dystrack.manager.manager import run_dystrack_manager
run_dystrack_manager(
    sys.argv[1], lambda target_path: (2.0, 10.0, 21.0, "OK", {}), max_triggers=10_000,
    end_on_esc=False, delay=0.1, progress=False,
)
"""


class PageClock(FakeClock):
    """Looks are far apart, but no prescan is ever late."""

    def time(self):
        return 0.0


class Lab:
    """A session, and a page that looks at its folder with alerts."""

    def __init__(self, folder, hook_address, monkeypatch, **settings):
        folder.mkdir()
        self.folder, self.clock = folder, PageClock()
        self.session = subprocess.Popen([sys.executable, "-c", SESSION, str(folder)])
        monkeypatch.setenv("DYSTRACK_ALERTS", f"json://{hook_address}/")
        settings = AlertSettings(**settings)
        self.post = Post(open_service(settings)[0], pauses_s=(0.0,))
        self.page = Watch([folder], clock=self.clock)
        AlertWatch(self.page, settings, self.post, self.clock)
        self.until(
            lambda: b"SessionStarted" in self.journal
        )  # what was there before is not answered

    @property
    def coords(self):
        return self.folder / "dystrack_coords.txt"

    @property
    def journal(self):
        path = self.folder / "dystrack_journal.jsonl"
        return path.read_bytes() if path.exists() else b""

    @property
    def state(self):
        (session,) = self.page.sessions.values()
        return session.state

    def until(self, is_so):
        end_s = time.monotonic() + LONGEST_S
        while not is_so():
            assert time.monotonic() < end_s
            time.sleep(0.02)

    def prepare(self, number):
        (self.folder / f"{number}.part").write_bytes(a_prescan(number))

    def prescan(self, number):
        (self.folder / f"{number}.part").rename(self.folder / f"prescan_{number}_pos_1.ome.tif")
        self.until(lambda: len(self.coords.read_bytes().splitlines()) == number + 1)

    def look(self):
        for _ in range(4):
            self.clock.sleep(30)
            self.page.look()

    def end(self):
        self.session.kill()
        self.session.wait()
        self.post.close()


@pytest.fixture
def disk(tmp_path):
    """A disk of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    words = ["-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place)]
    if not mount or subprocess.run([mount, *words], capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run([umount, "-l", str(place)], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_a_killed_manager_is_told(tmp_path, monkeypatch):
    with web_server() as (hooks, address):
        lab = Lab(tmp_path / "fish", address, monkeypatch)
        try:
            lab.prepare(1)
            lab.prescan(1)
            lab.look()
            assert lab.state is SessionState.RUNNING
            os.kill(lab.session.pid, signal.SIGKILL)
            lab.session.wait()
            lab.look()
            assert lab.state is SessionState.DIED
        finally:
            lab.end()
    assert hooks.titles == ["fish: DySTrack died"]


def test_a_full_disk_is_told_and_tracking_goes_on(disk, monkeypatch):
    with web_server() as (hooks, address):
        lab = Lab(disk / "fish", address, monkeypatch, disk_gb=0.001, disk_h=0.0)
        try:
            for number in range(1, 8):
                lab.prepare(number)
            lab.prescan(1)
            lab.look()
            ballast = disk / "other data"
            with contextlib.suppress(OSError), ballast.open("wb", 0) as file:
                while file.write(bytes(1000)):
                    pass
            assert shutil.disk_usage(disk).free == 0
            for number in range(2, 7):
                lab.prescan(number)  # each is answered, though the journal cannot be written
            lab.look()
            ballast.unlink()
            lab.prescan(7)
            lab.look()
            assert lab.state is SessionState.RUNNING
            assert lab.session.poll() is None
        finally:
            lab.end()
    assert hooks.titles == ["fish: disk nearly full", "fish: all is well again"]
