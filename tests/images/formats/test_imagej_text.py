import pytest

from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats.imagej_text import read_imagej_text


@pytest.mark.parametrize(
    ("lines", "samples", "sizes", "axes_known"),
    [
        (["images=21", "slices=21"], 1, {"T": 1, "C": 1, "Z": 21}, True),
        (["images=24", "channels=2", "slices=4", "frames=3"], 1, {"T": 3, "C": 2, "Z": 4}, True),
        (["images=7"], 1, {"T": 1, "C": 1, "Z": 7}, False),
        (["images=5", "channels=5"], 1, {"T": 1, "C": 5, "Z": 1}, True),
        (["images=6", "channels=6"], 1, {"T": 1, "C": 1, "Z": 6}, False),
        (["images=12", "channels=6", "slices=2"], 1, {"T": 1, "C": 6, "Z": 2}, True),
        (["images=12", "channels=6", "frames=2"], 1, {"T": 2, "C": 6, "Z": 1}, True),
        (["images=5", "channels=3", "slices=5"], 3, {"T": 1, "C": 1, "Z": 5}, True),
        ([], 1, {"T": 1, "C": 1, "Z": 1}, True),
    ],
)
def test_planes(lines, samples, sizes, axes_known):
    text = read_imagej_text("\n".join(["ImageJ=1.54p", *lines]).encode(), samples)
    assert (text.sizes, text.axes_known) == (sizes, axes_known)


@pytest.mark.parametrize(
    ("lines", "is_single"), [(["images=1"], True), (["images=2"], False), ([], False)]
)
def test_a_count_of_one_is_how_writers_begin(lines, is_single):
    assert read_imagej_text("\n".join(["ImageJ=1", *lines]).encode(), 1).is_single is is_single


@pytest.mark.parametrize(
    ("unit", "um"),
    [
        (b"micron", 1.0),
        (b"\\u00B5m", 1.0),
        ("\N{MICRO SIGN}m".encode(), 1.0),
        ("\N{MICRO SIGN}m".encode("latin-1"), 1.0),
        ("\N{GREEK SMALL LETTER MU}m".encode(), 1.0),
        (b"nm", 1e-3),
        (b"inch", 25_400.0),
        (b"pixel", None),
        (b"", None),
    ],
)
def test_units(unit, um):
    text = read_imagej_text(b"ImageJ=1\nspacing=2.0\nunit=" + unit, 1)
    assert text.x_unit_um == text.y_unit_um == um
    assert text.spacing_um == (um and 2.0 * um)


def test_each_axis_may_have_its_unit():
    text = read_imagej_text(b"ImageJ=1\nunit=um\nyunit=mm\nzunit=nm\nspacing=500", 1)
    assert (text.spacing_um, text.y_unit_um, text.x_unit_um) == (0.5, 1000.0, 1.0)


@pytest.mark.parametrize(
    "line", ["slices=", "slices=0", "slices=-3", "frames=1.5", "images=1e99", "channels=x"]
)
def test_numbers_that_cannot_be_are_refused(line):
    with pytest.raises(IncompleteImageError, match=line.partition("=")[0]):
        read_imagej_text(f"ImageJ=1\n{line}".encode(), 1)
