"""Commands from a page: files in the folder, obeyed between prescans, told in the journal."""

import json
import math

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.manager import obeying
from dystrack.manager.controls import (
    GoOn,
    Hold,
    Nudge,
    Order,
    Pause,
    Release,
    Retarget,
    SetLimit,
    StopAfterTimePoint,
    Unusable,
)
from dystrack.manager.orders import Orders, command_of, place_order
from dystrack.manager.tracking.positions import Position
from fakes import FakeClock
from made_up_runs import made_up_run

ORDER = Order("1", "Anna", "now")
AHEAD = (2.0, 10.0, 24.0)
STAY = (2.0, 10.0, 20.0)


def place(folder, **words):
    return place_order(folder, words, by="Anna", at="2027-01-15T08:00:00+00:00")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ({"command": "pause"}, Pause(order=ORDER)),
        ({"command": "go on"}, GoOn(order=ORDER)),
        ({"command": "stop"}, StopAfterTimePoint(order=ORDER)),
        ({"command": "hold", "position": "2"}, Hold("2", "Anna asked for it.", order=ORDER)),
        ({"command": "hold", "position": "2", "reason": "d\u00e9bris\n"}, Hold("2", "d\u00e9bris", order=ORDER)),
        ({"command": "release", "position": "2"}, Release("2", order=ORDER)),
        ({"command": "nudge", "position": "2", "zyx": [0, 1, -2.5]}, Nudge("2", (0.0, 1.0, -2.5), order=ORDER)),
        ({"command": "retarget", "position": "2", "path": "p", "zyx": [1, 2, 3]}, Retarget("2", "p", (1.0, 2.0, 3.0), order=ORDER)),
        ({"command": "limit", "name": "max_step_um", "value": "5,20,20"}, SetLimit("max_step_um", "5,20,20", order=ORDER)),
        ({"command": "limit", "name": "max_step_um", "value": 5}, SetLimit("max_step_um", "5", order=ORDER)),
        ({"command": "limit", "name": "max_failures", "value": ""}, SetLimit("max_failures", None, order=ORDER)),
    ],
)  # fmt: skip
def test_words_become_commands(words, command):
    assert command_of(words, ORDER) == command


def test_a_click_from_above_leaves_z_as_it_was():
    command = command_of(
        {"command": "retarget", "position": "2", "path": "p", "zyx": [None, 2, 3]}, ORDER
    )
    assert math.isnan(command.zyx[0])
    assert command.zyx[1:] == (2.0, 3.0)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({}, "no command None"),
        ({"command": "explode"}, "no command 'explode'"),
        ({"command": ["hold"]}, "no command"),
        ({"command": "hold"}, "lacks the position"),
        ({"command": "nudge", "position": "1", "zyx": [1, 2]}, "three finite numbers"),
        ({"command": "nudge", "position": "1", "zyx": [None, 2, 3]}, "three finite numbers"),
        ({"command": "nudge", "position": "1", "zyx": [1, 2, math.inf]}, "three finite numbers"),
        ({"command": "nudge", "position": "1", "zyx": [1, 2, True]}, "three finite numbers"),
        ({"command": "nudge", "position": "1", "zyx": [1, 2, 1e308]}, "of 1,000,000 at most"),
        ({"command": "nudge", "position": "1", "zyx": [1, 2, 10**400]}, "of 1,000,000 at most"),
        ({"command": "limit", "name": "img_kwargs", "value": "1"}, "no limit that can be changed"),
        ({"command": "limit", "name": "max_step_um"}, "value is None"),
        ({"command": "limit", "name": "max_step_um", "value": [5, 20, 20]}, "value is"),
        ({"command": "limit", "name": "max_step_um", "value": False}, "value is False"),
    ],
)
def test_what_makes_no_command_is_refused_before_it_is_placed(tmp_path, words, told):
    with pytest.raises(ConfigurationError, match=told):
        place_order(tmp_path, words, by="Anna", at="now")
    assert list(tmp_path.iterdir()) == []


