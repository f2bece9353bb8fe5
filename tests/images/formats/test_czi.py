import struct

import numpy as np
import pytest
from pylibCZIrw import czi

from dystrack.core.coordinates import VoxelSize
from dystrack.images.image_file import Verdict, inspect_image
from genuine_files import noisy_stack, read_image

HEADER_AT = 32 + 48  # file part, directory, metadata, update pending, attachments
PENDING_AT = HEADER_AT + 20


def write(path, coordinates, *, image=None, scale_z=2e-6, places=None, **options):
    """Write one sub-block for each coordinate."""
    plane = noisy_stack((20, 30), "u2") if image is None else image
    with czi.create_czi(str(path), exist_ok=True, **options) as file:
        for index, coordinate in enumerate(coordinates):
            place = places[index] if places else {}
            file.write(np.ascontiguousarray(plane), plane=coordinate, **place)
        file.write_metadata(path.stem, scale_x=4e-7, scale_y=5e-7, scale_z=scale_z)
    return path


def grid(**sizes):
    """Return the coordinates of all planes, the first axis fastest."""
    planes = [{}]
    for axis, size in sizes.items():
        planes = [plane | {axis: index} for index in range(size) for plane in planes]
    return planes


def segment_of(data, identifier, nth=0):
    at = -1
    for _ in range(nth + 1):
        at = data.index(identifier.ljust(16, b"\0"), at + 1)
    return at


@pytest.mark.parametrize(
    ("sizes", "axes", "shape"),
    [
        ({"C": 1}, "YX", (20, 30)),
        ({"C": 1, "Z": 4}, "ZYX", (4, 20, 30)),
        ({"C": 2, "Z": 4}, "CZYX", (2, 4, 20, 30)),
        ({"C": 2, "Z": 3, "T": 2}, "TCZYX", (2, 2, 3, 20, 30)),
        ({"C": 1, "T": 3}, "TYX", (3, 20, 30)),
    ],
)
def test_shape_is_that_of_the_reader(sizes, axes, shape, tmp_path):
    path = write(tmp_path / "a.CZI", grid(**sizes))
    status = inspect_image(path)
    assert (status.verdict, status.axes, status.shape) == (Verdict.COMPLETE, axes, shape)
    assert status.shape == read_image(path).shape
    assert status.n_planes == np.prod(shape[:-2])
    z_um = 2.0 if "Z" in axes else 0.0
    assert status.voxel_size == pytest.approx(VoxelSize(z_um, 0.5, 0.4))


def test_without_a_distance_of_the_planes_there_is_no_voxel_size(tmp_path):
    assert inspect_image(write(tmp_path / "a.czi", grid(C=1, Z=4), scale_z=0.0)).voxel_size is None


def test_compressed_planes(tmp_path):
    path = write(tmp_path / "a.czi", grid(C=1, Z=3), compression_options="zstd1:ExplicitLevel=1")
    status = inspect_image(path)
    assert status.verdict is Verdict.COMPLETE
    assert status.shape == read_image(path).shape


def test_tiles_are_one_plane(tmp_path):
    places = [{"location": (x, 0)} for x in (0, 30, 60)]
    status = inspect_image(write(tmp_path / "a.czi", [{"C": 0}] * 3, places=places))
    assert (status.shape, status.n_planes) == ((20, 90), 1)


def test_of_several_scenes_the_first_counts(tmp_path):
    places = [{"location": (x, 0), "scene": scene} for scene, x in enumerate((0, 500))]
    status = inspect_image(write(tmp_path / "a.czi", [{"C": 0}] * 2, places=places))
    assert (status.axes, status.shape) == ("YX", (20, 30))


def test_colour_is_recognised(tmp_path):
    status = inspect_image(
        write(tmp_path / "a.czi", [{"C": 0}], image=noisy_stack((20, 30, 3), "u1"))
    )
    assert status.is_colour
    assert status.shape == (20, 30, 3)


def test_a_plane_that_was_never_taken_is_missed(tmp_path):
    status = inspect_image(write(tmp_path / "a.czi", grid(C=2, Z=3)[:-1]))
    assert status.verdict is Verdict.INCOMPLETE
    assert status.reason == "5 of 6 planes are there"


def put(data, at, value):
    return data[:at] + value + data[at + len(value) :]


