import io

import pytest
from rich.console import Console

from dystrack.core.errors import ConfigurationError
from dystrack.manager.events import Answered
from dystrack.options.pipeline_reference import LoadedPipeline
from dystrack.tools.rehearsal import command as rehearse_command
from dystrack.tools.rehearsal.command import rehearsal_options, rehearsal_table, run_rehearsal
from dystrack.tools.rehearsal.recordings import Recording, Recordings
from dystrack.tools.rehearsal.rehearse import Rehearsal
from dystrack.tools.rehearsal.replay import Replayed
from fakes import fixed_pipeline, write_prescan


def answered(**changes):
    values = {
        "path": "p",
        "position": "2",
        "time_point": 1,
        "target": 1,
        "z": 1.0,
        "y": 2.5,
        "x": None,
        "msg": "OK",
        "outcome": "ok",
        "sent": True,
        "total_s": 0.1,
    }
    return Answered(**(values | changes))


FAILED = answered(msg="Image analysis failed!", outcome="fallback")


class Screen:
    """Takes what is shown."""

    def __init__(self):
        self.console = Console(record=True, width=130, highlight=False, file=io.StringIO())

    def __call__(self, renderable):
        self.console.print(renderable)

    @property
    def text(self):
        return self.console.export_text(clear=False)


@pytest.fixture
def screen():
    return Screen()


@pytest.fixture
def asked(monkeypatch):
    """Replace the rehearsal; tells with what it was asked for."""
    calls = {}

    def fake(folder, pipeline, settings, *, on_start, **others):
        calls.update(others, folder=str(folder), pipeline=pipeline, settings=settings)
        on_start(Recordings((Recording(folder / "a.tif", "a.tif", 0.0),), ("notes.txt",)))
        return Rehearsal((Replayed("a.tif", answered(), 0.05),), calls.get("error"))

    calls["error"] = None
    monkeypatch.setattr(rehearse_command, "rehearse", fake)
    return calls


RUN_FILE = LoadedPipeline(
    fixed_pipeline, {"answer": (1.0, 2.0, 3.0)}, {}, {"file_start": "prescan", "delay": 0.5}
)


def test_words_are_those_of_a_run_and_a_few_more(asked, screen):
    words = ["F", "--interval", "1.5", "--behaviour=renamed", "--max-failures", "3"]
    run_rehearsal("dystrack rehearse x", RUN_FILE, words, screen)
    settings = asked["settings"]
    assert (settings.interval, settings.behaviour, settings.into) == (1.5, "renamed", "")
    assert asked["folder"] == "F"
    assert asked["img_kwargs"] == {"answer": (1.0, 2.0, 3.0)}
    assert asked["manager_kwargs"] == {"file_start": "prescan", "delay": 0.5, "max_failures": 3}
    assert "Replaying 1 prescan of F, one every 1.5 s, written as renamed." in screen.text
    assert "Left out, as they are no images: notes.txt." in screen.text
    assert "a.tif" in screen.text


@pytest.mark.parametrize(
    ("words", "pace"),
    [
        ([], "at their recorded pace, with pauses of at most 5 s"),
        (["--interval", "0"], "one after the other"),
    ],
)
def test_the_pace_is_said(asked, screen, words, pace):
    run_rehearsal("dystrack rehearse x", RUN_FILE, ["F", *words], screen)
    assert pace in screen.text


@pytest.mark.parametrize(
    "option", ["--resume", "--tra_method=txt", "--max_checks=3", "--backlog=all"]
)
def test_what_means_nothing_here_is_not_offered(asked, screen, option):
    with pytest.raises(ConfigurationError, match="There is no option"):
        run_rehearsal("dystrack rehearse x", RUN_FILE, ["F", option], screen)


def test_a_typing_mistake_says_what_is_close(asked, screen):
    with pytest.raises(ConfigurationError, match=r"--behavior\. Did you mean --behaviour\?"):
        run_rehearsal("dystrack rehearse x", RUN_FILE, ["F", "--behavior", "x"], screen)


def test_help_lists_all_options(asked, screen):
    run_rehearsal("dystrack rehearse x", RUN_FILE, ["--help"], screen)
    for option in ("--interval", "--behaviour", "--into", "--on_runaway"):
        assert option in screen.text
    assert "settings" not in asked
    assert set(list(rehearsal_options(RUN_FILE).manager)[:3]) == {"interval", "behaviour", "into"}


