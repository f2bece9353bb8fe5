import numpy as np
import pytest

from dystrack.pipelines import lateral_line
from dystrack.pipelines.utilities.objects.regions import largest_region
from dystrack.pipelines.utilities.reduction import NOT_REDUCED, Reduction
from dystrack.pipelines.utilities.refinement import leading_edge
from dystrack.pipelines.utilities.smoothing import smooth
from pipelines.images import tissue_with_front, write_tiff

SHAPE = (9, 80, 200)


@pytest.mark.parametrize("kind", ["u1", "u2", "plane", "inverted"])
@pytest.mark.parametrize("front", [150, 151, 152, 153])
def test_edge_of_a_reduced_image_is_that_of_the_file(front, kind, tmp_path):
    tissue = tissue_with_front(SHAPE, front)
    if kind == "u2":
        tissue[:2, :4, :4] = 255  # so that both kinds are alike in 8 bits
        tissue = tissue.astype(np.uint16) * 257
    if kind == "plane":
        tissue = tissue[4]
    options = {"warn_8bit": False, "invert": kind == "inverted"}
    path = write_tiff(tmp_path, np.invert(tissue) if options["invert"] else tissue)
    plain = lateral_line.analyze_image(path, **options)
    found = lateral_line.analyze_image(path, **options, reduce=2)
    assert found[:3] == pytest.approx(plain[:3], abs=0.5)


def found_in_bins(tissue, bins):
    binned = bins.binned(tissue)
    return largest_region(smooth(binned, bins.sigma_px(3.0, 3)), 60), binned


def test_edge_of_an_image_that_is_not_reduced_is_known():
    tissue = tissue_with_front(SHAPE, 150)
    region, binned = found_in_bins(tissue, NOT_REDUCED)
    assert leading_edge(region, 60, tissue, binned, NOT_REDUCED, 3.0) == region.last_column


@pytest.mark.parametrize("other", [np.zeros(SHAPE, np.uint8), tissue_with_front(SHAPE, 140)])
def test_edge_that_the_file_does_not_show_is_that_of_the_bins(other):
    bins = Reduction(1, 2)
    region, binned = found_in_bins(tissue_with_front(SHAPE, 150), bins)
    edge = leading_edge(region, 60, other, binned, bins, 3.0)
    assert edge == region.last_column * 2 + 0.5
