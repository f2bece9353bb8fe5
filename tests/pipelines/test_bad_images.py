"""No image makes a pipeline answer with NaN or with a place outside the image."""

import math
import warnings
from importlib import import_module

import numpy as np
import pytest
import tifffile

from dystrack.core.errors import DyStrackError, TargetNotFoundError, UnsupportedImageError
from pipelines.images import noise, write_tiff
from shipped import SELF_CONTAINED

PIPELINES = {
    **{name: (name, {}) for name in SELF_CONTAINED},
    "otsu": ("center_of_mass", {"method": "otsu"}),
    "objct": ("center_of_mass", {"method": "objct"}),
}
SHAPES = [(32, 48), (9, 32, 48)]


def with_voxels(shape, values, dtype=np.uint8):
    image = np.zeros(shape, dtype)
    for number, value in enumerate(values, start=1):
        image[tuple(size * number // (len(values) + 1) for size in shape)] = value
    return image


REFUSED = {
    "black": (lambda shape: np.zeros(shape, np.uint8), TargetNotFoundError),
    "black 16 bit": (lambda shape: np.zeros(shape, np.uint16), TargetNotFoundError),
    "constant": (lambda shape: np.full(shape, 77, np.uint8), TargetNotFoundError),
    "constant float": (lambda shape: np.full(shape, 0.3, np.float32), TargetNotFoundError),
    "saturated": (lambda shape: np.full(shape, 255, np.uint8), TargetNotFoundError),
    "saturated 16 bit": (lambda shape: np.full(shape, 65535, np.uint16), TargetNotFoundError),
    "all NaN": (lambda shape: np.full(shape, np.nan, np.float32), UnsupportedImageError),
    "one NaN": (lambda shape: with_voxels(shape, [1, np.nan], np.float32), UnsupportedImageError),
    "infinite": (lambda shape: with_voxels(shape, [1, np.inf], np.float32), UnsupportedImageError),
    "huge range": (
        lambda shape: with_voxels(shape, [-1.7e308, 1.7e308], np.float64),
        UnsupportedImageError,
    ),
    "complex": (lambda shape: with_voxels(shape, [1j], np.complex64), UnsupportedImageError),
}
ANSWERED_OR_REFUSED = {
    "noise": lambda shape: noise(shape, 255),
    "dark noise": lambda shape: noise(shape, 1),
    "noise 16 bit": lambda shape: noise(shape, 65535, np.uint16),
    "noise float": lambda shape: noise(shape, 1000, np.uint16).astype(np.float32) / 7 - 50,
    "one voxel": lambda shape: with_voxels(shape, [255]),
    "two voxels": lambda shape: with_voxels(shape, [255, 255]),
    "hot pixel in noise": lambda shape: noise(shape, 5) + with_voxels(shape, [250]),
    "checkerboard": lambda shape: (np.indices(shape).sum(axis=0) % 2 * 255).astype(np.uint8),
    "ramp": lambda shape: np.broadcast_to(np.arange(shape[-1]), shape).astype(np.uint8),
    "falling ramp": lambda shape: np.broadcast_to(np.arange(shape[-1])[::-1], shape).astype("u1"),
    "bright border": lambda shape: np.pad(
        np.zeros([n - 2 for n in shape], np.uint8), 1, constant_values=200
    ),
    "half saturated": lambda shape: np.where(np.indices(shape)[-1] < 24, 255, 0).astype("u1"),
    "saturated but one": lambda shape: 255 - with_voxels(shape, [255]),
    "signed": lambda shape: noise(shape, 100, np.int16) - 50,
    "wide": lambda shape: noise(shape, 2**40, np.int64),
    "small values": lambda shape: noise(shape, 9, np.uint16) * np.float64(5e-324),
    "mask": lambda shape: noise(shape, 1).astype(bool),
}


def analyse(name, folder, image):
    module, kwargs = PIPELINES[name]
    path = write_tiff(folder, image)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return import_module(f"dystrack.pipelines.{module}").analyze_image(
            path, await_write=0, **kwargs
        )


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("shape", SHAPES, ids=["2d", "3d"])
@pytest.mark.parametrize("kind", REFUSED)
def test_image_without_information_is_refused(kind, shape, pipeline, tmp_path):
    make, error = REFUSED[kind]
    with pytest.raises(error):
        analyse(pipeline, tmp_path, make(shape))


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("shape", SHAPES, ids=["2d", "3d"])
@pytest.mark.parametrize("kind", ANSWERED_OR_REFUSED)
def test_answer_lies_inside_the_image_or_is_refused(kind, shape, pipeline, tmp_path):
    try:
        answer = analyse(pipeline, tmp_path, ANSWERED_OR_REFUSED[kind](shape))
    except DyStrackError:
        return
    for position, size in zip(answer[:3], (1, *shape)[-3:], strict=True):
        assert type(position) is float
        assert math.isfinite(position)
        assert 0 <= position <= size - 1


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_colour_picture_is_refused(pipeline, tmp_path):
    path = tmp_path / "colour.tif"
    tifffile.imwrite(path, noise((30, 40, 3), 255), photometric="rgb")
    module, kwargs = PIPELINES[pipeline]
    with pytest.raises(UnsupportedImageError, match=r"colour \(RGB\)"):
        import_module(f"dystrack.pipelines.{module}").analyze_image(path, await_write=0, **kwargs)
