"""Small pictures of prescans: made beside the session, never in its way."""

import threading

import numpy as np
import pytest
from PIL import Image

from dystrack.manager.events import AnalysisStarted, Answered, ImageNoticed, SessionStarted
from dystrack.manager.record import previews
from dystrack.manager.record.grey_png import read_preview
from dystrack.manager.record.previews import (
    PreviewWriter,
    preview_name,
    project,
    project_side,
    side_path,
)
from dystrack.manager.watching.folder import list_names
from made_up_runs import made_up_run

AHEAD = (3.0, 10.0, 24.0)
STACK = np.arange(6 * 4 * 5, dtype=np.uint16).reshape(6, 4, 5)


def started(folder):
    return SessionStarted(
        folder=str(folder), pipeline="p", settings={}, versions={}, existing=[], resumed=False
    )


def answered(path, *, position="1", outcome="ok"):
    return Answered(
        path=str(path), position=position, time_point=1, target=1, z=1.0, y=2.0, x=3.0, msg="OK",
        outcome=outcome, sent=True, total_s=0.1,
    )  # fmt: skip


def names_in(folder):
    names = (path.name for path in (folder / "dystrack_previews").iterdir())
    return sorted(name for name in names if ".side." not in name)


def keep(folder, events, read=lambda path: (STACK, "ZYX"), **kwargs):
    with PreviewWriter(folder, read=read, **kwargs) as writer:
        writer(started(folder))
        for event in events:
            writer(event)


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("YX", (30, 40)),
        ("ZYX", (6, 30, 40)),
        ("CYX", (2, 30, 40)),
        ("CZYX", (2, 6, 30, 40)),
        ("TCZYX", (3, 2, 6, 30, 40)),
        ("QZYX", (3, 6, 30, 40)),
    ],
)
@pytest.mark.parametrize("channel", [0, 1, 9])
def test_a_picture_is_the_brightest_third_along_z_of_one_channel(axes, shape, channel):
    image = np.random.default_rng(0).integers(0, 4000, shape).astype(np.uint16)
    small, reduction = project(image, axes, channel)
    stack = image
    for axis in axes[:-2].replace("Z", ""):
        stack = stack[min(channel, stack.shape[0] - 1) if axis == "C" else 0]
    planes = np.sort(stack.reshape(-1, 30, 40), axis=0)
    n_bright = max(1, len(planes) // 3)
    assert np.allclose(small, planes[-n_bright:].mean(axis=0))
    assert reduction == 1


def test_a_stack_is_also_seen_from_the_side(tmp_path):
    keep(tmp_path, [answered(tmp_path / "a.tif")])
    path = side_path(tmp_path / "dystrack_previews" / "a.tif.png")
    side = read_preview(path)
    assert side.pixels.shape == (6, 5)  # z, x
    assert np.allclose(side.pixels, STACK.max(axis=1), atol=0.25)  # a third of four rows is one
    with Image.open(path) as image:
        assert image.text["Axes"] == "ZX"


def test_a_single_plane_has_no_side():
    assert project_side(np.zeros((2, 4, 5)), "CYX") is None


@pytest.mark.parametrize(("shape", "small", "reduction"), [
    ((21, 200, 500), (67, 167), 3), ((2048, 2048), (228, 228), 9), ((3, 240), (3, 240), 1),
])  # fmt: skip
def test_a_picture_is_small(shape, small, reduction):
    pixels, factor = project(np.zeros(shape, np.uint8), "ZYX"[-len(shape) :])
    assert (pixels.shape, factor) == (small, reduction)


def test_a_picture_can_be_read_with_the_values_of_the_prescan(tmp_path):
    keep(tmp_path, [answered(tmp_path / "a.tif")])
    preview = read_preview(tmp_path / "dystrack_previews" / "a.tif.png")
    assert np.allclose(preview.pixels, STACK[-2:].mean(axis=0), atol=0.05)
    assert preview.reduction == 1
    with Image.open(tmp_path / "dystrack_previews" / "a.tif.png") as image:
        assert image.mode == "L"
        assert image.text["Axes"] == "YX"


def test_pictures_are_small_files_whatever_the_image(tmp_path):
    noise = np.random.default_rng(0).integers(0, 2**16, (3, 2000, 2000)).astype(np.uint16)
    keep(tmp_path, [answered(tmp_path / "a.tif")], read=lambda path: (noise, "ZYX"))
    assert (tmp_path / "dystrack_previews" / "a.tif.png").stat().st_size <= 100_000


@pytest.mark.parametrize(
    "image", [np.full((4, 5), np.nan), np.zeros((4, 5)), np.ones((4, 5), bool)]
)
def test_any_picture_can_be_kept(tmp_path, image):
    with np.errstate(all="ignore"):
        keep(tmp_path, [answered(tmp_path / "a.tif")], read=lambda path: (image, "YX"))
    assert len(names_in(tmp_path)) <= 1


def test_names_in_subfolders_do_not_collide():
    assert preview_name("a/b.tif") == "a__b.tif.png"


def test_no_picture_is_made_before_the_answer_nor_while_a_prescan_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(previews, "_LONGEST_WAIT_S", 60.0)
    is_read, may_end = threading.Event(), threading.Event()

    def read(path):
        is_read.set()
        return STACK, "ZYX"

    first, second = str(tmp_path / "a.tif"), str(tmp_path / "b.tif")
    with PreviewWriter(tmp_path, read=read) as writer:
        writer(started(tmp_path))
        writer(ImageNoticed(path=first))
        writer(AnalysisStarted(path=first, position="1", time_point=1, shape=(), wait_s=0.0))
        writer._waiting.append(answered(first))  # as if it had been answered while b came
        writer(ImageNoticed(path=second))
        writer._has_work.set()
        assert not is_read.wait(0.1)
        writer(answered(second))
        assert is_read.wait(10)
        may_end.set()
    assert names_in(tmp_path) == ["a.tif.png", "b.tif.png"]


def test_the_session_does_not_wait_for_a_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(previews, "_LONGEST_END_S", 0.0)
    may_go_on = threading.Event()

    def hanging(path):
        may_go_on.wait(10)
        return STACK, "ZYX"

    keep(tmp_path, [answered(tmp_path / f"{i}.tif") for i in range(200)], read=hanging)
    assert not may_go_on.is_set()
    may_go_on.set()


def test_where_prescans_come_too_fast_the_oldest_are_left_out(tmp_path):
    writer = PreviewWriter(tmp_path)
    for i in range(1000):
        writer(answered(tmp_path / f"{i}.tif"))
    assert len(writer._waiting) == 64
    assert writer._waiting[-1].path.endswith("999.tif")


def test_an_image_that_cannot_be_read_has_no_picture(tmp_path):
    def read(path):
        if path.name == "bad.tif":
            raise OSError
        return STACK, "ZYX"

    keep(tmp_path, [answered(tmp_path / n) for n in ("bad.tif", "good.tif")], read=read)
    assert names_in(tmp_path) == ["good.tif.png"]


def test_a_long_run_keeps_pictures_evenly_and_those_of_failures_beside(tmp_path, monkeypatch):
    monkeypatch.setattr(previews, "_MOST_OF_A_KIND", 8)
    monkeypatch.setattr(previews, "_MOST_WAITING", 1000)
    good = [answered(tmp_path / f"{i:03d}.tif") for i in range(100)]
    bad = [answered(tmp_path / f"bad_{i}.tif", outcome="fallback") for i in range(5)]
    keep(tmp_path, [*good, *bad])
    kept = [int(name[:3]) for name in names_in(tmp_path) if name[0] != "b"]
    assert kept == [*range(0, 100, 16), 99]  # and the newest
    sides = {path.name for path in (tmp_path / "dystrack_previews").glob("*.side.png")}
    assert sides == {name.replace(".png", ".side.png") for name in names_in(tmp_path)}
    assert len(names_in(tmp_path)) == len(kept) + 5


def test_a_real_session_keeps_pictures_that_are_never_prescans(tmp_path):
    made_up_run(tmp_path, [AHEAD, AHEAD], recurse=True)
    assert names_in(tmp_path) == ["prescan_1_pos_1.ome.tif.png", "prescan_2_pos_1.ome.tif.png"]
    assert not any("png" in name for name in list_names(tmp_path, recurse=True))


def test_a_session_can_do_without(tmp_path):
    made_up_run(tmp_path, [AHEAD], previews=False)
    assert not (tmp_path / "dystrack_previews").exists()


def test_contrast_does_not_jump_with_the_brightest_pixel_but_each_position_has_its_own(tmp_path):
    def read(path):
        image = np.tile(np.linspace(0, 100, 50), (40, 1))
        image[0, 0] = 130.0 if path.stem == "b" else 100.0
        return image * (20 if path.stem == "other" else 1), "YX"

    events = [answered(tmp_path / f"{name}.tif") for name in ("a", "b", "c")]
    keep(tmp_path, [*events, answered(tmp_path / "other.tif", position="2")], read)
    greys = {
        name: np.asarray(Image.open(tmp_path / "dystrack_previews" / f"{name}.tif.png"))[20, 25]
        for name in ("a", "b", "c", "other")
    }
    assert max(greys.values()) - min(greys.values()) <= 8  # stretched by itself: 30
