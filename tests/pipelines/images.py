"""Made-up images whose target is known, and the slow methods that results are compared with."""

import os
from pathlib import Path

import numpy as np
import scipy
import tifffile


def gaussian_body(shape, centre, widths, peak=200.0):
    """Return a bright body without noise, as real numbers."""
    squares = [
        ((i - c) / w) ** 2 for i, c, w in zip(np.indices(shape), centre, widths, strict=True)
    ]
    return peak * np.exp(-0.5 * sum(squares))


BODY_CENTRE = (9.6, 40.3, 61.7)


def body():
    """Return a body whose centre is known, as real numbers."""
    return gaussian_body((20, 90, 110), BODY_CENTRE, (2.5, 8.0, 10.0))


def noise(shape, highest=20, dtype=np.uint8, seed=0):
    """Return uniform noise from 0 to `highest`."""
    return np.random.default_rng(seed).integers(0, highest, shape, dtype, endpoint=True)


def tissue_with_front(shape, front, seed=0):
    """Return noise with a bright band that comes from the left and ends at x = `front`.

    The columns behind the front are black, so that no noise touches it.
    """
    image = noise(shape, highest=30, seed=seed)
    image[..., front + 1 : front + 4] = 0
    height = shape[-2]
    image[..., height // 3 : 2 * height // 3, : front + 1] = 180
    return image


def streak(shape, centre_y, end_x, seed=0):
    """Return a bright streak along x that ends at `end_x`, as the chick's primitive streak does."""
    y, x = np.indices(shape)[-2:]
    profile = np.exp(-0.5 * ((y - centre_y) / (shape[-2] / 10)) ** 2)
    image = 150 * profile / (1 + np.exp((x - end_x) / 5))
    if len(shape) == 3:
        z = np.indices(shape)[0]
        image = image * np.exp(-0.5 * ((z - (shape[0] - 1) / 2) / (shape[0] / 6)) ** 2)
    return (image + noise(shape, 10, seed=seed)).astype(np.uint8)


def write_tiff(folder: Path, image, name="prescan.tif", **options) -> str:
    """Write an image so that its shape can be read back, and return the path.

    It is as old as a file of which nobody doubts that it is finished, however dark its last pixels.
    """
    path = folder / name
    tifffile.imwrite(path, image, photometric="minisblack", **options)
    os.utime(path, (0, 0))
    return str(path)


def counts_by_labelling(image):
    """Count the objects with 256 labellings."""
    return np.array([scipy.ndimage.label(image >= level)[1] for level in range(256)])


def largest_by_labelling(mask):
    """Return the largest object, the first of equals."""
    labels, n_objects = scipy.ndimage.label(mask)
    sizes = [int((labels == label).sum()) for label in range(1, n_objects + 1)]
    return labels == 1 + sizes.index(max(sizes))
