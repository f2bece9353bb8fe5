"""Grey values in PNG files, and what of them is black and white from one picture to the next."""

import numpy as np
import pytest

from dystrack.manager.record.grey_png import grey_png, own_range, read_preview, steadied


def test_grey_values_come_back(tmp_path):
    small = np.linspace(50, 900, 30, dtype=np.float32).reshape(5, 6)
    path = tmp_path / "a.png"
    path.write_bytes(grey_png(small, 3, "YX", "Z", own_range(small)))
    preview = read_preview(path)
    assert preview.reduction == 3
    assert np.allclose(preview.pixels, small, atol=(900 - 50) / 255)


def test_what_is_beyond_the_range_is_black_or_white(tmp_path):
    small = np.array([[0.0, 100.0, 200.0, 400.0, np.nan]], np.float32)
    path = tmp_path / "a.png"
    path.write_bytes(grey_png(small, 1, "YX", "Z", (100.0, 200.0)))
    assert read_preview(path).pixels[0, :4].tolist() == [100, 100, 200, 200]


@pytest.mark.parametrize(
    ("past", "own", "shown"),
    [
        ((0.0, 100.0), (0.0, 110.0), (0.0, 102.0)),  # noise: hardly any change
        ((0.0, 100.0), (10.0, 90.0), (2.0, 98.0)),
        ((0.0, 100.0), (0.0, 400.0), (0.0, 400.0)),  # another laser power
        ((0.0, 100.0), (300.0, 400.0), (300.0, 400.0)),
        ((5.0, 5.0), (5.0, 9.0), (5.0, 9.0)),
        ((np.nan, np.nan), (0.0, 9.0), (0.0, 9.0)),
    ],
)
def test_the_range_moves_slowly_unless_the_image_is_quite_another(past, own, shown):
    assert steadied(past, own) == pytest.approx(shown)
