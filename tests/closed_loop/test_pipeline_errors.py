"""A pipeline may raise and answer anything, in the session's process or in one of its own."""

import pytest

from dystrack.core.caches import ClosedCache
from dystrack.core.errors import ConfigurationError
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE, read_lines
from dystrack.manager.events import AnalysisFailed
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.record.journal import read_journal
from dystrack.pipelines.center_of_mass import analyze_image
from fakes import FakeClock, Recorder, fixed_pipeline, write_prescan
from misbehaving_pipelines import Model, misbehave, reuse_one_dictionary

HOUR_S = 3600


@pytest.fixture(params=[False, True], ids=["in_process", "isolated"])
def run(request, tmp_path):
    def run(names, pipeline=misbehave, **settings):
        clock = FakeClock()
        for i, name in enumerate(names):
            clock.plan(1 + i, lambda name=name: write_prescan(tmp_path / name))
        run_dystrack_manager(
            tmp_path,
            pipeline,
            max_triggers=len(names),
            end_on_esc=False,
            progress=False,
            isolate=request.param,
            timeout_s=HOUR_S,
            clock=clock,
            position_pattern=settings.pop("position_pattern", ""),
            **settings,
        )
        return read_lines(tmp_path / "dystrack_coords.txt")

    return run


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("raise_unspeakable", "UnspeakableError: <UnspeakableError without a text>"),
        ("raise_base", "WorkerError: The pipeline raised GeneratorExit: enough."),
        ("exit", "WorkerError: The pipeline called sys.exit(3)."),
        ("raise_fragile", "FragileError: no tissue"),
        ("failing_dict", None),
        ("long_integer", None),
        ("exit_when_opened", None),
    ],
)
def test_nothing_ends_the_session(run, way, message):
    told = Recorder()
    lines = run(["first.tif", f"{way}.tif", "last.tif"], on_event=told)
    assert len(lines) == 3
    assert FAILURE_MESSAGE not in {lines[0].msg, lines[2].msg}
    if message is not None:
        assert lines[1].msg == FAILURE_MESSAGE
        [failure] = told.of(AnalysisFailed)
        assert failure.error == message


def test_the_journal_keeps_the_users_own_lines(run, tmp_path):
    run(["first.tif", "raise.tif"])
    [failure] = [
        record
        for record in read_journal(tmp_path / "dystrack_journal.jsonl")[0]
        if record["event"] == "AnalysisFailed"
    ]
    assert (failure["error"], failure["error_type"]) == ("ValueError: no tissue", "ValueError")
    lines = failure["traceback"].splitlines()
    assert lines[-1].endswith("in _raise: raise error")
    assert all("misbehaving_pipelines.py" in line for line in lines)


@pytest.mark.parametrize(
    ("pipeline", "options", "complaint"),
    [
        (analyze_image, {"method": "b"}, "`method` is 'b'"),
        (analyze_image, {"gauss_sigma": -1}, "gauss_sigma"),
        (fixed_pipeline, {"thresh": 1}, "thresh"),
    ],
)
def test_options_out_of_range_fail_at_the_start(
    run, tmp_path, pipeline, options, complaint, monkeypatch
):
    monkeypatch.setattr("fakes.FakeClock.sleep", lambda *_: None)  # no prescan ever comes
    with pytest.raises(ConfigurationError, match=complaint):
        run(["never.tif"], pipeline, img_kwargs=options)
    assert read_lines(tmp_path / "dystrack_coords.txt") == []


def test_a_transmitter_opens_a_cache_only_if_it_looks(run):
    seen = []

    def transmit(_z, _y, _x, _msg, cache, _error, _folder):
        is_closed = isinstance(cache, ClosedCache)
        seen.append((is_closed, cache["seen"]))

    run(["model_1.tif", "model_2.tif"], tra_method=transmit)
    assert [type(value) for _, value in seen] == [Model, Model]
    assert seen[0][0] == seen[1][0]


def test_positions_never_share_a_cache(run):
    lines = run(
        ["a_p1.tif", "a_p2.tif", "b_p1.tif", "b_p2.tif"],
        position_pattern="(?P<time>.)_p(?P<position>.)",
        pipeline=reuse_one_dictionary,
    )
    assert [line.msg for line in lines] == ["first", "first", "a_p1.tif", "a_p2.tif"]
