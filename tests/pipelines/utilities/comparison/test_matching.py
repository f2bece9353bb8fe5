"""Where a small image fits best."""

import numpy as np
import pytest

from dystrack.pipelines.utilities.comparison.matching import best_match, middle_of
from pipelines.images import noise


@pytest.mark.parametrize("shape", [(7, 20, 31), (30, 41)])
def test_a_part_of_the_image_is_found_where_it_was_cut_out(shape):
    image = noise(shape, 255)
    template = middle_of(image, 0.4)
    match = best_match(image, template)
    assert match.score == pytest.approx(1.0, abs=1e-5)
    expected = (0.0, *((size - 1) / 2 for size in shape))[-3:]
    assert match.place == pytest.approx(expected, abs=0.2)


def test_the_score_is_the_correlation_coefficient():
    image = noise((12, 14), 255).astype(np.uint8)
    template = noise((5, 6), 255, seed=1)
    scores = {
        (y + 2.0, x + 2.5): np.corrcoef(image[y : y + 5, x : x + 6].ravel(), template.ravel())[0, 1]
        for y in range(8)
        for x in range(9)
    }
    match = best_match(image, template)
    best = max(scores, key=scores.get)
    assert match.score == pytest.approx(scores[best], abs=1e-5)
    assert match.place[1:] == pytest.approx(best, abs=0.5)


def test_a_flat_image_fits_nowhere():
    match = best_match(np.full((20, 20), 7, np.uint8), noise((5, 5), 255))
    assert abs(match.score) < 0.1
