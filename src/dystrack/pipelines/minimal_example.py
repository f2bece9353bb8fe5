"""Move to the centre of mass: the shortest pipeline, to be copied when writing one's own.

A pipeline is a function with the path of a prescan as its only positional argument. It returns
five values: z, y and x of the next acquisition in pixels, a message, and a dictionary that is
handed to the next call as keyword arguments. The Parameters section of its docstring becomes its
command-line options, so each parameter is described there as ``name : type``.
"""

from pathlib import Path
from typing import Any

from dystrack.core.protocols import AnalysisResult
from dystrack.images.evidence import evidence_of
from dystrack.pipelines.utilities.answering import answer
from dystrack.pipelines.utilities.constraints import constrain_z_movement
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.objects.masks import centre_of_mass, depth_of
from dystrack.pipelines.utilities.preparation import prepare_image
from dystrack.pipelines.utilities.reporting import report
from dystrack.pipelines.utilities.warming import rehearse

__all__ = ["analyze_image", "warm_up"]


def analyze_image(
    target_path: str | Path,
    channel: int | None = None,
    await_write: float = 2,
    warn_8bit: bool = True,
    verbose: bool = False,
    *,
    invert: bool = False,
    findings: bool = False,
) -> AnalysisResult:
    """Move to the centre of mass of the image as it is.

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
    verbose : bool, optional, default False
        If True, more information is printed.
    invert : bool, optional, default False
        If True, dark is taken for bright, for transmitted light.

    Returns
    -------
    AnalysisResult
        z, y and x of the centre of mass in pixels (z is limited to 0.1 of the stack about its
        middle; 0.0 in 2-D), the message "OK", and its findings.

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
    """
    # 1. Load the channel
    stack = load_stack(target_path, channel, await_write)

    # 2. Check it, convert to 8 bits
    image = prepare_image(stack, warn_8bit=warn_8bit, invert=invert)
    report(verbose, f"Loaded {target_path}: {image.shape}")

    # 3. Detect the target
    target = centre_of_mass(image)
    report(verbose, f"Centre of mass: z {target.z:.2f}, y {target.y:.2f}, x {target.x:.2f} px")

    # 4. Constrain the movement
    z_pos = constrain_z_movement(target.z, depth_of(image))

    # 5. Return the coordinates, a message, and what the next call should know
    target = target._replace(z=z_pos)
    return answer(target, "OK", evidence_of(stack), findings=findings, image=stack)


def warm_up(**img_kwargs: Any) -> None:
    """Do everything that is done only once, so that the first prescan is answered fast."""
    rehearse(analyze_image, **img_kwargs)
