"""A browser, a session whose prescans the test writes, and the page of it.

Debian's chromium and its driver, and axe-core from npm (`DYSTRACK_AXE` names the script), are needed;
where they are missing, these tests are left out, but never where the gate runs (CI=true).
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dystrack.manager.manager import run_dystrack_manager
from made_up_runs import a_prescan

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
TOKEN = "the-token-of-these-tests"  # noqa: S105 - of these tests
AHEAD = (2.0, 10.0, 24.0)
LONGEST_S = 40.0


def needed(what, where):
    """Return where something is; skip without it, but fail where the gate runs."""
    if where and Path(where).exists():
        return where
    message = f"{what} is missing; .ci/run installs it"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def axe():
    return Path(needed("axe-core", os.environ.get("DYSTRACK_AXE"))).read_text("utf-8")


@pytest.fixture(scope="session")
def driver():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = needed("chromium", CHROMIUM)
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(needed("chromedriver", DRIVER))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


class Browser:
    """What a person does and sees."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, url, *, width=1400, height=1000, is_dark=False):
        media = [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get(url)

    def ask(self, script, *arguments):
        return self.driver.execute_script(f"return ({script})", *arguments)

    def wait(self, script, *arguments):
        """Wait until a script is true, and return its value."""
        end_s = time.monotonic() + LONGEST_S
        while not (value := self.ask(script, *arguments)):
            assert time.monotonic() < end_s, f"never so: {script}\n{self.errors}\n{self.text}"
            time.sleep(0.03)
        return value

    def click(self, text):
        """Click on the button or link of this text."""
        script = "[...document.querySelectorAll('button,a')].find((e) => !e.hidden && e.textContent.trim() === arguments[0])"
        self.wait(script, text)
        self.driver.execute_script(f"({script}).click()", text)

    def state_of(self, position):
        script = "[...document.querySelectorAll('.tile')].find((e) => e.querySelector('h3').textContent === `Position ${arguments[0]}`)?.querySelector('.chip').textContent"
        return self.ask(script, position)

    @property
    def text(self):
        return self.ask("document.body.innerText")

    @property
    def errors(self):
        """What the console complains of; one style of plotly's maps, which are not used, is refused."""
        found = (entry["message"] for entry in self.driver.get_log("browser"))
        return [text for text in found if "plotly.js 20 Applying inline style" not in text]


@pytest.fixture
def browser(driver):
    return Browser(driver)


class LiveRun:
    """A session in this process; the test writes its prescans, one after the other."""

    def __init__(self, folder):
        self.folder = folder
        self.is_failing = False
        self._is_over = threading.Event()
        self._watches = threading.Event()
        self._answered = threading.Semaphore(0)
        self._n = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait_until_it_watches(self):
        assert self._watches.wait(LONGEST_S)

    def _run(self):
        run_dystrack_manager(
            self.folder, self._pipeline, max_triggers=10_000, end_on_esc=False, delay=0.1,
            progress=False, control=True, on_event=self._hear, should_stop=self._is_over.is_set,
        )  # fmt: skip

    def _pipeline(self, target_path):
        if self.is_failing:
            raise ValueError("<img src=x onerror=document.title='hacked'> no sample")
        return (*AHEAD, "OK", {})

    def _hear(self, event):
        if type(event).__name__ == "SessionStarted":
            self._watches.set()
        if type(event).__name__ == "Answered":
            self._answered.release()

    def prescan(self, position=1):
        """Write a prescan, wait for its answer, and return its line."""
        self._n += 1
        part = self.folder / "prescan.part"
        part.write_bytes(a_prescan(self._n))
        part.rename(self.folder / f"prescan_{self._n}_pos_{position}.ome.tif")
        assert self._answered.acquire(timeout=LONGEST_S)
        return (self.folder / "dystrack_coords.txt").read_text("utf-8").splitlines()[-1]

    def end(self):
        self._is_over.set()
        self._thread.join(LONGEST_S)


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "fish"
    folder.mkdir()
    live = LiveRun(folder)
    live.wait_until_it_watches()
    yield live
    live.end()


class PageProcess:
    """`dystrack dashboard`, as a person starts it."""

    guest = "the-token-of-guests"

    def __init__(self, *folders, port=0, words=("--control",)):
        command = [sys.executable, "-m", "dystrack", "dashboard", *map(str, folders)]
        environment = os.environ | {
            "DYSTRACK_DASHBOARD_TOKEN": TOKEN,
            "DYSTRACK_DASHBOARD_GUEST_TOKEN": self.guest,
        }
        self._process = subprocess.Popen(
            [*command, "--port", str(port), *words],
            stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        line = self._process.stdout.readline()
        self.link = line.split()[3]
        self.address = self.link.partition("/enter")[0]
        self.port = int(self.address.rpartition(":")[2])

    def end(self):
        self._process.terminate()
        self._process.wait(LONGEST_S)
        self._process.stdout.close()


@pytest.fixture
def page(run):
    process = PageProcess(run.folder)
    yield process
    process.end()
