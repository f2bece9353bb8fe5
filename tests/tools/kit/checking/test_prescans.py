"""What is understood of a folder of prescans."""

import os

import numpy as np
import pytest
import tifffile

from dystrack.core.errors import FolderError
from dystrack.manager.settings import Settings
from dystrack.tools.kit.checking.prescans import look_at_folder, prescan_remarks, size_words
from dystrack.tools.kit.remarks import Weight
from fakes import write_prescan

GREY = {"imagej": True, "resolution": (2.0, 2.0), "metadata": {"unit": "um", "spacing": 2.0}}


def write(folder, name, shape=(3, 20, 30), axes=None, **others):
    kwargs = {**GREY, **others}
    if "metadata" not in others and (axes or len(shape) == 3):
        kwargs["metadata"] = {**GREY["metadata"], "axes": axes or "ZYX"}
    stack = np.random.default_rng(0).integers(1, 200, shape, np.uint8, endpoint=True)
    tifffile.imwrite(folder / name, stack, **kwargs)


def remarks_on(folder, options=None, **settings):
    chosen = Settings(**settings)
    naming = chosen.naming()
    found = look_at_folder(folder, chosen, naming)
    return list(prescan_remarks(found, chosen, naming, options or {}))


def said(remarks, weight):
    return " | ".join(remark.text for remark in remarks if remark.weight is weight)


def test_what_is_well(tmp_path):
    for position in (1, 2):
        for time in (1, 2, 3):
            write(tmp_path, f"prescan_{time}_pos_{position}.tif")
    remarks = remarks_on(tmp_path, max_step_um=5)
    assert {remark.weight for remark in remarks} == {Weight.GOOD}
    assert "6 files would be answered" in said(remarks, Weight.GOOD)
    assert "2 positions by their names: 1 (3), 2 (3)" in said(remarks, Weight.GOOD)
    assert "room for" in said(remarks, Weight.GOOD)


def test_prescans_in_the_order_of_writing_with_what_their_headers_say(tmp_path):
    write(tmp_path, "prescan_1_pos_4.tif")
    write(tmp_path, "prescan_2_pos_4.tif")
    os.utime(tmp_path / "prescan_2_pos_4.tif", (5, 5))
    found = look_at_folder(tmp_path, Settings(), Settings().naming())
    later, first = found.prescans[1], found.prescans[0]
    assert (first.name, later.name) == ("prescan_2_pos_4.tif", "prescan_1_pos_4.tif")
    assert (first.label.position, first.label.time_point) == ("4", 2)
    assert (first.format, first.axes_words) == ("TIF", "Z 3, Y 20, X 30")
    assert first.voxel_words == "2, 0.5, 0.5 µm"


def test_what_is_ignored_and_why(tmp_path):
    write(tmp_path, "prescan_1.tif")
    write(tmp_path, "main_1.tif")
    (tmp_path / "notes.txt").write_text("", "utf-8")
    (tmp_path / "dystrack_coords.txt").write_text("", "utf-8")
    notes = said(remarks_on(tmp_path), Weight.NOTE)
    assert "1 file would be ignored: they do not end like images" in notes
    assert "dystrack_coords" not in notes
    remarks = remarks_on(tmp_path, file_start="prescan")
    assert "do not start with prescan (main_1.tif, notes.txt)" in said(remarks, Weight.NOTE)
    remarks = remarks_on(tmp_path, file_start="Prescan")
    assert "No file would be answered. Correct file_start" in said(remarks, Weight.PROBLEM)


@pytest.mark.parametrize(
    ("shape", "axes", "options", "weight", "sentence"),
    [
        ((2, 20, 30), "CYX", {}, Weight.PROBLEM, "Several channels. Say which one to look at"),
        ((2, 20, 30), "TYX", {}, Weight.PROBLEM, "Further axes, such as time points"),
        ((20, 30, 3), "YXS", {}, Weight.PROBLEM, "Colour pictures"),
    ],
)
def test_axes_that_no_pipeline_takes(tmp_path, shape, axes, options, weight, sentence):
    write(tmp_path, "prescan_1_pos_1.tif", shape, axes)
    assert sentence in said(remarks_on(tmp_path, options), weight)
    if axes == "CYX":
        assert not said(remarks_on(tmp_path, {"channel": 1}), weight)


def test_a_plain_tiff_does_not_say_what_its_axes_are(tmp_path):
    write(tmp_path, "prescan_1_pos_1.tif", imagej=False, metadata=None, photometric="minisblack")
    assert "do not say what their axes are" in said(remarks_on(tmp_path), Weight.NOTE)


def test_limits_in_um_need_voxel_sizes(tmp_path):
    write_prescan(tmp_path / "prescan_1_pos_1.tif")
    assert "limits can only be given in pixels" in said(remarks_on(tmp_path), Weight.NOTE)
    problems = said(remarks_on(tmp_path, max_step_um=3), Weight.PROBLEM)
    assert "max_step_um cannot be judged" in problems


def test_an_image_that_is_cut_off(tmp_path):
    write(tmp_path, "prescan_1_pos_1.tif")
    path = tmp_path / "prescan_1_pos_1.tif"
    path.write_bytes(path.read_bytes()[:-500])
    assert "Not complete, so never answered: prescan_1" in said(
        remarks_on(tmp_path), Weight.PROBLEM
    )


def test_names_that_tell_no_position(tmp_path):
    for name in ("fishA_prescan.tif", "fishB_prescan.tif"):
        write(tmp_path, name)
    notes = said(remarks_on(tmp_path), Weight.NOTE)
    assert "Tell no position" in notes
    assert "set position_pattern = '" in notes
    assert "1 position" in said(remarks_on(tmp_path, position_pattern=""), Weight.GOOD)


def test_two_prescans_of_one_time_point_and_of_two_shapes(tmp_path):
    write(tmp_path, "a_prescan_3_pos_1.tif")
    write(tmp_path, "b_prescan_3_pos_1.tif", (4, 20, 30))
    notes = said(remarks_on(tmp_path), Weight.NOTE)
    assert "both position 1, time point 3" in notes
    assert "of one position, but of two shapes" in notes


def test_little_space(tmp_path, monkeypatch):
    write(tmp_path, "prescan_1_pos_1.tif")
    usage = type("Usage", (), {"free": 10_000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    problems = said(remarks_on(tmp_path), Weight.PROBLEM)
    assert "10 kB are free: room for 4 such prescans" in problems


def test_no_folder(tmp_path):
    with pytest.raises(FolderError, match="does not exist"):
        look_at_folder(tmp_path / "no", Settings(), Settings().naming())


def test_sizes_in_words():
    assert [size_words(n) for n in (12, 1234, 5e6, 1.26e9, 78e9)] == [
        "12 bytes",
        "1.23 kB",
        "5 MB",
        "1.3 GB",
        "78 GB",
    ]
