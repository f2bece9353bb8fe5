import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dystrack.pipelines.utilities.kernels.compiled import compiled_kernels
from dystrack.pipelines.utilities.objects import counting
from dystrack.pipelines.utilities.objects.counting import (
    _counts_by_labelling,
    _Forest,
    histogram,
    object_counts,
)
from pipelines.images import counts_by_labelling, noise

SHAPES = st.tuples(*[st.integers(1, 7)] * 3) | st.tuples(*[st.integers(1, 12)] * 2)
LEVELS = st.sampled_from([1, 2, 4, 16, 255])


@st.composite
def images(draw):
    highest = draw(LEVELS)
    return draw(arrays(np.uint8, draw(SHAPES), elements=st.integers(0, highest)))


@settings(deadline=None, max_examples=60)
@given(images())
def test_counts_equal_256_labellings(image):
    expected = counts_by_labelling(image)
    np.testing.assert_array_equal(object_counts(image), expected)
    np.testing.assert_array_equal(_counts_by_labelling(image), expected)


@settings(deadline=None, max_examples=100)
@given(images(), st.integers(1, 5))
def test_slabs_in_threads_count_as_one(image, n_threads):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "n_threads_for", lambda n_voxels: n_threads)
        np.testing.assert_array_equal(object_counts(image), counts_by_labelling(image))


@pytest.mark.slow
@settings(deadline=None, max_examples=5000)
@given(images())
def test_counts_equal_256_labellings_many_times(image):
    np.testing.assert_array_equal(object_counts(image), counts_by_labelling(image))


def random_walls(shape):
    """Return a maze of thin walls, whose forest has long detours."""
    maze = noise(shape, 255, seed=3)
    maze[..., ::2, :] = np.minimum(maze[..., ::2, :], 100)
    return maze


@pytest.mark.parametrize(
    "image",
    [
        noise((30, 40, 50), 3),
        noise((6, 40, 50), 255),
        random_walls((8, 31, 33)),
        np.indices((20, 30, 40)).sum(axis=0).astype(np.uint8) % 2 * 200,
        np.indices((40, 40)).sum(axis=0).astype(np.uint8),
        np.abs(np.indices((60, 60)) - 30).sum(axis=0).astype(np.uint8) % 7,
    ],
    ids=["plateaus", "noise", "maze", "checkerboard", "ramp", "rings"],
)
def test_counts_where_arrays_run_full(image):
    np.testing.assert_array_equal(object_counts(image), _counts_by_labelling(image))


def test_arrays_do_run_full_in_a_checkerboard():
    image = (np.indices((20, 30, 40)).sum(axis=0) % 2 * 200 + 1).astype(np.uint8)
    calls = []

    class Watched(_Forest):
        def _make_room(self):
            before = (self.parents.size, self.weights.size)
            super()._make_room()
            calls.append((self.parents.size > before[0], self.weights.size > before[1]))

    forest = Watched(compiled_kernels("counting"), image)
    forest.build()
    np.testing.assert_array_equal(forest.object_counts(), _counts_by_labelling(image))
    assert any(more_parents for more_parents, _ in calls)
    assert any(more_edges for _, more_edges in calls)


@pytest.mark.parametrize("value", [0, 1, 200, 255])
def test_counts_of_a_flat_image(value, with_and_without_numba):
    counts = object_counts(np.full((3, 4, 5), value, np.uint8))
    assert counts.tolist() == [1] * (value + 1) + [0] * (255 - value)


def test_image_may_be_read_only_and_strided(with_and_without_numba):
    image = noise((6, 20, 30), 9)[:, ::2, ::-1]
    image.flags.writeable = False
    np.testing.assert_array_equal(object_counts(image), counts_by_labelling(image))


def test_counts_of_two_peaks_with_a_saddle(with_and_without_numba):
    counts = object_counts(np.array([[0, 5, 9, 3, 7, 0]], np.uint8))
    assert counts[:11].tolist() == [1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 0]


def test_histogram_counts_every_voxel():
    image = noise((5, 30, 40), 255)
    np.testing.assert_array_equal(histogram(image), np.bincount(image.ravel(), minlength=256))
    np.testing.assert_array_equal(histogram(image[0]), histogram(image[:1]))
