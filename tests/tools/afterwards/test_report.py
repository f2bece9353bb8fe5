"""The page: it holds everything, fetches nothing, and runs nothing that a message brings."""

import re
from html.parser import HTMLParser

import pytest

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.manager.events import SessionStarted
from dystrack.scopes.geometry import PositionUm
from dystrack.tools.afterwards.report import report_on_demo, write_report
from dystrack.tools.afterwards.report_at_end import report_at_end
from made_up_runs import NASTY, made_up_run
from made_up_visits import a_failed_visit, a_visit, some_visits

FIELD_UM = PositionUm(20.0, 60.0, 100.0)
AHEAD = (3.0, 10.0, 24.0)
MOST_BYTES = 6_000_000


class Page(HTMLParser):
    """Collects text, tags, and whatever would be fetched or run."""

    def __init__(self, path):
        super().__init__()
        self.html = path.read_text(encoding="utf-8")
        self.words, self.fetched, self.tags, self.scripts, self.handlers = [], [], [], [], []
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        links = [value for key, value in attrs if key in {"src", "href"}]
        self.fetched += [v for v in links if not v.startswith(("data:image/", "#"))]
        self.handlers += [key for key, _ in attrs if key.startswith("on")]
        if tag == "script" and dict(attrs).get("type") != "text/plain":
            self.scripts.append(dict(attrs))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


def page_of_demo(folder, visits, **about):
    return Page(report_on_demo(visits, FIELD_UM, about, folder / "report.html"))


def test_a_report_lies_in_the_folder_of_its_run(tmp_path):
    made_up_run(tmp_path, [AHEAD, RuntimeError("no tissue"), AHEAD])
    path = write_report(tmp_path)
    assert path == tmp_path / "dystrack_report.html"
    page = Page(path)
    for text in (
        "2 of 3 prescans tracked, 1 failed",
        "RuntimeError: no tissue",
        "Sent instead: the previous coordinates of position 1",
        "one every 10 s",
        "field 20 \u00d7 10 µm",
        "max_checks",
    ):
        assert text in page.text
    assert page.tags.count("tr") >= 1 + 3
    assert page.tags.count("img") == 3 + 1
    assert path.stat().st_size < MOST_BYTES


def test_a_report_needs_no_other_file_and_no_network(tmp_path):
    page = page_of_demo(tmp_path, some_visits())
    assert page.fetched == []
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page.html)
    assert policy.startswith("default-src 'none'; img-src data: blob:;")
    assert "http" not in policy


def test_html_in_names_and_messages_is_shown_and_does_not_run(tmp_path):
    made_up_run(tmp_path, [AHEAD, RuntimeError(NASTY)], position_pattern="(?P<position>presc.*)")
    page = Page(write_report(tmp_path))
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", page.html)[1]
    assert page.scripts == [{"nonce": nonce}]
    assert page.handlers == []
    assert NASTY in page.text


def test_each_page_has_a_nonce_of_its_own(tmp_path):
    nonces = {
        re.search(r"'nonce-([\w-]+)'", page_of_demo(tmp_path, some_visits(1)).html)[1]
        for _ in range(2)
    }
    assert len(nonces) == 2


@pytest.mark.parametrize(
    "visits",
    [
        [a_visit()],
        [a_failed_visit(1)],
        [a_visit(1), a_failed_visit(2)],
        some_visits(3, n_positions=7),
        [a_visit(t, image=None, untracked_image=None) for t in (1, 2)],
        [a_visit(1, latency_s=0.0, camera_um=PositionUm(0.0, 2.0, 0.0))],
    ],
)
def test_any_demo_gives_a_report(tmp_path, visits):
    page = page_of_demo(tmp_path, visits, Scene="organoid")
    assert page.tags.count("tr") == 1 + len(visits)
    assert "Scene" in page.text


