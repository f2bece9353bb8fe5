"""Planted faults are named, each by the sentence that tells what to do."""

import os

import numpy as np
import pytest
import tifffile

from dystrack.tools.kit.checking.trial import Trial, try_out
from dystrack.tools.kit.remarks import Weight
from tools.kit.checking import planted

LONG_S = 60.0


def remarks_on(name, timeout_s=LONG_S, **others):
    return list(try_out(Trial(f"{planted.__file__}:{name}", {}, timeout_s, **others)))


def said(remarks, weight):
    return " ".join(remark.text for remark in remarks if remark.weight is weight)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("axes_swapped", "Axes swapped: when the sample moves along x, the answer moves along y"),
        ("half_a_pixel_off", "Off by half a pixel along x (+0.50 px)"),
        ("nan_on_empty", "Returns NaN"),
        ("guess_on_noise", "Guesses: it answers OK where there is nothing (noise"),
        ("changes_folder", "changes the working directory"),
        ("leaves_a_thread", "leaves a thread running"),
        ("changes_filters", "changes the warning filters"),
        ("writes_beside", "writes NAME.ome.tif.mask.npy beside the prescan"),
        ("four_values", "returned 4 values instead of 5"),
        ("unknown_cache", "hands on model, which is none of its own parameters"),
    ],
)
def test_a_planted_fault_is_named(name, sentence):
    remarks = remarks_on(name)
    assert sentence in said(remarks, Weight.PROBLEM)
    assert not said(remarks, Weight.GOOD)


def test_a_slow_pipeline_is_stopped_and_named():
    remarks = remarks_on("sleeps", timeout_s=6.0)
    assert "Too slow" in said(remarks, Weight.PROBLEM)
    assert "nothing else was tried" in said(remarks, Weight.NOTE)


@pytest.mark.parametrize("name", ["sound", "with_memory"])
def test_a_sound_pipeline_has_no_fault(name):
    remarks = remarks_on(name)
    assert [remark.weight for remark in remarks] == [Weight.GOOD], remarks


def test_real_prescans_instead_of_made_up_ones(tmp_path):
    image = np.random.default_rng(0).integers(0, 9, (9, 60, 80)).astype(np.uint8)
    paths = []
    for number, x in enumerate((30, 45), 1):
        stack = image.copy()
        stack[3:7, 20:34, x : x + 14] = 180
        paths.append(tmp_path / f"prescan_{number}.tif")
        tifffile.imwrite(paths[-1], stack, imagej=True, metadata={"axes": "ZYX"})
        os.utime(paths[-1], (0, 0))
    before = sorted(tmp_path.iterdir())
    remarks = remarks_on("sound", prescans=tuple(paths))
    assert [remark.weight for remark in remarks] == [Weight.GOOD], remarks
    assert sorted(tmp_path.iterdir()) == before


def test_more_time_than_there_is():
    remarks = remarks_on("sound", interval_s=1e-6)
    assert "more than the 1e-06 s between prescans" in said(remarks, Weight.PROBLEM)