def test_what_ended_it_early_is_raised_after_the_table(asked, screen):
    asked["error"] = RuntimeError("no tissue")
    with pytest.raises(RuntimeError, match="no tissue"):
        run_rehearsal("dystrack rehearse x", RUN_FILE, ["F"], screen)
    assert "a.tif" in screen.text


def test_the_table_tells_what_came_of_each_prescan(screen):
    replayed = (
        Replayed("a [1].tif", answered(), 0.05),
        Replayed("b.tif", FAILED, 0.15, ("Error: no [tissue]", "Look here")),
        Replayed("c.tif", FAILED, 0.25, ("Look here",)),
        Replayed("d.tif"),
    )
    screen(rehearsal_table(Rehearsal(replayed)))
    rows = [line.split() for line in screen.text.splitlines()]
    assert ["a", "[1].tif", "2", "1.00", "2.50", "nan", "50", "OK"] in rows
    assert ["b.tif", "2", "1.00", "2.50", "nan", "150", "Image", "analysis", "failed!"] in rows
    assert ["d.tif", "not", "answered"] in rows
    assert "! b.tif: Error: no [tissue]" in screen.text
    assert "! b.tif and 1 more: Look here" in screen.text
    assert "4 prescans, 3 answered, 1 of them from their own image." in screen.text
    assert "median 150 ms, worst 250 ms" in " ".join(screen.text.split())


def test_names_cannot_command_the_terminal(screen):
    failed = answered(msg="O\x1b[2JK", position="\x1b]0;p")
    replayed = Replayed("a\x1b[2J\n.tif", failed, 0.05, ("Look\x1b[1m\nhere",))
    screen(rehearsal_table(Rehearsal((replayed,))))
    assert "\x1b" not in screen.text
    assert "! a\\x1b[2J .tif: Look\\x1b[1m here" in screen.text


def test_a_name_is_not_said_twice(screen):
    replayed = Replayed("a.tif", answered(), 0.05, ("a.tif has another shape.",))
    screen(rehearsal_table(Rehearsal((replayed,))))
    assert "! a.tif has another shape." in screen.text


def test_what_ended_it_is_not_said_in_the_table(screen):
    replayed = Replayed("a.tif", notes=("RuntimeError: no tissue. Nothing is sent.", "Look here."))
    screen(rehearsal_table(Rehearsal((replayed,), RuntimeError("no tissue"))))
    assert "no tissue" not in screen.text
    assert "Look here." in screen.text


def test_an_unanswered_rehearsal_has_no_times(screen):
    screen(rehearsal_table(Rehearsal((Replayed("d.tif"),))))
    assert "1 prescan, 0 answered" in screen.text
    assert "median" not in screen.text


@pytest.mark.parametrize(
    ("words", "reports"),
    [
        ([], ["dystrack_rehearsal_2.html"]),
        (["--into", "replay"], ["replay/dystrack_report.html"]),
        (["--no-report"], []),
    ],
)
def test_all_of_it_together(tmp_path, monkeypatch, screen, words, reports):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dystrack_rehearsal.html").write_text("mine")
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    write_prescan(recorded / "prescan_1.tif")
    loaded = LoadedPipeline(fixed_pipeline, manager_kwargs={"progress": False})
    run_rehearsal("dystrack rehearse x", loaded, [str(recorded), "--interval=0", *words], screen)
    found = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.html")]
    assert sorted(found) == sorted(["dystrack_rehearsal.html", *reports])
    assert (tmp_path / "dystrack_rehearsal.html").read_text() == "mine"
    assert all(tmp_path.joinpath(report).name in screen.text for report in reports)
    assert "1 prescan, 1 answered, 1 of them from their own image." in screen.text


def test_a_tracker_that_was_asked_for_is_left_out_and_this_is_said(asked, screen):
    run_rehearsal("dystrack rehearse x", RUN_FILE, ["F", "--track", "auto"], screen)
    assert "The tracker is left out" in screen.text
    again = Screen()
    run_rehearsal("dystrack rehearse x", RUN_FILE, ["F"], again)
    assert "tracker" not in again.text
