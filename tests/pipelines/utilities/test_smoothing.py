import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dystrack.core.errors import ConfigurationError
from dystrack.pipelines.utilities import smoothing
from dystrack.pipelines.utilities.kernels.compiled import compiled_kernels
from dystrack.pipelines.utilities.smoothing import smooth
from pipelines.images import noise

SHAPES = st.tuples(*[st.integers(1, 9)] * 3) | st.tuples(*[st.integers(1, 30)] * 2)
LARGER_SHAPES = st.tuples(*[st.integers(1, 9)] * 2, st.integers(1, 300)) | st.tuples(
    st.integers(1, 30), st.integers(1, 300)
)
SIGMAS = st.one_of(st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0, 7.25]), st.floats(0, 12))


@settings(deadline=None, max_examples=200)
@given(arrays(np.uint8, SHAPES), SIGMAS)
def test_equals_scipy_bit_for_bit(image, sigma_px):
    expected = scipy.ndimage.gaussian_filter(image, sigma_px)
    np.testing.assert_array_equal(smooth(image, sigma_px), expected)


@settings(deadline=None, max_examples=100)
@given(arrays(np.uint8, LARGER_SHAPES), SIGMAS, st.integers(1, 5))
def test_threads_change_no_bit(image, sigma_px, n_threads):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smoothing, "n_threads_for", lambda n_voxels: n_threads)
        expected = scipy.ndimage.gaussian_filter(image, sigma_px)
        np.testing.assert_array_equal(smooth(image, sigma_px), expected)


@pytest.mark.parametrize("highest", [1, 3, 40])
def test_dark_steps_that_single_precision_cannot_tell_from_whole_numbers(highest):
    image = np.repeat(noise((7, 30, 20), highest), 15, axis=2)
    for sigma_px in (0.5, 1.0, 3.0, 9.0):
        expected = scipy.ndimage.gaussian_filter(image, sigma_px)
        np.testing.assert_array_equal(smooth(image, sigma_px), expected)


@pytest.mark.parametrize("sigma_px", [0.4, 1.0, 2.2, 3.0, 5.0])
def test_every_flat_value_rounds_like_scipy(sigma_px):
    values = np.arange(256, dtype=np.uint8)
    for image in (values[:, None], values[None, :], np.repeat(values, 40).reshape(256, 40)):
        np.testing.assert_array_equal(
            smooth(image, sigma_px), scipy.ndimage.gaussian_filter(image, sigma_px)
        )


def test_large_image_in_threads_equals_scipy(with_and_without_numba):
    image = noise((9, 300, 111), 255)
    np.testing.assert_array_equal(smooth(image, 3.0), scipy.ndimage.gaussian_filter(image, 3.0))


def test_sigma_of_each_axis(with_and_without_numba):
    image = noise((6, 20, 30), 255)
    for sigmas in ((0, 2.0, 1.0), (1.5, 0, 0), (0, 0, 0)):
        expected = scipy.ndimage.gaussian_filter(image, sigmas)
        np.testing.assert_array_equal(smooth(image, sigmas), expected)


def test_compiled_code_is_what_runs_here():
    assert smoothing._agrees_with_scipy(3.0)


def test_code_that_rounds_otherwise_is_not_used(monkeypatch):
    image = noise((30, 40), 255)
    monkeypatch.setattr(smoothing, "_agrees_with_scipy", lambda sigma_px: False)
    monkeypatch.setattr(smoothing, "_smooth_compiled", lambda *_: pytest.fail("was used"))
    np.testing.assert_array_equal(smooth(image, 2.0), scipy.ndimage.gaussian_filter(image, 2.0))


def test_difference_to_scipy_is_noticed(monkeypatch):
    weights = smoothing._half_kernel
    monkeypatch.setattr(smoothing, "_half_kernel", lambda sigma_px: weights(sigma_px) * (1 + 4e-16))
    assert not smoothing._agrees_with_scipy.__wrapped__(3.0)


def test_input_is_left_alone_and_output_is_new():
    image = noise((5, 20, 30), 255)
    copy = image.copy()
    for sigma_px in (0.0, 2.0):
        smoothed = smooth(image, sigma_px)
        assert not np.shares_memory(smoothed, image)
        np.testing.assert_array_equal(image, copy)


@pytest.mark.parametrize("image", [noise((20, 30), 255)[::2, ::-1], noise((4, 20, 30), 255).T])
def test_strided_image(image):
    image.flags.writeable = False
    np.testing.assert_array_equal(smooth(image, 1.0), scipy.ndimage.gaussian_filter(image, 1.0))


@pytest.mark.parametrize("sigma_px", [-1.0, np.nan, np.inf, (1.0, -2.0)])
def test_impossible_sigma_is_refused(sigma_px):
    with pytest.raises(ConfigurationError, match="gauss_sigma must be 0 or greater"):
        smooth(noise((20, 30), 255), sigma_px)


def test_kernels_are_compiled_here():
    assert compiled_kernels("smoothing") is not None


@pytest.mark.parametrize("sigma_px", [0.0, 2.0, (0.0, 1.0, 0.0)])
def test_image_that_may_be_overwritten_is(sigma_px):
    image = noise((5, 20, 30), 255)
    expected = scipy.ndimage.gaussian_filter(image, sigma_px)
    smoothed = smooth(image, sigma_px, overwrite=True)
    np.testing.assert_array_equal(smoothed, expected)
    assert np.shares_memory(smoothed, image)


def test_read_only_image_is_never_overwritten():
    image = noise((5, 20, 30), 255)
    image.flags.writeable = False
    expected = scipy.ndimage.gaussian_filter(image, 2.0)
    np.testing.assert_array_equal(smooth(image, 2.0, overwrite=True), expected)
