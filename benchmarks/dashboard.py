"""What a page costs: `python benchmarks/dashboard.py [page|sessions|hand_off|failure]`.

page: 4,000 time points of 4 positions: time to open, share of the browser's main thread at one
update a second, memory and idle CPU of the server. sessions: CPU of a page of 12. hand_off: latency
of answers with and without a page and three viewers. failure: time until one shows. Needs chromium,
chromedriver, selenium and psutil.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from hand_off import measure_latencies
from selenium import webdriver

from dystrack.manager.record.grey_png import grey_png, own_range
from dystrack.manager.watching.folder_lock import FolderLock

N_TIME_POINTS, N_POSITIONS, N_SESSIONS, N_VIEWERS = 4000, 4, 12, 3
INTERVAL_S = 10.0
UPDATES = 15
LOOK_S = 4.0  # that a person looks at the overview
_FALLING_BACK = (
    "[...document.querySelectorAll('.tile .chip')].some((e) => e.textContent === 'falling back')"
)
_IMAGE = {
    "shape": [21, 200, 200],
    "axes": "ZYX",
    "centre": [10.0, 99.5, 99.5],
    "voxel_size": [2.0, 0.5, 0.5],
    "wait_s": 0.02,
}
_FAILURE = {"error": "ValueError: no", "fallback": "the centre", "error_type": "ValueError"}


def main() -> None:
    """Print what is asked for, or all."""
    measures = {
        "page": measure_page,
        "sessions": measure_sessions,
        "hand_off": measure_hand_off,
        "failure": measure_failure,
    }
    for name in sys.argv[1:] or measures:
        measures[name]()


class Journal:
    """Writes a run that never was, as a session writes it."""

    def __init__(
        self, folder: Path, n_positions: int = N_POSITIONS, n_time_points: int = N_TIME_POINTS
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "dystrack_journal.jsonl"
        self._folder = folder
        self._lock = FolderLock(folder)  # otherwise the page says that the session has died
        self._lock.take()
        self._n_positions = n_positions
        self._n = 0
        self._at = datetime.now(UTC) - timedelta(seconds=INTERVAL_S * n_time_points)
        begin = {"pipeline": "p", "settings": {}, "versions": {}, "existing": [], "resumed": False}
        self.add("SessionStarted", folder=str(folder), **begin)

    def add(self, event: str, **fields: Any) -> None:
        """Add one event."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(self._line(event, **fields))

    def add_prescans(self, number: int, *, fails: bool = False) -> None:
        """Add prescans of all positions in turn, with all their events."""
        with self.path.open("a", encoding="utf-8") as file:
            for _ in range(number):
                file.write("".join(self._prescan(fails=fails)))

    def add_with_picture(self) -> None:
        """Add a prescan and its picture, as a session does."""
        name = "prescan_{}_pos_{}.tif.png".format(*self._next)
        self.add_prescans(1)
        place = self._folder / "dystrack_previews"
        place.mkdir(exist_ok=True)
        small = np.random.default_rng(self._n).integers(0, 200, (200, 200)).astype(np.float32)
        (place / name).write_bytes(grey_png(small, 1, "YX", "Z", own_range(small)))

    @property
    def _next(self) -> tuple[int, str]:
        time_point, index = divmod(self._n, self._n_positions)
        return time_point, str(index + 1)

    def _prescan(self, *, fails: bool) -> Iterator[str]:
        time_point, position = self._next
        self._n += 1
        self._at += timedelta(seconds=INTERVAL_S / self._n_positions)
        path = str(self._folder / f"prescan_{time_point}_pos_{position}.tif")
        own = {"path": path, "position": position}
        x = 100.0 + 5 * ((time_point * 7) % 11 - 5)
        sent = {"z": 10.0, "y": 100.0, "x": x, "msg": "OK", "target": self._n}
        outline = [[80 + i, 90 + i % 9] for i in range(40)]
        yield self._line("ImageNoticed", path=path)
        yield self._line("AnalysisStarted", **own, time_point=time_point, **_IMAGE)
        if fails or self._n % 97 == 0:
            yield self._line("AnalysisFailed", **own, **_FAILURE)
        else:
            findings = {"confidence": 0.9, "outline": outline}
            yield self._line("AnalysisSucceeded", **own, analysis_s=0.05, findings=findings)
        is_ok = not (fails or self._n % 97 == 0)
        yield self._line("Answering", **own, **sent, state={"held": "", "steps": []}, coords_size=0)
        outcome = {"outcome": "ok" if is_ok else "fallback", "sent": True, "total_s": 0.08}
        yield self._line("Answered", **own, **sent, time_point=time_point, **outcome)

    def _line(self, event: str, **fields: Any) -> str:
        at = self._at.isoformat(timespec="milliseconds")
        return json.dumps({"at": at, "event": event, **fields}) + "\n"


