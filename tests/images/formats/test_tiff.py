import struct

import numpy as np
import pytest
import tifffile

from dystrack.core.coordinates import VoxelSize
from dystrack.images.image_file import Verdict, inspect_image
from genuine_files import noisy_stack, read_image

GREY = {"photometric": "minisblack"}
UM = {"PhysicalSizeX": 0.4, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 2.0}
NM = {f"PhysicalSize{axis}": 500 for axis in "ZYX"} | {
    f"PhysicalSize{axis}Unit": "nm" for axis in "ZYX"
}
SIZES = {"T": 2, "C": 3, "Z": 4, "Y": 20, "X": 30, "S": 3, "Q": 4, "K": 7}


def write(path, axes, **options):
    shape = tuple(SIZES[axis] for axis in axes)
    tifffile.imwrite(path, noisy_stack(shape, "u1" if "S" in axes else "u2"), **options)
    return path


@pytest.mark.parametrize(
    ("name", "axes", "options", "verdict", "found_axes"),
    [
        # ImageJ
        ("a.tif", "ZYX", {"imagej": True, "metadata": {"axes": "ZYX"}}, "complete", "ZYX"),
        ("a.tif", "TZCYX", {"imagej": True}, "complete", "TCZYX"),
        ("a.tif", "CYX", {"imagej": True, "metadata": {"axes": "CYX"}}, "complete", "CYX"),
        ("a.tif", "TYX", {"imagej": True, "metadata": {"axes": "TYX"}}, "complete", "TYX"),
        ("a.TIF", "YX", {"imagej": True}, "open", "YX"),
        # OME
        ("a.ome.tif", "ZYX", {"metadata": {"axes": "ZYX"}}, "complete", "ZYX"),
        ("a.ome.tif", "TCZYX", {"metadata": {"axes": "TCZYX"}}, "complete", "TCZYX"),
        ("a.ome.tif", "TZCYX", {"metadata": {"axes": "TZCYX"}}, "complete", "TCZYX"),
        ("a.ome.tiff", "YX", {}, "complete", "YX"),
        # the shape in the description
        ("a.tif", "ZYX", {}, "complete", "ZYX"),
        ("a.tif", "CZYX", {}, "complete", "CZYX"),
        ("a.tif", "TCZYX", {}, "complete", "TCZYX"),
        ("a.tif", "ZCYX", {"metadata": {"axes": "ZCYX"}}, "complete", "CZYX"),
        ("a.tif", "QCYX", {"metadata": {"axes": "QCYX"}}, "complete", "CZYX"),
        ("a.tif", "YX", {}, "open", "YX"),
        # nothing but pages
        ("a.tiff", "ZYX", {"metadata": None}, "open", "ZYX"),
        ("a.tiff", "ZYX", {"metadata": None, "bigtiff": True}, "open", "ZYX"),
        ("a.tiff", "YX", {"metadata": None, "byteorder": ">"}, "open", "YX"),
        ("a.btf", "YX", {"metadata": None, "bigtiff": True, "byteorder": ">"}, "open", "YX"),
        # other ways to lay out the pixels
        ("a.tif", "ZYX", {"rowsperstrip": 7}, "complete", "ZYX"),
        ("a.tif", "ZYX", {"tile": (16, 16)}, "complete", "ZYX"),
        ("a.tif", "ZYX", {"compression": "zlib"}, "complete", "ZYX"),
    ],
)
def test_shape_is_that_of_the_reader(name, axes, options, verdict, found_axes, tmp_path):
    path = write(tmp_path / name, axes, **(GREY | options))
    status = inspect_image(path)
    assert (status.verdict, status.axes) == (verdict, found_axes)
    assert status.shape == read_image(path).shape
    assert status.n_planes == np.prod(status.shape[:-2])
    assert not status.is_colour


@pytest.mark.parametrize(
    ("name", "axes", "options"),
    [
        ("a.tif", "YXS", {"photometric": "rgb"}),
        ("a.tif", "YXS", {"photometric": "rgb", "metadata": None}),
        ("a.tif", "SYX", {"photometric": "rgb", "planarconfig": "separate"}),
        ("a.tif", "ZYXS", {"imagej": True, "metadata": {"axes": "ZYXS"}}),
        ("a.ome.tif", "YXS", {"photometric": "rgb"}),
    ],
)
def test_colour_is_recognised(name, axes, options, tmp_path):
    status = inspect_image(write(tmp_path / name, axes, **options))
    assert status.is_colour
    assert status.axes.endswith("YXS")


