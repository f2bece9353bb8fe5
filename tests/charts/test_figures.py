"""What every figure has to hold, whatever it shows."""

import json
import re

import pytest

from dystrack.charts.colours import colour, colour_styles
from dystrack.charts.latencies import latency_chart, latency_histogram
from dystrack.charts.places import distance_chart, path_chart, place_chart, step_chart
from dystrack.charts.rows import TimeAxis, duration_words, time_axis
from dystrack.charts.strips import outcome_strips, view_strips
from made_up_rows import a_row, some_rows

CLOCK = TimeAxis("Time / min", "min", 60.0)
LIMITS = (5.0, 20.0, float("inf"))
DRAW = {
    "path": lambda rows: path_chart(rows, CLOCK, "µm", (60.0, 100.0)),
    "places": lambda rows: place_chart(rows, CLOCK, "µm", LIMITS),
    "steps": lambda rows: step_chart(rows, CLOCK, "µm", LIMITS),
    "distance": lambda rows: distance_chart(rows, CLOCK),
    "latency": lambda rows: latency_chart(rows, CLOCK),
    "latency_histogram": latency_histogram,
    "outcomes": lambda rows: outcome_strips({"1": rows}, CLOCK),
    "in_view": lambda rows: view_strips({"1": rows}, CLOCK),
}
RUNS = {
    "usual": some_rows(),
    "none": [],
    "one": [a_row()],
    "only failures": [a_row(n, outcome="failed", target=None, step=None) for n in (1, 2)],
    "little known": [
        a_row(n, stage=None, step=None, sent_s=None, complete_s=None, analysed_s=None)
        for n in (1, 2)
    ],
}


def traces(figure, name, **wanted):
    return [
        trace
        for trace in figure.traces
        if trace["name"] == name and all(trace.get(key) == value for key, value in wanted.items())
    ]


