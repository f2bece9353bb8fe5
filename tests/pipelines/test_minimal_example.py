"""The file that people copy to start their own."""

import numpy as np
import pytest

from dystrack.pipelines.minimal_example import analyze_image
from pipelines.images import BODY_CENTRE, body, write_tiff


def test_grey_values_find_the_centre_of_a_body_on_black(tmp_path):
    answer = analyze_image(write_tiff(tmp_path, body().astype(np.uint8)))
    assert answer[:3] == pytest.approx(BODY_CENTRE, abs=0.5)
    assert answer[3:] == ("OK", {})


def test_it_does_not_smooth(tmp_path):
    image = np.zeros((20, 30), np.uint8)
    image[4, 20], image[8, 20] = 100, 50
    answer = analyze_image(write_tiff(tmp_path, image))
    assert answer == (0.0, pytest.approx(16 / 3), 20.0, "WARN:WEAK", {})
