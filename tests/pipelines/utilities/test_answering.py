"""The five values of a pipeline."""

import numpy as np
import pytest

from dystrack.core.coordinates import PixelPosition
from dystrack.core.findings import take_findings
from dystrack.pipelines.utilities.answering import answer
from dystrack.pipelines.utilities.objects.regions import region_of


@pytest.mark.parametrize("as_found", [np.asarray, region_of])
def test_findings_go_with_the_cache(as_found):
    mask = np.zeros((4, 5), bool)
    mask[1, 2] = True
    result = answer(
        PixelPosition(0, 1, 2),
        "OK",
        0.9,
        findings=True,
        mask=as_found(mask),
        cache={"size": 1.0},
    )
    cache, findings = take_findings(result.img_cache)
    assert result[:4] == (0, 1, 2, "OK")
    assert cache == {"size": 1.0}
    assert findings.confidence == 0.9
    assert findings.outline == ((1.0, 2.0), (1.0, 2.0))


def test_a_weak_answer_is_not_ok():
    assert answer(PixelPosition(0, 1, 2), "OK", 0.3, findings=False).img_msg == "WARN:WEAK"


def test_the_pipelines_own_warning_is_kept():
    assert answer(PixelPosition(0, 1, 2), "WARN:OWN", 0.3, findings=True).img_msg == "WARN:OWN"


def test_without_being_asked_it_adds_nothing():
    assert answer(PixelPosition(0, 1, 2), "OK", 0.9, findings=False) == (0, 1, 2, "OK", {})


@pytest.mark.parametrize(("as_found", "depth"), [(np.asarray, 20**0.5), (region_of, 0.0)])
def test_of_a_mask_the_depth_is_told_too(as_found, depth):
    mask = np.zeros((4, 5, 6), bool)
    mask[:, 1:4, 2:4] = True
    result = answer(PixelPosition(1, 2, 3), "OK", 0.9, findings=True, mask=as_found(mask))
    extent = take_findings(result.img_cache)[1].extent_zyx_px
    assert extent == pytest.approx((depth, 4 * (2 / 3) ** 0.5, 2 * (4 / 3) ** 0.5), rel=0.01)
