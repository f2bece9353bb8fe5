import pytest

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats import (
    ByteRange,
    FileView,
    canonical_axes,
    count_planes,
    joined,
    voxel_size_of_axes,
)


@pytest.fixture
def view(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(10)))
    with path.open("rb", buffering=0) as file:
        yield FileView(file, path.name)


def test_a_stretch_inside_the_file_is_read(view):
    assert view.read(2, 3, "it") == b"\2\3\4"
    assert view.read(10, 0, "nothing") == b""


@pytest.mark.parametrize(("start", "length"), [(8, 3), (11, 0), (-1, 2), (2, -1), (1 << 70, 1)])
def test_a_stretch_outside_the_file_is_refused(start, length, view):
    with pytest.raises(IncompleteImageError, match="it ends at byte"):
        view.read(start, length, "it")


def test_a_file_that_shrinks_meanwhile_is_refused(view, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"short")
    with pytest.raises(IncompleteImageError, match="cut off while it was read"):
        view.read(2, 8, "it")


@pytest.mark.parametrize(
    ("sizes", "axes", "shape"),
    [
        ({"Z": 5, "Y": 20, "X": 30}, "ZYX", (5, 20, 30)),
        ({"X": 30, "Y": 20, "Z": 5, "C": 2, "T": 3}, "TCZYX", (3, 2, 5, 20, 30)),
        ({"Z": 1, "Y": 20, "X": 30, "S": 1}, "YX", (20, 30)),
        ({"Y": 20, "X": 30, "S": 3}, "YXS", (20, 30, 3)),
        ({"H": 2, "Z": 5, "Y": 20, "X": 30, "C": 3}, "CHZYX", (3, 2, 5, 20, 30)),
        ({"Z": 5, "Y": 1, "X": 30}, "ZX", (5, 30)),
    ],
)
def test_axes_are_squeezed_and_in_order(sizes, axes, shape):
    assert canonical_axes(sizes) == (axes, shape)


@pytest.mark.parametrize(
    ("axes", "shape", "count"),
    [("YX", (20, 30), 1), ("CZYX", (2, 5, 20, 30), 10), ("ZYXS", (5, 20, 30, 3), 5)],
)
def test_planes_are_counted(axes, shape, count):
    assert count_planes(axes, shape) == count


@pytest.mark.parametrize(
    ("axes", "sizes_um", "expected"),
    [
        ("ZYX", (2.0, 0.5, 0.4), VoxelSize(2.0, 0.5, 0.4)),
        ("YX", (None, 0.5, 0.4), VoxelSize(0.0, 0.5, 0.4)),
        ("YX", (7.0, 0.5, 0.4), VoxelSize(0.0, 0.5, 0.4)),
        ("ZYX", (None, 0.5, 0.4), None),
        ("ZYX", (0.0, 0.5, 0.4), None),
        ("YX", (None, None, 0.4), None),
        ("YX", (None, -0.5, 0.4), None),
        ("YX", (None, 0.5, float("inf")), None),
        ("YX", (None, 0.5, float("nan")), None),
    ],
)
def test_a_voxel_size_is_given_for_all_axes_or_none(axes, sizes_um, expected):
    assert voxel_size_of_axes(axes, *sizes_um) == expected


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], []),
        ([(0, 5), (5, 9)], [(0, 9)]),
        ([(7, 9), (0, 5)], [(0, 5), (7, 9)]),
        ([(2, 9), (3, 4), (9, 10)], [(2, 10)]),
    ],
)
def test_stretches_that_touch_are_joined(pieces, expected):
    ranges = [ByteRange(start, stop) for start, stop in pieces]
    assert list(joined(ranges)) == [ByteRange(start, stop) for start, stop in expected]
