import sys
import zlib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import tifffile
from pylibCZIrw import czi

from dystrack.core.errors import UnsupportedImageError
from dystrack.images.formats import czi_pixels
from dystrack.images.formats.czi import SubBlock
from dystrack.images.image_file import ImageStatus, Verdict, inspect_image
from dystrack.images.readers import read_image
from genuine_files import genuine_files
from pipelines.images import noise

# CRC-32 of the squeezed arrays that bioio 3.6 reads with its plug-ins.
AS_BIOIO_READS = {
    "nikonAXR_chick_node_2d.tiff": ((512, 512), "uint16", 2574995972),
    "nikonAXR_lateral_line.nd2": ((21, 128, 256), "uint16", 2182018242),
    "nikonAXR_lateral_line.tiff": ((9, 212, 512), "uint16", 2924446213),
    "zeiss880_organ_cyto.czi": ((25, 200, 200), "uint8", 511945207),
    "zeiss880_organ_cyto_2d.tif": ((200, 200), "uint8", 3411597322),
    "zeiss980_lateral_line.czi": ((21, 200, 500), "uint8", 4170830269),
    "zeiss980_lateral_line_2d.tif": ((200, 500), "uint8", 1912492927),
    "zeiss980_lateral_line_imagej.tif": ((21, 200, 500), "uint8", 4170830269),
}
STACK = noise((2, 3, 4, 30, 40), 60000, np.uint16)  # T, C, Z, Y, X


STATUS = ImageStatus(Verdict.COMPLETE)


def read(path, status=None):
    return read_image(Path(path), status).pixels


@pytest.mark.parametrize("name", AS_BIOIO_READS)
def test_real_prescan_is_read_as_bioio_does(name, prescans):
    image = read(prescans / name)
    checksum = zlib.crc32(np.ascontiguousarray(image).tobytes())
    assert (image.shape, image.dtype.name, checksum) == AS_BIOIO_READS[name]
    assert image.dtype.isnative
    assert inspect_image(prescans / name).shape == image.shape


@pytest.mark.parametrize("name", genuine_files())
def test_made_up_file_is_read_back(name, tmp_path):
    file = genuine_files()[name]
    path = tmp_path / f"prescan{file.suffix.upper()}"
    path.write_bytes(file.data)
    np.testing.assert_array_equal(read(path), file.image)
    assert inspect_image(path).shape == file.image.shape


def as_file_order(axes):
    """Return the stack with its axes in another order, and without those that are left out."""
    picked = STACK[tuple(slice(None) if axis in axes else 0 for axis in "TCZYX")]
    kept = [axis for axis in "TCZYX" if axis in axes]
    return picked, picked.transpose([kept.index(axis) for axis in axes])


@pytest.mark.parametrize("axes", ["YX", "ZYX", "CYX", "CZYX", "ZCYX", "TZCYX", "CTZYX", "TZYX"])
def test_channels_of_ome_tiff_come_before_planes(axes, tmp_path):
    expected, in_file = as_file_order(axes)
    path = tmp_path / "prescan.ome.tif"
    tifffile.imwrite(path, in_file, metadata={"axes": axes}, photometric="minisblack")
    np.testing.assert_array_equal(read(path), expected)


@pytest.mark.parametrize("axes", ["ZYX", "CYX", "ZCYX", "TZCYX"])
def test_channels_of_imagej_tiff_come_before_planes(axes, tmp_path):
    expected, in_file = as_file_order(axes)
    path = tmp_path / "prescan.tif"
    tifffile.imwrite(path, in_file, imagej=True, metadata={"axes": axes})
    np.testing.assert_array_equal(read(path), expected)


@pytest.mark.parametrize("n_axes", [2, 3, 4])
def test_axes_without_names_stay_in_order(n_axes, tmp_path):
    image = STACK[(0,) * (5 - n_axes)]
    tifffile.imwrite(tmp_path / "prescan.tif", image, photometric="minisblack")
    np.testing.assert_array_equal(read(tmp_path / "prescan.tif"), image)


