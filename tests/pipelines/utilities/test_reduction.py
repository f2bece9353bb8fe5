import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import ConfigurationError
from dystrack.core.findings import take_findings
from dystrack.pipelines import center_of_mass, lateral_line
from dystrack.pipelines.utilities import reduction
from dystrack.pipelines.utilities.reduction import Reduction, choose_reduction
from pipelines.images import body, noise, tissue_with_front, write_tiff

DTYPES = st.sampled_from(["u1", "<u2", ">u2", "<i4", "<f4"])


def means(stack, bins):
    """Return the means of the bins, one after the other."""
    sizes = (bins.z, bins.yx, bins.yx)
    shape = [size // n for size, n in zip(stack.shape, sizes, strict=True)]
    result = np.empty(shape, stack.dtype.newbyteorder("="))
    for place in np.ndindex(*shape):
        part = stack[tuple(slice(i * n, i * n + n) for i, n in zip(place, sizes, strict=True))]
        is_whole = stack.dtype.kind in "ui"
        result[place] = (
            (int(part.sum(dtype=float)) + part.size // 2) // part.size if is_whole else part.mean()
        )
    return result


@settings(deadline=None, max_examples=100)
@given(st.data(), DTYPES, st.integers(2, 5), st.booleans(), st.integers(1, 3))
def test_bins_are_means(data, dtype, n, deep, n_threads):
    shape = data.draw(st.tuples(st.integers(n, 6), *[st.integers(n, 14)] * 2))
    stack = data.draw(arrays(dtype, shape, elements=st.integers(0, 250)))
    bins = Reduction(n if deep else 1, n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "n_threads_for", lambda n_voxels: n_threads)
        binned = bins.binned(stack)
        patch.setattr(reduction, "compiled_kernels", lambda purpose: None)
        np.testing.assert_array_equal(bins.binned(stack), binned)
    np.testing.assert_allclose(binned, means(stack, bins), rtol=1e-6)


def test_plane_stays_a_plane():
    assert Reduction(1, 2).binned(noise((9, 7))).shape == (4, 3)


@pytest.mark.parametrize(
    ("shape", "reduce", "above", "expected"),
    [
        ((20, 100, 100), None, 1.0, Reduction(1, 1)),
        ((20, 100, 100), 1, 0.001, Reduction(1, 1)),
        ((20, 100, 100), None, 0.1, Reduction(2, 2)),
        ((20, 100, 100), None, 0.02, Reduction(1, 4)),
        ((20, 100, 100), 2, 1.0, Reduction(2, 2)),
        ((20, 100, 100), 4, 1.0, Reduction(1, 4)),
        ((100, 100), None, 0.004, Reduction(1, 2)),
        ((15, 100, 100), 2, 1.0, Reduction(1, 2)),
    ],
)
def test_large_images_are_reduced_and_few_planes_kept(shape, reduce, above, expected):
    assert choose_reduction(np.empty(shape, np.uint8), reduce, above) == expected


@pytest.mark.parametrize(("reduce", "above"), [(0, 1.0), (-2, 1.0), (101, 1.0), (None, 0.0)])
def test_impossible_reduction_is_refused(reduce, above):
    with pytest.raises(ConfigurationError, match="`reduce"):
        choose_reduction(np.empty((9, 100, 100), np.uint8), reduce, above)


def test_places_go_to_the_file_and_back():
    bins = Reduction(1, 4)
    assert bins.in_file(PixelPosition(3.0, 0.0, 10.0)) == (3.0, 1.5, 41.5)
    assert bins.in_image(bins.in_file(PixelPosition(3.0, 0.7, 10.2))) == pytest.approx(
        (3.0, 0.7, 10.2)
    )


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("method", ["intensity", "otsu", "objct"])
def test_centre_is_told_in_pixels_of_the_file(method, dtype, tmp_path):
    path = write_tiff(tmp_path, (body() + noise(body().shape)).astype(dtype))
    plain = center_of_mass.analyze_image(path, None, method, warn_8bit=False)
    found = center_of_mass.analyze_image(path, None, method, warn_8bit=False, reduce=2)
    assert found[:3] == pytest.approx(plain[:3], abs=1.0 if method == "intensity" else 0.5)


@pytest.mark.parametrize("reduce", [2, 4])
def test_leading_edge_is_told_in_pixels_of_the_file(reduce, tmp_path):
    path = write_tiff(tmp_path, tissue_with_front((9, 160, 240), 181))
    plain = lateral_line.analyze_image(path)
    found = lateral_line.analyze_image(path, reduce=reduce)
    assert found.img_msg == plain.img_msg == "OK"
    assert found[:3] == pytest.approx(plain[:3], abs=reduce / 2)


def test_edge_at_the_border_is_caught_up_with_all_the_same(tmp_path):
    path = write_tiff(tmp_path, tissue_with_front((9, 160, 240), 239))
    assert lateral_line.analyze_image(path, reduce=2)[2:4] == (168.0, "WARN:CATCH-UP-STEP")


def test_reduction_is_told_with_the_findings(tmp_path):
    path = write_tiff(tmp_path, tissue_with_front((9, 160, 240), 181))
    _, told = take_findings(lateral_line.analyze_image(path, reduce=2, findings=True)[4])
    assert told.reduced == 2
    assert max(x for _, x in told.outline) > 150
    _, told = take_findings(lateral_line.analyze_image(path, findings=True)[4])
    assert told.reduced is None
