"""The node at the end of the primitive streak."""

import pytest

from dystrack.core.errors import DyStrackError, TargetNotFoundError
from dystrack.pipelines import chick_node
from dystrack.pipelines.chick_node import analyze_image
from dystrack.pipelines.utilities.profiles import Peak
from pipelines.images import noise, streak, write_tiff


@pytest.mark.parametrize("shape", [(80, 120), (13, 80, 120)])
def test_node_is_the_end_of_the_streak(shape, tmp_path):
    answer = analyze_image(write_tiff(tmp_path, streak(shape, 45.0, 70.0)))
    z = (shape[0] - 1) / 2 if len(shape) == 3 else 0.0
    assert answer[:3] == pytest.approx((z, 45.0, 70.0), abs=1)
    assert answer[3:] == ("OK", {})


def test_streak_at_the_upper_border_uses_the_rows_that_exist(tmp_path):
    answer = analyze_image(write_tiff(tmp_path, streak((80, 120), 3.0, 70.0)))
    assert answer[:3] == pytest.approx((0.0, 3.0, 70.0), abs=1)


def test_streak_narrower_than_a_row_is_no_node(tmp_path, monkeypatch):
    monkeypatch.setattr(chick_node, "peak_of", lambda *_, **__: Peak(40.5, 0.3))
    path = write_tiff(tmp_path, streak((80, 120), 40.0, 70.0))
    with pytest.raises(TargetNotFoundError, match="less than a row"):
        analyze_image(path)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("shape", [(32, 48), (9, 32, 48)], ids=["2d", "3d"])
def test_the_fit_never_leaves_an_image_of_noise(shape, seed, tmp_path):
    try:
        answer = analyze_image(write_tiff(tmp_path, noise(shape, 255, seed=seed)))
    except DyStrackError:
        return
    assert all(
        0 <= position <= size - 1
        for position, size in zip(answer[:3], (1, *shape)[-3:], strict=True)
    )
