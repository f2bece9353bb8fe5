import importlib.util
import struct
from pathlib import Path

import numpy as np
import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.images.image_file import Verdict, inspect_image
from dystrack.scopes.writing.writers import encode
from genuine_files import VOXEL_SIZE, noisy_stack, read_image

MINI_ND2 = Path(__file__).parents[4] / "shared" / "tools" / "mini_nd2.py"
MAP_END = b"ND2 CHUNK MAP SIGNATURE 0000001!"


@pytest.fixture(scope="module")
def stack_file():
    return encode("nd2", noisy_stack((4, 20, 30), "u2"), VOXEL_SIZE)


def inspect(data, tmp_path):
    path = tmp_path / "a.nd2"
    path.write_bytes(data)
    return inspect_image(path)


def test_a_stack(stack_file, tmp_path):
    status = inspect(stack_file, tmp_path)
    assert (status.verdict, status.axes, status.shape) == (Verdict.COMPLETE, "ZYX", (4, 20, 30))
    assert status.voxel_size == pytest.approx(VOXEL_SIZE)
    assert status.n_planes == 4


def test_a_plane(tmp_path):
    status = inspect(encode("nd2", noisy_stack((20, 30), "u1"), VOXEL_SIZE), tmp_path)
    assert (status.axes, status.shape, status.n_planes) == ("YX", (20, 30), 1)
    assert status.voxel_size == VoxelSize(0.0, 0.5, 0.5)


@pytest.mark.skipif(not MINI_ND2.exists(), reason="needs ../shared/tools/mini_nd2.py")
@pytest.mark.parametrize(
    ("shape", "axes"),  # of the image: T, Z, C, Y, X
    [
        ((1, 4, 2, 20, 30), "CZYX"),
        ((3, 4, 2, 20, 30), "TCZYX"),
        ((3, 1, 1, 20, 30), "TYX"),
        ((1, 1, 3, 20, 30), "CYX"),
    ],
)
def test_shape_is_that_of_the_reader(shape, axes, tmp_path):
    spec = importlib.util.spec_from_file_location("mini_nd2", MINI_ND2)
    mini_nd2 = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mini_nd2)
    path = tmp_path / "a.nd2"
    mini_nd2.write_nd2(path, noisy_stack(shape, "u2"))
    status = inspect_image(path)
    assert (status.verdict, status.axes) == (Verdict.COMPLETE, axes)
    assert status.shape == read_image(path).shape
    assert status.n_planes == np.prod(shape[:3])


def replaced(data, name, value, *, width, nth=0):
    """Return the file with another number behind a name of its metadata."""
    key = f"{name}\0".encode("utf-16-le")
    at = -1
    for _ in range(nth + 1):
        at = data.index(key, at + 1)
    start = at + len(key)
    return data[:start] + value.to_bytes(width, "little") + data[start + width :]


@pytest.mark.parametrize(
    ("name", "value", "verdict", "reason"),
    [
        ("uiSequenceCount", 5, "incomplete", "4 of 5 frames"),
        ("uiSequenceCount", 0, "incomplete", "4 of 0 frames"),
        ("uiSequenceCount", 3, "incomplete", "3 of 4 planned frames"),
        ("uiWidthBytes", 90, "incomplete", "frame 0 has too few pixels"),
        ("uiCount", 9, "incomplete", "4 of 9 planned frames"),
        ("uiCount", 2, "complete", ""),
    ],
)
def test_promises_are_kept(name, value, verdict, reason, stack_file, tmp_path):
    status = inspect(replaced(stack_file, name, value, width=4), tmp_path)
    assert (status.verdict, status.reason[: len(reason)]) == (verdict, reason)


def test_frames_beyond_the_loops_leave_the_shape_open(stack_file, tmp_path):
    status = inspect(replaced(stack_file, "uiCount", 2, width=4), tmp_path)
    assert (status.axes, status.shape, status.n_planes) == ("", (), 4)


