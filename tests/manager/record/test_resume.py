"""Take up a run where it was left: whatever happened, each prescan is answered once."""

import json

import numpy as np
import pytest

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import JournalError, TransmissionError
from dystrack.core.exchange.coords_file import CoordsLine, append_line, read_lines
from dystrack.core.limits import Travel
from dystrack.manager.cmdline import run_via_cmdline
from dystrack.manager.events import Answered, PrescansFound, RunResumed, SessionStarted, Warned
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.orders import place_order
from dystrack.manager.record.resume import PastRun, read_replay
from dystrack.manager.record.states import position_from_record, position_record
from dystrack.manager.tracking.positions import Position
from fakes import FakeClock, Recorder, write_prescan


def counting(target_path, seen=0, step=1.0):
    """Answer with how often the position was seen.

    Parameters
    ----------
    target_path : str
        Not looked at.
    seen : int
        Cached count.
    step : float
        A setting.
    """
    return 1.0, 2.0, float(seen), f"step {step}", {"seen": seen + 1}


def with_options(target_path, channel=0, threshold=5, method="a"):
    """Answer with the options.

    Parameters
    ----------
    target_path : str
        Not looked at.
    channel, threshold : int
        Options.
    method : str
        Another.
    """
    return 0.0, float(channel), float(threshold), method, {}


def failing(target_path, seen=0, step=1.0):
    """Fail always."""
    raise RuntimeError("no tissue")


class Run:
    """A folder in which a run is started again and again."""

    def __init__(self, folder):
        self.folder = folder
        self.journal = folder / "dystrack_journal.jsonl"
        self.coords = folder / "dystrack_coords.txt"
        self.told = Recorder()

    def start(self, prescans=(), pipeline=counting, **kwargs):
        clock = FakeClock()
        for i, name in enumerate(prescans):
            clock.plan(0.5 + i, lambda name=name: write_prescan(self.folder / name))
        settings = {"max_checks": len(prescans) + 2, "progress": False, "on_event": self.told}
        return run_dystrack_manager(self.folder, pipeline, clock=clock, **(settings | kwargs))

    def resume(self, prescans=(), **kwargs):
        self.told = Recorder()
        return self.start(prescans, resume=True, **kwargs)

    def miss(self, *names):
        """Have prescans written while nobody watches."""
        import os

        for i, name in enumerate(names):
            path = write_prescan(self.folder / name)
            os.utime(path, ns=(10**18 + i, 10**18 + i))

    def cut_journal(self, last_event, *, keep=0):
        """Have the journal end with the last event of a kind, and `keep` bytes of the next line."""
        lines = self.journal.read_bytes().splitlines(keepends=True)
        n = max(i for i, line in enumerate(lines) if json.loads(line)["event"] == last_event) + 1
        self.journal.write_bytes(b"".join(lines[:n]) + b"".join(lines[n:])[:keep])

    @property
    def answered(self):
        return [
            event.path.rpartition("/")[2].rpartition("\\")[2] for event in self.told.of(Answered)
        ]

    @property
    def lines(self):
        return read_lines(self.coords)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def test_what_came_in_the_meantime_is_answered_oldest_first(run):
    write_prescan(run.folder / "before.tif")
    run.start(["a_t1_p1.tif"])
    run.miss("z_t2_p1.tif", "b_t3_p1.tif")
    run.resume(["c_t4_p1.tif"])
    assert run.answered == ["z_t2_p1.tif", "b_t3_p1.tif", "c_t4_p1.tif"]
    assert [line.x for line in run.lines] == [0, 1, 2, 3]


def test_only_the_newest_of_each_position(run):
    run.start(["t1_p1.tif", "t1_p2.tif"])
    run.miss("t2_p1.tif", "t2_p2.tif", "t3_p1.tif")
    run.resume(backlog="newest")
    assert run.answered == ["t2_p1.tif", "t2_p2.tif", "t3_p1.tif"]  # each has its line
    assert [answer.outcome for answer in run.told.of(Answered)] == ["fallback", "ok", "ok"]
    assert run.lines[2] == CoordsLine(2, 9.5, 14.5, "Image analysis failed!")
    assert run.told.of(RunResumed)[0].left_out == ["t2_p1.tif"]
    run.resume()
    assert run.answered == []


