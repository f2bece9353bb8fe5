import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from dystrack.core.errors import IncompleteImageError, UnsupportedImageError
from dystrack.images.formats import colour_error
from dystrack.images.readers import Image
from dystrack.pipelines.utilities import loading
from dystrack.pipelines.utilities.loading import load_stack, robustly_load_image_after_write
from fakes import SHARED_PRESCANS, FakeClock
from pipelines.images import noise, write_tiff

MINI_ND2 = SHARED_PRESCANS.parent / "tools" / "mini_nd2.py"
IMAGE = noise((4, 30, 40), 255)


class Scene:
    """A file of which each reading and each look at the stamp is planned."""

    def __init__(self, monkeypatch):
        self.readings = [IMAGE]
        self.stamps = ["first", "first"]
        self.waits = []
        self.is_colour = False
        monkeypatch.setattr(loading, "wait_until_complete", self._wait)
        monkeypatch.setattr(loading, "FileStamp", SimpleNamespace(of=lambda _: self._stamp()))
        monkeypatch.setattr(loading, "read_image", self._read)

    def _stamp(self):
        return self.stamps.pop(0) if len(self.stamps) > 1 else self.stamps[0]

    def _wait(self, path, *, quiet_s, clock):
        self.waits.append((path, quiet_s))
        return SimpleNamespace(
            status=SimpleNamespace(is_colour=self.is_colour), stamp=self._stamp()
        )

    def _read(self, path, status):
        if status.is_colour:
            raise colour_error(path)
        reading = self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]
        if isinstance(reading, Exception):
            raise reading
        return Image(reading, "ZYX")


@pytest.fixture
def scene(monkeypatch):
    return Scene(monkeypatch)


def load(await_write=2):
    clock = FakeClock()
    before_s = clock.monotonic()
    image = robustly_load_image_after_write("some.tif", await_write, clock=clock)
    return image, clock.monotonic() - before_s


def test_whole_file_is_read_once(scene):
    image, waited_s = load(await_write=0.7)
    assert image is not None
    assert scene.waits == [(Path("some.tif"), 0.7)]
    assert waited_s == 0


def test_file_that_changed_while_it_was_read_is_read_again(scene):
    old = np.zeros_like(IMAGE)
    scene.readings = [old, old, IMAGE]
    scene.stamps = ["1", "2", "2", "3", "3"]
    image, _ = load()
    np.testing.assert_array_equal(image, IMAGE)
    assert len(scene.waits) == 3


def test_file_that_changes_again_and_again_is_given_up(scene):
    scene.stamps = [str(number) for number in range(99)]
    with pytest.raises(IncompleteImageError, match="in 5 attempts: it was written to while"):
        load()
    assert len(scene.waits) == 5


def test_failed_reading_is_repeated_with_growing_pauses(scene):
    scene.readings = [RuntimeError("locked"), OSError("locked"), ValueError("odd"), IMAGE]
    image, waited_s = load()
    np.testing.assert_array_equal(image, IMAGE)
    assert waited_s == pytest.approx(0.05 + 0.1 + 0.2)


def test_file_that_cannot_be_read_is_given_up_with_the_reason(scene):
    scene.readings = [RuntimeError("sub-block 7 is broken")]
    with pytest.raises(IncompleteImageError, match=r"some\.tif.*sub-block 7 is broken") as caught:
        load()
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert len(scene.waits) == 5


def test_unsupported_image_is_not_tried_again(scene):
    scene.readings = [UnsupportedImageError("no")]
    with pytest.raises(UnsupportedImageError):
        load()
    assert len(scene.waits) == 1


