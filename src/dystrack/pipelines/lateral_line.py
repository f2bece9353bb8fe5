"""Follow the leading edge of the lateral line primordium of the zebrafish."""

from pathlib import Path
from typing import Any

from dystrack.core.protocols import AnalysisResult
from dystrack.core.steps import announce
from dystrack.images.evidence import evidence_of
from dystrack.pipelines.utilities.answering import answer
from dystrack.pipelines.utilities.constraints import constrain_z_movement
from dystrack.pipelines.utilities.figures import show_target
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.objects.masks import depth_of
from dystrack.pipelines.utilities.objects.regions import largest_region
from dystrack.pipelines.utilities.preparation import prepare_image
from dystrack.pipelines.utilities.reduction import REDUCE_ABOVE, choose_reduction
from dystrack.pipelines.utilities.refinement import leading_edge
from dystrack.pipelines.utilities.reporting import report
from dystrack.pipelines.utilities.smoothing import smooth
from dystrack.pipelines.utilities.thresholds import object_count_threshold
from dystrack.pipelines.utilities.warming import rehearse

__all__ = ["analyze_image", "warm_up"]


def analyze_image(
    target_path: str | Path,
    channel: int | None = None,
    gauss_sigma: float = 3.0,
    count_reduction: float = 0.5,
    blank_fract: float = 0.2,
    default_catchup_fract: float = 0.2,
    default_step_fract: float = 0.125,
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
    """Move so that the leading edge comes to lie a fixed distance from the right border.

    The primordium is masked with the object-count threshold. Anterior must be on the left, so
    that it migrates to the right.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan, a plane (Y, X) or a stack (Z, Y, X), with several channels or one.
    channel : int, optional, default None
        Index of the channel to use. If not given, the image must have a single channel.
    gauss_sigma : float, optional, default 3.0
        Sigma of the Gaussian filter in pixels, the same along all axes.
    count_reduction : float, optional, default 0.5
        The threshold is raised until the number of objects has fallen to this fraction of its
        maximum.
    blank_fract : float, optional, default 0.2
        Fraction of the image width that is to lie empty in front of the leading edge.
    default_catchup_fract : float, optional, default 0.2
        Step to the right, as a fraction of the width, where the leading edge has left the image.
    default_step_fract : float, optional, default 0.125
        Step to the right, as a fraction of the width, where the leading edge lies in the left
        half, which means that masking failed.
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
        z and y of the primordium's centroid in pixels (z is limited to 0.1 of the stack about its
        middle; 0.0 in 2-D), x as above, the message "OK", "WARN:WEAK",
        "WARN:CATCH-UP-STEP" or "WARN:MASK-FAIL-DEFAULT-STEP", and its findings.

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
        If `gauss_sigma` is negative.
    """
    # 1. Load the channel
    stack = load_stack(target_path, channel, await_write)

    # 2. Bin it if it is very large, check it, convert to 8 bits
    bins = choose_reduction(stack, reduce, reduce_above)
    binned = bins.binned(stack)
    image = prepare_image(binned, warn_8bit=warn_8bit, invert=invert)
    report(verbose, f"Loaded {target_path}: {image.shape}")

    # 3. Detect the primordium and its leading edge
    smoothed = smooth(image, bins.sigma_px(gauss_sigma, image.ndim), overwrite=not show)
    announce("Smoothed", smoothed)
    threshold = object_count_threshold(smoothed, count_reduction)
    primordium = largest_region(smoothed, threshold)
    target = bins.in_file(primordium.centroid)
    front = leading_edge(primordium, threshold, stack, binned, bins, gauss_sigma, invert=invert)
    report(verbose, f"Threshold: {threshold}; leading edge: x {front} px")

    # 4. Constrain z; fall back to a default step where the leading edge is not where it can be
    width = stack.shape[-1]
    if front < width / 2:
        x_pos, img_msg = width / 2 + default_step_fract * width, "WARN:MASK-FAIL-DEFAULT-STEP"
    elif primordium.last_column == image.shape[-1] - 1:
        x_pos, img_msg = width / 2 + default_catchup_fract * width, "WARN:CATCH-UP-STEP"
    else:
        x_pos, img_msg = front + blank_fract * width - width / 2, "OK"
    target = target._replace(z=constrain_z_movement(target.z, depth_of(stack)), x=x_pos)
    report(verbose, f"Target: z {target.z:.2f}, y {target.y:.2f}, x {x_pos:.2f} px; {img_msg}")

    # 5. Return the coordinates
    if show:
        show_target("DySTrack: lateral_line", image, bins.in_image(target), primordium.mask)
    confidence = evidence_of(binned)
    return answer(target, img_msg, confidence, findings=findings, mask=primordium, bins=bins)


def warm_up(**img_kwargs: Any) -> None:
    """Do everything that is done only once, so that the first prescan is answered fast."""
    rehearse(analyze_image, **img_kwargs)
