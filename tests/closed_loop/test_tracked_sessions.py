"""The tracker through the real manager: prescans on disk, answers on disk, a microscope beside."""

import json
from dataclasses import replace

import pytest

from closed_loop.joined import track_scene
from dystrack.core.exchange.answer_file import answer_path, read_answer, read_next
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME, read_lines
from dystrack.manager.events import AnalysisFailed, Answered
from dystrack.manager.watching.image_names import JOURNAL_NAME
from dystrack.scopes.samples.scenes import make_sample
from dystrack.scopes.simulated.simulator import Site

pytestmark = pytest.mark.filterwarnings("ignore")
SCENE = "dividing_cells"


def black_every_second(speed):
    """Return cells whose detector gives a black image at every second time point."""
    sample = make_sample(SCENE, "normal", seed=0, speed=speed)
    imaging = replace(sample.imaging, dropout_every_s=600.0, dropout_length_s=300.0)
    return [Site(replace(sample, imaging=imaging))]


def track(folder, n, **session):
    return track_scene(
        folder,
        SCENE,
        n,
        sites=black_every_second(6.0),
        file_format="imagej_tiff",
        session=session,
    )


@pytest.mark.parametrize("answer_files", [False, True])
def test_every_second_frame_black_does_not_lose_it(tmp_path, answer_files):
    joined = track(tmp_path, 14, track="auto", answer_files=answer_files)
    bridged = [one for one in joined.told.of(Answered) if one.outcome == "fallback"]
    assert len(bridged) == 7
    assert {one.msg for one in bridged} == {"TRACKER:GAP"}
    assert all("expected (TRACKER:GAP)" in one.fallback for one in joined.told.of(AnalysisFailed))
    seen, black = joined.visits[::2], joined.visits[1::2]
    assert max(visit.distance_um for visit in seen) < 3.0
    assert max(visit.distance_um for visit in black) < 20.0
    assert all(visit.prescan_in_view for visit in seen)


def test_two_targets_stand_in_answer_files_by_their_names(tmp_path):
    joined = track(tmp_path, 6, track="auto", answer_files=True)
    for visit, told in zip(joined.visits, joined.told.of(Answered), strict=True):
        header, line = answer_path(visit.prescan_path).read_text("utf-8").splitlines()
        assert header.split("\t") == [*"ZYX", "msg", "nextZ", "nextY", "nextX", "nextInS"]
        assert len(line.split("\t")) == 8
        assert read_next(visit.prescan_path)[:3] == pytest.approx(told.next_zyx, abs=1e-3)
    lines = (tmp_path / COORDS_FILE_NAME).read_text("utf-8").splitlines()
    assert {len(line.split("\t")) for line in lines} == {4}
    assert read_lines(tmp_path / COORDS_FILE_NAME) == [
        read_answer(visit.prescan_path) for visit in joined.visits
    ]


def test_off_is_as_if_there_were_no_tracker(tmp_path):
    contents = []
    for name, session in (("a", {}), ("b", {"track": "off"})):
        (tmp_path / name).mkdir()
        joined = track(tmp_path / name, 8, answer_files=True, **session)
        contents.append((tmp_path / name / COORDS_FILE_NAME).read_bytes())
        for visit in joined.visits:
            contents[-1] += answer_path(visit.prescan_path).read_bytes()
    assert contents[0] == contents[1]
    assert b"next" not in contents[0]
    assert b"TRACKER" not in contents[0]
    journal = (tmp_path / "b" / JOURNAL_NAME).read_text("utf-8").splitlines()
    states = [json.loads(line)["state"] for line in journal if '"event": "Answering"' in line]
    assert {str(state["track"]) for state in states} == {"None"}


def test_a_fallback_predicts_and_leaves_answers_alone(tmp_path):
    joined = track(tmp_path, 8, img_err_fallback="predict")
    told = joined.told.of(Answered)
    assert [one.msg for one in told[::2]] == ["OK"] * 4
    assert [one.msg for one in told[1::2]] == ["TRACKER:GAP"] * 4
    assert all((one.z, one.y, one.x) == tuple(one.own) for one in told[::2])


def fast_cells(folder, **settings):
    sample = make_sample(SCENE, "hard", seed=2, speed=9.0)
    session = {"track": "auto", "answer_files": True}
    return track_scene(
        folder,
        SCENE,
        16,
        sites=[Site(sample)],
        file_format="imagej_tiff",
        session=session,
        **settings,
    )


def test_a_microscope_may_obey_the_proposed_intervals(tmp_path):
    joined = fast_cells(tmp_path, obeys_intervals=True)
    visits, told = joined.visits, joined.told.of(Answered)
    assert len(told) == len(visits) == joined.stats["target_counter"] > 16
    for before, after, answer in zip(visits, visits[1:], told, strict=False):
        if answer.next_in_s is not None and not before.searching:
            assert after.time_s - before.time_s <= answer.next_in_s + 60.0  # what scans take
    assert visits[-1].in_view
