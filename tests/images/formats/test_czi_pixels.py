"""The pixels of a CZI are those that Zeiss' own library reads."""

import sys
from dataclasses import replace
from itertools import product
from types import ModuleType

import numpy as np
import pytest
from pylibCZIrw import czi

from dystrack.core.errors import UnsupportedImageError
from dystrack.images.formats import czi_pixels
from dystrack.images.formats.czi_pixels import read_first_scene
from dystrack.images.image_file import Verdict, inspect_image
from dystrack.images.readers import read_image
from pipelines.images import noise

COMPRESSIONS = [
    "uncompressed:",
    "zstd0:ExplicitLevel=3",
    "zstd1:ExplicitLevel=1",
    "zstd1:ExplicitLevel=2;PreProcess=HiLoByteUnpack",
]


def as_zeiss_reads(path):
    """Return the first scene of shape (T, C, Z, Y, X)."""
    with czi.open_czi(str(path)) as file:
        scenes = file.scenes_bounding_rectangle_no_pyramid
        scene = min(scenes, default=None)
        frame = scenes.get(scene, file.total_bounding_rectangle_no_pyramid)
        ranges = [range(*file.total_bounding_box_no_pyramid[axis]) for axis in "TCZ"]
        planes = [
            file.read(roi=frame, scene=scene, plane=dict(zip("TCZ", place, strict=True)))[..., 0]
            for place in product(*ranges)
        ]
    return np.reshape(planes, (*map(len, ranges), frame.h, frame.w))


def check(path):
    scene, _ = read_first_scene(path)
    np.testing.assert_array_equal(scene, as_zeiss_reads(path), strict=True)
    status, image = inspect_image(path), read_image(path)
    assert status.verdict is not Verdict.INCOMPLETE
    assert (status.axes, status.shape) == (image.axes, image.pixels.shape)
    return scene


def write(path, planes, compression="uncompressed:"):
    """Write planes, each with its pixels, its coordinate and further options."""
    with czi.create_czi(str(path), compression_options=compression) as file:
        for pixels, coordinate, *options in planes:
            file.write(pixels, plane=coordinate, **dict(*options))
        file.write_metadata("prescan", scale_x=1e-6, scale_y=1e-6, scale_z=2e-6)
    return path


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_compressed_planes(dtype, compression, tmp_path):
    planes = [
        (noise((40, 50), 60000, np.uint16, seed=z).astype(dtype), {"T": t, "C": c, "Z": z})
        for t, c, z in np.ndindex(2, 2, 3)
    ]
    assert check(write(tmp_path / "a.czi", planes, compression)).shape == (2, 2, 3, 40, 50)


@pytest.mark.filterwarnings("ignore:a.czi holds 2 scenes")
@pytest.mark.parametrize("n_scenes", [0, 1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_tiles_that_overlap(seed, n_scenes, tmp_path):
    random = np.random.default_rng(seed)
    places = random.integers(-60, 60, (8, 2)).tolist()
    planes = []
    for index, (x, y) in enumerate(places):
        scene = index % max(n_scenes, 1)
        where = {"location": (x + 500 * scene, y)} | ({"scene": scene} if n_scenes else {})
        tile = noise((30, 40), 254, seed=index) + 1
        planes += [(tile + c, {"C": c}, where) for c in range(2)]
    check(write(tmp_path / "a.czi", planes))


@pytest.mark.parametrize("first", [{"C": 1}, {"Z": 7}, {"T": 3}, {"C": 2, "Z": 4, "T": 1}])
def test_a_subset_begins_anywhere(first, tmp_path):
    starts = {axis: first.get(axis, 0) for axis in "TCZ"}
    planes = [
        (noise((20, 30), 255, seed=z), {"T": starts["T"], "C": starts["C"], "Z": starts["Z"] + z})
        for z in range(3)
    ]
    image = read_image(write(tmp_path / "a.czi", planes))
    assert image.axes == "ZYX"
    np.testing.assert_array_equal(image.pixels, [pixels for pixels, _ in planes])


def test_the_first_scene_has_its_own_number_of_planes(tmp_path):
    planes = [
        (noise((20, 30), 255, seed=z), {"C": 0, "Z": z}, {"scene": s, "location": (500 * s, 0)})
        for s, n_planes in ((0, 3), (1, 5))
        for z in range(n_planes)
    ]
    path = write(tmp_path / "a.czi", planes)
    with pytest.warns(UserWarning, match="2 scenes"):
        image = read_image(path)
    assert image.axes == "ZYX"
    assert image.pixels.shape == inspect_image(path).shape == (3, 20, 30)
    np.testing.assert_array_equal(image.pixels, [pixels for pixels, *_ in planes[:3]])


@pytest.mark.parametrize(("field", "code"), [("compression", 2), ("pixel_type", 10)])
def test_what_cannot_be_read_is_refused(field, code, tmp_path, monkeypatch):
    path = write(tmp_path / "a.czi", [(noise((20, 30), 255), {"C": 0})])
    real = czi_pixels.read_sub_blocks

    def altered(view):
        return [replace(block, **{field: code}) for block in real(view)]

    monkeypatch.setattr(czi_pixels, "read_sub_blocks", altered)
    with pytest.raises(UnsupportedImageError, match=rf"a\.czi .*\(code {code}\)"):
        read_first_scene(path)


def test_jpeg_xr_is_left_to_imagecodecs(monkeypatch):
    plane = noise((20, 30), 60000, np.uint16)
    module = ModuleType("imagecodecs")
    module.jpegxr_decode = lambda data: plane[..., np.newaxis] if data == b"jxr" else None
    monkeypatch.setitem(sys.modules, "imagecodecs", module)
    decoded = czi_pixels._DECODERS[4](b"jxr", np.dtype("<u2"), (20, 30))
    np.testing.assert_array_equal(decoded, plane)