def test_orders_are_taken_once_in_their_order_and_older_ones_never(tmp_path):
    clock = FakeClock()
    place(tmp_path, command="pause")  # to a session that ended long ago
    orders = Orders(tmp_path, clock)
    ids = [place(tmp_path, command=command) for command in ("pause", "go on")]
    taken = orders.take()
    assert [type(command) for command in taken] == [Pause, GoOn]
    assert [command.order.id for command in taken] == ids
    clock.sleep(1)
    assert orders.take() == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 9000,
        b'{"command": "explode", "by": 5}',
        b'{"command": "nudge", "position": "1", "zyx": [1, 2, 1%s]}' % (b"0" * 400),
    ],
)
def test_an_order_that_cannot_be_read_is_told_and_taken_away(tmp_path, data):
    clock = FakeClock()
    orders = Orders(tmp_path, clock)
    (tmp_path / "dystrack_commands").mkdir()
    (tmp_path / "dystrack_commands" / "1.json").write_bytes(data)
    (command,) = orders.take()
    assert isinstance(command, Unusable)
    clock.sleep(1)
    assert orders.take() == []


def run_with(folder, answers, plans, **settings):
    """Run a session with orders that are placed once a prescan has been answered."""
    planned = {f"prescan_{number}_": words for number, words in plans.items()}

    def listen(event):
        if type(event).__name__ == "Answered":
            for begin, words in list(planned.items()):
                if f"/{begin}" in event.path:
                    seen = {"path": event.path} if words["command"] == "retarget" else {}
                    place(folder, **seen | words)
                    del planned[begin]

    made_up_run(folder, answers, control=True, on_event=listen, **settings)
    lines = (folder / "dystrack_coords.txt").read_text("utf-8").splitlines()[1:]
    journal = (folder / "dystrack_journal.jsonl").read_text("utf-8").splitlines()
    return lines, [json.loads(line) for line in journal]


def told(journal, kind):
    return [record for record in journal if record["event"] == kind]


def test_the_line_after_a_click_leads_to_where_it_was(tmp_path):
    click = {"command": "retarget", "position": "1", "zyx": [None, 15.0, 30.0]}
    lines, journal = run_with(tmp_path, [AHEAD, AHEAD, AHEAD], {1: click})
    # the stage has moved by 4 px along x since: the place is there by so much less
    assert lines[1] == "2.0000\t15.0000\t26.0000\tMANUAL"
    assert lines[2] == "2.0000\t10.0000\t24.0000\tOK"  # the pipeline again
    (obeyed,) = told(journal, "CommandObeyed")
    assert (obeyed["position"], obeyed["by"]) == ("1", "Anna")


def test_a_click_beyond_a_limit_is_refused_like_an_answer_of_the_pipeline(tmp_path):
    click = {"command": "retarget", "position": "1", "zyx": [None, 15.0, 40.0]}
    lines, journal = run_with(tmp_path, [AHEAD, AHEAD, AHEAD], {1: click}, max_step_px=10)
    assert lines[1] == "2.0000\t10.0000\t24.0000\tImage analysis failed!"
    assert "limit is 10" in told(journal, "AnalysisFailed")[0]["error"]
    assert lines[2] == "2.0000\t10.0000\t24.0000\tOK"


def test_a_click_in_a_prescan_that_nobody_knows_is_refused(tmp_path):
    click = {"command": "retarget", "position": "1", "path": "elsewhere.tif", "zyx": [1, 1, 1]}
    lines, journal = run_with(tmp_path, [AHEAD, AHEAD], {1: click})
    assert lines[1].endswith("OK")
    assert "Click in a newer one" in told(journal, "CommandRefused")[0]["reason"]


def test_the_newest_prescan_of_each_position_can_be_clicked_in(tmp_path, monkeypatch):
    monkeypatch.setattr(obeying, "_LOOKS_KEPT", 1)
    newest = str(tmp_path / "prescan_1_pos_2.ome.tif")  # once another of position 1 is there
    click = {"command": "retarget", "position": "2", "path": newest, "zyx": [None, 15.0, 30.0]}
    lines, journal = run_with(tmp_path, [AHEAD] * 4, {2: click}, n_positions=2)
    assert told(journal, "CommandRefused") == []
    assert lines[3].endswith("MANUAL")


def test_a_hold_takes_a_click_back_that_was_not_followed_yet():
    clicked = Position("1").aimed_at((0.0, 5.0, 10.0), {})
    assert clicked.hold("debris").released().aim is None


