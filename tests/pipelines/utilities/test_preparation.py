import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, from_dtype

from dystrack.core.errors import TargetNotFoundError, UnsupportedImageError
from dystrack.pipelines.utilities import preparation
from dystrack.pipelines.utilities.preparation import prepare_image, select_channel, to_uint8
from pipelines.images import noise

DTYPES = ["?", "u1", "i1", "u2", ">u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", ">f4", "f8"]


@st.composite
def images(draw):
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    finite = {"allow_nan": False, "allow_infinity": False} if dtype.kind == "f" else {}
    bounds = {"min_value": -1e300, "max_value": 1e300} if dtype == "f8" else {}
    shape = draw(array_shapes(min_dims=2, max_dims=3, max_side=6))
    return draw(arrays(dtype, shape, elements=from_dtype(dtype, **finite, **bounds)))


@settings(deadline=None, max_examples=150)
@given(images())
def test_stretching_follows_the_formula(image):
    values = image.astype(float)
    if values.min() == values.max():
        return
    if image.dtype == np.uint8:
        expected = image
    else:
        stretched = (values - values.min()) / (values.max() - values.min()) * 255
        expected = stretched.astype(np.uint8)
    converted = to_uint8(image, warn_8bit=False)
    assert converted.dtype == np.uint8
    np.testing.assert_array_equal(converted, expected)


def test_stretching_takes_every_part_of_a_large_image():
    image = noise((3, 300, 333), 4095, np.uint16)
    values = image.astype(float)
    expected = ((values - values.min()) / (values.max() - values.min()) * 255).astype(np.uint8)
    assert image.size > 3 * preparation._VOXELS_AT_A_TIME
    for view in (lambda array: array, lambda array: array[:, ::-1], np.transpose):
        np.testing.assert_array_equal(to_uint8(view(image), warn_8bit=False), view(expected))


def test_8_bit_image_is_passed_on():
    image = noise((4, 5), 255)
    assert np.shares_memory(to_uint8(image), image)


def test_conversion_is_announced_unless_told_otherwise():
    image = noise((4, 5), 999, np.uint16)
    with pytest.warns(UserWarning, match="The image is uint16 and was converted to uint8"):
        prepare_image(image)
    prepare_image(image, warn_8bit=False)


def test_result_is_contiguous():
    for image in (noise((8, 9), 255)[::2, ::-1], noise((8, 9), 999, np.uint16).T):
        assert prepare_image(image, warn_8bit=False).flags.c_contiguous


@pytest.mark.parametrize(
    ("shape", "channel", "expected"),
    [
        ((30, 40), None, (30, 40)),
        ((7, 30, 40), None, (7, 30, 40)),
        ((2, 30, 40), 1, (30, 40)),
        ((2, 7, 30, 40), 0, (7, 30, 40)),
        ((2, 7, 30, 40), -1, (7, 30, 40)),
    ],
)
def test_channel(shape, channel, expected):
    image = noise(shape, 255)
    picked = select_channel(image, channel)
    assert picked.shape == expected
    np.testing.assert_array_equal(picked, image if channel is None else image[channel])


@pytest.mark.parametrize(
    ("shape", "channel", "message"),
    [
        ((), None, r"shape \(\); a plane \(Y, X\)"),
        ((30,), None, r"shape \(30,\)"),
        ((2, 2, 7, 30, 40), None, r"shape \(2, 2, 7, 30, 40\)"),
        ((2, 2, 7, 30, 40), 0, r"shape \(2, 2, 7, 30, 40\)"),
        ((0, 30, 40), None, r"shape \(0, 30, 40\)"),
        ((2, 7, 30, 40), None, "Choose a channel: `channel` 0 to 1"),
        ((30, 40), 0, "single plane of shape .* Leave `channel` out"),
        ((2, 30, 40), 2, "has channels 0 to 1"),
        ((2, 30, 40), -3, "has channels 0 to 1"),
        ((30, 40, 3), None, "looks like a colour"),
        ((30, 40, 4), 1, "looks like a colour"),
    ],
)
def test_dimensions_that_do_not_fit_are_refused(shape, channel, message):
    with pytest.raises(UnsupportedImageError, match=message):
        prepare_image(np.zeros(shape, np.uint8), channel)


def test_channel_that_is_rather_a_plane_is_warned_about():
    with pytest.warns(UserWarning, match="one of 6 entries of the first axis"):
        assert prepare_image(noise((6, 30, 40), 255), channel=1).shape == (30, 40)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, np.nan], "not finite"),
        ([1.0, -np.inf], "not finite"),
        ([1j, 2.0], "complex128"),
        (["a", "b"], "<U1"),
    ],
)
def test_values_that_are_no_numbers_are_refused(values, message):
    with pytest.raises(UnsupportedImageError, match=message):
        prepare_image(np.array([values] * 2))


@pytest.mark.parametrize("value", [0, 7, 255])
def test_constant_image_is_refused(value):
    with pytest.raises(TargetNotFoundError, match=f"every voxel is {value}"):
        prepare_image(np.full((4, 5), value, np.uint8))


def test_contrast_in_another_channel_does_not_count():
    image = np.stack([np.zeros((20, 30), np.uint8), noise((20, 30), 255)])
    prepare_image(image, channel=1)
    with pytest.raises(TargetNotFoundError):
        prepare_image(image, channel=0)
