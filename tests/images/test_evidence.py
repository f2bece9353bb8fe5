"""Whether an image shows anything but noise."""

import numpy as np
import pytest
import scipy
import tifffile

from dystrack.images import evidence
from dystrack.images.evidence import (
    contrast_confidence,
    evidence_of,
    evidence_of_pattern,
)
from dystrack.pipelines.utilities.smoothing import smooth
from pipelines.images import gaussian_body, noise

SHAPES = [(21, 60, 90), (64, 64), (200, 300)]


def counted(expected, seed=0):
    """Return photon counts as a detector gives them."""
    return np.random.default_rng(seed).poisson(expected).astype(np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(10))
def test_noise_is_no_evidence(shape, seed):
    for image in (noise(shape, 255, seed=seed), counted(np.full(shape, 3.0), seed)):
        assert evidence_of(image) < 0.1
        assert evidence_of_pattern(image) < 0.4


@pytest.mark.parametrize("shape", SHAPES)
def test_shading_is_no_evidence(shape):
    y, x = (np.linspace(-1, 1, size) for size in shape[-2:])
    shading = 20 * (1 - 0.3 * (y[:, None] ** 2 + x**2))
    assert evidence_of(counted(np.broadcast_to(shading, shape))) < 0.2


def test_a_few_specks_are_no_evidence():
    image = counted(np.full((200, 300), 5.0))
    for corner in ((30, 40), (100, 200), (150, 20)):
        image[corner[0] : corner[0] + 5, corner[1] : corner[1] + 5] = 255
    assert evidence_of(image) < 0.1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_body_is_evidence(shape):
    centre = [size / 2 for size in shape]
    body = gaussian_body(shape, centre, [size / 6 for size in shape], peak=20)
    assert evidence_of(counted(body + 2)) > 0.6


def test_real_prescans_are_evidence(prescans):
    for name in ("zeiss980_lateral_line_imagej.tif", "nikonAXR_chick_node_2d.tiff"):
        assert evidence_of(tifffile.imread(prescans / name)) > 0.75


@pytest.mark.parametrize("image", [np.zeros((30, 30), np.uint8), np.ones((3, 5), np.uint8)])
def test_nothing_to_judge_is_no_evidence(image):
    assert evidence_of(image) == 0.0


def test_an_object_stands_out():
    cell = counted(gaussian_body((100, 100), (40, 60), (6, 6), peak=20) + 2)
    smoothed = smooth(cell, 2.0)
    assert contrast_confidence(cell, smoothed, smoothed > 10, 2.0) > 0.8


@pytest.mark.parametrize("seed", range(20))
def test_a_bright_spot_of_the_noise_does_not(seed):
    image = counted(np.full((100, 100), 8.0), seed)
    smoothed = smooth(image, 2.0)
    assert contrast_confidence(image, smoothed, smoothed >= smoothed.max(), 2.0) < 0.5


def test_an_object_that_fills_the_image_has_no_contrast():
    image = np.full((9, 9), 5, np.uint8)
    assert contrast_confidence(image, image, image > 0, 2.0) == 0.0


def test_a_fine_pattern_is_evidence_of_a_pattern():
    fine = scipy.ndimage.gaussian_filter(np.random.default_rng(0).normal(0, 1, (150, 150)), 1)
    image = counted(np.maximum(30 + 40 * fine, 0))
    assert evidence_of(image) < evidence_of_pattern(image) > 0.7


def test_real_prescans_are_evidence_of_a_pattern(prescans):
    for name in ("zeiss980_lateral_line_imagej.tif", "nikonAXR_chick_node_2d.tiff"):
        assert evidence_of_pattern(tifffile.imread(prescans / name)) > 0.75


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("n_planes", [257, 258])
def test_sum_of_bright_planes_does_not_overflow(n_planes, dtype):
    brightest = np.iinfo(dtype).max
    projection = evidence._projection(np.full((n_planes, 2, 3), brightest, dtype))
    assert (projection == np.float32(int(brightest) * n_planes)).all()
