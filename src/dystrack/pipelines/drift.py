"""Follow anything that keeps its looks, by comparing each prescan with the first one.

Nothing is segmented: the shift between two images is measured. So it works where there are no clear
objects, and keeps any place in view that the first prescan was centred on.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from dystrack.core.coordinates import centre_of
from dystrack.core.errors import DyStrackError, TargetNotFoundError
from dystrack.core.findings import FINDINGS_KEY
from dystrack.core.protocols import AnalysisResult
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.preparation import prepare_image
from dystrack.pipelines.utilities.registration import Reference, Shift
from dystrack.pipelines.utilities.reporting import report
from dystrack.pipelines.utilities.warming import rehearse

__all__ = ["analyze_image", "warm_up"]

_NOWHERE = (0.0, 0.0, 0.0)


def analyze_image(
    target_path: str | Path,
    channel: int | None = None,
    reference: str = "",
    min_confidence: float = 2.0,
    reanchor_fract: float = 0.5,
    ignore_background: bool = False,
    invert: bool = False,
    await_write: float = 2,
    warn_8bit: bool = True,
    verbose: bool = False,
    *,
    anchor: Sequence[float] = _NOWHERE,
    moved: Sequence[float] = _NOWHERE,
    first_confidence: float = 0.0,
) -> AnalysisResult:
    """Keep in the middle what was in the middle of the first prescan.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan, a plane (Y, X) or a stack (Z, Y, X), with several channels or one.
    channel : int, optional, default None
        Index of the channel to use. If not given, the image must have a single channel.
    reference : str, optional, default ""
        Path of an image to compare with; the first prescan of each position if empty.
    min_confidence : float, optional, default 2.0
        How many times the best match must stand out from the second best to be believed. Images
        that have nothing in common give up to 1.5.
    reanchor_fract : float, optional, default 0.5
        When the confidence has fallen to this fraction of the first one, because the sample has
        changed its looks, the prescan becomes the new reference.
    ignore_background : bool, optional, default False
        If True, a background that does not move with the sample is left out, once the stage has
        moved: a dish, or a tissue below the one to follow.
    invert : bool, optional, default False
        If True, dark is taken for bright, for transmitted light.
    await_write : float, optional, default 2
        For how many seconds a file must have been left alone before it is read, where its format
        cannot tell whether it is complete.
    warn_8bit : bool, optional, default True
        If True, a warning is issued if the image is not 8-bit and so is converted.
    verbose : bool, optional, default False
        If True, more information is printed.
    anchor, moved : sequence of float
        Handed on from prescan to prescan, along z, y, x in pixels: how far the sample had moved
        when the reference was taken, and how far the stage was sent since then.
    first_confidence : float
        Handed on as well: the confidence of the first comparison with the reference.

    Returns
    -------
    AnalysisResult
        The place in pixels that was in the middle at first, the message "OK",
        "WARN:NEW-REFERENCE" where the reference could not be read any more, and the cache.

    Raises
    ------
    ImageError
        If the image cannot be loaded, or is not what this pipeline takes.
    TargetNotFoundError
        If the image shows nothing, or does not match its reference.
    """
    # 1. Load the image
    image = load_stack(target_path, channel, await_write=await_write)

    # 2. Check it, convert to 8 bits
    image = prepare_image(image, None, warn_8bit, invert)
    centre = centre_of(image.shape)
    report(verbose, f"Loaded {target_path}: {image.shape}")

    # 3. Compare it with the reference
    known = _known_reference(reference, channel, invert, image.shape) if reference else None
    if known is None:
        cache = _cache(str(target_path), anchor, _NOWHERE, 0.0)
        msg = "WARN:NEW-REFERENCE" if reference else "OK"
        return AnalysisResult(*centre, msg, cache)
    background = tuple(-px for px in moved) if ignore_background else None
    shift = _believed(known.shift_of(image, background), min_confidence)
    report(verbose, f"Shift: z {shift.z_px:.2f}, y {shift.y_px:.2f}, x {shift.x_px:.2f} px")

    # 4. The sample may have changed its looks: take the prescan as the new reference
    ...