def test_missing_package_is_named(scene):
    scene.readings = [ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")]
    with pytest.raises(UnsupportedImageError, match="pip install imagecodecs"):
        load()


def test_colour_picture_is_refused_unread(scene):
    scene.is_colour = True
    scene.readings = [AssertionError("was read")]
    with pytest.raises(UnsupportedImageError, match=r"some.tif is a colour \(RGB\) picture"):
        load()


def test_file_that_vanished_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        robustly_load_image_after_write(tmp_path / "gone.tif")


@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize("name", ["prescan.tif", "prescan.TIFF", "mit Größe 1.Tif"])
def test_any_spelling_of_path_and_suffix(kind, name, tmp_path):
    path = kind(write_tiff(tmp_path, IMAGE, name))
    np.testing.assert_array_equal(robustly_load_image_after_write(path), IMAGE)


def test_the_channel_of_a_real_prescan(prescans):
    path = prescans / "zeiss980_lateral_line.czi"
    whole = robustly_load_image_after_write(path)
    for channel in (None, 0, -1):
        np.testing.assert_array_equal(load_stack(path, channel), whole)
    with pytest.raises(
        UnsupportedImageError,
        match=r"zeiss980_lateral_line\.czi: `channel` is 1, .* Z = 21, Y = 200, X = 500 has only",
    ):
        load_stack(path, 1)


def test_axes_that_no_pipeline_takes_are_named(tmp_path):
    path = tmp_path / "prescan.tif"
    image = noise((3, 4, 2, 30, 40), 255)
    tifffile.imwrite(path, image, imagej=True, metadata={"axes": "TZCYX"})
    with pytest.raises(
        UnsupportedImageError, match=r"axes T = 3, C = 2, Z = 4, Y = 30, X = 40\. A stack"
    ):
        load_stack(path, 0)


def test_a_channel_must_be_chosen_and_be_there(tmp_path):
    path = tmp_path / "prescan.tif"
    image = noise((4, 2, 30, 40), 255)
    tifffile.imwrite(path, image, imagej=True, metadata={"axes": "ZCYX"})
    np.testing.assert_array_equal(load_stack(path, 1), image[:, 1])
    with pytest.raises(UnsupportedImageError, match="Choose a channel: `channel` 0 to 1"):
        load_stack(path)
    with pytest.raises(UnsupportedImageError, match="has channels 0 to 1"):
        load_stack(path, 2)


def test_axes_without_names_are_taken_by_their_place(tmp_path):
    path = write_tiff(tmp_path, IMAGE)
    np.testing.assert_array_equal(load_stack(path), IMAGE)
    np.testing.assert_array_equal(load_stack(path, 2), IMAGE[2])


def test_axes_of_length_1_are_dropped(tmp_path):
    tifffile.imwrite(
        tmp_path / "prescan.tif", IMAGE[None, :, None], imagej=True, metadata={"axes": "TZCYX"}
    )
    image = robustly_load_image_after_write(tmp_path / "prescan.tif")
    np.testing.assert_array_equal(image, IMAGE)


def test_big_endian_file_gives_native_values(tmp_path):
    wide = noise((4, 30, 40), 60000, np.uint16)
    tifffile.imwrite(tmp_path / "prescan.tif", wide, byteorder=">", photometric="minisblack")
    image = robustly_load_image_after_write(tmp_path / "prescan.tif")
    assert image.dtype.isnative
    np.testing.assert_array_equal(image, wide)


def test_half_a_file_is_not_loaded(tmp_path):
    path = Path(write_tiff(tmp_path, noise((6, 60, 70), 255)))
    path.write_bytes(path.read_bytes()[:-9000])
    with pytest.raises(IncompleteImageError):
        robustly_load_image_after_write(path, clock=FakeClock())


@pytest.mark.parametrize("n_channels", [1, 2])
def test_nd2_with_channels(n_channels, tmp_path):
    if not MINI_ND2.is_file():
        pytest.skip(f"the writer of ND2 files with channels is not at {MINI_ND2}")
    spec = importlib.util.spec_from_file_location("mini_nd2", MINI_ND2)
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    stack = noise((1, 5, n_channels, 30, 40), 60000, np.uint16)  # T, Z, C, Y, X
    path = writer.write_nd2(tmp_path / "prescan.ND2", stack)
    image = robustly_load_image_after_write(path)
    np.testing.assert_array_equal(image, np.squeeze(np.swapaxes(stack, 1, 2)))


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((1, 1), "1 px high and 1 px wide"),
        ((1, 50), "1 px high and 50 px wide"),
        ((50, 1), "50 px high and 1 px wide"),
        ((5, 1, 60), "1 px high and 60 px wide"),
    ],
)
@pytest.mark.parametrize("imagej", [False, True])
def test_a_line_or_a_point_is_no_image(tmp_path, shape, size, imagej):
    path = tmp_path / "line.tif"
    tifffile.imwrite(path, np.full(shape, 7, np.uint8), photometric="minisblack", imagej=imagej)
    with pytest.raises(UnsupportedImageError, match=f"line.tif: The image is {size}"):
        load_stack(path, await_write=0)
