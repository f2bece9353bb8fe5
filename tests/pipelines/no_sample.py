"""Images that show no sample, or another one, and what a session makes of them."""

import warnings
from importlib import import_module
from pathlib import Path

import numpy as np

from dystrack.core.errors import AnalysisError, ImageError
from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.readiness import FileStamp, Ready
from dystrack.manager.tracking.decision import decide
from dystrack.manager.tracking.positions import Position
from dystrack.manager.tracking.rules import TrackingRules
from dystrack.manager.tracking.target import Failure, Target
from dystrack.manager.watching.image_names import ImageLabel
from dystrack.manager.watching.watcher import ArrivedImage
from dystrack.manager.workers.asking import ask
from dystrack.scopes.geometry import PositionUm, View
from dystrack.scopes.samples.scenes import SCENES, make_sample
from pipelines.images import write_tiff

SHAPE = (9, 100, 200)
PIPELINES = {
    "intensity": ("center_of_mass", {}),
    "otsu": ("center_of_mass", {"method": "otsu"}),
    "objct": ("center_of_mass", {"method": "objct"}),
    "lateral_line": ("lateral_line", {}),
    "chick_node": ("chick_node", {}),
    "minimal_example": ("minimal_example", {}),
    "nearest_object": ("nearest_object", {}),
    "drift": ("drift", {}),
    "template": ("template", {}),
}
OF_SCENE = {
    "primordium": ("lateral_line",),
    "organoid": ("intensity", "otsu", "minimal_example"),  # "objct" finds now this tip, now that
    "node": ("chick_node",),
    "dividing_cells": ("otsu", "nearest_object"),
}
BY_LOOKS = ("drift", "template")
"""For what keeps its looks, as not all of these samples do."""


def in_8_bits(image):
    return np.clip(image, 0, 255).astype(np.uint8)


def stack_or_plane(number):
    return SHAPE if number % 3 else SHAPE[1:]


def pure_noise(number):
    """Return counted, normal, uniform or exponential noise."""
    random, shape = np.random.default_rng([number, 1]), stack_or_plane(number)
    kinds = (
        lambda: random.poisson(random.uniform(0.3, 60), shape),
        lambda: random.normal(random.uniform(10, 100), random.uniform(1, 20), shape),
        lambda: random.integers(0, random.integers(2, 255), shape, endpoint=True),
        lambda: random.exponential(random.uniform(1, 20), shape),
    )
    return in_8_bits(kinds[number % 4]())


def empty_field(number):
    """Return background with shading, counted light and the noise of a detector."""
    random, shape = np.random.default_rng([number, 2]), stack_or_plane(number)
    y, x = np.indices(shape[-2:]) / np.array(shape[-2:])[:, None, None] - 0.5
    slope_y, slope_x = random.uniform(-0.4, 0.4, 2)
    shading = 1 + slope_y * y + slope_x * x - random.uniform(0, 1.2) * (x**2 + y**2)
    light = random.poisson(np.broadcast_to(random.uniform(3, 80) * shading.clip(0.01), shape))
    return in_8_bits(light + random.normal(0, random.uniform(0, 2), shape))


def bright_specks(number):
    """Return an empty field with one to five bright specks, at most three pixels wide."""
    random = np.random.default_rng([number, 3])
    image = empty_field(number).astype(float)
    stack = image.reshape((-1, *image.shape[-2:]))
    for _ in range(random.integers(1, 6)):
        place = [random.uniform(0, size - 1) for size in stack.shape]
        sd = random.uniform(0.4, 1.3)
        distances = (
            (np.arange(size) - at) / (max(sd / 2, 0.4) if axis == 0 else sd)
            for axis, (size, at) in enumerate(zip(stack.shape, place, strict=True))
        )
        z, y, x = (np.exp(-0.5 * np.square(distance)) for distance in distances)
        stack += random.uniform(60, 250) * np.einsum("i,j,k", z, y, x)
    return in_8_bits(image)


NO_SAMPLE = {"noise": pure_noise, "empty": empty_field, "specks": bright_specks}


def scene_image(scan_of, sample_of, difficulty, seed, time_s, number=0):
    """Return the scan of a scene, over a sample of that scene or of another, off the middle."""
    kind = SCENES[scan_of]
    sample = make_sample(sample_of, difficulty, seed=seed)
    field = kind.prescan.field
    shares = np.random.default_rng([seed, number, 7]).uniform(-0.08, 0.08, 3) * (0.5, 1.0, 1.0)
    off = PositionUm(*(float(share) * size for share, size in zip(shares, field, strict=True)))
    return sample.render(time_s, View(sample.target_um(time_s, field).plus(off), kind.prescan))


class Position1:
    """One position as a session keeps it, for one pipeline."""

    def __init__(self, folder: Path, pipeline: str):
        module, self.options = PIPELINES[pipeline]
        self.analyse = import_module(f"dystrack.pipelines.{module}").analyze_image
        self.folder, self.state, self.n_seen = folder, Position("1"), 0

    def message(self, image, *, keeps=True):
        """Return what is sent for an image, or the error's name."""
        self.n_seen += 1
        path = write_tiff(self.folder, image, f"prescan_{self.n_seen}.tif")
        status = ImageStatus(Verdict.COMPLETE, axes="ZYX"[-image.ndim :], shape=image.shape)
        arrived = ArrivedImage(Path(path), Ready(status, FileStamp(1, 1)), 0.0)
        target = Target(arrived, ImageLabel("1", None), self.state, self.n_seen)
        options = {"warn_8bit": False, "await_write": 0, **self.options}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                outcome = ask(self.analyse, path, options, self.state.cache)
            except (AnalysisError, ImageError) as error:
                return type(error).__name__
        assert not isinstance(outcome, Failure)
        answer = decide(target, outcome, TrackingRules(frame_margin_px=np.inf))
        if keeps:
            self.state = answer.position
        return answer.message
