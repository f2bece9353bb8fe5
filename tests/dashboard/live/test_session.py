"""What a page knows of a run, while it goes on and whatever its journal holds."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dystrack.dashboard.alerts.settings import AlertSettings
from dystrack.dashboard.alerts.troubles import troubles_of
from dystrack.dashboard.live.plain import dumped
from dystrack.dashboard.live.session import LiveSession
from dystrack.dashboard.live.states import SessionState
from dystrack.dashboard.live.views import prescan_view
from dystrack.dashboard.live.watch import Watch
from dystrack.dashboard.web import answers
from dystrack.dashboard.web.files import picture
from dystrack.dashboard.web.metrics import metrics
from fakes import FakeClock
from made_up_runs import NASTY, made_up_run

AHEAD = (2.0, 10.0, 24.0)
LOST = ValueError(NASTY)


def watching(folder, *, owned=True, clock=None):
    watch = Watch(
        [folder], clock=clock or FakeClock(), has_owner=lambda _: owned, free_bytes=lambda _: 10**9
    )
    watch.look()
    (session,) = watch.sessions.values()
    return watch, session


def journal_of(folder):
    return folder / "dystrack_journal.jsonl"


def without_end(folder):
    lines = journal_of(folder).read_bytes().splitlines(keepends=True)
    journal_of(folder).write_bytes(b"".join(line for line in lines if b"SessionEnded" not in line))


def test_a_tile_says_where_the_sample_is_and_where_it_has_been(tmp_path):
    made_up_run(tmp_path, [AHEAD, (2.0, 10.0, 22.0), AHEAD])
    without_end(tmp_path)
    watch, session = watching(tmp_path)
    tile = watch.tiles(session)["1"]
    assert tile["state"] == "tracking"
    assert (tile["number"], tile["unit"], tile["message"]) == (3, "\u00b5m", "OK")
    assert tile["distance"] == pytest.approx(2.0)  # 4 px of 0.5 µm
    assert tile["step"] == pytest.approx(2.0)
    frame = tile["frame"]
    assert frame["size"] == [5, 21, 41]
    assert frame["target"] == [2.0, 10.0, 24.0]
    assert frame["centre"] == [2.0, 10.0, 20.0]
    assert frame["outline"] == [[5, 5], [9, 5], [9, 9], [5, 9]]
    # seen from the third prescan, whose stage had moved by 4 and 2 px
    assert frame["trail"] == [[2.0, 10.0, 18.0], [2.0, 10.0, 20.0], [2.0, 10.0, 24.0]]


@pytest.mark.parametrize(
    ("answers", "more", "state"),
    [
        ([AHEAD], {}, "tracking"),
        ([AHEAD, LOST], {}, "falling back"),
        ([AHEAD, LOST, LOST, LOST], {}, "lost"),
        ([AHEAD, LOST, LOST], {"max_failures": 1}, "held"),
    ],
)
def test_a_tile_says_how_its_position_is_doing(tmp_path, answers, more, state):
    made_up_run(tmp_path, answers, **more)
    without_end(tmp_path)
    watch, session = watching(tmp_path)
    assert watch.tiles(session)["1"]["state"] == state


def test_a_position_without_prescans_for_twice_the_usual_time_is_late(tmp_path):
    made_up_run(tmp_path, [AHEAD] * 4)
    without_end(tmp_path)
    clock = FakeClock()
    clock.sleep(30)
    watch, session = watching(tmp_path, clock=clock)
    assert watch.tiles(session)["1"]["state"] == "tracking"
    clock.sleep(30)
    changes = [json.loads(text) for text in watch.look()]
    assert changes[0]["tiles"]["1"]["state"] == "late"


def test_while_all_prescans_wait_nobody_is_late(tmp_path):
    made_up_run(tmp_path, [AHEAD] * 3)
    without_end(tmp_path)
    clock = FakeClock()
    watch, _ = watching(tmp_path, clock=clock)
    clock.sleep(1e6)
    assert json.loads(watch.look()[0])["tiles"]["1"]["state"] == "late"
    with journal_of(tmp_path).open("a", encoding="utf-8") as file:
        file.write('{"at": "2027-01-15T08:20:00+00:00", "event": "SessionPaused"}\n')
    (change,) = map(json.loads, watch.look())
    assert change["session"]["state"] == "paused"
    assert change["tiles"]["1"]["state"] == "tracking"


def test_a_run_that_ended_by_an_error_is_trouble_among_its_events(tmp_path):
    with pytest.raises(ValueError, match="laser is off"):
        made_up_run(tmp_path, [ValueError("the laser is off")])
    _, session = watching(tmp_path)
    ended, failed, started = answers.messages(session, {})["messages"]
    assert [ended["level"], failed["level"], started["level"]] == ["bad", "bad", "info"]
    assert failed["prescan"] == "prescan_1_pos_1.ome.tif"


def test_a_session_tells_how_it_ended(tmp_path):
    made_up_run(tmp_path, [AHEAD])
    watch, session = watching(tmp_path)
    assert session.state is SessionState.ENDED
    assert watch.view(session)["says"] == "Session ended: 15 checks of the folder, as asked."


def test_a_session_that_nobody_owns_any_more_has_died(tmp_path):
    made_up_run(tmp_path, [AHEAD])
    without_end(tmp_path)
    watch, session = watching(tmp_path, owned=False)
    assert session.state is SessionState.DIED
    assert "--resume" in watch.view(session)["says"]
    assert watch.tiles(session)["1"]["state"] == "ended"


def test_a_folder_that_goes_away_is_told_and_comes_back(tmp_path):
    folder = tmp_path / "run"
    made_up_run(folder, [AHEAD])
    without_end(folder)
    _, session = watching(folder)
    folder.rename(tmp_path / "away")
    session.update()
    assert session.state is SessionState.AWAY
    (tmp_path / "away").rename(folder)
    session.update()
    assert session.state is SessionState.RUNNING


def test_a_folder_without_a_run_waits_for_one(tmp_path):
    watch, session = watching(tmp_path)
    assert session.state is SessionState.NONE
    made_up_run(tmp_path, [AHEAD])
    assert any("tracked" in text or "OK" in text for text in watch.look())
    assert session.n_prescans == 1


def test_another_run_in_the_folder_replaces_the_one_before(tmp_path):
    made_up_run(tmp_path, [AHEAD] * 3, n_positions=3)
    watch, session = watching(tmp_path)
    made_up_run(tmp_path, [AHEAD], first=9)
    (change,) = map(json.loads, watch.look())
    assert change["all"]
    assert list(change["tiles"]) == ["1"]
    assert session.n_prescans == 1


def test_only_what_changed_is_told(tmp_path):
    made_up_run(tmp_path, [AHEAD] * 2, n_positions=2)
    watch, _ = watching(tmp_path)
    assert watch.look() == []


def test_all_about_a_prescan_is_read_again_from_the_journal(tmp_path):
    made_up_run(tmp_path, [AHEAD, LOST, AHEAD])
    _, session = watching(tmp_path)
    seen = prescan_view(session, 2)
    assert seen["outcome"] == "failed"
    assert NASTY in seen["error"]
    assert "made_up_runs.py" in seen["traceback"]
    assert seen["fallback"] == "the previous coordinates of position 1"
    assert seen["has_picture"]
    assert prescan_view(session, 1)["frame"]["outline"]
    assert prescan_view(session, 0) is prescan_view(session, 4) is None


def test_messages_are_filtered(tmp_path):
    made_up_run(tmp_path, [AHEAD, AHEAD, LOST, AHEAD], n_positions=2)
    _, session = watching(tmp_path)
    assert [m["event"] for m in answers.messages(session, {})["messages"]] == [
        "SessionEnded", "AnalysisFailed", "SessionStarted",
    ]  # fmt: skip
    for wanted in ({"level": "bad"}, {"text": "ONERROR"}, {"position": "1"}):
        (message,) = answers.messages(session, wanted)["messages"]
        assert message["event"] == "AnalysisFailed"
    assert answers.messages(session, {"before": "2"})["messages"][0]["event"] == "SessionStarted"
    assert answers.messages(session, {"position": "2"})["messages"] == []


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    made_up_run(folder, [AHEAD, AHEAD, LOST, AHEAD], n_positions=2)
    return [json.loads(line) for line in journal_of(folder).read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("event", "change"),
    [
        ("SessionStarted", {"folder": None}),
        ("Answered", {"z": 10**400}),
        ("AnalysisSucceeded", {"findings": {"outline": [[10**400, 1]]}}),
        ("Answered", {"path": "\ud800\0"}),
        ("Answered", {"position": "\ud800"}),
    ],
)
def test_a_line_that_is_no_event_is_left_out(recorded, tmp_path, event, change):
    records = [record | change if record["event"] == event else record for record in recorded]
    without = [{k: v for k, v in record.items() if v is not None} for record in records[:-1]]
    assert_shown(tmp_path, without)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_journal_can_stop_a_page(recorded, tmp_path, data):
    records = [dict(record) for record in recorded]
    for _ in range(data.draw(st.integers(1, 4))):
        record = data.draw(st.sampled_from(records))
        record[data.draw(st.sampled_from(sorted(record) or ["event"]))] = data.draw(JUNK)
        if data.draw(st.booleans()):
            record.pop(data.draw(st.sampled_from(sorted(record))))
    assert_shown(tmp_path, records)


def assert_shown(folder, records):
    """Whatever they hold, they are shown, monitored and watched for troubles."""
    journal_of(folder).write_text("\n".join(map(json.dumps, records)) + "\n", "utf-8")
    watch, session = watching(folder)
    disk = watch.disks[session.id]
    troubles_of(session, disk, AlertSettings(), 1e9)
    metrics(watch).encode()
    for text in watch.everything():
        json.loads(text)
    for name in session.positions:
        dumped(answers.charts(session, name, None, None))
        dumped(answers.prescans(session, name))
    for number in range(1, session.n_prescans + 1):
        dumped(prescan_view(session, number))
        picture(session, number, "top")
    dumped(answers.about(session))
    dumped(answers.messages(session, {}))


def test_a_session_has_the_same_name_after_a_restart(tmp_path):
    assert LiveSession(tmp_path).id == LiveSession(tmp_path / ".").id
