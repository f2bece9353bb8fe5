"""The page in a real browser: what a person sees, in the order in which it happens."""

import threading
from types import SimpleNamespace

import pytest

from dystrack.dashboard.serving.access import is_loopback
from dystrack.dashboard.serving.server import own_address
from dystrack.tools.demo.session import DemoSettings, run_demo

from .conftest import TOKEN, PageProcess


def open_position(browser, run, page, **more):
    run.prescan()
    browser.open(page.link, **more)
    browser.wait("document.querySelector('.tile')")
    browser.driver.execute_script("document.querySelector('.tile').click()")
    browser.wait("document.querySelector('.pictures img')?.complete")


def test_tiles_fill_and_charts_move_while_a_simulated_run_goes_on(browser, tmp_path):
    settings = DemoSettings(n_positions=3, n_time_points=25, duration_s=12.0)
    demo = threading.Thread(target=run_demo, args=(settings, tmp_path))
    demo.start()
    page = PageProcess(tmp_path, words=())
    try:
        browser.open(page.link)
        browser.wait("document.querySelectorAll('.tile').length === 3")
        browser.wait("document.querySelectorAll('.tile img').length === 3")
        browser.wait(
            "[...document.querySelectorAll('.tile')].every((e) => e.querySelector('svg .aim, svg circle'))"
        )
        assert all(browser.state_of(n) in {"tracking", "falling back"} for n in (1, 2, 3))
        browser.driver.execute_script("document.querySelector('.tile').click()")
        browser.wait("document.querySelectorAll('.js-plotly-plot').length >= 2")
        points = "document.querySelector('.chart.places').data?.[0].x.length"
        before = browser.wait(points)
        browser.wait(f"{points} > arguments[0]", before)
        demo.join()
        browser.wait("document.querySelector('.title .chip').textContent === 'ended'")
        assert browser.errors == []
    finally:
        demo.join()
        page.end()


def test_a_failure_shows_before_anything_else_happens_and_its_markup_is_text(browser, run, page):
    for position in (1, 2, 3):
        run.prescan(position)
    browser.open(page.link)
    browser.wait("document.querySelectorAll('.tile').length === 3")
    run.is_failing = True
    run.prescan(2)  # nothing follows: only this can make it show
    browser.wait("document.querySelector('.tile h3').textContent === 'Position 2'")  # trouble first
    assert browser.state_of(2) == "falling back"
    assert "no sample" in browser.ask("document.querySelector('.tile .message').textContent")
    run.prescan(2)
    run.prescan(2)
    browser.wait("document.querySelector('.tile .chip').textContent === 'lost'")
    assert "position 2: lost" in browser.ask("document.getElementById('told').textContent")
    browser.driver.execute_script("document.querySelector('.tile').click()")
    browser.wait("document.querySelector('.messages .bad')")
    assert browser.ask("document.querySelectorAll('main img[src=x]').length") == 0
    assert "hacked" not in browser.driver.title


def test_a_click_gives_the_next_line_and_hold_keeps_it(browser, run, page):
    open_position(browser, run, page)
    browser.click("Click a new target")
    browser.driver.execute_script(
        "const box = arguments[0].getBoundingClientRect();"
        "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true, clientX: box.left + 30.5 / 41 * box.width, clientY: box.top + 15.5 / 21 * box.height}))",
        browser.ask("document.querySelector('.frame.aiming')"),
    )
    browser.wait("document.querySelector('.chosen')")
    browser.click("Send it there")
    browser.wait("/Send position 1 .*done at/.test(document.querySelector('.asked').textContent)")
    z, y, x, message = run.prescan().split("\t")
    assert message == "MANUAL"
    assert (float(z), float(y), float(x)) == pytest.approx((2.0, 15.0, 26.0), abs=0.2)
    browser.wait("/with prescan_2/.test(document.querySelector('.asked').textContent)")
    browser.click("Hold")
    browser.wait("document.querySelector('.title .chip').textContent === 'held'")
    assert run.prescan() == "2.0000\t10.0000\t20.0000\tImage analysis failed!"
    browser.click("Release")
    browser.wait("document.querySelector('.title .chip').textContent !== 'held'")
    assert run.prescan().endswith("24.0000\tOK")


def test_a_target_can_be_chosen_with_the_keyboard(browser, run, page):
    from selenium.webdriver.common.keys import Keys

    open_position(browser, run, page)
    browser.click("Click a new target")
    place = browser.driver.switch_to.active_element
    place.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ENTER)
    browser.wait("/Send position 1 .*done at/.test(document.querySelector('.asked').textContent)")
    assert run.prescan() == "2.0000\t11.0000\t18.0000\tMANUAL"  # the stage had moved by 4 px


def test_the_page_goes_on_after_a_restart_of_the_server_without_a_reload(browser, run, page):
    run.prescan(1)
    browser.open(page.link)
    browser.wait("document.querySelectorAll('.tile').length === 1")
    browser.driver.execute_script("window.isTheSame = true")
    page.end()
    browser.wait("document.getElementById('link').textContent !== 'Live'")
    run.prescan(2)
    again = PageProcess(run.folder, port=page.port)
    try:
        browser.wait("document.querySelectorAll('.tile').length === 2")
        browser.wait("document.getElementById('link').textContent === 'Live'")
        assert browser.ask("window.isTheSame")
    finally:
        again.end()


def test_commands_are_for_those_with_the_token(browser, run, page):
    run.prescan()
    browser.driver.delete_all_cookies()
    browser.open(page.address)
    browser.wait("document.querySelector('.tile')")
    browser.driver.execute_script("document.querySelector('.tile').click()")
    browser.wait("document.querySelector('.pictures img')")
    assert browser.ask("document.querySelector('.controls').hidden")
    open_position(browser, run, page)
    browser.wait("!document.querySelector('.controls').hidden")
    assert browser.ask("document.cookie") == ""  # scripts cannot read it


