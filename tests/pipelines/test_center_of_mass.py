"""The centre of mass, of grey values or of the largest object."""

import numpy as np
import pytest

from dystrack.core.errors import ConfigurationError, UnsupportedImageError
from dystrack.pipelines.center_of_mass import analyze_image
from pipelines.images import BODY_CENTRE, body, noise, write_tiff

BODY = body()


def bodies():
    """Yield the body as a plane and as a stack, of each kind of values."""
    for image, centre in ((BODY, BODY_CENTRE), (BODY[10], (0.0, *BODY_CENTRE[1:]))):
        noisy = image + noise(image.shape, 8, seed=1)
        yield noisy.astype(np.uint8), centre
        yield (noisy * 200 + 300).astype(np.uint16), centre
        yield (noisy - 40).astype(np.float32), centre


@pytest.mark.parametrize(("image", "centre"), list(bodies()))
@pytest.mark.parametrize("method", ["otsu", "objct"])
def test_mask_finds_the_centre_of_a_body(image, centre, method, tmp_path):
    path = write_tiff(tmp_path, image)
    answer = analyze_image(path, method=method, warn_8bit=False)
    assert answer[:3] == pytest.approx(centre, abs=0.5)
    assert answer[3:] == ("OK", {})


def test_grey_values_find_the_centre_of_a_body_on_black(tmp_path):
    answer = analyze_image(write_tiff(tmp_path, BODY.astype(np.uint8)))
    assert answer[:3] == pytest.approx(BODY_CENTRE, abs=0.5)


def test_channel_is_picked(tmp_path):
    stack = BODY.astype(np.uint8)
    path = write_tiff(tmp_path, np.stack([noise(stack.shape, 30), stack]))
    answer = analyze_image(path, channel=1)
    assert answer[:3] == pytest.approx(BODY_CENTRE, abs=0.5)
    with pytest.raises(UnsupportedImageError, match="Choose a channel"):
        analyze_image(path)


def test_conversion_to_8_bits_is_announced(tmp_path):
    path = write_tiff(tmp_path, (BODY * 50).astype(np.uint16))
    with pytest.warns(UserWarning, match="converted to uint8"):
        analyze_image(path)


def test_unknown_method_is_refused(tmp_path):
    path = write_tiff(tmp_path, BODY.astype(np.uint8))
    with pytest.raises(ConfigurationError, match="'intensity', 'otsu' or 'objct'"):
        analyze_image(path, method="otso")
