import numpy as np
import pytest
import scipy

from dystrack.core.coordinates import PixelPosition
from dystrack.tools.kit.evaluation.stress_table import STRESSES, stressed
from dystrack.tools.kit.evaluation.stresses import Prescan

SHAPES = {"stack": (20, 60, 100), "plane": (60, 100)}
CENTRE = (9.0, 31.0, 44.0)


def prescan(shape=SHAPES["stack"], kind=np.uint8, centre=CENTRE, other=None):
    squares = sum(
        ((i - c) / 4) ** 2 for i, c in zip(np.indices(shape), centre[-len(shape) :], strict=True)
    )
    noise = np.random.default_rng(1).integers(0, 6, shape)
    pixels = (noise + 200 * np.exp(-0.5 * squares)).astype(kind)
    z = centre[0] if len(shape) == 3 else 0.0
    return Prescan(pixels, PixelPosition(z, *centre[1:]), other)


def bright_centre(pixels):
    return scipy.ndimage.center_of_mass(pixels > 100)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", STRESSES)
def test_a_stress_keeps_the_shape_and_is_the_same_each_time(name, shape):
    before = prescan(shape, other=np.full(shape, 30, np.uint8))
    first, second = stressed(before, name), stressed(before, name)
    if first is None:
        assert second is None
        return
    assert first.pixels.shape == shape
    assert np.array_equal(first.pixels, second.pixels)
    assert first.pixels.dtype == np.uint8 or name.startswith("as ")
    assert np.array_equal(before.pixels, prescan(shape).pixels)  # the original is left alone


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(
    "name", [name for name in STRESSES if name.startswith(("shifted", "mirrored"))]
)
def test_the_target_moves_with_the_sample(name, shape):
    after = stressed(prescan(shape), name)
    if after is None:
        assert len(shape) == 2
        assert "z" in name
        return
    found = (0.0, *bright_centre(after.pixels))[-3:]
    assert np.allclose(found, after.target, atol=0.3)


@pytest.mark.parametrize("name", ["empty", "noise", "black", "file cut short"])
def test_where_nothing_is_left_no_target_is_wanted(name):
    assert not stressed(prescan(), name).has_target


def test_an_empty_field_has_no_sample_left():
    assert stressed(prescan(), "empty").pixels.max() <= 6


@pytest.mark.parametrize(
    ("name", "share"), [("dimmed to 20 %", 0.2), ("dimmed to 50 %", 0.5), ("bleached to 50 %", 0.5)]
)
def test_dimming_leaves_a_share_of_the_signal(name, share):
    before = prescan(kind=np.uint16)
    after = stressed(before, name)
    middle = tuple(map(int, CENTRE))
    assert after.pixels[middle] == pytest.approx(share * before.pixels[middle], rel=0.25)


def test_a_distractor_lies_far_from_the_target():
    before = prescan(centre=(9.0, 12.0, 15.0))
    after = stressed(before, "distractor as bright")
    added = after.pixels.astype(int) - before.pixels
    *_, y, x = np.unravel_index(added.argmax(), added.shape)
    assert (y > 40, x > 70) == (True, True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("as 12 bit", np.uint16), ("as 16 bit", np.uint16), ("as real numbers", np.float32)],
)
def test_other_types_of_pixel_show_the_same_picture(name, kind):
    after = stressed(prescan(), name)
    assert after.pixels.dtype == kind
    peak = np.unravel_index(after.pixels.argmax(), after.pixels.shape)
    assert np.allclose(peak, CENTRE, atol=2)