def test_from_another_address_the_page_needs_a_token(browser, run):
    address = own_address()
    if not address[0].isdecimal() or is_loopback(address):
        pytest.skip("this computer has no address but its own loopback")
    run.prescan()
    page = PageProcess(run.folder, words=("--host", "0.0.0.0", "--control"))  # noqa: S104 - that is what is tested
    try:
        assert page.address == f"http://{address}:{page.port}"
        browser.driver.delete_all_cookies()
        browser.open(page.address)
        assert "This page needs a token" in browser.text
        browser.open(f"{page.address}/enter?token=wrong")
        assert "The token of this link is not, or no longer, the right one" in browser.text
        for token, may_command in ((page.guest, False), (TOKEN, True)):
            open_position(browser, run, SimpleNamespace(link=f"{page.address}/enter?token={token}"))
            browser.wait("document.querySelector('.messages li')")
            assert browser.ask("document.querySelector('.controls').hidden") is not may_command
            assert token not in browser.driver.current_url
    finally:
        browser.driver.delete_all_cookies()
        page.end()


def test_the_same_trouble_again_and_again_is_one_message(browser, run, page):
    run.prescan(1)
    run.prescan(2)
    run.is_failing = True
    for _ in range(4):
        run.prescan(1)
        run.prescan(2)
    browser.open(page.link)
    browser.wait("document.querySelectorAll('.tile').length === 2")
    browser.driver.execute_script("document.querySelector('.session h2 a').click()")
    browser.wait("document.querySelector('.messages .bad')")
    assert browser.ask("document.querySelectorAll('.messages li.bad').length") == 1
    assert "Positions 1, 2 · 8 times since" in browser.text
    assert browser.ask("document.querySelector('.states').textContent") == "running2 lost"


def test_a_limit_shows_as_it_is_now(browser, run, page):
    run.prescan()
    browser.open(page.link)
    browser.wait("document.querySelector('.tile')")
    browser.driver.execute_script("document.querySelector('.session h2 a').click()")
    browser.wait("document.querySelector('.controls .hint')?.textContent === 'now no limit'")
    browser.driver.execute_script(
        "document.querySelector('.controls [placeholder^=such]').value = '5,20,20'"
    )
    browser.click("Set limit")
    browser.wait("document.querySelector('.controls .hint').textContent === 'now 5,20,20'")
    browser.driver.execute_script("window.confirm = (text) => { window.asked = text; }")
    browser.click("Set limit")  # nothing is typed: that would take it away
    assert browser.wait("window.asked") == "Take this limit away?"
    run.prescan()
    assert browser.ask("document.querySelectorAll('.asked li').length") == 1


def test_a_person_can_look_back_through_the_run(browser, run, page):
    for _ in range(3):
        run.prescan()
    open_position(browser, run, page)
    browser.wait("document.querySelector('.scrub input').max === '3'")
    browser.driver.execute_script(
        "const slider = document.querySelector('.scrub input'); slider.value = '0'; slider.dispatchEvent(new Event('input'))"
    )
    browser.wait("document.querySelector('.hints output').textContent.startsWith('prescan_1_')")
    browser.wait("document.querySelector('.pictures img').src.includes('/prescans/1/')")
    run.prescan()
    browser.wait("document.querySelector('.scrub input').max === '4'")
    assert "/prescans/1/" in browser.ask("document.querySelector('.pictures img').src")
    browser.click("Newest")
    browser.wait("document.querySelector('.pictures img').src.includes('/prescans/5/')")


def test_what_is_zoomed_in_one_chart_is_zoomed_in_all(browser, run, page):
    for _ in range(6):
        run.prescan()
    open_position(browser, run, page, height=3000)
    browser.wait("document.querySelectorAll('.js-plotly-plot').length >= 5")
    browser.driver.execute_script(
        "Plotly.relayout(document.querySelector('.chart.steps'), {'xaxis.range[0]': 0.1, 'xaxis.range[1]': 0.5})"
    )
    for chart in ("places", "latency", "offset"):
        browser.wait(
            f"Math.abs(document.querySelector('.chart.{chart}').layout.xaxis.range[1] - 0.5) < 0.01"
        )


@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("width", [390, 1400, 3840])
def test_nothing_serious_is_found_by_axe(browser, run, page, axe, width, is_dark):
    run.prescan(1)
    run.is_failing = True
    run.prescan(1)
    run.prescan(2)
    for what in ("overview", "run", "position"):
        browser.open(page.link, width=width, is_dark=is_dark)
        browser.wait("document.querySelectorAll('.tile').length === 2")
        id_ = browser.ask("document.querySelector('.tile').hash.split('/')[2]")
        if what != "overview":
            path = f"#/s/{id_}" + ("/p/1" if what == "position" else "")
            browser.driver.execute_script("location.hash = arguments[0]", path)
            browser.wait("document.querySelector('.messages .bad')")
        if what == "position":
            browser.wait("document.querySelector('.chart') && document.querySelector('.frame img')")
            browser.driver.execute_script("document.querySelector('.charts').scrollIntoView()")
            browser.wait("document.querySelector('.js-plotly-plot')")
        browser.driver.execute_script(axe)
        found = browser.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then((found) => done(found.violations))"
        )
        serious = [v for v in found if v["impact"] in {"serious", "critical"}]
        assert serious == [], [
            (v["id"], [n["html"][:200] + str(n.get("failureSummary")) for n in v["nodes"][:3]])
            for v in serious
        ]
        wide = browser.ask("document.documentElement.scrollWidth > innerWidth")
        assert not wide, f"{what} is wider than {width} px"