@pytest.mark.parametrize("n_positions", [1, 6, 20])
def test_each_position_has_a_panel_of_its_own(tmp_path, n_positions):
    page = page_of_demo(tmp_path, some_visits(12, n_positions=n_positions))
    ids = re.findall(r'<section id="(position-\d+)">', page.html)
    assert ids == [f"position-{n}" for n in range(1, n_positions + 1)]
    n_links = page.html.count('href="#position-')
    assert n_links == (n_positions if n_positions > 1 else 0)
    assert len(re.findall("data-figure=", page.html)) == 2 + 5 * n_positions
    assert len(page.html) < MOST_BYTES


def test_a_report_of_coordinates_alone_says_what_it_cannot_know(tmp_path):
    (tmp_path / "dystrack_coords.txt").write_text("Z\tY\tX\tmsg\n1.0\t2.0\t3.0\tOK\n")
    page = Page(write_report(tmp_path, tmp_path / "elsewhere.html"))
    assert "There is no journal in this folder" in page.text
    assert not (tmp_path / "dystrack_report.html").exists()


@pytest.mark.parametrize("content", ["", '{"at": "2026-11-24T10', "hello\n[1, 2]\n"])
def test_a_journal_without_a_run_is_not_said_to_be_missing(tmp_path, content):
    (tmp_path / "dystrack_journal.jsonl").write_text(content)
    with pytest.raises(ConfigurationError, match="is empty, torn, or none of DySTrack's"):
        write_report(tmp_path)
    (tmp_path / "dystrack_coords.txt").write_text("Z\tY\tX\tmsg\n1.0\t2.0\t3.0\tOK\n")
    page = Page(write_report(tmp_path))
    assert "There is no journal in this folder that can be read" in page.text


def test_where_there_was_no_run_there_is_no_report(tmp_path):
    with pytest.raises(ConfigurationError, match="nothing to report"):
        write_report(tmp_path)
    with pytest.raises(FolderError, match="not a folder"):
        write_report(tmp_path / "missing")
    with pytest.raises(ConfigurationError, match="no visits"):
        page_of_demo(tmp_path, [])
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_is_an_error_that_says_so(tmp_path):
    made_up_run(tmp_path, [AHEAD])
    with pytest.raises(FolderError, match="cannot be written"):
        write_report(tmp_path, tmp_path / "no such folder" / "report.html")


def test_a_long_run_keeps_to_its_size(tmp_path):
    visits = [
        a_visit(t, p, image=None, untracked_image=None)
        for t in range(1, 1001)
        for p in (1, 2, 3, 4)
    ]
    page = page_of_demo(tmp_path, visits)
    assert len(page.html) < MOST_BYTES
    assert "The first 2000 are left out" in page.text


class Session:
    """Stands for a session that is started with these keyword arguments."""

    def __init__(self, folder, error=None):
        self.folder, self.error = folder, error

    def __call__(self, on_event, **others):
        assert others == {"file_start": "p"}
        on_event(
            SessionStarted(
                folder=str(self.folder), pipeline="", settings={}, versions={}, existing=[],
                resumed=False,
            )
        )  # fmt: skip
        if self.error:
            raise self.error


def test_a_report_is_written_when_a_session_ends(tmp_path, capsys):
    made_up_run(tmp_path, [AHEAD])
    with report_at_end({"file_start": "p"}) as kwargs:
        Session(tmp_path)(**kwargs)
    path = tmp_path / "dystrack_report.html"
    assert path.exists()
    assert capsys.readouterr().out == f"The report is {path}\n"


def test_a_report_is_written_when_a_session_fails_and_hides_nothing(tmp_path, capsys):
    with (
        pytest.raises(RuntimeError, match="dark"),
        report_at_end({"file_start": "p"}) as kwargs,
    ):
        Session(tmp_path, RuntimeError("dark"))(**kwargs)
    assert "there is no report: ConfigurationError" in capsys.readouterr().err


def test_users_listeners_go_on_listening(tmp_path):
    heard = []
    with report_at_end({"file_start": "p", "on_event": heard.append}) as kwargs:
        Session(tmp_path)(**kwargs)
    assert [type(event) for event in heard] == [SessionStarted]


def test_no_report_is_written_where_none_is_wanted():
    with report_at_end({"file_start": "p"}, is_wanted=False) as kwargs:
        assert kwargs == {"file_start": "p"}
