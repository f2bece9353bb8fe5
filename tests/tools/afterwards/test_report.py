from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from dystrack.charts.drawing import Area, Line, Picture, Words
from dystrack.core.coords_file import CoordsLine
from dystrack.core.errors import ConfigurationError
from dystrack.scopes.geometry import Um
from dystrack.tools.afterwards.report import write_report
from dystrack.tools.afterwards.report_data import by_position, time_unit, untracked_distance_um
from dystrack.tools.afterwards.report_figures import (
    distance_chart,
    latency_histogram,
    latency_timeline,
    path_map,
)
from dystrack.tools.afterwards.report_pictures import contact_sheet, view_strips
from made_up_visits import a_failed_visit, a_picture, a_visit, some_visits

FIELD_UM = Um(20.0, 60.0, 100.0)
FIGURES = {"main_scans", "trajectory", "distance", "in_view", "latency", "latency_histogram"}


class Page(HTMLParser):
    """Collects text, and whatever would be fetched."""

    def __init__(self, text):
        super().__init__()
        self.words, self.fetched, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [v for k, v in attrs if k in {"src", "href"} and not v.startswith("data:")]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


def size_of(path):
    with Image.open(path) as image:
        return image.size


def report(folder, visits, **about):
    path = write_report(visits, FIELD_UM, about, folder)
    return Page(path.read_text(encoding="utf-8"))


def test_a_report_tells_how_it_went(tmp_path):
    page = report(tmp_path, some_visits(8), Scene="organoid")
    assert "Whole sample in view: 100% with tracking, 38% without" in page.text
    for text in ("Scene organoid", "1.00 µm", "70 µm", "90 ms", "8 of 8"):
        assert text in page.text
    assert page.tags.count("svg") == len(FIGURES)
    assert page.tags.count("tr") == 1 + 8


def test_a_report_needs_no_other_file_and_no_network(tmp_path):
    page = report(tmp_path, some_visits())
    assert page.fetched == []
    assert "script" not in page.tags
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "url(" not in text
    assert text.count("http") == text.count('xmlns="http://www.w3.org/2000/svg"')


def test_figures_lie_beside_it(tmp_path):
    report(tmp_path, some_visits())
    found = {path.stem: size_of(path) for path in tmp_path.glob("*.png")}
    assert found.keys() == FIGURES
    assert all(width >= 760 for width, _ in found.values())
    assert found["distance"] == (1920, 600)


def test_text_is_escaped(tmp_path):
    nasty = "<script>alert(1)</script>"
    page = report(tmp_path, [a_visit(line=CoordsLine(1.0, 2.0, 3.0, nasty))], Scene=nasty)
    assert "script" not in page.tags
    assert page.text.count(nasty) >= 2


@pytest.mark.parametrize(
    "visits",
    [
        [a_visit()],
        [a_failed_visit(1)],
        [a_visit(1), a_failed_visit(2)],
        some_visits(3, n_positions=7),
        [a_visit(t, image=None, untracked_image=None) for t in (1, 2)],
        [a_visit(1, latency_s=0.0, camera_um=Um(0.0, 2.0, 0.0))],
    ],
)
def test_any_run_gives_a_report(tmp_path, visits):
    page = report(tmp_path, visits)
    assert page.tags.count("tr") == 1 + len(visits)


def test_nothing_gives_no_report(tmp_path):
    with pytest.raises(ConfigurationError, match="no visits"):
        report(tmp_path, [])
    assert list(tmp_path.iterdir()) == []


def test_visits_are_sorted_by_position():
    positions = by_position(some_visits(3, n_positions=2))
    assert {n: [v.time_point for v in own] for n, own in positions.items()} == {
        1: [1, 2, 3],
        2: [1, 2, 3],
    }


@pytest.mark.parametrize(("last_s", "name"), [(600.0, "min"), (20_000.0, "h")])
def test_the_unit_of_time_fits_the_run(last_s, name):
    assert time_unit([a_visit(1), a_visit(2, time_s=last_s)]).name == name