def test_a_held_position_takes_no_click(tmp_path):
    plans = {
        1: {"command": "hold", "position": "1"},
        2: {"command": "retarget", "position": "1", "zyx": [2, 2, 2]},
    }
    lines, journal = run_with(tmp_path, [AHEAD, AHEAD, AHEAD], plans)
    assert lines[2].endswith("Image analysis failed!")
    assert "Release it first" in told(journal, "CommandRefused")[0]["reason"]


def test_a_held_position_stays_from_the_next_line_until_it_is_released(tmp_path):
    plans = {
        1: {"command": "hold", "position": "1", "reason": "debris"},
        2: {"command": "release", "position": "1"},
    }
    lines, journal = run_with(tmp_path, [AHEAD] * 3, plans)
    assert [line.split("\t")[2] for line in lines] == ["24.0000", "20.0000", "24.0000"]
    assert told(journal, "PositionHeld")[0]["reason"] == "debris"
    assert len(told(journal, "CommandObeyed")) == 2


def test_a_nudge_lasts(tmp_path):
    nudge = {"command": "nudge", "position": "1", "zyx": [0, 1, -2]}
    lines, _ = run_with(tmp_path, [AHEAD] * 4, {1: nudge, 2: nudge})
    places = [line.split("\t")[1:3] for line in lines]
    assert places == [
        ["10.0000", "24.0000"],
        ["11.0000", "22.0000"],
        ["12.0000", "20.0000"],
        ["12.0000", "20.0000"],
    ]


def test_a_limit_holds_from_the_next_line(tmp_path):
    limit = {"command": "limit", "name": "max_step_px", "value": "3"}
    lines, journal = run_with(tmp_path, [AHEAD, AHEAD], {1: limit}, img_err_fallback="stay")
    assert lines[1] == "2.0000\t10.0000\t20.0000\tImage analysis failed!"
    assert told(journal, "CommandObeyed")[0]["setting"] == "max_step_px"


@pytest.mark.parametrize("value", ["", "inf", " Inf, inf ,inf", "infinity"])
def test_a_limit_that_is_taken_away_is_told_as_such(tmp_path, value):
    limit = {"command": "limit", "name": "max_step_px", "value": value}
    lines, journal = run_with(tmp_path, [(2.0, 10.0, 21.0), AHEAD], {1: limit}, max_step_px=3)
    assert lines[1].endswith("24.0000\tOK")
    (obeyed,) = told(journal, "CommandObeyed")
    assert (obeyed["command"], obeyed["value"]) == ("Set max_step_px to no limit", None)


@pytest.mark.parametrize(
    "words",
    [
        {"command": "hold"},
        {"command": "release"},
        {"command": "nudge", "zyx": [0, 1, 1]},
        {"command": "retarget", "zyx": [None, 1, 1]},
    ],
)
def test_a_position_that_has_had_no_prescan_takes_no_command(tmp_path, words):
    lines, journal = run_with(tmp_path, [AHEAD, AHEAD], {1: {**words, "position": "99"}})
    assert lines[1].endswith("OK")
    assert "no prescan of a position 99" in told(journal, "CommandRefused")[0]["reason"]
    assert not told(journal, "PositionHeld")


@pytest.mark.parametrize(("name", "value"), [("max_step_px", "much"), ("max_failures", "-1")])
def test_a_limit_that_cannot_be_is_refused(tmp_path, name, value):
    limit = {"command": "limit", "name": name, "value": value}
    lines, journal = run_with(tmp_path, [AHEAD, AHEAD], {1: limit})
    assert lines[1].endswith("OK")
    assert name in told(journal, "CommandRefused")[0]["reason"]


def test_a_run_stops_once_all_positions_have_come_to_the_time_point(tmp_path):
    lines, journal = run_with(tmp_path, [AHEAD] * 8, {2: {"command": "stop"}}, n_positions=2)
    assert len(lines) == 4  # asked after the first of two positions at time point 2
    assert told(journal, "SessionEnded")[0]["reason"] == "asked"


def test_nothing_is_obeyed_unless_the_run_was_started_so(tmp_path):
    place(tmp_path, command="pause")
    made_up_run(tmp_path, [AHEAD, AHEAD])
    assert "Pause" not in (tmp_path / "dystrack_journal.jsonl").read_text("utf-8")
