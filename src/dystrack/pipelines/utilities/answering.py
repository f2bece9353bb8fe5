"""The five values of a pipeline, with what it found besides."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import PixelPosition
from dystrack.core.findings import FINDINGS_KEY, graded
from dystrack.core.protocols import AnalysisResult
from dystrack.core.steps import announce
from dystrack.images.evidence import extent_of
from dystrack.pipelines.utilities.objects.regions import Region, region_of
from dystrack.pipelines.utilities.reduction import NOT_REDUCED, Reduction

__all__ = ["answer"]

_NOTHING: Mapping[str, Any] = {}


def answer(
    target: PixelPosition,
    msg: str,
    confidence: float,
    *,
    findings: bool,
    mask: npt.NDArray[np.bool_] | Region | None = None,
    image: npt.NDArray[np.generic] | None = None,
    bins: Reduction = NOT_REDUCED,
    targets: tuple[Mapping[str, Any], ...] = (),
    cache: Mapping[str, Any] = _NOTHING,
) -> AnalysisResult:
    """Return what a pipeline answers.

    Parameters
    ----------
    target : PixelPosition
        Where to go next, in pixels.
    msg : str
        Message; an ``OK`` of little confidence becomes ``WARN:WEAK``.
    confidence : float
        From 0 (this may be noise) to 1.
    findings : bool
        Whether to add what was found to the cache.
    mask : Region or ndarray of bool, shape (Z, Y, X) or (Y, X), optional
        What was found; its outline and its size go with the answer, of a mask along z as well.
    image : ndarray of shape (Z, Y, X) or (Y, X), optional
        Where there is no mask: what is bright in it has the size of what was found.
    bins : Reduction, optional
        How far the image was binned in which it was found; told where it was.
    targets : tuple of mapping, optional
        Further places, see `dystrack.core.findings.ExtraTarget`.
    cache : mapping, optional
        Keyword arguments for the next call.

    Returns
    -------
    AnalysisResult
        The five values; the findings are in the cache under the key that the session takes out.
    """
    msg = graded(msg, confidence)
    announce(f"Answer: {msg}", mask=mask, target=target)
    if not findings:
        return AnalysisResult(*target, msg, dict(cache))
    found: dict[str, Any] = {"confidence": confidence}
    if mask is not None:
        region = mask if isinstance(mask, Region) else region_of(mask)
        outline = bins.outline_in_file(region.outline)
        depth = 0.0 if region is mask else region.depth
        found |= {"outline": outline, "extent_zyx_px": (depth, *_extent_of_rows(outline))}
    elif image is not None:
        z, y, x = extent_of(image)
        found["extent_zyx_px"] = (z, bins.yx * y, bins.yx * x)
    if bins.yx > 1:
        found["reduced"] = bins.yx
    if targets:
        found["targets"] = [dict(target) for target in targets]
    return AnalysisResult(*target, msg, {**cache, FINDINGS_KEY: found})


def _extent_of_rows(outline: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return four standard deviations along y and x of what an outline of rows encloses.

    The rows go down along its left border and up along its right one.
    """
    points = np.asarray(outline, float)
    half = len(points) // 2
    rows, left, right = points[:half, 0], points[:half, 1], points[half:][::-1, 1]
    widths = right - left + 1
    y_mean = np.average(rows, weights=widths)
    x_mean = np.average((left + right) / 2, weights=widths)
    y_var = np.average((rows - y_mean) ** 2, weights=widths)
    x_var = np.average(((left + right) / 2 - x_mean) ** 2 + widths**2 / 12, weights=widths)
    return 4 * float(np.sqrt(y_var)), 4 * float(np.sqrt(x_var))
