import struct

import pytest

from dystrack.images.formats import FileView
from dystrack.images.formats.tiff_directory import read_directory, read_header

VALUES = {
    "byte": (1, "B", (1, 2, 3, 4)),
    "short": (3, "H", (1, 2)),
    "many shorts": (3, "H", (1, 2, 3, 4, 5, 6, 7, 8)),
    "long": (4, "I", (70_000,)),
    "signed": (9, "i", (-5,)),
    "float": (11, "f", (0.5,)),
    "double": (12, "d", (0.25, 0.125)),
    "long 8": (16, "Q", (1 << 40,)),
}


def written(tmp_path, order, *, big, entries):
    """Write a file with one directory, its long values behind it, and open it."""
    mark = b"II" if order == "<" else b"MM"
    count, entry, pointer, start = ("Q", "HHQ", "Q", 16) if big else ("H", "HHI", "I", 8)
    header = struct.pack(f"{order}HHH", 43, 8, 0) if big else struct.pack(f"{order}H", 42)
    room = struct.calcsize(order + pointer)
    directory = struct.pack(order + count, len(entries))
    values = b""
    behind = start + len(directory) + len(entries) * (struct.calcsize(order + entry) + room) + room
    for code, kind, number, data in entries:
        directory += struct.pack(order + entry, code, kind, number)
        if len(data) <= room:
            directory += data.ljust(room, b"\0")
        else:
            directory += struct.pack(order + pointer, behind + len(values))
            values += data
    path = tmp_path / "a.tif"
    content = mark + header + struct.pack(order + pointer, start) + directory
    path.write_bytes(content + bytes(room) + values)
    return path.open("rb", buffering=0)


def directory_of(file):
    view = FileView(file, "a.tif")
    layout, offset = read_header(view)
    return read_directory(view, layout, offset)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", VALUES)
def test_values_of_all_types_are_read(name, order, big, tmp_path):
    kind, letter, values = VALUES[name]
    data = struct.pack(f"{order}{len(values)}{letter}", *values)
    entries = [(300, 3, 1, struct.pack(f"{order}H", 9)), (301, kind, len(values), data)]
    with written(tmp_path, order, big=big, entries=entries) as file:
        directory = directory_of(file)
        assert directory.numbers(301) == values
        assert directory.number(301, -1) == int(values[0])
        assert directory.number(300, -1) == 9


def test_a_tag_that_is_not_there_has_no_value(tmp_path):
    with written(tmp_path, "<", big=False, entries=[(300, 3, 1, b"\1\0")]) as file:
        directory = directory_of(file)
        assert directory.numbers(5) == ()
        assert directory.number(5, 7) == 7
        assert directory.ratio(5) is None
        assert directory.text(5) == b""


@pytest.mark.parametrize(("ratio", "expected"), [((5, 2), 2.5), ((5, 0), None)])
def test_ratio(ratio, expected, tmp_path):
    entries = [(282, 5, 1, struct.pack("<II", *ratio))]
    with written(tmp_path, "<", big=False, entries=entries) as file:
        assert directory_of(file).ratio(282) == expected


def test_text_keeps_its_zeros_and_is_no_number(tmp_path):
    entries = [(270, 2, 600, b"some text".ljust(600, b"\0"))]
    with written(tmp_path, "<", big=False, entries=entries) as file:
        directory = directory_of(file)
        assert directory.text(270) == b"some text".ljust(600, b"\0")
        assert directory.numbers(270) == ()
        assert directory.number(270, 3) == 3


def test_of_a_repeated_tag_the_first_counts(tmp_path):
    entries = [(300, 3, 1, b"\1\0"), (300, 3, 1, b"\2\0")]
    with written(tmp_path, "<", big=False, entries=entries) as file:
        assert directory_of(file).number(300, 0) == 1


def test_unknown_types_are_passed_over(tmp_path):
    with written(tmp_path, "<", big=False, entries=[(300, 99, 1, b"\1\0")]) as file:
        assert directory_of(file).tags == {}
