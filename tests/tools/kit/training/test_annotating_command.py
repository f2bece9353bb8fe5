"""`dystrack evaluate --annotate` as a person uses it: a command, a browser, clicks, Ctrl-C."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import tifffile

from dystrack.tools.kit.evaluation.truth import read_truth

LIMIT_S = 120
PLACES = {"a.tif": (30, 70), "b.tif": (40, 50)}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "prescans"
    made.mkdir()
    y, x = np.indices((80, 120))
    for name, (centre_y, centre_x) in PLACES.items():
        body = 200 * np.exp(-((y - centre_y) ** 2 + (x - centre_x) ** 2) / 72)
        noise = np.random.default_rng(0).integers(0, 9, body.shape)
        tifffile.imwrite(made / name, (body + noise).astype(np.uint8))
        os.utime(made / name, (0, 0))
    return made


@pytest.fixture
def browser():
    for needed in ("chromium", "chromedriver"):
        if shutil.which(needed) is None:
            if os.environ.get("CI"):
                pytest.fail(f"there is no {needed}")
            pytest.skip(f"there is no {needed}")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1000,900"):
        options.add_argument(word)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def started(folder, tmp_path):
    words = (
        "evaluate",
        "center_of_mass",
        str(folder),
        "--annotate",
        "--stress=none",
        "--method=otsu",
    )
    process = subprocess.Popen(
        [sys.executable, "-X", "utf8", "-m", "dystrack", *words, "--into", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=os.environ | {"PYTHONUNBUFFERED": "1", "BROWSER": "true"},
    )
    yield process
    process.kill()
    process.communicate()


def click(browser, y, x):
    """Click into the middle of a pixel."""
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    canvas = browser.find_element(By.ID, "canvas")
    scale = canvas.rect["width"] / 120
    from_centre = ((x + 0.5 - 60) * scale, (y + 0.5 - 40) * scale)
    ActionChains(browser).move_to_element_with_offset(
        canvas, *map(round, from_centre)
    ).click().perform()


@pytest.mark.skipif(os.name != "posix", reason="sends Ctrl-C as a signal")
def test_targets_are_clicked_in_a_browser_and_the_evaluation_uses_them(
    browser, started, folder, tmp_path
):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    greeting = started.stdout.readline()
    browser.get(re.search(r"http://\S+", greeting)[0])
    wait = WebDriverWait(browser, 30)

    def shows(element, text):
        wait.until(lambda b: text in b.find_element(By.ID, element).text)

    shows("name", "a.tif (1 of 2)")
    canvas = browser.find_element(By.ID, "canvas")
    wait.until(lambda _: canvas.get_property("width") == 120)  # the picture is there
    assert not browser.find_element(By.ID, "tools").is_displayed()  # those are for painting
    click(browser, *PLACES["a.tif"])
    shows("said", "Marked: 1 of 2 prescans")
    ActionChains(browser).send_keys("\ue014").perform()
    shows("name", "b.tif (2 of 2)")
    click(browser, 10, 100)
    shows("said", "Marked: 2 of 2 prescans")
    ActionChains(browser).send_keys("u").perform()
    shows("said", "Marked: 1 of 2 prescans")
    click(browser, 70, 110)  # far from where the pipeline will look: that has to be told
    shows("said", "Marked: 2 of 2 prescans")
    started.send_signal(signal.SIGINT)
    shown, _ = started.communicate(timeout=LIMIT_S)
    assert started.returncode == 0, shown
    truth = read_truth(folder / "dystrack_truth.csv")
    assert truth["a.tif"] == pytest.approx((0, *PLACES["a.tif"]), abs=0.6)
    assert truth["b.tif"] == pytest.approx((0, 70, 110), abs=0.6)
    assert "In 1 of 2 cases it answered OK and was wrong" in shown
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8-sig") as file:
        outcomes = {row["sample"]: row["outcome"] for row in csv.DictReader(file)}
    assert outcomes == {"a.tif": "right", "b.tif": "wrong"}
