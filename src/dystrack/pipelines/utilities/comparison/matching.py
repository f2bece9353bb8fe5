"""Where a small image fits best into a larger one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.coordinates import PixelPosition
from dystrack.pipelines.utilities.comparison.peaks import vertex_offset

__all__ = ["Match", "best_match", "middle_of"]

_Image = npt.NDArray[np.uint8]
_FLAT_SD = 0.5  # less variation than half a grey value is no pattern


@dataclass(frozen=True, slots=True)
class Match:
    """The best fit of a template.

    Attributes
    ----------
    place : PixelPosition
        Where the centre of the template comes to lie.
    score : float
        Correlation coefficient there: 1 for an identical pattern, 0 for an unrelated one.
    """

    place: PixelPosition
    score: float


def middle_of(image: _Image, fract: float) -> _Image:
    """Return a view on the middle of an image, a share of each axis, with the same centre."""
    parts = []
    for size in image.shape:
        margin = min(round(size * (1 - fract) / 2), (size - 1) // 2)
        parts.append(slice(margin, size - margin))
    return image[tuple(parts)]


def best_match(image: _Image, template: _Image) -> Match:
    """Find a template by its normalised cross-correlation with an image (Lewis 1995).

    It lies inside the image altogether; its place is told to a fraction of a pixel.
    """
    scores = _scores(image.astype(np.float32), template.astype(np.float32))
    best = np.unravel_index(scores.argmax(), scores.shape)
    corner = [_vertex(scores, best, axis) for axis in range(scores.ndim)]
    centre = [at + (size - 1) / 2 for at, size in zip(corner, template.shape, strict=True)]
    return Match(PixelPosition(*(0.0, *centre)[-3:]), float(scores[best]))


def _scores(
    image: npt.NDArray[np.float32], template: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Return the correlation coefficient for each place of the template's first corner."""
    pattern = template - template.mean()
    image = image - image.mean()
    products = scipy.signal.fftconvolve(image, _flipped(pattern), mode="valid")
    means = _local_means(image, template.shape)
    variance = np.maximum(_local_means(image**2, template.shape) - means**2, _FLAT_SD**2)
    deviation = max(float(pattern.std()), _FLAT_SD)
    return np.asarray(products / (template.size * deviation * np.sqrt(variance)), dtype=float)


def _local_means(image: npt.NDArray[np.float32], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return the mean under a box, for each place of its first corner."""
    means = scipy.ndimage.uniform_filter(image, shape, mode="constant")
    inside = (
        slice(box // 2, size - box + box // 2 + 1)
        for size, box in zip(image.shape, shape, strict=True)
    )
    return np.asarray(means[tuple(inside)])


def _flipped(image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return image[(slice(None, None, -1),) * image.ndim]


def _vertex(scores: npt.NDArray[np.float64], best: tuple[np.intp, ...], axis: int) -> float:
    """Return where the scores peak along an axis, from a parabola through the three highest."""
    line = scores[tuple(slice(None) if i == axis else at for i, at in enumerate(best))]
    index = int(best[axis])
    if not 0 < index < line.size - 1:
        return float(index)
    return index + vertex_offset(*line[index - 1 : index + 2].tolist())