def test_positions_go_on_where_they_were(run):
    run.start(["t1_p1.tif", "t2_p1.tif", "t1_p2.tif"])
    run.resume(["t3_p1.tif", "t2_p2.tif"])
    assert [line.x for line in run.lines] == [0, 1, 0, 2, 1]


def test_a_failure_after_a_resume_is_not_the_very_first(run):
    run.start(["t1_p1.tif"])
    lines = run.journal.read_text().replace("counting", "failing")
    run.journal.write_text(lines)
    run.resume(["t2_p1.tif"], pipeline=failing)
    assert run.lines[-1] == CoordsLine(1, 2, 0, "Image analysis failed!")


def test_settings_that_are_not_given_are_restored(run):
    run.start(["a.tif"], img_kwargs={"step": 5.0}, file_start="a")
    run.resume(["b.tif", "a2.tif"])
    assert [line.msg for line in run.lines] == ["step 5.0", "step 5.0"]
    run.resume(["a3.tif", "b.tif"], img_kwargs={"step": 7.0})
    assert [line.msg for line in run.lines] == ["step 5.0", "step 5.0", "step 7.0"]


def test_one_option_does_not_drop_the_others(run):
    run.start(["a.tif"], with_options, img_kwargs={"channel": 3, "threshold": 8})
    run.resume(["b.tif"], pipeline=with_options, img_kwargs={"method": "b"})
    run.resume(["c.tif"], pipeline=with_options)
    assert run.lines[1:] == [CoordsLine(0, 3, 8, "b")] * 2


@pytest.mark.parametrize(
    ("first", "then", "settings"),
    [
        (["--threshold", "8"], ["--threshold", "5"], {"img_kwargs": {"threshold": 5}}),
        (["--file_start", "a"], ["--file_start", ""], {"file_start": ""}),
        (["--no-isolate"], [], {"isolate": False}),
        (["--quiet_s", "1"], ["--timeout_s", "60"], {"quiet_s": 1.0, "timeout_s": 60.0}),
        (["--timeout_s", "9"], ["--timeout_s", "60"], {"timeout_s": 60.0}),
        (["--max_checks", "9"], ["--max_checks", "3"], {"max_checks": 3}),
    ],
)
def test_what_is_typed_is_given_also_at_its_default(run, first, then, settings):
    for words in (first, ["--resume", *then]):
        told = Recorder()
        run_via_cmdline(
            ["run.py", str(run.folder), *words],
            with_options,
            manager_kwargs={
                "clock": FakeClock(),
                "should_stop": lambda: True,
                "on_event": told,
                "progress": False,
            },
            manager_defaults={"isolate": True},
        )
    used = told.of(SessionStarted)[0].settings
    assert {name: used[name] for name in settings} == settings


@pytest.mark.parametrize(
    ("before", "now", "tra_kwargs"),
    [
        (print, print, {"port": 3, "host": "h"}),
        (print, "txt", {"host": "h"}),
        ("txt", print, {"host": "h"}),
        ("txt", "txt", {"port": 3, "host": "h"}),
    ],
)
def test_keywords_of_another_way_out_are_not_taken_over(run, before, now, tra_kwargs):
    run.start(tra_method=before, tra_kwargs={"port": 3})
    past = PastRun(read_replay(run.journal).summary())
    completed = past.complete({"tra_method": now, "tra_kwargs": {"host": "h"}}, {})
    assert completed["tra_kwargs"] == tra_kwargs


def test_what_a_journal_cannot_keep_has_to_be_given_again(run):
    def send(*args, **kwargs):
        pass

    model = object()
    run.start(["a.tif"], with_options, tra_method=send, img_kwargs={"channel": 1, "method": model})
    with pytest.raises(JournalError, match=r"img_kwargs\.method could not be kept"):
        run.resume(pipeline=with_options, tra_method=send)
    with pytest.raises(JournalError, match=r"tra_method could not be kept"):
        run.resume(pipeline=with_options, img_kwargs={"method": model})
    run.resume(["b.tif"], pipeline=with_options, tra_method=send, img_kwargs={"method": "again"})
    assert run.lines[-1] == CoordsLine(0, 1, 5, "again")