def test_unknown_axis_is_taken_for_planes(tmp_path):
    image = STACK[0]
    tifffile.imwrite(
        tmp_path / "prescan.tif",
        np.swapaxes(image, 0, 1),
        photometric="minisblack",
        metadata={"axes": "QCYX"},
    )
    np.testing.assert_array_equal(read(tmp_path / "prescan.tif"), image)


def write_czi(path, stack, scenes=1):
    """Write a stack (C, Z, Y, X), brighter by 1 in each scene."""
    with czi.create_czi(str(path)) as file:
        for scene in range(scenes):
            for c, z in np.ndindex(stack.shape[:2]):
                place = {"scene": scene, "location": (500 * scene, 70)} if scenes > 1 else {}
                file.write(stack[c, z] + scene, plane={"C": c, "Z": z}, **place)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(("n_channels", "n_planes"), [(1, 1), (1, 4), (3, 1), (3, 4)])
def test_czi_is_read_back(n_channels, n_planes, dtype, tmp_path):
    stack = (STACK[0, :n_channels, :n_planes] // 256).astype(dtype)
    write_czi(tmp_path / "prescan.czi", stack)
    image = read(tmp_path / "prescan.czi")
    assert image.dtype == dtype
    np.testing.assert_array_equal(image, np.squeeze(stack))


def test_channels_of_different_depth_share_the_deeper_type(tmp_path):
    with czi.create_czi(str(tmp_path / "prescan.czi")) as file:
        file.write(STACK[0, 0, 0].astype(np.uint8), plane={"C": 0})
        file.write(STACK[0, 1, 0], plane={"C": 1})
    image = read(tmp_path / "prescan.czi")
    np.testing.assert_array_equal(image[0], STACK[0, 0, 0].astype(np.uint8))
    np.testing.assert_array_equal(image[1], STACK[0, 1, 0])


def test_of_several_scenes_the_first_is_read(tmp_path):
    write_czi(tmp_path / "prescan.czi", STACK[0, :1], scenes=3)
    with pytest.warns(UserWarning, match="3 scenes or positions; only the first"):
        image = read(tmp_path / "prescan.czi")
    np.testing.assert_array_equal(image, STACK[0, 0])


def test_czi_with_phases_is_refused(tmp_path):
    blocks = [SubBlock(0, 0, 0, {"H": (h, 1, 1), "Y": (0, 4, 4), "X": (0, 5, 5)}) for h in range(5)]
    with pytest.raises(UnsupportedImageError, match="no pipeline takes: H = 5"):
        czi_pixels._refuse_other_axes(tmp_path / "prescan.czi", blocks)


def test_colour_czi_is_refused(tmp_path):
    with czi.create_czi(str(tmp_path / "prescan.czi")) as file:
        file.write(noise((30, 40, 3), 255), plane={"C": 0})
    with pytest.raises(UnsupportedImageError, match=r"colour \(RGB\)"):
        read(tmp_path / "prescan.czi")


def test_colour_tiff_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "prescan.tif", noise((30, 40, 3), 255), photometric="rgb")
    with pytest.raises(UnsupportedImageError, match=r"colour \(RGB\)"):
        read(tmp_path / "prescan.tif")


class FakeNd2File:
    """Stands in for `nd2.ND2File`, with a file of two positions."""

    is_rgb = False

    def __init__(self, path):
        self.sizes = {"T": 2, "P": 2, "Z": 4, "C": 3, "Y": 30, "X": 40}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def asarray(self, position=None):
        assert position == 0
        return STACK.transpose(0, 2, 1, 3, 4)[:, None]


@pytest.fixture
def fake_nd2(monkeypatch):
    module = ModuleType("nd2")
    module.ND2File = type("ND2File", (FakeNd2File,), {})
    module.AXIS = SimpleNamespace(POSITION="P")
    monkeypatch.setitem(sys.modules, "nd2", module)
    return module.ND2File


