"""The five values of a pipeline, with what it found besides."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import PixelPosition
from dystrack.core.findings import FINDINGS_KEY, graded
from dystrack.core.protocols import AnalysisResult
from dystrack.core.steps import announce
from dystrack.pipelines.utilities.reduction import NOT_REDUCED, Reduction
from dystrack.pipelines.utilities.regions import Region, region_of

__all__ = ["answer"]

_NOTHING: Mapping[str, Any] = {}


def answer(
    target: PixelPosition,
    msg: str,
    confidence: float,
    *,
    findings: bool,
    mask: npt.NDArray[np.bool_] | Region | None = None,
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
        What was found; its outline goes with the answer.
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
        found["outline"] = bins.outline_in_file(region.outline)
    if bins.yx > 1:
        found["reduced"] = bins.yx
    if targets:
        found["targets"] = [dict(target) for target in targets]
    return AnalysisResult(*target, msg, {**cache, FINDINGS_KEY: found})