@pytest.mark.parametrize("rows", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize("name", DRAW)
def test_plotly_knows_all_that_a_figure_asks_for(name, rows):
    from plotly.graph_objects import Figure

    figure = DRAW[name](rows)
    text = json.dumps(figure.as_json(), allow_nan=False)
    given = json.loads(re.sub(r"var\(--\w+\)", "#123456", text))
    assert given["name"] == name
    Figure(given["data"], given["layout"])


@pytest.mark.parametrize("name", sorted(DRAW.keys() - {"latency_histogram"}))
def test_failed_and_held_prescans_are_marked_in_every_figure(name):
    figure = DRAW[name](some_rows())
    for outcome, n_rows in (("failed", 1), ("held", 2)):
        marks = traces(figure, outcome)
        assert marks
        assert all(len(mark["x"]) == n_rows and None not in mark["y"] for mark in marks)


def test_a_failure_is_marked_although_no_place_is_known_of_it():
    rows = [a_row(n, stage=None) for n in (1, 2)]
    rows.append(a_row(3, stage=None, target=None, outcome="failed"))
    marks = traces(place_chart(rows, CLOCK, "px"), "failed")
    assert [(mark["yaxis"], mark["y"]) for mark in marks] == [
        ("y1", [3.0]),
        ("y2", [0.0]),
        ("y3", [0.0]),
    ]


def test_what_a_person_reads_of_a_message_is_no_markup():
    (failed,) = traces(DRAW["steps"](some_rows()), "failed")
    assert failed["text"] == ["&lt;b&gt;why 3&lt;/b&gt;"]


def test_a_path_has_one_scale_and_y_downwards_as_in_the_image():
    figure = DRAW["path"](some_rows())
    y = figure.layout["yaxis"]
    assert (y["scaleanchor"], y["autorange"]) == ("x", "reversed")
    (stage,) = traces(figure, "stage")
    assert stage["x"] == [2.0 * n for n in range(10)]
    (first,) = traces(figure, "first field, 100 \u00d7 60 µm")
    assert (min(first["x"]), max(first["x"])) == (-50.0, 50.0)
    assert (min(first["y"]), max(first["y"])) == (-30.0, 30.0)
    (last,) = traces(figure, "last field")
    assert max(last["x"]) == 68.0


def test_x_y_and_z_are_drawn_over_time_with_gaps_where_there_was_no_target():
    figure = DRAW["places"](some_rows())
    titles = [figure.layout[k]["title"]["text"] for k in ("yaxis", "yaxis2", "yaxis3", "xaxis")]
    assert titles == ["x / µm", "y / µm", "z / µm", "Time / min"]
    (targets,) = traces(figure, "target", yaxis="y1")
    assert targets["x"] == list(range(10))
    assert [i for i, y in enumerate(targets["y"]) if y is None] == [2, 4, 8, 9]
    limits = {t["yaxis"]: t["y"] for t in traces(figure, "most travel")}
    assert limits == {"y2": [-20.0, -20.0], "y3": [-5.0, -5.0]}


def test_steps_are_drawn_against_their_limits():
    figure = DRAW["steps"](some_rows())
    assert traces(figure, "x")[0]["y"] == [2.0] * 10
    assert [limit["y"] for limit in traces(figure, "limit z")] == [[5.0, 5.0], [-5.0, -5.0]]
    assert traces(figure, "limit x") == []


def test_latency_is_split_into_its_parts():
    figure = DRAW["latency"](some_rows())
    parts = [traces(figure, name)[0]["y"][0] for name in ("complete", "analysed", "sent")]
    assert parts == [10, 40, 50]
    assert figure.layout["yaxis"]["type"] == "log"


def test_every_answer_is_in_the_histogram_by_its_outcome():
    rows = [a_row(n, sent_s=s) for n, s in enumerate((0.0004, 0.02, 0.02, 0.05, 2.0), 1)]
    bars = {t["name"]: sum(t["y"]) for t in latency_histogram([*rows, *some_rows()]).traces}
    assert bars == {"tracked": 11, "failed": 1, "held": 2, "not sent": 1}


@pytest.mark.parametrize(("n_alike", "ticks"), [(2, {"dtick": 1}), (9, {"nticks": 6})])
def test_few_answers_are_counted_one_by_one(n_alike, ticks):
    figure = latency_histogram([a_row(n, sent_s=0.02) for n in range(n_alike)])
    assert ticks.items() <= figure.layout["yaxis"].items()


def test_a_strip_tells_positions_and_no_tracking_apart():
    rows = some_rows()
    figure = view_strips({"1": rows, "B 7": rows[:4]}, CLOCK)
    assert figure.layout["yaxis"]["ticktext"] == [
        "1 tracked · 100%",
        "1 not tracked · 30%",
        "B 7 tracked · 100%",
        "B 7 not tracked · 75%",
    ]
    assert outcome_strips({"1": rows}, CLOCK).layout["yaxis"]["ticktext"] == ["1 · 60%"]
    assert traces(figure, "failed")[0]["y"] == [0, 2]


@pytest.mark.parametrize("n_positions", [1, 6, 20])
def test_strips_have_room_for_each_position(n_positions):
    figure = view_strips({str(n): some_rows() for n in range(n_positions)}, CLOCK)
    assert figure.layout["height"] >= 2 * n_positions * 20
    assert figure.layout["yaxis"]["range"] == [2 * n_positions - 0.5, -0.5]


def a_long_run():
    """Return 4,000 rows: one failed, and the last half was held."""
    outcomes = {1000: "failed"} | dict.fromkeys(range(2001, 4001), "held")
    return [a_row(n, outcome=outcomes.get(n, "tracked")) for n in range(1, 4001)]


def test_a_long_run_is_drawn_as_stretches_and_marks_where_something_began():
    figure = outcome_strips({"1": a_long_run()}, CLOCK)
    (tracked,) = traces(figure, "tracked")
    assert tracked["x"] == [0, 999, None, 1000, 2000, None]
    for outcome, at in (("failed", [999]), ("held", [2000])):
        _, marks = traces(figure, outcome)
        assert marks["x"] == at


@pytest.mark.parametrize("name", DRAW)
def test_a_long_run_can_be_drawn_at_once(name):
    drawn = DRAW[name](a_long_run()).traces
    dots = [trace for trace in drawn if "markers" in trace.get("mode", "")]
    assert sum(len(trace["x"]) for trace in dots) < 50


@pytest.mark.parametrize(
    ("last_s", "title", "place"),
    [(200.0, "Time / s", 200.0), (600.0, "Time / min", 10.0), (20_000.0, "Time / h", 5.556)],
)
def test_one_unit_of_time_fits_the_run(last_s, title, place):
    rows = [a_row(1), a_row(2, time_s=last_s)]
    assert time_axis(rows).title == title
    assert time_axis(rows).places(rows) == [0.0, place]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0482, "48 ms"), (2.419, "2.42 s"), (45.0, "45 s"), (299.9, "5 min"), (7500.0, "125 min")],
)
def test_a_duration_is_told_in_the_unit_that_fits(seconds, words):
    assert duration_words(seconds) == words


def test_where_no_times_are_known_prescans_are_counted():
    rows = [a_row(1, time_s=None), a_row(2, time_s=None)]
    clock = time_axis(rows)
    assert clock.title == "Prescan"
    assert clock.places(rows) == [1, 2]
    assert clock.words(rows[1]) == "prescan 2"


def test_colours_are_defined_for_light_and_dark():
    drawn = json.dumps([draw(some_rows()).as_json() for draw in DRAW.values()])
    used = set(re.findall(r"var\(--(\w+)\)", drawn))
    css = colour_styles()
    assert used
    assert all(css.count(f"--{role}:") == 2 for role in used)
    with pytest.raises(KeyError):
        colour("pink")
