import sys
from pathlib import Path

import nd2
import numpy as np
import pytest
import tifffile
from pylibCZIrw import czi

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError, UnsupportedImageError
from dystrack.scopes.writing.writers import (
    SUFFIXES,
    WRITERS,
    encode,
    write_imagej_tiff,
    write_multipage_tiff,
)

VOXEL_SIZE = VoxelSize(2.5, 0.42, 0.42)


def a_stack(shape, dtype):
    top = np.iinfo(dtype).max
    return np.random.default_rng(7).integers(0, top, shape, endpoint=True).astype(dtype)


def read(name: str, path: Path):
    """Return pixels and voxel size as the format's own reader sees them; None is not stored."""
    if name == "nd2":
        return read_nd2(path)
    if name == "czi":
        return read_czi(path)
    return read_tiff(name, path)


def read_nd2(path):
    with nd2.ND2File(path) as file:
        size = file.voxel_size()
        return file.asarray(), (size.z if "Z" in file.sizes else None, size.y, size.x)


def read_czi(path):
    with czi.open_czi(str(path)) as document:
        n_planes = document.total_bounding_box["Z"][1]
        planes = [document.read(plane={"C": 0, "Z": z})[..., 0] for z in range(n_planes)]
        distances = document.metadata["ImageDocument"]["Metadata"]["Scaling"]["Items"]["Distance"]
    by_axis = {entry["@Id"]: float(entry["Value"]) * 1e6 for entry in distances}
    return np.stack(planes), (by_axis.get("Z") or None, by_axis["Y"], by_axis["X"])


def read_tiff(name, path):
    with tifffile.TiffFile(path) as tiff:
        pixels, page = tiff.asarray(), tiff.pages[0]
        if tiff.is_ome:
            described = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]["Pixels"]
            return pixels, tuple(described.get(f"PhysicalSize{axis}") for axis in "ZYX")
        if tiff.is_imagej:
            x_resolution, y_resolution = page.resolution
            spacing = tiff.imagej_metadata.get("spacing")
            return pixels, (spacing, 1 / y_resolution, 1 / x_resolution)
        x_resolution, y_resolution = page.get_resolution("micrometer")
        assert tiff.is_bigtiff == (name == "multipage_bigtiff")
        return pixels, (None, 1 / y_resolution, 1 / x_resolution)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(5, 13, 17), (13, 17), (1, 13, 17)])
@pytest.mark.parametrize("name", WRITERS)
def test_every_format_reads_back_equal(tmp_path, name, shape, dtype):
    stack = a_stack(shape, dtype)
    path = tmp_path / f"prescan{SUFFIXES[name]}"
    WRITERS[name](path, stack, VOXEL_SIZE)

    pixels, (z_um, y_um, x_um) = read(name, path)

    np.testing.assert_array_equal(pixels.squeeze(), stack.squeeze())
    assert pixels.dtype == dtype
    assert (y_um, x_um) == pytest.approx((0.42, 0.42))
    if len(shape) == 3 and shape[0] > 1 and "multipage" not in name:
        assert z_um == pytest.approx(2.5)


@pytest.mark.parametrize("name", WRITERS)
def test_an_existing_file_is_replaced(tmp_path, name):
    path = tmp_path / f"prescan{SUFFIXES[name]}"
    WRITERS[name](path, a_stack((9, 40, 50), np.uint16), VOXEL_SIZE)
    stack = a_stack((2, 6, 7), np.uint8)
    WRITERS[name](path, stack, VOXEL_SIZE)
    np.testing.assert_array_equal(read(name, path)[0], stack)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    "stack", [np.zeros((4, 5)), np.zeros((2, 2, 2, 4, 5), np.uint8), np.zeros(5, np.uint8)]
)
def test_what_no_microscope_writes_is_refused(tmp_path, name, stack):
    path = tmp_path / f"prescan{SUFFIXES[name]}"
    with pytest.raises(UnsupportedImageError, match="type uint8 or uint16"):
        WRITERS[name](path, stack, VOXEL_SIZE)
    assert not path.exists()


def test_every_page_of_a_multipage_tiff_has_its_own_ifd_before_its_pixels(tmp_path):
    path = tmp_path / "prescan.tiff"
    write_multipage_tiff(path, a_stack((3, 13, 17), np.uint8), VOXEL_SIZE)
    with tifffile.TiffFile(path) as tiff:
        places = [place for page in tiff.pages for place in (page.offset, page.dataoffsets[0])]
    assert places == sorted(places)


@pytest.mark.parametrize(("single_ifd", "n_ifds"), [(False, 3), (True, 1)])
def test_an_imagej_stack_has_an_ifd_a_plane_or_one_in_all(tmp_path, single_ifd, n_ifds):
    path = tmp_path / "prescan.tif"
    stack = a_stack((3, 13, 17), np.uint8)
    write_imagej_tiff(path, stack, VOXEL_SIZE, single_ifd=single_ifd)
    with tifffile.TiffFile(path) as tiff:
        assert len(tiff.pages) == n_ifds


@pytest.mark.parametrize("name", ["multipage_tiff", "nd2"])
def test_encoded_bytes_are_the_file(tmp_path, name):
    stack = a_stack((3, 13, 17), np.uint8)
    path = tmp_path / f"prescan{SUFFIXES[name]}"
    WRITERS[name](path, stack, VOXEL_SIZE)
    assert encode(name, stack, VOXEL_SIZE) == path.read_bytes()


def test_an_unknown_format_is_refused():
    with pytest.raises(ConfigurationError, match=r"'lsm'.*ome_tiff"):
        encode("lsm", a_stack((3, 4), np.uint8), VOXEL_SIZE)


def test_every_format_has_a_suffix():
    assert SUFFIXES.keys() == WRITERS.keys()


def test_what_writes_czi_is_named_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pylibCZIrw", None)
    with pytest.raises(ConfigurationError, match="pip install pylibCZIrw"):
        encode("czi", np.ones((3, 20, 30), np.uint8), VoxelSize(1.0, 1.0, 1.0))