@contextmanager
def served(*folders: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a page; yield its link and its process."""
    command = [sys.executable, "-m", "dystrack", "dashboard", *map(str, folders), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        link = process.stdout.readline().split()[3]
        try:
            yield link, psutil.Process(process.pid)
        finally:
            process.terminate()


@contextmanager
def browsing(n_browsers: int = 1) -> Iterator[list[webdriver.Chrome]]:
    """Open browsers without a screen."""
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,900"):
        options.add_argument(word)
    browsers = [
        webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
        for _ in range(n_browsers)
    ]
    try:
        yield browsers
    finally:
        for browser in browsers:
            browser.quit()


def wait(browser: webdriver.Chrome, script: str) -> None:
    """Wait until something is so in a page."""
    end_s = time.monotonic() + 60
    while not browser.execute_script(f"return {script}"):
        assert time.monotonic() < end_s, script
        time.sleep(0.01)


def busy_s(browser: webdriver.Chrome) -> float:
    """Return for how long the main thread of a page has worked."""
    found = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float({one["name"]: one["value"] for one in found}["TaskDuration"])


def cpu_share(process: psutil.Process, seconds: float) -> float:
    """Return how many % of a core a process needs."""
    before = sum(process.cpu_times()[:2])
    time.sleep(seconds)
    return 100 * (sum(process.cpu_times()[:2]) - before) / seconds


def measure_page() -> None:
    """Print what a long run costs."""
    with tempfile.TemporaryDirectory() as folder, browsing() as (browser,):
        journal = Journal(Path(folder) / "long")
        journal.add_prescans(N_TIME_POINTS * N_POSITIONS)
        with served(journal.path.parent) as (link, server):
            time.sleep(6.0)
            print(f"{N_TIME_POINTS:,} time points at {N_POSITIONS} positions")
            began_s = time.perf_counter()
            browser.get(link)
            wait(browser, f"document.querySelectorAll('.tile').length === {N_POSITIONS}")
            print(f"overview opens in {time.perf_counter() - began_s:.2f} s")
            time.sleep(LOOK_S)
            began_s = time.perf_counter()
            browser.execute_script("document.querySelector('.tile').click()")
            wait(browser, "document.querySelector('.chart')")
            browser.execute_script("document.querySelector('.charts').scrollIntoView()")
            wait(browser, "document.querySelectorAll('.js-plotly-plot .main-svg').length > 1")
            print(
                f"a position opens, with its first charts, in {time.perf_counter() - began_s:.2f} s"
            )
            print(f"server: {server.memory_info().rss / 1e6:.0f} MB resident")
            print(f"server, page open, nothing new: {cpu_share(server, 10.0):.1f} % of a core")
            browser.execute_cdp_cmd("Performance.enable", {})
            time.sleep(2.0)
            before, began_s = busy_s(browser), time.perf_counter()
            for _ in range(UPDATES):
                journal.add_prescans(1)
                time.sleep(1.0)
            share = (busy_s(browser) - before) / (time.perf_counter() - began_s)
            print(f"main thread, charts in sight, an update a second: {100 * share:.1f} %")
            print(f"server: {server.memory_info().rss / 1e6:.0f} MB resident afterwards")


def measure_sessions() -> None:
    """Print what many sessions on one page cost."""
    with tempfile.TemporaryDirectory() as folder, browsing() as (browser,):
        journals = [
            Journal(Path(folder) / f"scope_{n}", n_time_points=100) for n in range(N_SESSIONS)
        ]
        for journal in journals:
            journal.add_prescans(400)
        with served(*(journal.path.parent for journal in journals)) as (link, server):
            browser.get(link)
            wait(browser, f"document.querySelectorAll('.session').length === {N_SESSIONS}")
            time.sleep(3.0)
            is_over = threading.Event()

            def write() -> None:
                while not is_over.wait(INTERVAL_S / N_POSITIONS):
                    for journal in journals:
                        journal.add_with_picture()

            writer = threading.Thread(target=write)
            writer.start()
            share = cpu_share(server, 20.0)
            is_over.set()
            writer.join()
            memory = server.memory_info().rss / 1e6
            pace_s = INTERVAL_S / N_POSITIONS
            print(f"{N_SESSIONS} sessions, a prescan of each every {pace_s:.1f} s:")
            print(f"{share:.1f} % of a core, {memory:.0f} MB")


def measure_hand_off() -> None:
    """Print how long answers take with and without a page that three people look at."""
    medians = {}
    for n_viewers in (0, N_VIEWERS):
        with tempfile.TemporaryDirectory() as folder, browsing(n_viewers) as browsers:
            if n_viewers:
                with served(Path(folder)) as (link, _):
                    for browser in browsers:
                        browser.get(link)
                    latencies_ms = measure_latencies(Path(folder), "ome_tiff")
            else:
                latencies_ms = measure_latencies(Path(folder), "ome_tiff")
        medians[n_viewers] = statistics.median(latencies_ms)
        print(f"hand-off with {n_viewers} viewers: median {medians[n_viewers]:.1f} ms")
    print(f"difference: {medians[N_VIEWERS] - medians[0]:+.1f} ms")


def measure_failure() -> None:
    """Print how long it takes until a failure shows."""
    with tempfile.TemporaryDirectory() as folder, browsing() as (browser,):
        journal = Journal(Path(folder) / "run", n_positions=3, n_time_points=10)
        journal.add_prescans(30)
        with served(journal.path.parent) as (link, _):
            browser.get(link)
            wait(browser, "document.querySelectorAll('.tile').length === 3")
            times_s = []
            for _ in range(8):
                journal.add_prescans(3)
                time.sleep(1.0)
                wait(browser, f"!{_FALLING_BACK}")
                began_s = time.perf_counter()
                journal.add_prescans(1, fails=True)
                wait(browser, _FALLING_BACK)
                times_s.append(time.perf_counter() - began_s)
                journal.add_prescans(2)
            median_s, worst_s = statistics.median(times_s), max(times_s)
            print(f"a failure shows after {median_s:.2f} s, at worst {worst_s:.2f} s of 8")


if __name__ == "__main__":
    main()