def test_distance_without_tracking_is_from_the_first_camera():
    first, later = a_visit(1), a_visit(4)
    assert untracked_distance_um(later, first) == pytest.approx(29.0)


def lines(drawing, role):
    return [m for m in drawing.marks if isinstance(m, Line) and m.role == role]


def test_the_map_shows_paths_and_frames_at_one_scale():
    visits = some_visits(4)
    drawing = path_map(visits, FIELD_UM)
    frame, sample, stage = lines(drawing, "series_1")
    (x0, y0), (x1, _), (_, y2), *_ = frame.points
    scale = (x1 - x0) / FIELD_UM.x
    assert (y2 - y0) / FIELD_UM.y == pytest.approx(scale)
    way = stage.points[-1][0] - stage.points[0][0]
    assert way == pytest.approx(30.0 * scale)
    assert stage.points[0][0] - sample.points[0][0] == pytest.approx(1.0 * scale)
    (still,) = lines(drawing, "still")
    assert still.is_dashed


@pytest.mark.parametrize("field_um", [FIELD_UM, Um(1.0, 500.0, 20.0), Um(1.0, 5.0, 900.0)])
def test_the_map_holds_everything(field_um):
    drawing = path_map(some_visits(5, n_positions=2), field_um)
    points = [p for mark in drawing.marks if isinstance(mark, Line) for p in mark.points]
    assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in points)


def test_distances_are_drawn_with_and_without_tracking():
    drawing = distance_chart(some_visits(6))
    (tracked,), (still,) = lines(drawing, "series_1"), lines(drawing, "still")
    assert len({y for _, y in tracked.points}) == 1
    assert [y for _, y in still.points[1:]] == sorted(
        (y for _, y in still.points[1:]), reverse=True
    )
    assert still.points[-1][1] < tracked.points[-1][1]


def test_strips_show_when_the_sample_was_in_view():
    drawing = view_strips([*some_visits(5), a_failed_visit(6)])
    roles = [mark.role for mark in drawing.marks if isinstance(mark, Area)]
    assert roles == ["good"] * 5 + ["bad"] + ["good"] * 3 + ["bad"] * 3
    texts = [mark.text for mark in drawing.marks if isinstance(mark, Words)]
    assert texts == ["Position 1, tracked", "83%", "not tracked", "50%"]


def test_every_answer_is_in_the_histogram_and_in_the_timeline():
    visits = [a_visit(t, latency_s=s) for t, s in enumerate((0.0, 0.02, 0.02, 0.05, 2.0), 1)]
    bars = [m for m in latency_histogram(visits).marks if isinstance(m, Area) and m.tip]
    assert sum(int(bar.tip.split()[0]) for bar in bars) == 5
    (line,) = lines(latency_timeline(visits), "series_1")
    heights = [y for _, y in line.points]
    assert heights[0] > heights[1] == heights[2] > heights[3] > heights[4]


@pytest.mark.parametrize(("shape", "n_columns"), [((40, 50), 8), ((20, 60), 5)])
def test_the_contact_sheet_compares_tracked_and_not(shape, n_columns):
    pictures = {"image": a_picture(200, shape), "untracked_image": a_picture(100, shape)}
    drawing = contact_sheet([a_visit(t, **pictures) for t in range(1, 21)])
    shown = [mark for mark in drawing.marks if isinstance(mark, Picture)]
    assert len(shown) == 2 * n_columns
    above, below = shown[0], shown[n_columns]
    assert (above.x, above.width / above.height) == (below.x, shape[1] / shape[0])
    assert above.pixels[15, 15].tolist() == [255, 255, 255]
    assert 0 < below.pixels[15, 15].mean() < 200
    assert np.all(above.pixels[0, 0] == 0)


def test_of_many_positions_four_are_shown():
    drawing = contact_sheet(some_visits(2, n_positions=6))
    titles = [m.text for m in drawing.marks if isinstance(m, Words) and m.is_bold]
    assert titles == [f"Position {n}" for n in (1, 2, 3, 4)]