@pytest.mark.parametrize(
    ("name", "axes", "options", "expected"),
    [
        ("a.tif", "ZYX", {"imagej": True, "resolution": (2.5, 2), "metadata": {"axes": "ZYX", "unit": "um", "spacing": 3.0}}, (3.0, 0.5, 0.4)),
        ("a.tif", "ZYX", {"imagej": True, "resolution": (2.5, 2), "metadata": {"axes": "ZYX", "unit": "micron", "spacing": -3.0}}, (3.0, 0.5, 0.4)),
        ("a.tif", "YX", {"imagej": True, "resolution": (2500, 2000), "metadata": {"unit": "mm"}}, (0.0, 0.5, 0.4)),
        ("a.tif", "ZYX", {"imagej": True, "resolution": (2.5, 2), "metadata": {"axes": "ZYX", "unit": "um"}}, None),
        ("a.tif", "YX", {"imagej": True, "resolution": (2.5, 2), "metadata": {"unit": "pixel"}}, None),
        ("a.ome.tif", "ZYX", {"metadata": {"axes": "ZYX"} | UM}, (2.0, 0.5, 0.4)),
        ("a.ome.tif", "ZYX", {"metadata": {"axes": "ZYX"} | NM}, (0.5, 0.5, 0.5)),
        ("a.ome.tif", "YX", {"metadata": UM}, (0.0, 0.5, 0.4)),
        ("a.ome.tif", "ZYX", {"metadata": {"axes": "ZYX"}}, None),
        ("a.tif", "YX", {"resolution": (25_000, 20_000), "resolutionunit": "CENTIMETER"}, (0.0, 0.5, 0.4)),
        ("a.tif", "YX", {"resolution": (63_500, 50_800), "resolutionunit": "INCH"}, (0.0, 0.5, 0.4)),
        ("a.tif", "YX", {"resolution": (72, 72), "resolutionunit": "INCH"}, None),
        ("a.tif", "YX", {"resolution": (0, 0), "resolutionunit": "CENTIMETER"}, None),
        ("a.tif", "ZYX", {"resolution": (25_000, 20_000), "resolutionunit": "CENTIMETER"}, None),
        ("a.tif", "YX", {}, None),
    ],
)  # fmt: skip
def test_voxel_size(name, axes, options, expected, tmp_path):
    status = inspect_image(write(tmp_path / name, axes, **(GREY | options)))
    assert status.voxel_size == (expected and pytest.approx(VoxelSize(*expected)))


def test_an_ome_tiff_without_its_xml_is_not_finished(tmp_path):
    path = write(tmp_path / "a.ome.tif", "ZYX", ome=False, metadata=None, **GREY)
    status = inspect_image(path)
    assert status.verdict is Verdict.INCOMPLETE
    assert "OME-XML" in status.reason


def test_planes_missing_from_an_ome_tiff_are_counted(tmp_path):
    path = write(tmp_path / "a.ome.tif", "ZYX", metadata={"axes": "ZYX"}, **GREY)
    path.write_bytes(path.read_bytes().replace(b'SizeZ="4"', b'SizeZ="9"'))
    assert inspect_image(path).reason == "4 of 9 planes are there"
    path.write_bytes(path.read_bytes().replace(b'PlaneCount="4"', b'PlaneCount="9"'))
    assert inspect_image(path).reason == "4 of 9 planes are there"


def test_an_ome_tiff_spread_over_files_stays_in_doubt(tmp_path):
    path = write(tmp_path / "a.ome.tif", "ZYX", metadata={"axes": "ZYX"}, **GREY)
    link = b'<TiffData IFD="0" PlaneCount="4"/>'
    other = b'<UUID FileName="b.ome.tif">urn:uuid:1</UUID>'
    links = (
        b'<TiffData IFD="0" PlaneCount="2"/><TiffData IFD="0" PlaneCount="2">'
        + other
        + b"</TiffData>"
    )
    xml = tifffile.tiffcomment(path).encode().replace(link, links)
    tifffile.imwrite(path, noisy_stack((2, 20, 30), "u2"), description=xml, metadata=None, **GREY)
    status = inspect_image(path)
    assert (status.verdict, status.n_planes) == (Verdict.OPEN, 4)
    assert "several files" in status.reason


@pytest.mark.parametrize("single_ifd", [True, False])
def test_planes_missing_from_an_imagej_tiff_are_counted(single_ifd, tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, imagej=True) as tiff:
        stack = noisy_stack((4, 20, 30), "u2")
        tiff.write(stack, metadata={"axes": "ZYX"}, truncate=single_ifd)
    path.write_bytes(path.read_bytes().replace(b"slices=4", b"slices=9"))
    assert inspect_image(path).reason == "4 of 9 planes are there"


