"""Follow the regressing node of the chick embryo."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import TargetNotFoundError
from dystrack.core.protocols import AnalysisResult
from dystrack.images.evidence import evidence_of
from dystrack.pipelines.utilities.answering import answer
from dystrack.pipelines.utilities.constraints import constrain_z_movement
from dystrack.pipelines.utilities.figures import show_target
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.objects.masks import depth_of
from dystrack.pipelines.utilities.preparation import prepare_image
from dystrack.pipelines.utilities.profiles import Peak, brightness_profile, falling_edge, peak_of
from dystrack.pipelines.utilities.reporting import report
from dystrack.pipelines.utilities.warming import rehearse

__all__ = ["analyze_image", "warm_up"]

_Z_LIMIT_FRACT = 0.2


def analyze_image(
    target_path: str | Path,
    channel: int | None = None,
    await_write: float = 2,
    warn_8bit: bool = True,
    show: bool = False,
    verbose: bool = False,
    *,
    invert: bool = False,
    findings: bool = False,
) -> AnalysisResult:
    """Move to the node: the end of a bright streak that comes from the left.

    Brightness profiles along z and y are fitted with a Gaussian, and the profile along x of the
    rows within one standard deviation with a falling logistic step.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan, a plane (Y, X) or a stack (Z, Y, X), with several channels or one.
    channel : int, optional, default None
        Index of the channel to use. If not given, the image must have a single channel.
    await_write : float, optional, default 2
        For how many seconds a file must have been left alone before it is read, where its format
        cannot tell whether it is complete.
    warn_8bit : bool, optional, default True
        If True, a warning is issued if the image is not 8-bit and so is converted.
    show : bool, optional, default False
        If True, a figure with the target is shown; the run goes on meanwhile.
    verbose : bool, optional, default False
        If True, more information is printed.
    invert : bool, optional, default False
        If True, dark is taken for bright, for transmitted light.

    Returns
    -------
    AnalysisResult
        z, y and x of the node in pixels (z is limited to 0.2 of the stack about its middle; 0.0
        in 2-D), the message "OK", and its findings.

    Other Parameters
    ----------------
    findings : bool
        Whether to add to the cache what was found; sessions ask for it (`dystrack.core.findings`).

    Raises
    ------
    ImageError
        If the image cannot be loaded, or is not what this pipeline takes.
    TargetNotFoundError
        If there is nothing to find in it, or a fit leads out of the image.
    """
    # 1. Load the channel
    stack = load_stack(target_path, channel, await_write)

    # 2. Check it, convert to 8 bits
    image = prepare_image(stack, warn_8bit=warn_8bit, invert=invert)
    report(verbose, f"Loaded {target_path}: {image.shape}")

    # 3. Detect the node
    z_centre = _z_centre(image)
    streak = peak_of(brightness_profile(image, axis=-2), start_fract=1 / 6)
    x_pos = falling_edge(brightness_profile(_rows_within(image, streak), axis=-1))
    target = PixelPosition(z_centre, streak.centre_px, x_pos)
    report(verbose, f"Node: z {target.z:.2f}, y {target.y:.2f}, x {target.x:.2f} px")

    # 4. Constrain the movement
    z_pos = constrain_z_movement(target.z, depth_of(image), limit_fract=_Z_LIMIT_FRACT)
    target = target._replace(z=z_pos)

    # 5. Return the coordinates
    if show:
        show_target("DySTrack: chick_node", image, target)
    return answer(target, "OK", evidence_of(stack), findings=findings, image=stack)


def _z_centre(image: npt.NDArray[np.uint8]) -> float:
    """Return the brightest z, which may lie somewhat outside, as it is limited later."""
    depth = depth_of(image)
    if depth == 1:
        return 0.0
    profile = brightness_profile(image, axis=-3)
    return peak_of(profile, start_fract=1 / 8, margin_px=(depth - 1) / 2).centre_px


def _rows_within(image: npt.NDArray[np.uint8], streak: Peak) -> npt.NDArray[np.uint8]:
    """Return the rows within one standard deviation of the streak."""
    first = max(int(streak.centre_px - streak.width_px), 0)
    last = int(streak.centre_px + streak.width_px)
    if first >= last:
        raise TargetNotFoundError(
            f"The streak at y = {streak.centre_px:.1f} px is only {streak.width_px:.2f} px wide, "
            "less than a row: this is no node. Check exposure and `channel`."
        )
    return image[..., first:last, :]


def warm_up(**img_kwargs: Any) -> None:
    """Do everything that is done only once, so that the first prescan is answered fast."""
    rehearse(analyze_image, **img_kwargs)