DAMAGES = {
    "header": (lambda data: bytes(16) + data[16:], "the header is not"),
    "pending": (lambda data: put(data, PENDING_AT, b"\1"), "being updated"),
    "no directory": (lambda data: put(data, HEADER_AT + 4, bytes(8)), "not written yet"),
    "no metadata": (lambda data: put(data, HEADER_AT + 12, bytes(8)), "not written yet"),
    "directory elsewhere": (
        lambda data: put(data, HEADER_AT + 4, struct.pack("<q", 600)),
        "directory of planes is not at byte 600",
    ),
    "directory negative": (
        lambda data: put(data, HEADER_AT + 4, struct.pack("<q", -600)),
        "directory of planes",
    ),
    "directory empty": (
        lambda data: put(data, segment_of(data, b"ZISRAWDIRECTORY") + 32, bytes(4)),
        "lists 0 planes",
    ),
    "directory too short": (
        lambda data: put(data, segment_of(data, b"ZISRAWDIRECTORY") + 32, b"\xff\xff\xff\x7f"),
        "entries",
    ),
    "entry": (
        lambda data: put(data, segment_of(data, b"ZISRAWDIRECTORY") + 160, bytes(32)),
        "entry 0 of the directory",
    ),
    "dimension": (
        lambda data: put(data, segment_of(data, b"ZISRAWDIRECTORY") + 192, bytes(20)),
        "entry 0 of the directory",
    ),
    "sub-block": (
        lambda data: put(data, segment_of(data, b"ZISRAWSUBBLOCK", 1), bytes(32)),
        "the plane at byte",
    ),
    "pixels": (
        lambda data: put(data, segment_of(data, b"ZISRAWSUBBLOCK", 1) + 40, struct.pack("<q", 9)),
        "too few pixels",
    ),
    "metadata": (
        lambda data: put(data, segment_of(data, b"ZISRAWMETADATA") + 288 + 200, bytes(50)),
        "metadata are not written to their end",
    ),
    "end of metadata": (
        lambda data: data.replace(b"</ImageDocument>", bytes(16)),
        "metadata are not written",
    ),
    "length of metadata": (
        lambda data: put(data, segment_of(data, b"ZISRAWMETADATA") + 32, bytes(4)),
        "metadata are not written",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_missing_is_said(name, tmp_path):
    damage, reason = DAMAGES[name]
    path = write(tmp_path / "a.czi", grid(C=1, Z=3))
    path.write_bytes(damage(path.read_bytes()))
    status = inspect_image(path)
    assert status.verdict is Verdict.INCOMPLETE
    assert reason in status.reason


def test_a_stored_size_of_zero_is_the_size(tmp_path):
    path = write(tmp_path / "a.czi", grid(C=1, Z=3))
    data, image = path.read_bytes(), read_image(path)
    at = data.index(b"Z\0\0\0", segment_of(data, b"ZISRAWDIRECTORY"))
    assert data[at + 16 : at + 20] == b"\1\0\0\0"
    path.write_bytes(put(data, at + 16, bytes(4)))
    assert inspect_image(path).shape == (3, 20, 30)
    np.testing.assert_array_equal(read_image(path), image)


def with_attachments(data, entries):
    """Add a directory of attachments, and one attachment."""
    at = len(data)
    attachment = b"ZISRAWATTACH".ljust(16, b"\0") + struct.pack("<qq", 288, 288) + bytes(288)
    body = struct.pack("<i", len(entries)).ljust(256, b"\0")
    for schema, offset in entries:
        body += struct.pack("<2s10xq", schema, at + offset).ljust(128, b"\0")
    directory = b"ZISRAWATTDIR".ljust(16, b"\0") + struct.pack("<qq", len(body), len(body)) + body
    data = put(data, HEADER_AT + 24, struct.pack("<q", at + len(attachment)))
    return data + attachment + directory


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([(b"A1", 0)], ""),
        ([], ""),
        ([(b"\0\0", 0)], "attachment 0 is not written yet"),
        ([(b"A1", 0), (b"A1", 64)], "attachment 1 is not at"),
        ([(b"A1", 10**9)], "attachment 0 ends"),
    ],
)
def test_attachments(entries, reason, tmp_path):
    path = write(tmp_path / "a.czi", grid(C=1, Z=3))
    path.write_bytes(with_attachments(path.read_bytes(), entries))
    status = inspect_image(path)
    assert status.verdict is (Verdict.INCOMPLETE if reason else Verdict.COMPLETE)
    assert reason in status.reason


def test_a_directory_of_attachments_that_is_too_short(tmp_path):
    path = write(tmp_path / "a.czi", grid(C=1))
    data = with_attachments(path.read_bytes(), [(b"A1", 0)])
    at = segment_of(data, b"ZISRAWATTDIR")
    path.write_bytes(put(data, at + 32, b"\xff\0\0\0"))
    assert "lists 255" in inspect_image(path).reason
