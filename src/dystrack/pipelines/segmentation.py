"""Follow what a trained model finds: one that gives probabilities, labels or points, in ONNX."""

from pathlib import Path
from typing import Any

import numpy as np

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import AnalysisResult
from dystrack.core.steps import announce
from dystrack.pipelines.utilities.answering import answer
from dystrack.pipelines.utilities.constraints import constrain_z_movement
from dystrack.pipelines.utilities.figures import show_target
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.models.model_outputs import OUTPUTS, Scaling, found_by
from dystrack.pipelines.utilities.models.onnx_model import load_onnx
from dystrack.pipelines.utilities.models.trust import believed
from dystrack.pipelines.utilities.objects.choosing import aim_at, check_choices, choose_object
from dystrack.pipelines.utilities.objects.masks import depth_of
from dystrack.pipelines.utilities.preparation import refuse_constant
from dystrack.pipelines.utilities.reporting import report
from dystrack.pipelines.utilities.warming import rehearse

__all__ = ["analyze_image", "warm_up"]


def analyze_image(
    target_path: str | Path,
    model: str = "",
    output: str = "probability",
    channel: int | None = None,
    scaling: str = "percentiles",
    probability: float = 0.5,
    tile_px: int = 512,
    overlap_px: int = 32,
    min_size: int = 50,
    choose: str = "followed",
    aim: str = "centre",
    blank_fract: float = 0.2,
    await_write: float = 2,
    show: bool = False,
    verbose: bool = False,
    *,
    size: float = 0.0,
    findings: bool = False,
) -> AnalysisResult:
    """Follow one of the objects that a trained model finds.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan, a plane (Y, X) or a stack (Z, Y, X), with several channels or one.
    model : str or Path, optional, default ""
        Path of the model, an .onnx file that takes planes (N, C, Y, X) or stacks (N, C, Z, Y, X).
        One for planes gets each plane of a stack.
    output : str, {"probability", "labels", "points"}, optional, default "probability"
        What the model gives: a map of probabilities (its last channel, if it has several), a number
        for each pixel's object, or rows of coordinates with, if there is one more, a score.
    channel : int, optional, default None
        Index of the channel to use. If not given, the image must have a single channel.
    scaling : str, {"percentiles", "unit", "none"}, optional, default "percentiles"
        How grey values are scaled for the model: percentiles 1 and 99.8 to 0 and 1, as StarDist and
        Cellpose do; least and greatest to 0 and 1; or not at all.
    probability : float, optional, default 0.5
        From which probability or score on something counts, between 0 and 1.
    tile_px : int, optional, default 512
        Largest tile along y and x, where the model does not fix its size.
    overlap_px : int, optional, default 32
        How many pixels neighbouring tiles share.
    min_size : int, optional, default 50
        Voxels of the smallest object that counts.
    choose : str, {"largest", "nearest", "followed"}, optional, default "followed"
        Which object to follow: the largest, the one that is nearest to the middle, or the one that
        is nearest and has the size of last time.
    aim : str, {"centre", "right", "left", "down", "up"}, optional, default "centre"
        Where to go: its centre, or such that its end in a direction lies a fixed distance from the
        border.
    blank_fract : float, optional, default 0.2
        Fraction of the field that is to lie empty in front of that end.
    await_write : float, optional, default 2
        For how many seconds a file must have been left alone before it is read, where its format
        cannot tell whether it is complete.
    show : bool, optional, default False
        If True, a figure with mask and target is shown; the run goes on meanwhile.
    verbose : bool, optional, default False
        If True, more information is printed.

    Returns
    -------
    AnalysisResult
        The place in pixels (z is limited to 0.1 of the stack about its middle; 0.0 in 2-D), the
        message "OK", "WARN:WEAK", or one or both of "WARN:CATCH-UP-STEP BOUND:+x" (its end lies at
        the border, here the right one) and "WARN:UNLIKE-TRAINING", and the cache.

    Other Parameters
    ----------------
    size : float
        Handed on from prescan to prescan: the object's size in voxels.
    findings : bool
        Whether to add to the cache what was found; sessions ask for it (`dystrack.core.findings`).

    Raises
    ------
    ImageError
        If the image cannot be loaded, or is not what this pipeline takes.
    TargetNotFoundError
        If the model finds nothing.
    ConfigurationError
        If the model cannot be used, or an option cannot be.
    """
    check_choices(choose, aim)
    if output not in OUTPUTS or not 0 < probability < 1:
        raise ConfigurationError(
            f"`output` is {output!r}, `probability` {probability}. Give one of "
            f"{', '.join(OUTPUTS)}, and a number between 0 and 1."
        )
    loaded = load_onnx(model)

    # 1. Load the channel
    stack = load_stack(target_path, channel, await_write)

    # 2. Check it, scale it as the model has learnt
    refuse_constant(stack)
    image = Scaling(scaling).apply(stack)
    announce("Scaled", image)
    report(verbose, f"Loaded {target_path}: {stack.shape}")

    # 3. Ask the model; choose the object
    found = found_by(loaded, image, output, probability, (tile_px, overlap_px), min_size)
    followed = choose_object(found.objects, stack.shape, choose, size)
    mask = found.mask_of(followed, stack.shape)
    target, msg = aim_at(mask, followed.centre, aim, blank_fract)
    report(verbose, f"{len(found.objects)} objects; target: {target}")

    # 4. Keep to the middle of the stack; doubt what looks unlike the training
    target = target._replace(z=constrain_z_movement(target.z, depth_of(stack)))
    msg, confidence = believed(msg, found.score_of(followed, mask), stack, loaded.looks)

    # 5. Return the coordinates, what was found, and the size to look for next time
    if show:
        shown = (255 * np.clip(image, 0, 1)).astype(np.uint8)
        show_target("DySTrack: segmentation", shown, target, mask)
    return answer(
        target,
        msg,
        confidence,
        findings=findings,
        mask=mask,
        cache={"size": float(followed.n_voxels)},
    )


def warm_up(**img_kwargs: Any) -> None:
    """Do everything that is done only once, so that the first prescan is answered fast."""
    rehearse(analyze_image, **img_kwargs)
