"""Follow one cell among several: the one that is nearest to where it was, and of its size."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import PixelPosition, centre_of
from dystrack.core.errors import ConfigurationError, TargetNotFoundError
from dystrack.core.protocols import AnalysisResult
from dystrack.core.steps import announce
from dystrack.images.evidence import contrast_confidence, extent_confidence
from dystrack.pipelines.utilities.answering import answer
from dystrack.pipelines.utilities.constraints import constrain_z_movement
from dystrack.pipelines.utilities.figures import show_target
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.objects.choosing import unlikeness_px
from dystrack.pipelines.utilities.objects.labelled import (
    FoundObject,
    objects_in,
    without_background,
)
from dystrack.pipelines.utilities.objects.masks import depth_of
from dystrack.pipelines.utilities.preparation import prepare_image, refuse_constant
from dystrack.pipelines.utilities.reporting import report
from dystrack.pipelines.utilities.smoothing import smooth
from dystrack.pipelines.utilities.thresholds import local_thresholds, otsu_threshold
from dystrack.pipelines.utilities.warming import rehearse

__all__ = ["analyze_image", "warm_up"]

_DIVISIONS = ("nearer", "larger", "both")
_REACH = 3.0  # between daughters, in lengths of the mother (a root of her size)
_HALF = (0.3, 0.75)  # the size of a daughter, as a share of its mother's


def analyze_image(
    target_path: str | Path,
    channel: int | None = None,
    gauss_sigma: float = 2.0,
    background_px: float = 30.0,
    threshold: float = 0.0,
    min_size: int = 50,
    max_size: int = 0,
    division: str = "nearer",
    local_px: float = 0.0,
    split: bool = False,
    invert: bool = False,
    await_write: float = 2,
    warn_8bit: bool = True,
    show: bool = False,
    verbose: bool = False,
    *,
    size: float = 0.0,
    findings: bool = False,
) -> AnalysisResult:
    """Keep one object in the middle, told from others by its place and size.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan, a plane (Y, X) or a stack (Z, Y, X), with several channels or one.
    channel : int, optional, default None
        Index of the channel to use. If not given, the image must have a single channel.
    gauss_sigma : float, optional, default 2.0
        Sigma of the Gaussian filter in pixels, the same along all axes.
    background_px : float, optional, default 30.0
        What changes more slowly than over so many pixels is background and is subtracted: several
        times the radius of an object. 0 subtracts nothing.
    threshold : float, optional, default 0.0
        Grey value of the smoothed 8-bit image, without its background, from which a pixel belongs
        to an object; 0 for Otsu's threshold.
    min_size : int, optional, default 50
        Voxels of the smallest object that counts.
    max_size : int, optional, default 0
        Voxels of the largest object that counts; 0 for any.
    division : str, {"nearer", "larger", "both"}, optional, default "nearer"
        What to follow when the object divides: the daughter that is nearer to the middle, the
        larger one, or the point between both. Both daughters are always extra targets.
    local_px : float, optional, default 0.0
        Radius of a cell in pixels, for cells of different brightness: each has a threshold of its
        own then, half the height of the brightest pixel around. 0 for one threshold for all.
    split : bool, optional, default False
        If True, cells that touch are parted where they are narrow.
    invert : bool, optional, default False
        If True, dark is taken for bright, for transmitted light.
    await_write : float, optional, default 2
        For how many seconds a file must have been left alone before it is read, where its format
        cannot tell whether it is complete.
    warn_8bit : bool, optional, default True
        If True, a warning is issued if the image is not 8-bit and so is converted.
    show : bool, optional, default False
        If True, a figure with mask and target is shown; the run goes on meanwhile.
    verbose : bool, optional, default False
        If True, more information is printed.

    Returns
    -------
    AnalysisResult
        Centroid of the object in pixels (z is limited to 0.1 of the stack about its middle; 0.0 in
        2-D), the message "OK", "WARN:DIVISION" or "WARN:WEAK", and the cache.

    Other Parameters
    ----------------
    size : float
        Handed on from prescan to prescan: the object's size in voxels; 0 at first, when the object
        nearest to the middle is taken.
    findings : bool
        Whether to add to the cache what was found; sessions ask for it (`dystrack.core.findings`).

    Raises
    ------
    ImageError
        If the image cannot be loaded, or is not what this pipeline takes.
    TargetNotFoundError
        If there is no object of such a size.
    ConfigurationError
        If an option cannot be.
    """
    if division not in _DIVISIONS:
        raise ConfigurationError(f"`division` is {division!r}. Give one of {_DIVISIONS}.")

    # 1. Load the channel
    stack = load_stack(target_path, channel, await_write)

    # 2. Check it, convert to 8 bits
    image = prepare_image(stack, warn_8bit=warn_8bit, invert=invert)
    centre = centre_of(image.shape)
    report(verbose, f"Loaded {target_path}: {image.shape}")

    # 3. Find the objects; choose the one to follow, and its sister if it has divided
    smoothed = without_background(smooth(image, gauss_sigma), background_px)
    announce("Smoothed", smoothed)
    refuse_constant(smoothed)
    level = _level(smoothed, threshold, local_px)
    objects, labels = objects_in(smoothed >= level, min_size, max_size or None, parts=split)
    if not objects:
        raise _no_object(float(np.min(level)), min_size, max_size)
    followed = min(objects, key=lambda one: unlikeness_px(one, centre, size, image.shape[-1]))
    sister = _sister(followed, objects, size)
    if sister and division == "larger" and sister.n_voxels > followed.n_voxels:
        followed, sister = sister, followed
    report(verbose, f"{len(objects)} objects from {np.min(level):g} on; followed: {followed}")

    # 4. Keep to the middle of the stack
    target = _between(followed, sister) if sister and division == "both" else followed.centre
    target = target._replace(z=constrain_z_movement(target.z, depth_of(image)))

    # 5. Return the coordinates, what was found, and the size to look for next time
    mask = labels == followed.label
    confidence = min(
        contrast_confidence(image, smoothed, mask, gauss_sigma),
        extent_confidence(smoothed, mask, gauss_sigma),
    )
    if show:
        show_target("DySTrack: nearest_object", image, target, mask)
    return answer(
        target,
        "WARN:DIVISION" if sister else "OK",
        confidence,
        findings=findings,
        mask=mask,
        targets=_daughters(followed, sister) if sister else (),
        cache={"size": float(followed.n_voxels)},
    )


def _level(
    smoothed: npt.NDArray[np.uint8], threshold: float, local_px: float
) -> float | npt.NDArray[np.float32]:
    """Return from which grey value on a pixel belongs to an object, for all or for each."""
    if local_px > 0:
        return local_thresholds(smoothed, local_px, threshold)
    return threshold or otsu_threshold(smoothed)


def _no_object(level: float, min_size: int, max_size: int) -> TargetNotFoundError:
    return TargetNotFoundError(
        f"No object of {min_size} to {max_size or 'any number of'} voxels reaches the grey "
        f"value {level:g}. Check `threshold`, `min_size`, `max_size` and exposure."
    )


def _sister(
    followed: FoundObject, objects: list[FoundObject], mother_size: float
) -> FoundObject | None:
    """Return the other daughter, if the object has just divided: both about half its size."""
    smallest, largest = (share * mother_size for share in _HALF)
    if not smallest <= followed.n_voxels <= largest:
        return None
    halves = [one for one in objects if one != followed and smallest <= one.n_voxels <= largest]
    nearest = min(halves, key=lambda one: math.dist(one.centre, followed.centre), default=None)
    if nearest is None:
        return None
    reach_px = _REACH * mother_size ** (1 / 3 if followed.centre.z else 1 / 2)
    return nearest if math.dist(nearest.centre, followed.centre) <= reach_px else None


def _between(one: FoundObject, other: FoundObject) -> PixelPosition:
    return PixelPosition(*((a + b) / 2 for a, b in zip(one.centre, other.centre, strict=True)))


def _daughters(*both: FoundObject) -> tuple[dict[str, Any], ...]:
    """Return both daughters as extra targets, the one that is followed first."""
    names = ("followed", "sister")
    return tuple(
        {"name": name, **one.centre._asdict()} for name, one in zip(names, both, strict=True)
    )


def warm_up(**img_kwargs: Any) -> None:
    """Do everything that is done only once, so that the first prescan is answered fast."""
    rehearse(analyze_image, **img_kwargs)
