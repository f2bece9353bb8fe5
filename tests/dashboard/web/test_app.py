"""What the page answers: data, pictures, downloads, figures for monitors."""

import asyncio
import contextlib
import json
import os
import sys

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.dashboard.web.feed import Feed
from dystrack.dashboard.web.files import download
from made_up_runs import NASTY, made_up_run

from .pages import OWNER, Pages

AHEAD = (2.0, 10.0, 24.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    made_up_run(folder, [AHEAD, AHEAD, ValueError(NASTY), AHEAD], n_positions=2)
    return folder


@pytest.fixture
def pages(folder):
    return Pages(folder, make_report=lambda folder: b"the report")


def test_all_that_is_described_for_programs_is_there(pages):
    described = pages.ask("/api/openapi.json").json()
    assert described["openapi"].startswith("3.")
    for path in described["paths"]:
        if path != "/feed":
            filled = path.replace("{session}", "{id}").replace("{number}", "1")
            filled = filled.replace("{view}", "top").replace("{file}", "journal")
            answer = pages.ask(f"{filled}?position=1")
            assert answer.status_code == 200, path


@pytest.mark.parametrize(
    "path",
    [
        "/api/sessions/nowhere",
        "/api/sessions/nowhere/prescans/1/top.png",
        "/api/sessions/nowhere/files/journal",
        "/api/sessions/{id}/charts?position=nobody",
        "/api/sessions/{id}/prescans?position=nobody",
        "/api/sessions/{id}/prescans/99",
        "/api/sessions/{id}/prescans/0/top.png",
        "/api/sessions/{id}/prescans/1/..%2f..%2fsecret.png",
        "/api/sessions/{id}/files/dystrack_journal.jsonl",
        "/api/sessions/{id}/files/..%2fsecret",
        "/api/sessions/..%2f..%2fetc/files/journal",
        "/static/..%2f__init__.py",
        "/static/%2e%2e/settings.py",
        "/static/nothing.js",
    ],
)
def test_what_is_not_in_a_table_is_not_there(pages, folder, path):
    (folder.parent / "secret").write_text("secret")
    (folder.parent / "secret.png").write_text("secret")
    answer = pages.ask(path)
    assert "secret" not in answer.text
    has_no_picture = "/prescans/0/" in path
    assert answer.status_code == (204 if has_no_picture else 404)


def test_the_page_and_all_that_it_needs_come_from_here(pages):
    page = pages.ask("/").text
    assert "http" not in page.replace("http://www.w3.org", "")
    needed = [part.partition('"')[0] for part in page.split('="/static/')[1:]]
    assert len(needed) >= 6
    for name in [*needed, "plotly.js", "store.js", "overview.js"]:
        answer = pages.ask(f"/static/{name}")
        assert answer.status_code == 200, name
        assert (
            pages.ask(f"/static/{name}", headers={"accept-encoding": "identity"}).text
            == answer.text
        )
        tag = {"if-none-match": answer.headers["etag"]}
        assert pages.ask(f"/static/{name}", headers=tag).status_code == 304


def test_charts_are_in_the_form_that_the_script_draws(pages):
    charts = pages.ask("/api/sessions/{id}/charts?position=1").json()
    names = [figure["name"] for figure in charts["figures"]]
    assert names == ["path", "places", "offset", "steps", "latency", "outcomes"]
    assert all(figure["caption"] for figure in charts["figures"])
    marked = [
        any(t.get("name") == "failed" for t in figure["data"]) for figure in charts["figures"]
    ]
    assert all(marked)  # a failure is to be seen in every chart
    assert "<img" not in json.dumps(charts)
    part = pages.ask("/api/sessions/{id}/charts?position=1&from=0&to=5").json()
    assert len(part["figures"][1]["data"][0]["x"]) < len(charts["figures"][1]["data"][0]["x"]) + 1


def test_pictures_are_those_that_were_kept(pages, folder):
    answer = pages.ask("/api/sessions/{id}/prescans/1/top.png")
    kept = folder / "dystrack_previews" / "prescan_1_pos_1.ome.tif.png"
    assert answer.content == kept.read_bytes()
    assert answer.headers["content-type"] == "image/png"
    side = pages.ask("/api/sessions/{id}/prescans/1/side.png")
    assert side.content == kept.with_suffix(".side.png").read_bytes()


def test_files_can_be_downloaded(pages, folder):
    journal = pages.ask("/api/sessions/{id}/files/journal")
    assert journal.content == (folder / "dystrack_journal.jsonl").read_bytes()
    assert "attachment" in journal.headers["content-disposition"]
    assert pages.ask("/api/sessions/{id}/files/coordinates").text.startswith("Z\tY\tX\tmsg")
    report = pages.ask("/api/sessions/{id}/files/report")
    assert report.content == b"the report"
    assert "attachment" in report.headers["content-disposition"]


def test_a_journal_that_grows_while_it_is_sent_arrives_as_it_was(tmp_path):
    path = tmp_path / "dystrack_journal.jsonl"
    path.write_bytes(b"before\n" * 50_000)
    sent = download(path)

    async def body():
        pieces = []
        async for piece in sent.body_iterator:
            pieces.append(piece)
            with path.open("ab") as journal:
                journal.write(b"after\n" * 50_000)
        return b"".join(pieces)

    assert asyncio.run(body()) == b"before\n" * 50_000
    assert "content-length" not in sent.headers


def test_a_report_that_cannot_be_made_is_told(folder):
    def fail(_):
        raise ConfigurationError("There is nothing to report.")

    answer = Pages(folder, make_report=fail).ask("/api/sessions/{id}/files/report")
    assert (answer.status_code, answer.json()) == (404, {"error": "There is nothing to report."})


def test_a_message_with_markup_is_text_of_a_json_value(pages):
    answer = pages.ask("/api/sessions/{id}/messages?level=bad")
    assert answer.headers["content-type"] == "application/json"
    assert NASTY in answer.json()["messages"][0]["text"]


def test_monitors_get_figures(pages):
    text = pages.ask("/metrics").text
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    own = f'session="{pages.session.folder.name}",id="{pages.session.id}"'
    assert lines[f'dystrack_session_state{{{own},state="ended"}}'] == "1"
    assert lines[f'dystrack_prescans_total{{{own},position="1"}}'] == "2"
    assert lines[f'dystrack_failures_total{{{own},position="1"}}'] == "1"
    assert lines[f"dystrack_disk_free_bytes{{{own}}}"] == "1000000000"


def test_health_is_bad_if_a_manager_died(tmp_path):
    made_up_run(tmp_path, [AHEAD])
    assert Pages(tmp_path).ask("/health").json()["ok"]
    journal = tmp_path / "dystrack_journal.jsonl"
    journal.write_bytes(journal.read_bytes().rstrip().rpartition(b"\n")[0] + b"\n")
    answer = Pages(tmp_path, owned=False).ask("/health")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "sessions": {tmp_path.name: "died"}}