@pytest.mark.parametrize("wrong", [b"slices=x", b"slices=0", b"slices=-"])
def test_an_imagej_description_that_makes_no_sense_is_damage(wrong, tmp_path):
    path = write(tmp_path / "a.tif", "ZYX", imagej=True, metadata={"axes": "ZYX"})
    path.write_bytes(path.read_bytes().replace(b"slices=4", wrong))
    assert inspect_image(path).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    "wrong", [b"[7, 20, 30]", b"[4, 20, 31]", b"[4, 20, 3", b'[4, "a", 3]', b"[-4, 20, 30]"]
)
def test_a_shape_that_does_not_fit_is_damage(wrong, tmp_path):
    path = write(tmp_path / "a.tif", "ZYX", **GREY)
    data = path.read_bytes()
    assert b'{"shape": [4, 20, 30]}' in data
    path.write_bytes(data.replace(b"[4, 20, 30]}", wrong.ljust(11) + b"}"))
    assert inspect_image(path).verdict is Verdict.INCOMPLETE


def test_a_description_that_is_not_written_yet_is_suspect(tmp_path):
    path = write(tmp_path / "a.tif", "ZYX", metadata=None, description="d" * 40, **GREY)
    path.write_bytes(path.read_bytes().replace(b"d" * 40, bytes(40)))
    assert inspect_image(path).verdict is Verdict.SUSPECT


def test_previews_are_no_planes(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for plane in noisy_stack((3, 20, 30), "u2"):
            tiff.write(plane, metadata=None, **GREY)
            tiff.write(plane[::4, ::4], metadata=None, subfiletype=1, **GREY)
    status = inspect_image(path)
    assert status.shape == read_image(path).shape == (3, 20, 30)


@pytest.mark.parametrize(
    ("axes", "options", "found_axes", "axes_known"),
    [
        ("ZYX", {"imagej": True, "metadata": {"axes": "ZYX"}}, "ZYX", True),
        ("CYX", {"imagej": True, "metadata": {"axes": "CYX"}}, "CYX", True),
        ("ZYX", {"imagej": True}, "CYX", True),
        ("KYX", {"imagej": True}, "ZYX", False),
        ("YX", {"imagej": True}, "YX", True),
        ("ZYX", {"metadata": {"axes": "ZYX"}}, "ZYX", True),
        ("CKYX", {"metadata": {"axes": "CQYX"}}, "CZYX", True),
        ("KYX", {"metadata": {"axes": "QYX"}}, "ZYX", False),
        ("ZYX", {}, "ZYX", False),
        ("CZYX", {}, "CZYX", False),
        ("ZYX", {"metadata": None}, "ZYX", False),
    ],
)
def test_whether_axes_are_known(axes, options, found_axes, axes_known, tmp_path):
    status = inspect_image(write(tmp_path / "a.tif", axes, **(GREY | options)))
    assert (status.axes, status.axes_known) == (found_axes, axes_known)


def write_like_nis(path, *, n_pages, with_end):
    """Write pages with the private tags of NIS Elements."""
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for index, plane in enumerate(noisy_stack((n_pages, 20, 30), "u2")):
            tags = [
                (65325, "d", 1, float(index), False),
                (65326, "d", 1, 0.4, False),
                (65329, "d", 4, (1.0, 2.0, 100.0 + 2.5 * index, float(index)), False),
            ]
            if with_end and index == n_pages - 1:
                tags.append((65330, "B", 9, b"anything!", False))
            tiff.write(plane, metadata=None, extratags=tags, **GREY)
    return path


@pytest.mark.parametrize(("with_end", "verdict"), [(True, "complete"), (False, "open")])
@pytest.mark.parametrize(("n_pages", "expected"), [(5, (2.5, 0.4, 0.4)), (1, (0.0, 0.4, 0.4))])
def test_nis_marks_its_last_page(with_end, verdict, n_pages, expected, tmp_path):
    path = write_like_nis(tmp_path / "a.tiff", n_pages=n_pages, with_end=with_end)
    status = inspect_image(path)
    assert status.verdict == verdict
    assert status.n_planes == n_pages
    assert status.voxel_size == pytest.approx(VoxelSize(*expected))
    assert status.axes_known is (n_pages > 1)


def test_a_stack_of_time_points_has_no_step_along_z(tmp_path):
    path = write_like_nis(tmp_path / "a.tiff", n_pages=3, with_end=True)
    data = path.read_bytes()
    for index in range(3):
        data = data.replace(struct.pack("<d", 100.0 + 2.5 * index), struct.pack("<d", 100.0))
    path.write_bytes(data)
    status = inspect_image(path)
    assert (status.voxel_size, status.axes_known) == (None, False)