def test_first_position_of_nd2_is_read_channels_first(fake_nd2):
    with pytest.warns(UserWarning, match="2 scenes or positions; only the first"):
        np.testing.assert_array_equal(read("prescan.nd2", STATUS), STACK)


def test_colour_nd2_is_refused(fake_nd2):
    fake_nd2.is_rgb = True
    with pytest.raises(UnsupportedImageError, match=r"colour \(RGB\)"):
        read("prescan.nd2", STATUS)


class UnsupportedFileFormatError(Exception):
    """Stands in for bioio's."""


@pytest.fixture
def fake_bioio(monkeypatch):
    file = SimpleNamespace(
        data=STACK, scenes=("only",), dims=SimpleNamespace(order="TCZYX"), error=None
    )

    def open_image(path):
        if file.error:
            raise file.error
        return file

    module, base = ModuleType("bioio"), ModuleType("bioio_base.exceptions")
    module.BioImage = open_image
    base.UnsupportedFileFormatError = UnsupportedFileFormatError
    monkeypatch.setitem(sys.modules, "bioio", module)
    monkeypatch.setitem(sys.modules, "bioio_base", ModuleType("bioio_base"))
    monkeypatch.setitem(sys.modules, "bioio_base.exceptions", base)
    return file


def test_any_other_format_goes_to_bioio(fake_bioio):
    np.testing.assert_array_equal(read("prescan.LIF", STATUS), STACK)


def test_several_scenes_of_bioio_are_warned_about(fake_bioio):
    fake_bioio.scenes = ("one", "two")
    with pytest.warns(UserWarning, match="2 scenes"):
        read("prescan.lif", STATUS)


def test_colour_picture_of_bioio_is_refused(fake_bioio):
    fake_bioio.dims.order = "TCZYXS"
    with pytest.raises(UnsupportedImageError, match=r"colour \(RGB\)"):
        read("prescan.png", STATUS)


PLUGINS = [("lif", "bioio-lif"), ("OIR", "bioio-bioformats"), ("zarr", "bioio-ome-zarr")]


@pytest.mark.parametrize(("suffix", "plugin"), PLUGINS)
def test_missing_bioio_is_named_with_the_plugin(suffix, plugin, monkeypatch):
    monkeypatch.setitem(sys.modules, "bioio", None)
    with pytest.raises(UnsupportedImageError, match=rf'"dystrack\[formats\]" {plugin}$'):
        read(f"prescan.{suffix}", STATUS)


@pytest.mark.parametrize(("suffix", "plugin"), PLUGINS)
def test_missing_plugin_is_named(suffix, plugin, fake_bioio):
    fake_bioio.error = UnsupportedFileFormatError("no reader")
    with pytest.raises(UnsupportedImageError, match=rf'"dystrack\[formats\]" {plugin}$'):
        read(f"prescan.{suffix}", STATUS)


def test_further_images_of_a_tiff_are_told(tmp_path):
    path = tmp_path / "two.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(np.ones((40, 50), np.uint8))
        file.write(np.ones((80, 100), np.uint8))
    with pytest.warns(UserWarning, match="holds 2 scenes or positions; only the first is used"):
        assert read_image(path).pixels.shape == (40, 50)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_a_tiff_whose_lowest_value_is_white_is_read_bright_as_it_looks(tmp_path, dtype):
    grey = np.arange(12, dtype=dtype).reshape(3, 4)
    path = tmp_path / "negative.tif"
    tifffile.imwrite(path, np.invert(grey), photometric="miniswhite")
    np.testing.assert_array_equal(read_image(path).pixels, grey)


def test_a_negative_of_real_numbers_is_refused(tmp_path):
    path = tmp_path / "negative.tif"
    tifffile.imwrite(path, np.ones((3, 4), "f4"), photometric="miniswhite")
    with pytest.raises(UnsupportedImageError, match="its lowest is white"):
        read_image(path)
