"""From what a model gives, whichever kind it is, to objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import AnalysisError, ConfigurationError
from dystrack.pipelines.utilities.models.onnx_model import OnnxModel
from dystrack.pipelines.utilities.models.tiling import map_in_tiles
from dystrack.pipelines.utilities.objects.labelled import FoundObject, objects_in

__all__ = ["OUTPUTS", "Found", "Scaling", "found_by"]

Singles = npt.NDArray[np.float32]
Tiles = tuple[int, int]
"""Largest size of a tile, and the overlap, in pixels."""

_POINT_RADIUS_PX = 3


class Scaling(StrEnum):
    """How grey values are scaled for a model."""

    PERCENTILES = "percentiles"
    UNIT = "unit"
    NONE = "none"

    @classmethod
    def _missing_(cls, value: object) -> "Scaling":
        known = ", ".join(cls)
        msg = f"`scaling` is {value!r}. Give one of {known}."
        raise ConfigurationError(msg)

    def apply(self, image: npt.NDArray[Any]) -> Singles:
        """Return an image as the model takes it."""
        values: Singles = image.astype(np.float32)
        if self is Scaling.NONE:
            return values
        limits = (1.0, 99.8) if self is Scaling.PERCENTILES else (0.0, 100.0)
        low, high = np.percentile(values, limits)
        scaled: Singles = (values - np.float32(low)) / np.float32(max(high - low, 1e-6))
        return scaled


@dataclass(frozen=True, eq=False)
class Found:
    """What a model has found.

    Attributes
    ----------
    objects : list of FoundObject
        The objects.
    labels : ndarray of int or None
        Number of the object at each pixel; None for points.
    likely : ndarray of float32 or None
        Probability at each pixel, if the model gives one.
    scores : mapping of int to float
        Scores by the objects' numbers, if the model gives them.
    """

    objects: list[FoundObject]
    labels: npt.NDArray[np.int32] | None
    likely: Singles | None
    scores: Mapping[int, float]

    def mask_of(self, one: FoundObject, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """Return the mask of an object; of a point, a few pixels around it."""
        if self.labels is not None:
            own: npt.NDArray[np.bool_] = self.labels == one.label
            return own
        places = np.indices(shape, sparse=True)
        centre = one.centre[-len(shape) :]
        near = [abs(i - c) <= _POINT_RADIUS_PX for i, c in zip(places, centre, strict=True)]
        mask: npt.NDArray[np.bool_] = np.logical_and.reduce(np.broadcast_arrays(*near))
        return mask

    def score_of(self, one: FoundObject, mask: npt.NDArray[np.bool_]) -> float:
        """Return how sure the model is of an object; 1 if it does not tell."""
        if self.likely is not None:
            return float(np.clip(self.likely[mask].mean(), 0, 1))
        return float(np.clip(self.scores.get(one.label, 1.0), 0, 1))


def found_by(
    model: OnnxModel,
    image: Singles,
    output: str,
    probability: float,
    tiles: Tiles,
    min_size: int,
) -> Found:
    """Ask a model for an image.

    Parameters
    ----------
    model : OnnxModel
        The model.
    image : ndarray of float32, shape (Z, Y, X) or (Y, X)
        Scaled image.
    output : str
        One of `OUTPUTS`.
    probability : float
        From which on something counts.
    tiles : tuple of int
        Largest size of a tile, and the overlap, in pixels.
    min_size : int
        Voxels of the smallest object that counts.

    Returns
    -------
    Found
        The objects.

    Raises
    ------
    ConfigurationError
        If the model takes stacks and the image is a plane.
    AnalysisError
        If the model gives something else than `output`.
    """
    if model.is_3d and image.ndim < 3:  # noqa: PLR2004 - (Z, Y, X)
        msg = "The model takes stacks (Z, Y, X), but the prescan is a single plane."
        raise ConfigurationError(msg)
    return OUTPUTS[output](model, image, probability, tiles, min_size)


def _by_probability(
    model: OnnxModel, image: Singles, probability: float, tiles: Tiles, min_size: int
) -> Found:
    likely = _map_of(model, image, tiles).astype(np.float32)
    objects, labels = objects_in(likely >= probability, min_size)
    return Found(objects, labels, likely, {})


def _by_labels(
    model: OnnxModel, image: Singles, probability: float, tiles: Tiles, min_size: int
) -> Found:
    """Separate touching objects by the border between their numbers.

    So the numbers need not be the same in neighbouring tiles and planes.
    """
    del probability
    numbers = _map_of(model, image, tiles)
    window = (1, 3, 3)[-numbers.ndim :]
    highest = scipy.ndimage.maximum_filter(numbers, window)
    others = np.where(numbers > 0, numbers, highest)
    is_border = highest != scipy.ndimage.minimum_filter(others, window)
    objects, labels = objects_in((numbers > 0) & ~is_border, min_size)
    return Found(objects, labels, None, {})


def _by_points(
    model: OnnxModel, image: Singles, probability: float, tiles: Tiles, min_size: int
) -> Found:
    """Take each row as a place, with a score behind it if there is one more column."""
    del tiles, min_size
    n_axes = len(model.sizes)
    planes = [image] if image.ndim == n_axes else list(image)
    objects: list[FoundObject] = []
    scores: dict[int, float] = {}
    for z, plane in enumerate(planes):
        rows = np.atleast_2d(model.run(plane))
        if rows.ndim != 2 or rows.shape[1] not in (n_axes, n_axes + 1):  # noqa: PLR2004 - rows, columns
            msg = f"The model gives points of shape {rows.shape}; wanted: {n_axes} columns or more."
            raise AnalysisError(msg)
        for row in rows:
            score = float(row[n_axes]) if len(row) > n_axes else 1.0
            if score >= probability:
                place = (float(z), *map(float, row[:n_axes]))[-3:]
                objects.append(FoundObject(PixelPosition(*place), 1, len(objects) + 1))
                scores[len(objects)] = score
    return Found(objects, None, None, scores)


def _map_of(model: OnnxModel, image: Singles, tiles: Tiles) -> npt.NDArray[Any]:
    """Return a map of the image's shape, plane by plane if the model takes planes."""
    largest, overlap = tiles

    def run(tile: Singles) -> npt.NDArray[Any]:
        result = model.run(tile)
        # Its last channel; TensorFlow has channels behind the axes of the image.
        maps = (result[-1], result[..., -1]) if result.ndim == tile.ndim + 1 else (result,)
        fitting = [channel for channel in maps if channel.shape == tile.shape]
        if not fitting:
            msg = f"The model gives {result.shape} for {tile.shape}: not a map of the same size."
            raise AnalysisError(msg)
        return fitting[0]

    if image.ndim == len(model.sizes):
        return map_in_tiles(image, model.sizes, overlap, largest, run)
    planes = [map_in_tiles(plane, model.sizes, overlap, largest, run) for plane in image]
    return np.stack(planes)


OUTPUTS: Mapping[str, Callable[[OnnxModel, Singles, float, Tiles, int], Found]] = MappingProxyType(
    {"probability": _by_probability, "labels": _by_labels, "points": _by_points}
)
"""What a model may give, and how objects are made of it."""
