"""Follow what a person has painted: a random forest tells sample from background.

`dystrack train FOLDER` makes the model from a few strokes on a few prescans.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import AnalysisResult
from dystrack.core.steps import announce
from dystrack.pipelines.utilities.answering import answer
from dystrack.pipelines.utilities.constraints import constrain_z_movement
from dystrack.pipelines.utilities.figures import show_target
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.models.forest import Forest, load_forest
from dystrack.pipelines.utilities.models.pixel_features import (
    FEATURE_NAMES,
    features_at,
    grid_of,
    normalised,
)
from dystrack.pipelines.utilities.models.trust import believed
from dystrack.pipelines.utilities.objects.choosing import aim_at, check_choices, choose_object
from dystrack.pipelines.utilities.objects.labelled import objects_in
from dystrack.pipelines.utilities.objects.masks import depth_of
from dystrack.pipelines.utilities.preparation import refuse_constant
from dystrack.pipelines.utilities.remembering import remembering
from dystrack.pipelines.utilities.reporting import report
from dystrack.pipelines.utilities.warming import rehearse

__all__ = ["analyze_image", "probability_map", "warm_up"]

_STEP_PX = 2
_SMOOTHING = (0.5, 1.0, 1.0)


def analyze_image(
    target_path: str | Path,
    model: str = "",
    channel: int | None = None,
    probability: float = 0.5,
    min_size: int = 200,
    choose: str = "largest",
    aim: str = "centre",
    blank_fract: float = 0.2,
    await_write: float = 2,
    show: bool = False,
    verbose: bool = False,
    *,
    size: float = 0.0,
    findings: bool = False,
) -> AnalysisResult:
    """Follow what looks like the sample that was painted for `dystrack train`.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan, a plane (Y, X) or a stack (Z, Y, X), with several channels or one.
    model : str or Path, optional, default ""
        The file that `dystrack train` has written.
    channel : int, optional, default None
        Index of the channel to use. If not given, the image must have a single channel.
    probability : float, optional, default 0.5
        From which probability on a pixel belongs to the sample, between 0 and 1.
    min_size : int, optional, default 200
        Voxels of the smallest object that counts.
    choose : str, {"largest", "nearest", "followed"}, optional, default "largest"
        Which object to follow: the largest, the one that is nearest to the middle, or the one that
        is nearest and has the size of last time.
    aim : str, {"centre", "right", "left", "down", "up"}, optional, default "centre"
        Where to go: its centre, or such that its end in a direction lies a fixed distance from the
        border, as for a tissue that migrates there.
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
        If nothing looks like the sample.
    ConfigurationError
        If there is no such model, or an option cannot be.
    """
    check_choices(choose, aim)
    if not 0 < probability < 1:
        raise ConfigurationError(f"`probability` is {probability}. Give a number between 0 and 1.")
    forest = _model(model)

    # 1. Load the channel
    stack = load_stack(target_path, channel, await_write)

    # 2. Check it
    refuse_constant(stack)
    report(verbose, f"Loaded {target_path}: {stack.shape}")

    # 3. Tell sample from background, and choose the object
    image = normalised(stack)
    likely = probability_map(forest, image)
    announce("Probability", likely)
    objects, labels = objects_in(likely >= probability, max(1, min_size // _STEP_PX**2))
    followed = choose_object(objects, likely.shape, choose, size / _STEP_PX**2)
    on_grid = labels == followed.label
    mask = _at_full_size(on_grid, stack.shape)
    y, x = followed.centre.y * _STEP_PX, followed.centre.x * _STEP_PX
    target, msg = aim_at(mask, PixelPosition(followed.centre.z, y, x), aim, blank_fract)
    report(verbose, f"{len(objects)} objects; target: {target}")

    # 4. Keep to the middle of the stack; doubt what looks unlike the training
    target = target._replace(z=constrain_z_movement(target.z, depth_of(stack)))
    score = float(likely[on_grid].mean())
    msg, confidence = believed(msg, score, stack, forest.about.get("looks", {}))

    # 5. Return the coordinates, what was found, and the size to look for next time
    if show:
        show_target("DySTrack: pixel_classifier", image, target, mask)
    n_voxels = float(followed.n_voxels * _STEP_PX**2)
    return answer(target, msg, confidence, findings=findings, mask=mask, cache={"size": n_voxels})


def probability_map(forest: Forest, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return how probably each pixel of a grid belongs to the sample.

    Parameters
    ----------
    forest : Forest
        The model.
    image : ndarray of uint8, shape (Z, Y, X) or (Y, X)
        Normalised image.

    Returns
    -------
    ndarray of float32
        From 0 to 1, for every second pixel along y and x.
    """
    votes = forest.vote(features_at(image, _STEP_PX)).reshape(grid_of(image.shape, _STEP_PX))
    smoothed: npt.NDArray[np.float32] = scipy.ndimage.gaussian_filter(
        votes, _SMOOTHING[-votes.ndim :]
    )
    return smoothed


def _at_full_size(mask: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    full = np.repeat(np.repeat(mask, _STEP_PX, axis=-2), _STEP_PX, axis=-1)
    return full[..., : shape[-2], : shape[-1]]


@remembering(2)
def _model(path: str) -> Forest:
    if not path:
        msg = "`model` is missing. Make one with: dystrack train FOLDER"
        raise ConfigurationError(msg)
    forest = load_forest(Path(path))
    if tuple(forest.about.get("features", ())) != FEATURE_NAMES:
        msg = f"{path} was made by another version of DySTrack. Train it once more."
        raise ConfigurationError(msg)
    return forest


def warm_up(**img_kwargs: Any) -> None:
    """Do everything that is done only once, so that the first prescan is answered fast."""
    rehearse(analyze_image, **img_kwargs)
