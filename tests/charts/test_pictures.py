import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from dystrack.charts.pictures import Picture, contrast, montage, scale_bar_um, shot

BLACK = np.zeros((40, 50), np.uint8)


def bright(value=200, shape=(40, 50)):
    pixels = np.zeros(shape, np.float32)
    pixels[10:20, 10:20] = value
    return pixels


def pixels_of(html):
    images = re.findall(r"data:image/jpeg;base64,([^\"]+)", html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in images]


def test_pictures_share_their_contrast_so_that_a_black_scan_stays_black():
    pictures = [Picture(bright()), Picture(BLACK, outcome="failed")]
    good, black = pixels_of(montage(pictures))
    assert good[15, 15].min() > 240
    assert black.max() < 10


def test_noise_alone_is_not_stretched_to_white():
    noise = np.random.default_rng(0).integers(0, 5, (40, 50)).astype(np.uint8)
    assert contrast([Picture(noise)]) == (0.0, 60.0)


@pytest.mark.parametrize("outcome", ["failed", "held", "not sent"])
def test_what_went_wrong_is_written_and_framed(outcome):
    html = montage([Picture(BLACK, "3.0 min", outcome=outcome)])
    assert f"<figcaption>3.0 min · {outcome}</figcaption>" in html
    assert f'class="shot {outcome.replace(" ", "-")}"' in html
    assert f'alt="3.0 min · {outcome}"' in html


def test_a_picture_shows_target_centre_outline_and_scale_bar():
    picture = Picture(
        bright(),
        um_per_px=2.0,
        target=(10.0, 30.0),
        centre=(19.5, 24.5),
        outline=[(9.0, 9.0), (9.0, 20.0), (20.0, 20.0)],
    )
    html = shot(picture)
    assert 'class="aim" cx="30.5" cy="10.5"' in html
    assert 'class="centre" d="M22.8 20.0h4.5M25.0 17.8v4.5"' in html
    assert 'points="9.5,9.5 20.5,9.5 20.5,20.5"' in html
    assert 'class="bar" d="M47.5 37.5h-10.0"' in html


def test_what_is_not_known_is_not_drawn():
    assert '<svg viewBox="0 0 50 40" aria-hidden="true"></svg>' in shot(Picture(bright()))


def test_a_second_row_lies_below_the_first():
    above, below = [Picture(bright(), "1"), Picture(bright(), "2")], [Picture(BLACK, "x")] * 2
    html = montage(above, below=below)
    assert re.findall(r"<figcaption>(.)</figcaption>", html) == ["1", "x", "2", "x"]
    assert montage([]) == ""


def test_names_are_no_markup():
    nasty = '"><script>alert(1)</script>'
    assert "<script>" not in shot(Picture(BLACK, nasty, tip=nasty))


@pytest.mark.parametrize(
    ("width_um", "bar_um"), [(100.0, 20.0), (210.0, 50.0), (3.0, 1.0), (0.3, 0.1), (1000.0, 200.0)]
)
def test_a_scale_bar_is_round_and_at_most_a_third(width_um, bar_um):
    assert scale_bar_um(width_um) == pytest.approx(bar_um)