@pytest.mark.parametrize(
    ("kind", "axes", "shape"),
    [(1, "TYX", (4, 20, 30)), (8, "TYX", (4, 20, 30)), (2, "YX", (20, 30)), (6, "", ())],
)
def test_loops_of_other_kinds(kind, axes, shape, stack_file, tmp_path):
    status = inspect(replaced(stack_file, "eType", kind, width=4), tmp_path)
    assert (status.verdict, status.axes, status.shape) == (Verdict.COMPLETE, axes, shape)


def test_colour_is_recognised(tmp_path):
    data = encode("nd2", noisy_stack((20, 90), "u1"), VOXEL_SIZE)
    data = replaced(replaced(data, "uiComp", 3, width=4), "uiWidth", 30, width=4)
    status = inspect(data, tmp_path)
    assert status.is_colour
    assert (status.axes, status.shape) == ("YXS", (20, 30, 3))


@pytest.mark.parametrize("calibrated", [0, 1])
def test_an_uncalibrated_image_has_no_voxel_size(calibrated, stack_file, tmp_path):
    status = inspect(replaced(stack_file, "bCalibrated", calibrated, width=1), tmp_path)
    assert status.voxel_size == (VOXEL_SIZE if calibrated else None)


def test_without_a_step_the_range_tells_the_distance_of_planes(stack_file, tmp_path):
    status = inspect(replaced(stack_file, "dZStep", 0, width=8), tmp_path)
    assert status.voxel_size == pytest.approx(VOXEL_SIZE)


DAMAGES = {
    "signature": (lambda data: bytes(200) + data[200:], "NAME01! at byte 0"),
    "place of the map": (lambda data: data[:-8] + bytes(8), "map of its chunks is not written"),
    "end": (lambda data: data[:-40] + bytes(40), "map of its chunks is not written"),
    "place of the map beyond": (lambda data: data[:-8] + struct.pack("<Q", 1 << 60), "MAP SIG"),
    "frame": (lambda data: data.replace(b"ImageDataSeq|2!", bytes(15), 1), "ImageDataSeq|2! at"),
    "name of a frame in the map": (
        lambda data: b"ImageDataSeq|7!".join(data.rsplit(b"ImageDataSeq|2!", 1)),
        "ImageDataSeq|7! at",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_missing_is_said(name, stack_file, tmp_path):
    damage, reason = DAMAGES[name]
    status = inspect(damage(stack_file), tmp_path)
    assert status.verdict is Verdict.INCOMPLETE
    assert reason in status.reason


def test_a_map_without_an_end_is_refused(stack_file, tmp_path):
    at = stack_file.rindex(b"ImageDataSeq|0!")
    data = stack_file[:at] + b"?" * (len(stack_file) - 40 - at) + stack_file[-40:]
    assert inspect(data, tmp_path).verdict is Verdict.INCOMPLETE


def legacy(*, count=2, offset=0, distance=None):
    """Return a legacy file: JPEG 2000 boxes, their map, and the distance to it."""
    start = b"\0\0\0\x0cjP  \r\n\x87\n" + b"\7" * 500
    boxes = b"".join(
        struct.pack("<4s4sI", b"jp2c", b"VCAL", offset).ljust(16, b"\0") for _ in range(count)
    )
    end = struct.pack(">I", count) + boxes + b"LABORATORY IMAGING ND BOX MAP 00"
    return start + end + struct.pack("<Q", len(end) + 8 if distance is None else distance)


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ({}, "complete"),
        ({"offset": 100_000}, "incomplete"),
        ({"distance": 0}, "incomplete"),
        ({"distance": 10**9}, "incomplete"),
        ({"distance": 300}, "incomplete"),
    ],
)
def test_legacy_files(options, verdict, tmp_path):
    assert inspect(legacy(**options), tmp_path).verdict == verdict


def test_a_legacy_file_that_is_cut(tmp_path):
    assert inspect(legacy()[:-1], tmp_path).verdict is Verdict.INCOMPLETE