def test_folders_of_the_same_name_hide_no_trouble(tmp_path):
    folders = [tmp_path / scope / "fish" for scope in ("scope_1", "scope_2")]
    for folder, answer in zip(folders, (ValueError("no sample"), AHEAD), strict=True):
        folder.parent.mkdir()
        with contextlib.suppress(ValueError):
            made_up_run(folder, [answer])
    answer = Pages(*folders).ask("/health")
    assert answer.status_code == 503
    assert sorted(answer.json()["sessions"].values()) == ["ended", "ended by an error"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are texts there")
def test_a_folder_whose_name_is_no_text_has_figures(tmp_path, caplog):
    caplog.set_level("WARNING", "filelock")  # such a name in a log stops tests side by side
    folder = tmp_path / os.fsdecode(b"fish_\xff")
    made_up_run(folder, [AHEAD])
    assert 'session="fish_?"' in Pages(folder).ask("/metrics").text


@pytest.mark.parametrize(
    "path", ["/", "/feed", "/api/sessions", "/metrics", "/health", "/static/app.js"]
)
def test_from_elsewhere_everything_needs_a_token(pages, path):
    assert pages.ask(path, client="203.0.113.9").status_code == 401
    if path != "/feed":
        assert pages.ask(path, client="203.0.113.9", headers=OWNER).status_code == 200


def test_a_page_is_told_all_first_and_then_what_changes(tmp_path):
    made_up_run(tmp_path, [AHEAD])
    pages = Pages(tmp_path)

    async def told():
        feed = Feed(pages.watch)
        async with feed.running():
            messages = feed.messages()
            first = json.loads(await anext(messages))
            assert feed.n_viewers == 1
            next_one = asyncio.ensure_future(anext(messages))
            await asyncio.sleep(0)
            with (tmp_path / "dystrack_journal.jsonl").open("ab") as journal:
                journal.write(b'{"at": "2027-01-15T09:00:00+00:00", "event": "SessionPaused"}\n')
            while not (second := json.loads(await next_one))["session"]["n_messages"] > 2:
                next_one = asyncio.ensure_future(anext(messages))
            rest = asyncio.ensure_future(anext(messages, "ended"))
        return first, second, await rest

    pages.watch.look()
    first, second, last = asyncio.run(told())
    assert first["all"]
    assert list(first["tiles"]) == ["1"]
    assert not second["all"]
    assert last == "ended"


def test_a_page_that_does_not_keep_up_has_to_connect_anew(tmp_path):
    async def told():
        feed = Feed(Pages(tmp_path).watch)
        messages = feed.messages()
        await anext(messages)
        for _ in range(600):
            feed._tell("more")
        assert feed.n_viewers == 0
        got = [message async for message in messages]
        assert len(got) < 600

    asyncio.run(told())