def test_what_a_resume_restores_is_said(run):
    run.start(["t1_p1.tif", "t1_p2.tif"], with_options, img_kwargs={"channel": 3}, file_end=".tif")
    run.miss("t2_p1.tif")
    run.resume(pipeline=with_options, img_kwargs={"threshold": 8})
    (resumed,) = run.told.of(RunResumed)
    assert resumed.settings == {"channel": 3, "file_end": ".tif"}
    assert resumed.message == (
        "The run of 2027-01-15 08:16 UTC goes on; positions: 1, 2; settings taken over: file_end "
        "'.tif', channel 3; to be answered: 1 prescan (t2_p1.tif)."
    )


@pytest.mark.parametrize(
    ("name", "typed", "on_the_page", "taken"),
    [
        ("max_step_px", "90", "30", "30"),
        ("max_step_px", "90", "inf", None),
        ("max_failures", 7, 2, 2),
    ],
)
def test_a_limit_that_was_changed_on_the_page_lasts_unless_it_is_given_anew(
    run, name, typed, on_the_page, taken
):
    def change(event):
        if isinstance(event, Answered) and event.path.endswith("a.tif"):
            words = {"command": "limit", "name": name, "value": on_the_page}
            place_order(run.folder, words, by="Anna", at="2026-11-24T02:13:00+00:00")

    limits = {name: typed, "control": True}
    run.start(["a.tif", "b.tif"], on_event=change, **limits)
    run.resume(["c.tif"])
    (resumed,) = run.told.of(RunResumed)
    assert resumed.settings.get(name) == taken
    assert not [event for event in run.told.of(Warned) if name in event.message]
    run.start(["d.tif"], on_event=change, **limits)  # anew, and changed no more
    run.resume(["e.tif"])
    assert run.told.of(RunResumed)[0].settings[name] == typed


def test_what_is_given_anew_overrules_the_page_and_is_told(run):
    def change(event):
        if isinstance(event, Answered) and event.path.endswith("a.tif"):
            words = {"command": "limit", "name": "max_step_px", "value": "30"}
            place_order(run.folder, words, by="Anna", at="2026-11-24T02:13:00+00:00")

    run.start(["a.tif", "b.tif"], on_event=change, max_step_px="90", control=True)
    run.resume(["c.tif"], max_step_px="90")
    told = "max_step_px is 90, as it is given now. During the run before, Anna had set it to 30."
    assert told in [event.message for event in run.told.of(Warned)]


def test_what_was_there_at_the_start_is_said(run):
    for i in range(12):
        write_prescan(run.folder / f"old_{i}.tif")
    run.start()
    (found,) = run.told.of(PrescansFound)
    assert (found.count, found.names[:2], found.unanswered) == (
        12,
        ["old_0.tif", "old_1.tif"],
        False,
    )
    assert found.message == (
        "There at the start, and left alone: 12 prescans (old_0.tif, old_1.tif, old_2.tif, …)."
    )


@pytest.mark.parametrize("journal", ['{"event": "SessionStarted"}\n', b"folder"])
def test_a_start_without_resume_needs_no_readable_journal(run, journal, monkeypatch):
    run.journal.write_text('{"event": "SessionStarted"}\n')
    run.start(["a.tif"])
    assert run.answered == ["a.tif"]
    assert any("is not known" in event.message for event in run.told.of(Warned))


def test_a_resume_gets_past_a_prescan_that_failed_at_the_start(run):
    with pytest.raises(RuntimeError):
        run.start(["a.tif"], failing)
    run.resume(["b.tif"], pipeline=failing)
    assert run.answered == ["a.tif", "b.tif"]
    assert {line.msg for line in run.lines} == {"Image analysis failed!"}


