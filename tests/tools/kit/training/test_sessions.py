"""What a person paints or clicks is kept, learnt from, and used."""

import io
import json
from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image

from dystrack.core.errors import ConfigurationError
from dystrack.pipelines.pixel_classifier import analyze_image
from dystrack.tools.kit.evaluation import evaluate as evaluating
from dystrack.tools.kit.evaluation.case import run_case
from dystrack.tools.kit.evaluation.truth import read_truth, simulate_prescans
from dystrack.tools.kit.training.annotating import AnnotationSession
from dystrack.tools.kit.training.session import TrainingSession, painted_planes

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("prescans")
    simulate_prescans(place, "dividing_cells", "easy", n=2, seed=4)
    return place


def stroke(kind, *points, z=10, radius=3):
    return {"z": z, "kind": kind, "radius": radius, "points": [list(p) for p in points]}


def around(target):
    """Return strokes on the cells at a target, and far from them."""
    y, x = target.y, target.x
    return [
        stroke(1, (y, x - 16), (y, x - 10)),
        stroke(1, (y, x + 10), (y, x + 16)),
        stroke(2, (8, 8), (8, 118)),
        stroke(2, (118, 8), (118, 118)),
        stroke(2, (30, 20), (100, 20), radius=4),
        stroke(2, (60, 60), (60, 60), z=1, radius=20),
    ]


@pytest.fixture
def session(folder, tmp_path):
    made = TrainingSession(folder, tmp_path / "cells.npz")
    for name, target in read_truth(folder / "dystrack_truth.csv").items():
        for mark in around(target):
            made.mark(name, mark)
    return made


@pytest.mark.filterwarnings("ignore:z was limited")
def test_strokes_become_a_model_that_finds_the_sample(session, folder, tmp_path):
    name, target = next(iter(read_truth(folder / "dystrack_truth.csv").items()))
    assert session.overlay(name, 10) is None
    said = session.act("learn")
    assert "Learnt from" in said[0]
    with Image.open(io.BytesIO(session.overlay(name, 10))) as overlay:
        opaque = np.asarray(overlay)[..., 3] > 0
    assert 0.005 < opaque.mean() < 0.3
    answer = analyze_image(folder / name, str(tmp_path / "cells.npz"))
    assert (answer.y_pos, answer.x_pos) == pytest.approx((target.y, target.x), abs=20)


def test_the_model_is_evaluated_under_stress(session, monkeypatch):
    monkeypatch.setattr(
        evaluating,
        "local_processes",
        lambda n, s: nullcontext(lambda cases: (run_case(c) for c in cases[::6])),
    )
    with pytest.raises(ConfigurationError, match="Learn first"):
        session.act("evaluate")
    session.act("learn")
    assert "cases it" in session.act("evaluate")[0]


def test_strokes_are_kept_and_taken_up_again(session, folder, tmp_path):
    name = session.about["prescans"][0]["name"]
    assert session.mark(name, None).startswith("5 strokes")
    again = TrainingSession(folder, tmp_path / "cells.npz")
    assert len(again.marks(name)) == 5
    (tmp_path / "other.strokes.json").write_text("[1]")
    with pytest.raises(ConfigurationError, match="holds no marks"):
        TrainingSession(folder, tmp_path / "other.npz")


@pytest.mark.parametrize(
    "mark", [{}, {"z": 1, "points": []}, {"z": "a", "points": [[1, 2]]}, {"z": 0, "points": [[1]]}]
)
def test_what_is_no_stroke_is_refused(session, mark):
    with pytest.raises(ConfigurationError, match="no mark"):
        session.mark("a.tif", mark)


def test_strokes_cover_what_they_show():
    paint = painted_planes(
        (3, 40, 60), [stroke(1, (10, 10), (10, 50), z=1), stroke(2, (10, 50), z=1)]
    )
    assert paint[1, 10, 30] == 1
    assert paint[1, 10, 51] == 2
    assert not paint[0].any()
    assert not paint[1, 20].any()
    assert painted_planes((40, 60), [stroke(1, (5, 5), z=-1)])[5, 5] == 1


def test_planes_are_pictures(session):
    name = session.about["prescans"][0]["name"]
    for z in (-1, 0, 20, 99):
        with Image.open(io.BytesIO(session.plane(name, z))) as picture:
            assert picture.size == (128, 128)


def test_clicks_become_a_table_of_targets(folder, tmp_path):
    table = tmp_path / "truth.csv"
    session = AnnotationSession(folder, table)
    first, second = (one["name"] for one in session.about["prescans"])
    session.mark(first, {"z": 4, "points": [[30.5, 40.25]]})
    said = session.mark(second, {"z": -1, "points": [[64.0, 64.0]]})
    assert "Marked: 2 of 2 prescans." in said
    truth = read_truth(table)
    assert truth[first] == (4.0, 30.5, 40.25)
    assert 0 <= truth[second].z <= 20
    again = AnnotationSession(folder, table)
    assert again.marks(first)[0]["points"] == [[30.5, 40.25]]
    again.mark(first, None)
    assert list(read_truth(table)) == [second]
    with pytest.raises(ConfigurationError, match="outside"):
        again.mark(first, {"z": 0, "points": [[500, 3]]})
    assert json.dumps(dict(again.about))
