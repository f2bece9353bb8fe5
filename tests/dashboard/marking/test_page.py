"""The page on which prescans are marked, in a client and in a browser."""

import contextlib
import os
import shutil
import threading

import httpx
import numpy as np
import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.dashboard.marking.page import marking_routes
from dystrack.dashboard.serving.access import Access
from dystrack.dashboard.serving.server import guarded, open_server
from dystrack.dashboard.settings import DashboardSettings
from dystrack.tools.kit.training.marked import png_of

OWN = {"x-dystrack": "1"}


class Marked:
    """Takes marks, and remembers what was asked."""

    def __init__(self, paints=True):
        prescans = [{"name": n, "depth": 3, "height": 40, "width": 60} for n in ("a.tif", "b.tif")]
        self.about = {"title": "T", "hint": "H", "paints": paints, "prescans": prescans}
        self.given, self.acts = [], []

    def plane(self, name, z):
        return png_of(np.full((40, 60), 90, np.uint8))

    def overlay(self, name, z):
        return None

    def marks(self, name):
        return [mark for own, mark in self.given if own == name and mark]

    def mark(self, name, mark):
        self.given.append((name, mark))
        return f"{len(self.given)} marks"

    def act(self, action):
        if action == "fail":
            raise ConfigurationError("too few strokes")
        self.acts.append(action)
        return ["done"]


@pytest.fixture
def serve():
    servers = []

    def start(marked):
        app = guarded(marking_routes(marked), Access())
        server = open_server(app, DashboardSettings(port=0))
        thread = threading.Thread(target=server.run)
        thread.start()
        servers.append((server, thread))
        return server.links[0]

    yield start
    for server, thread in servers:
        server.stop()
        thread.join()


@pytest.fixture
def client_of(serve):
    with contextlib.ExitStack() as clients:
        yield lambda marked: clients.enter_context(httpx.Client(base_url=serve(marked), timeout=20))


def test_pictures_marks_and_actions(client_of):
    marked = Marked()
    client = client_of(marked)
    assert client.get("/").text.startswith("<!doctype html>")
    assert client.get("/api/about").json()["title"] == "T"
    assert client.get("/api/0/plane?z=1").content.startswith(b"\x89PNG")
    assert client.get("/api/1/overlay").status_code == 204
    stroke = {"z": 1, "points": [[1, 2]]}
    assert client.post("/api/1/mark", json=stroke, headers=OWN).json() == ["1 marks"]
    assert client.get("/api/1/marks").json() == [stroke]
    assert client.post("/api/act/learn", json=None, headers=OWN).json() == ["done"]
    failed = client.post("/api/act/fail", json=None, headers=OWN)
    assert (failed.status_code, failed.json()) == (409, ["too few strokes"])


@pytest.mark.parametrize("path", ["/api/2/plane", "/static/../page.py", "/static/secret", "/api/x"])
def test_what_is_not_there_is_not_given(path, client_of):
    assert client_of(Marked()).get(path).status_code == 404


def test_a_foreign_page_cannot_mark(client_of):
    marked = Marked()
    assert client_of(marked).post("/api/0/mark", json={}).status_code == 403
    assert not marked.given


@pytest.fixture
def browser():
    if shutil.which("chromedriver") is None:
        if os.environ.get("CI"):
            pytest.fail("there is no chromedriver")
        pytest.skip("there is no chromedriver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1000,900"):
        options.add_argument(word)
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))
    )
    driver.implicitly_wait(10)
    yield driver
    driver.quit()


@pytest.mark.slow
def test_a_person_paints_goes_on_and_learns(browser, serve):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    marked = Marked()
    browser.get(serve(marked))
    wait = WebDriverWait(browser, 10)
    wait.until(lambda b: "a.tif" in b.find_element(By.ID, "name").text)
    canvas = browser.find_element(By.ID, "canvas")
    ActionChains(browser).drag_and_drop_by_offset(canvas, 80, 20).perform()
    wait.until(lambda _: len(marked.given) == 1)
    name, stroke = marked.given[0]
    assert (name, stroke["kind"], stroke["z"]) == ("a.tif", 1, 1)
    assert len(stroke["points"]) >= 2
    y, x = stroke["points"][0]
    assert 0 <= y < 40
    assert x == pytest.approx(29.5, abs=1)
    ActionChains(browser).send_keys("b").send_keys("\ue014").perform()
    wait.until(lambda b: "b.tif" in b.find_element(By.ID, "name").text)
    ActionChains(browser).click(canvas).perform()
    wait.until(lambda _: len(marked.given) == 2)
    assert (marked.given[1][0], marked.given[1][1]["kind"]) == ("b.tif", 2)
    browser.find_element(By.ID, "learn").click()
    wait.until(lambda b: "done" in b.find_element(By.ID, "said").text)
    assert marked.acts == ["learn"]
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]