def test_a_prescan_that_failed_at_the_start_is_analysed_again_with_other_options(run):
    def strict(target_path, channel=0):
        if channel == 0:
            raise RuntimeError("no such channel")
        return 1.0, 2.0, 3.0, "OK", {}

    with pytest.raises(RuntimeError):
        run.start(["a.tif"], strict)
    run.resume(pipeline=strict, img_kwargs={"channel": 1})
    assert run.lines == [CoordsLine(1, 2, 3, "OK")]


def test_without_fallback_a_resume_leaves_out_what_ended_the_run(run):
    def picky(target_path):
        if "bad" in target_path:
            raise RuntimeError("no tissue")
        return 1.0, 2.0, 3.0, "OK", {}

    with pytest.raises(RuntimeError):
        run.start(["bad.tif"], picky, img_err_fallback=False)
    run.resume(["good.tif"], pipeline=picky)
    assert run.answered == ["bad.tif", "good.tif"]
    assert [line.msg for line in run.lines] == ["Image analysis failed!", "OK"]


def test_what_is_left_out_holds_no_position(run):
    run.start(["t1_p1.tif"], max_failures=1)
    run.miss("t2_p1.tif", "t3_p1.tif", "t4_p1.tif", "t5_p1.tif")
    run.resume(backlog="newest")
    assert [line.msg for line in run.lines][1:4] == ["Image analysis failed!"] * 3
    assert (run.lines[-1].x, run.lines[-1].msg) == (1, "step 1.0")


def test_a_journal_that_is_deleted_in_mid_run_is_begun_anew(run):
    def send(*args):
        if run.folder.joinpath("b.tif").exists() and not run.folder.joinpath("c.tif").exists():
            run.journal.unlink()

    write_prescan(run.folder / "before.tif")
    run.start(["a.tif", "b.tif", "c.tif"], tra_method=send, img_kwargs={"step": 4.0})
    assert any("was deleted or replaced" in event.message for event in run.told.of(Warned))
    run.miss("d.tif")
    run.resume(tra_method=send)
    assert run.answered == ["d.tif"]
    assert [(line.x, line.msg) for line in run.lines] == [(i, "step 4.0") for i in range(4)]


def test_an_answer_that_was_open_at_two_kills_is_sent_once(run):
    run.start(["a.tif", "b.tif"])
    run.cut_journal("Answering")
    content = run.coords.read_text().splitlines(keepends=True)
    run.coords.write_text("".join(content[:-1]))
    run.miss("c.tif")
    run.resume(should_stop=lambda: True)  # b is open still
    run.resume(backlog="newest")  # c first, then nothing more of b's answer to confirm
    run.resume()
    assert sorted(run.answered) == []
    assert [line.msg for line in run.lines] == ["step 1.0", "Image analysis failed!", "step 1.0"]


@pytest.mark.parametrize("keep", [0, 1, 30])
def test_killed_before_the_line_was_written(run, keep):
    run.start(["a.tif", "b.tif"])
    run.cut_journal("Answering", keep=keep)
    content = run.coords.read_text().splitlines(keepends=True)
    run.coords.write_text("".join(content[:-1]))
    run.resume()
    assert run.answered == ["b.tif"]
    assert [line.x for line in run.lines] == [0, 1]


@pytest.mark.parametrize("keep", [0, 1, 30])
def test_killed_after_the_line_was_written(run, keep):
    run.start(["a.tif", "b.tif"])
    run.cut_journal("Answering", keep=keep)
    run.resume(["c.tif"])
    assert run.answered == ["c.tif"]
    assert [line.x for line in run.lines] == [0, 1, 2]
    assert any("torn" in event.message for event in run.told.of(Warned)) is (keep > 0)


def test_killed_while_a_callable_sent_nobody_knows_so_not_again(run):
    sent = []

    def send(*args):
        sent.append(args[:3])

    run.start(["a.tif"], tra_method=send, write_txt=False)
    run.cut_journal("Answering")
    run.resume(tra_method=send, write_txt=False)
    assert len(sent) == 1


