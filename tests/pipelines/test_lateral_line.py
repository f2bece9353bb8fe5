"""The leading edge of the lateral line primordium."""

import pytest

from dystrack.pipelines.lateral_line import analyze_image
from pipelines.images import tissue_with_front, write_tiff


@pytest.mark.parametrize("shape", [(80, 120), (11, 80, 120)])
@pytest.mark.parametrize(
    ("front", "x", "msg"),
    [
        (90, 90 + 0.2 * 120 - 60, "OK"),
        (62, 62 + 0.2 * 120 - 60, "OK"),
        (118, 118 + 0.2 * 120 - 60, "OK"),
        (119, 60 + 0.2 * 120, "WARN:CATCH-UP-STEP"),
        (40, 60 + 0.125 * 120, "WARN:MASK-FAIL-DEFAULT-STEP"),
    ],
)
def test_leading_edge(shape, front, x, msg, tmp_path):
    path = write_tiff(tmp_path, tissue_with_front(shape, front))
    answer = analyze_image(path, gauss_sigma=0)
    assert answer[2:] == (pytest.approx(x), msg, {})
    assert answer.y_pos == pytest.approx(39, abs=1)
    assert answer.z_pos == pytest.approx((shape[0] - 1) / 2 if len(shape) == 3 else 0.0, abs=0.1)


def test_fractions_of_the_leading_edge(tmp_path):
    fractions = {"blank_fract": 0.3, "default_catchup_fract": 0.4, "default_step_fract": 0.05}
    for front, x in ((90, 90 + 36 - 60), (119, 60 + 48), (30, 60 + 6)):
        path = write_tiff(tmp_path, tissue_with_front((80, 120), front))
        answer = analyze_image(path, gauss_sigma=0, **fractions)
        assert answer.x_pos == pytest.approx(x)
