"""How far an image is shifted against another one."""

import numpy as np
import pytest
import scipy
import tifffile

from dystrack.pipelines.utilities.comparison.registration import Reference
from pipelines.shifted import shifted_pair

REAL = {
    "zeiss980_lateral_line_imagej.tif": (2, 30, 50),
    "nikonAXR_lateral_line.tiff": (2, 20, 40),
    "nikonAXR_chick_node_2d.tiff": (30, 50),
    "zeiss880_organ_cyto_2d.tif": (20, 20),
}


def texture(shape, seed=0):
    """Return blobs of several sizes, as tissue has them."""
    image = np.random.default_rng(seed).normal(0, 1, shape)
    blobs = sum(sigma * scipy.ndimage.gaussian_filter(image, sigma) for sigma in (1, 2, 4))
    return 1000 + 300 * blobs / blobs.std()


@pytest.mark.parametrize("share", [0.2, 0.9])
@pytest.mark.parametrize(("dimmed", "photons"), [(1.0, None), (0.5, 60), (0.25, 60)])
@pytest.mark.parametrize("name", REAL)
def test_real_prescans_to_a_tenth_of_a_pixel(prescans, name, dimmed, photons, share):
    image = tifffile.imread(prescans / name)
    shift = [-share * margin for margin in REAL[name]]
    before, after = shifted_pair(image, shift, REAL[name], dimmed, photons)
    found = Reference(before).shift_of(after)
    assert found.zyx_px[-image.ndim :] == pytest.approx(shift, abs=0.1)
    assert found.confidence > 3


def test_the_depth_is_not_needed():
    image = texture((80, 96))
    before, after = shifted_pair(image, (1.3, -4.6), (10, 10))
    found = Reference(before).shift_of(after)
    assert found.zyx_px == pytest.approx((0.0, 1.3, -4.6), abs=0.1)


def test_no_shift_is_none():
    image = texture((9, 60, 70))
    found = Reference(image).shift_of(image)
    assert found.zyx_px == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)


def test_images_that_have_nothing_in_common_do_not_match():
    worst = max(
        Reference(texture((5, 64, 80), seed)).shift_of(texture((5, 64, 80), seed + 500)).confidence
        for seed in range(40)
    )
    assert worst < 1.7


def test_a_background_that_stays_can_be_left_out():
    background, sample = texture((120, 140), 1), texture((120, 140), 2)
    before = (background + 0.5 * sample)[10:-10, 10:-10]
    after = (background + 0.5 * np.roll(sample, (9, -12), (0, 1)))[10:-10, 10:-10]
    reference = Reference(before)
    assert reference.shift_of(after).zyx_px == pytest.approx((0, 0, 0), abs=0.3)
    found = reference.shift_of(after, without=(0, 0, 0))
    assert found.zyx_px == pytest.approx((0, 9, -12), abs=0.3)


def test_black_images_match_nothing():
    black = np.zeros((40, 50), np.uint8)
    assert Reference(texture((40, 50))).shift_of(black).confidence < 2