def test_what_could_not_be_sent_is_sent_after_the_resume(run, monkeypatch):
    from dystrack.manager import transmitters

    def locked(*args):
        raise PermissionError("locked")

    run.start(["a.tif"])
    with monkeypatch.context() as patch:
        patch.setattr(transmitters, "append_line", locked)
        with pytest.raises(TransmissionError, match="PermissionError: locked"):
            run.resume(["b.tif"])
    run.resume()
    assert run.answered == ["b.tif"]
    assert [line.x for line in run.lines] == [0, 1]


@pytest.mark.parametrize("change", ["pipeline", "folder"])
def test_another_run_is_refused(run, change, tmp_path_factory):
    run.start(["a.tif"])
    if change == "pipeline":
        with pytest.raises(JournalError, match=r"its pipeline was .*counting"):
            run.resume(pipeline=failing)
    else:
        moved = tmp_path_factory.mktemp("other") / "folder"
        run.folder.rename(moved)
        run.folder = moved
        with pytest.raises(JournalError, match="its folder was"):
            run.resume()


def test_without_a_run_before_it_starts_afresh(run):
    run.miss("old.tif")
    run.resume(["a.tif"])
    assert run.answered == ["a.tif"]
    assert run.told.of(SessionStarted)[0].resumed is False


@pytest.mark.parametrize("content", ["", '{"event": "SessionSta'])
def test_a_journal_without_a_start_is_no_run(run, content):
    run.journal.write_text(content)
    run.resume(["a.tif"])
    assert run.answered == ["a.tif"]


def test_a_journal_that_cannot_be_understood(run):
    run.journal.write_text('{"event": "SessionStarted"}\n')
    with pytest.raises(JournalError, match="cannot be understood"):
        run.resume()


def test_settings_of_a_resumed_run_are_kept_for_the_next_one(run):
    run.start(["a.tif"])
    run.resume(["b.tif"], max_step_px=50)
    run.resume(["c.tif"])
    run.resume()
    assert run.told.of(SessionStarted)[0].settings["max_step_px"] == 50


def test_the_same_folder_by_another_name(run):
    run.start(["a.tif"])
    link = run.folder.with_name("link")
    try:
        link.symlink_to(run.folder, target_is_directory=True)
    except OSError:
        pytest.skip("links are not allowed here")
    run.folder = link
    run.miss("b.tif")
    run.resume()
    assert run.answered == ["b.tif"]


def test_what_was_not_sent_does_not_count_as_a_move(run):
    def refuse_second(*args):
        if args[2] == 1.0:
            raise OSError("unplugged")

    run.start(["a.tif", "b.tif", "c.tif"], tra_method=refuse_second, tra_err_resume=True)
    state = read_replay(run.journal).summary().states["1"]
    assert position_from_record(state, {}).previous == (1, 2, 2)
    assert len(position_from_record(state, {}).steps) == 2


def test_what_a_start_without_resume_left_unanswered_is_told_and_answered_later(run):
    write_prescan(run.folder / "before.tif")
    run.start(["a.tif"])
    run.miss("b.tif", "c.tif")
    run.told = Recorder()
    run.start(["d.tif"])
    unanswered, others = run.told.of(PrescansFound)
    assert (unanswered.names, unanswered.unanswered) == (["b.tif", "c.tif"], True)
    assert "left 2 prescans (b.tif, c.tif) unanswered" in unanswered.message
    assert "add --resume" in unanswered.message
    assert (set(others.names), others.unanswered) == ({"a.tif", "before.tif"}, False)
    run.resume()
    assert run.answered == ["b.tif", "c.tif"]
    assert [line.x for line in run.lines] == [0, 0, 1, 2]  # the second start began with x = 0
    run.resume()
    assert run.answered == []


def test_what_another_pipeline_left_is_not_reached(run):
    run.start(["a.tif"], pipeline=lambda path: (1.0, 2.0, 3.0, "OK", {}))
    run.miss("b.tif")
    run.told = Recorder()
    run.start(["c.tif"])
    assert [found.unanswered for found in run.told.of(PrescansFound)] == [False]
    run.resume()
    assert run.answered == []


