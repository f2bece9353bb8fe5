import struct
import zlib

import pytest

from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats.nd2_metadata import Level, Loop, read_loops, read_variants


def variant(kind, name, value):
    head = struct.pack("BB", kind, len(name) + 1) + (name + "\0").encode("utf-16-le")
    return head + value


def number(kind, name, packing, value):
    return variant(kind, name, struct.pack(packing, value))


def uint(name, value):
    return number(3, name, "<I", value)


def double(name, value):
    return number(6, name, "<d", value)


def level(name, *items):
    head = variant(11, name, b"")
    body = b"".join(items)
    length = len(head) + 12 + len(body)
    return head + struct.pack("<IQ", len(items), length) + body + bytes(8 * len(items))


def loop(kind, *items, inner=()):
    return level(
        "", uint("eType", kind), level("uLoopPars", *items), level("ppNextLevelEx", *inner)
    )


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (number(1, "x", "<?", True), True),
        (number(2, "x", "<i", -5), -5),
        (uint("x", 5), 5),
        (number(4, "x", "<q", -5), -5),
        (number(5, "x", "<Q", 1 << 40), 1 << 40),
        (double("x", 0.5), 0.5),
        (variant(8, "x", "a text\0".encode("utf-16-le")), None),
        (variant(8, "x", "\u0100\u0001\0".encode("utf-16-le")), None),
        (variant(9, "x", struct.pack("<Q", 3) + b"abc"), None),
    ],
)
def test_values_of_all_types(item, value):
    assert read_variants(level("top", item, uint("next", 7))) == {"x": value, "next": 7}


def test_levels_are_read_when_they_are_asked_for():
    values = read_variants(level("top", level("inner", uint("x", 5)), uint("y", 6)))
    assert isinstance(values["inner"], Level)
    assert values["inner"].values() == {"x": 5}
    assert values["y"] == 6


def test_of_items_without_a_name_the_first_counts():
    assert read_variants(level("top", uint("", 1), uint("", 2))) == {"": 1}


def test_compressed_metadata():
    packed = struct.pack("BB", 76, 0) + bytes(10) + zlib.compress(level("top", uint("x", 5)))
    assert read_variants(packed) == {"x": 5}


def test_xml_gives_its_numbers():
    xml = b'<?xml?><variant><uiWidth runtype="lx_uint32" value="30"/><d runtype="double" value="-1.5e-3"/></variant>'
    assert read_variants(xml) == {"uiWidth": 30.0, "d": -0.0015}


@pytest.mark.parametrize(
    "data",
    [
        b"\x0b",
        level("top", uint("x", 5))[:-12],
        level("top", uint("x", 5)).replace(struct.pack("<I", 1), struct.pack("<I", 9), 1),
        variant(11, "top", struct.pack("<IQ", 1, 1 << 60)),
        variant(11, "top", struct.pack("<IQ", 1, 0)),
        variant(99, "top", b""),
        struct.pack("BB", 76, 0) + bytes(10) + b"no zlib",
        variant(11, "top", struct.pack("<IQ", 1, 30)),
    ],
)
def test_what_is_cut_off_is_refused(data):
    with pytest.raises(IncompleteImageError):
        read_variants(data)


def test_loops_from_the_outermost_to_the_innermost():
    inner = loop(4, uint("uiCount", 21), double("dZStep", -2.5))
    outer = level(
        "SLxExperiment",
        uint("eType", 1),
        level("uLoopPars", uint("uiCount", 3)),
        level("ppNextLevelEx", inner),
    )
    assert read_loops(read_variants(outer)) == [Loop("T", 3), Loop("Z", 21, 2.5)]


@pytest.mark.parametrize(
    ("kind", "items", "expected"),
    [
        (4, [uint("uiCount", 5), double("dZStep", 0.0), double("dZLow", 8.0), double("dZHigh", 0.0)], [Loop("Z", 5, 2.0)]),
        (4, [uint("uiCount", 1), double("dZLow", 8.0), double("dZHigh", 0.0)], [Loop("Z", 1, 8.0)]),
        (4, [uint("uiCount", 5)], [Loop("Z", 5)]),
        (8, [uint("uiCount", 5)], [Loop("T", None)]),
        (2, [], [Loop("P", None)]),
        (6, [uint("uiCount", 3)], []),
    ],
)  # fmt: skip
def test_loops(kind, items, expected):
    experiment = level("SLxExperiment", uint("eType", kind), level("uLoopPars", *items))
    assert read_loops(read_variants(experiment)) == expected


def test_no_experiment_has_no_loops():
    assert read_loops({}) == []
