"""The figures that the published pipelines give on real prescans, each row a test."""

import json
import warnings
from importlib import import_module

import pytest

from dystrack.pipelines.utilities.loading import robustly_load_image_after_write
from dystrack.pipelines.utilities.preparation import prepare_image
from dystrack.pipelines.utilities.smoothing import smooth
from dystrack.pipelines.utilities.thresholds import object_count_threshold, otsu_threshold
from fakes import SHARED_PRESCANS

EXPECTED = SHARED_PRESCANS / "expected.json"
ROWS = json.loads(EXPECTED.read_text("utf-8")) if EXPECTED.is_file() else []
PLANES = [row for row in ROWS if len(row["shape"]) == 2]
TOLERANCE_PX = {"center_of_mass": 1e-3, "lateral_line": 1e-3, "chick_node": 1e-2}


def name_of(row):
    return "-".join([row["pipeline"], row["file"], *map(str, row["kwargs"].values())])


def check(row, folder):
    pipeline = import_module(f"dystrack.pipelines.{row['pipeline']}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        answer = pipeline.analyze_image(folder / row["file"], **row["kwargs"])
    tolerance = TOLERANCE_PX[row["pipeline"]]
    assert answer[:3] == pytest.approx((row["z"], row["y"], row["x"]), abs=tolerance, rel=0)
    assert answer[3:] == (row["msg"], {})


def test_all_rows_are_there(prescans):
    assert len(ROWS) == 28


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_pipeline_gives_the_published_answer(row, prescans):
    check(row, prescans)


@pytest.mark.parametrize("row", PLANES, ids=name_of)
def test_pipeline_gives_it_without_numba(row, prescans, without_numba):
    check(row, prescans)


@pytest.mark.parametrize("row", [row for row in ROWS if row["threshold"]], ids=name_of)
def test_threshold_is_the_published_one(row, prescans):
    image = robustly_load_image_after_write(prescans / row["file"])
    assert (list(image.shape), image.dtype.name) == (row["shape"], row["dtype"])
    smoothed = smooth(prepare_image(image, warn_8bit=False), row["kwargs"].get("gauss_sigma", 3.0))
    if row["kwargs"].get("method") == "otsu":
        threshold = otsu_threshold(smoothed)
    else:
        reduction = row["kwargs"].get("count_reduction", 0.5)
        threshold = object_count_threshold(smoothed, reduction)
    assert threshold == row["threshold"]