def test_the_state_of_a_position_survives():
    position = Position(
        "A",
        cache={"track": np.arange(3), "pair": (1, 2)},
        previous=PixelPosition(1, 2, 3),
        n_planes=5,
        shape=(5, 6, 7),
        failures_in_a_row=2,
        travel=Travel((1, 2, 3), None),
        steps=((1, 2, 3), (4, 5, 6)),
        held="a person must look",
    )
    copy = position_from_record(json.loads(json.dumps(position_record(position))), {})
    np.testing.assert_array_equal(copy.cache.pop("track"), position.cache.pop("track"))
    assert copy == position


@pytest.mark.parametrize("cache", [{"model": object()}, {"text": "x" * 70_000}])
def test_a_cache_that_cannot_be_kept_starts_anew(run, cache):
    assert position_record(Position("A", cache=cache))["cache"] is None
    run.start(["a.tif", "b.tif"])
    text = run.journal.read_text().replace('"cache": {"seen": 2}', '"cache": null')
    run.journal.write_text(text)
    run.resume(["c.tif"], img_cache={"seen": 5})
    assert any("position 1 could not be kept" in event.message for event in run.told.of(Warned))
    assert [line.x for line in run.lines] == [0, 1, 5]


def test_a_line_of_another_program_does_not_count_as_ours(run):
    run.start(["a.tif"])
    append_line(run.coords, CoordsLine(9, 9, 9, "by hand"))
    run.resume(["b.tif"])
    assert run.answered == ["b.tif"]


def test_what_was_never_sent_is_answered_by_the_run_that_resumes(run):
    def refuse(*args):
        raise OSError("unplugged")

    run.start(["a.tif"], tra_method=refuse, tra_err_resume=True, send_limit_s=0.0)
    assert run.lines == []
    run.resume(tra_method=lambda *args: None)
    assert run.answered == ["a.tif"]
    assert len(run.lines) == 1


def test_what_was_sent_late_is_not_answered_again(run):
    errors = [OSError("unplugged") for _ in range(3)]

    def refuse_at_first(*args):
        if errors:
            raise errors.pop()

    settings = {"tra_method": refuse_at_first, "tra_err_resume": True, "send_limit_s": 0.0}
    run.start(["a.tif"], **settings, max_checks=10)
    assert [line.msg for line in run.lines] == ["LATE:step 1.0"]
    run.resume(["b.tif"], tra_method=lambda *args: None)
    assert run.answered == ["b.tif"]
    assert [line.x for line in run.lines] == [0, 1]
    steps = read_replay(run.journal).summary().states["1"]["steps"]
    assert len(steps["__tuple__"]) == 2


def test_a_journal_of_an_older_version_is_understood(run):
    run.start(["a.tif", "b.tif"])
    state = read_replay(run.journal).summary().states["1"]
    position = position_from_record(state | {"n_answered": 2}, {})  # of an older journal
    assert position.previous == (1, 2, 1)


@pytest.mark.parametrize("n_idle_starts", [1, 2])
def test_a_start_after_which_nothing_was_answered_does_not_replace_the_run_before(
    run, n_idle_starts
):
    run.start(["a.tif"], max_step_px=50)
    run.miss("b.tif")
    for _ in range(n_idle_starts):
        run.start([])
    run.told = Recorder()
    run.resume()
    assert run.answered == ["b.tif"]
    assert run.told.of(SessionStarted)[0].settings["max_step_px"] == 50
    assert [line.x for line in run.lines] == [0, 1]
    run.resume()
    assert run.told.of(SessionStarted)[-1].settings["max_step_px"] == 50
    state = read_replay(run.journal).summary().states["1"]
    assert position_from_record(state, {}).previous == (1, 2, 1)


def test_a_start_that_answered_is_the_one_to_go_on_with(run):
    run.start(["a.tif"], max_step_px=50)
    run.start(["b.tif"])
    assert read_replay(run.journal).summary().start["settings"]["max_step_px"] is None
