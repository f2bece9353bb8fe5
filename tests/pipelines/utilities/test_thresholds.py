import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import threshold_otsu

from dystrack.core.errors import TargetNotFoundError
from dystrack.pipelines.utilities import thresholds
from dystrack.pipelines.utilities.thresholds import object_count_threshold, otsu_threshold
from pipelines.images import counts_by_labelling, noise


def threshold_as_specified(counts, count_reduction):
    """Return the threshold, or None, by the words of the specification."""
    smooth = scipy.ndimage.gaussian_filter1d(counts, 3)
    candidates = [
        t
        for t in range(1, 255)
        if max(smooth[:t]) > smooth[t]
        and (smooth[t] <= count_reduction * max(smooth[:t]) or smooth[t + 1] > smooth[t])
    ]
    threshold = candidates[0] if candidates else 254
    if counts[threshold] == 0:
        with_objects = [t for t in range(1, threshold) if counts[t] > 0]
        threshold = max(with_objects, default=threshold)
    return None if threshold >= 250 or counts[threshold] == 0 else threshold


def found(counts, count_reduction, monkeypatch_counts):
    monkeypatch_counts(np.asarray(counts))
    try:
        return object_count_threshold(np.array([[0, 1]], np.uint8), count_reduction)
    except TargetNotFoundError:
        return None


CURVES = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 300)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=120)
@given(CURVES, st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0]))
def test_threshold_follows_the_specification(steps, count_reduction):
    counts = np.repeat([n for _, n in steps], [length for length, _ in steps])[:256]
    counts = np.concatenate([counts, np.zeros(256 - counts.size, int)])
    counts[0] = 1
    with pytest.MonkeyPatch.context() as patch:
        got = found(
            counts,
            count_reduction,
            lambda curve: patch.setattr(thresholds, "object_counts", lambda _: curve),
        )
    assert got == threshold_as_specified(counts, count_reduction)


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_threshold_of_an_image(sigma, with_and_without_numba):
    image = noise((8, 40, 60), 60)
    image[:, 10:25, 15:40] += 120
    smoothed = scipy.ndimage.gaussian_filter(image, sigma)
    expected = threshold_as_specified(counts_by_labelling(smoothed), 0.5)
    threshold = object_count_threshold(smoothed)
    assert threshold == expected
    assert type(threshold) is int
    mask = smoothed >= threshold
    assert mask[:, 12:23, 18:38].all()


def test_image_without_a_threshold_is_refused():
    image = np.full((20, 30), 255, np.uint8)
    image[5, 5] = 0
    with pytest.raises(TargetNotFoundError, match=r"254 of 255.*brightest smoothed voxel is 255"):
        object_count_threshold(image)


@pytest.mark.parametrize("find", [object_count_threshold, otsu_threshold])
def test_constant_image_is_refused(find):
    with pytest.raises(TargetNotFoundError, match="every voxel is 9"):
        find(np.full((4, 5), 9, np.uint8))


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.integers(0, 255), min_size=1, max_size=5),
    st.sampled_from([(5, 6), (3, 5, 6), (4, 5, 3)]),
)
def test_otsu_equals_scikit_image(values, shape):
    image = np.resize(np.array([0, *values, 1], np.uint8), shape)
    padded = image[..., None].repeat(5, axis=-1)  # scikit-image takes 3 columns for colours
    assert otsu_threshold(image) == threshold_otsu(padded)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 255), st.lists(st.integers(0, 1 << 40), min_size=1, max_size=254))
def test_otsu_equals_scikit_image_for_large_images_too(lowest, between):
    counts = np.array([1, *between, 3][: 256 - lowest])
    highest = lowest + counts.size - 1
    if counts.size < 2 or counts[-1] == 0:
        return
    histogram = np.zeros(256, np.int64)
    histogram[lowest : highest + 1] = counts
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thresholds, "histogram", lambda _: histogram)
        found = otsu_threshold(np.array([[lowest, highest]], np.uint8))
    assert found == threshold_otsu(hist=(counts, np.arange(lowest, highest + 1)))
    assert type(found) is int
