"""Make docs/pictures/dashboard.png, the README's picture: `python benchmarks/dashboard_picture.py`.

Give another file to make it there, as the gate does. A simulated run of three positions, as its
page shows it. Needs chromium, chromedriver, selenium.
"""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from selenium import webdriver

from dystrack.tools.demo.session import DemoSettings, run_demo

README_PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "dashboard.png"
TO = Path(sys.argv[1]) if len(sys.argv) > 1 else README_PICTURE
WIDTH, HEIGHT = 1400, 1000
SETTINGS = DemoSettings(scene="primordium", n_positions=3, n_time_points=60, duration_s=40.0)


def main() -> None:
    """Run a simulation, look at its page, and keep what is seen."""
    with tempfile.TemporaryDirectory(prefix="zebrafish_") as folder:
        watched = Path(folder) / "zebrafish_lateral_line"
        watched.mkdir()
        demo = threading.Thread(target=run_demo, args=(SETTINGS, watched), daemon=True)
        demo.start()
        command = [sys.executable, "-m", "dystrack", "dashboard", str(watched), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as page:
            assert page.stdout is not None
            try:
                picture(page.stdout.readline().split()[3])
            finally:
                page.terminate()
        demo.join()


def picture(link: str) -> None:
    """Keep the page of the middle of the run."""
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(word)
    browser = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.get(link)
        time.sleep(30.0)
        browser.execute_script("document.querySelector('.tile').click()")
        time.sleep(4.0)
        browser.save_screenshot(str(TO))
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
