"""Move to the centre of mass of the image, or of the largest object in it."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import AnalysisResult
from dystrack.core.steps import announce
from dystrack.images.evidence import evidence_of
from dystrack.pipelines.utilities.answering import answer
from dystrack.pipelines.utilities.constraints import constrain_z_movement
from dystrack.pipelines.utilities.figures import show_target
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.objects.masks import centre_of_mass, depth_of
from dystrack.pipelines.utilities.objects.regions import Region, largest_region
from dystrack.pipelines.utilities.preparation import prepare_image
from dystrack.pipelines.utilities.reduction import REDUCE_ABOVE, choose_reduction
from dystrack.pipelines.utilities.reporting import report
from dystrack.pipelines.utilities.smoothing import smooth
from dystrack.pipelines.utilities.thresholds import object_count_threshold, otsu_threshold
from dystrack.pipelines.utilities.warming import rehearse

__all__ = ["analyze_image", "warm_up"]

Method = Literal["intensity", "otsu", "objct"]


def analyze_image(
    target_path: str | Path,
    channel: int | None = None,
    method: Method = "intensity",
    gauss_sigma: float = 3.0,
    count_reduction: float = 0.5,
    await_write: float = 2,
    warn_8bit: bool = True,
    show: bool = False,
    verbose: bool = False,
    *,
    invert: bool = False,
    reduce: int | None = None,
    reduce_above: float = REDUCE_ABOVE,
    findings: bool = False,
) -> AnalysisResult:
    """Move to the centre of mass of the smoothed image, or of the largest object in it.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan, a plane (Y, X) or a stack (Z, Y, X), with several channels or one.
    channel : int, optional, default None
        Index of the channel to use. If not given, the image must have a single channel.
    method : str, {"intensity", "otsu", "objct"}, optional, default "intensity"
        What the centre is taken of: the grey values ("intensity"), or the largest object in a
        mask made with Otsu's threshold ("otsu") or with the object-count threshold ("objct").
    gauss_sigma : float, optional, default 3.0
        Sigma of the Gaussian filter in pixels, the same along all axes.
    count_reduction : float, optional, default 0.5
        For "objct": the threshold is raised until the number of objects has fallen to this
        fraction of its maximum.
    await_write : float, optional, default 2
        For how many seconds a file must have been left alone before it is read, where its format
        cannot tell whether it is complete.
    warn_8bit : bool, optional, default True
        If True, a warning is issued if the image is not 8-bit and so is converted.
    show : bool, optional, default False
        If True, a figure with mask and target is shown; the run goes on meanwhile.
    verbose : bool, optional, default False
        If True, more information is printed.
    invert : bool, optional, default False
        If True, dark is taken for bright, for transmitted light.
    reduce : int, optional, default None
        So many voxels along each axis are averaged to one before the analysis: 2, 4, …; 1 takes
        the prescan as it is. If not given, it follows from `reduce_above`.
    reduce_above : float, optional, default 500.0
        Prescans of more million voxels are reduced by 2, 4, … until they have no more.

    Returns
    -------
    AnalysisResult
        z, y and x of the centre in pixels (z is limited to 0.1 of the stack about its middle; 0.0
        in 2-D), the message "OK" or
        "WARN:WEAK", and its findings.

    Other Parameters
    ----------------
    findings : bool
        Whether to add to the cache what was found; sessions ask for it (`dystrack.core.findings`).

    Raises
    ------
    ImageError
        If the image cannot be loaded, or is not what this pipeline takes.
    TargetNotFoundError
        If there is nothing to find in it.
    ConfigurationError
        If `method` or `gauss_sigma` is not one of those possible.
    """
    # 1. Load the channel
    stack = load_stack(target_path, channel, await_write)

    # 2. Bin it if it is very large, check it, convert to 8 bits
    bins = choose_reduction(stack, reduce, reduce_above)
    binned = bins.binned(stack)
    image = prepare_image(binned, warn_8bit=warn_8bit, invert=invert)
    report(verbose, f"Loaded {target_path}: {image.shape}")

    # 3. Detect the target
    smoothed = smooth(image, bins.sigma_px(gauss_sigma, image.ndim), overwrite=not show)
    announce("Smoothed", smoothed)
    region = _region_of_target(smoothed, method, count_reduction, verbose)
    target = bins.in_file(region.centroid if region else centre_of_mass(smoothed))
    report(verbose, f"Centre: z {target.z:.2f}, y {target.y:.2f}, x {target.x:.2f} px")

    # 4. Constrain the movement
    target = target._replace(z=constrain_z_movement(target.z, depth_of(stack)))

    # 5. Return the coordinates
    if show:
        mask = region.mask if region else None
        show_target("DySTrack: center_of_mass", image, bins.in_image(target), mask)
    confidence = evidence_of(binned)
    return answer(target, "OK", confidence, findings=findings, mask=region, image=binned, bins=bins)


def _region_of_target(
    smoothed: npt.NDArray[np.uint8], method: Method, count_reduction: float, verbose: bool
) -> Region | None:
    """Return the largest object, or None where grey values need no mask."""
    match method:
        case "intensity":
            return None
        case "otsu":
            threshold = otsu_threshold(smoothed)
        case "objct":
            threshold = object_count_threshold(smoothed, count_reduction)
        case _:
            raise ConfigurationError(
                f"`method` is {method!r}; it must be 'intensity', 'otsu' or 'objct'."
            )
    report(verbose, f"Threshold: {threshold}")
    return largest_region(smoothed, threshold)


def warm_up(**img_kwargs: Any) -> None:
    """Do everything that is done only once, so that the first prescan is answered fast."""
    rehearse(analyze_image, **img_kwargs)
