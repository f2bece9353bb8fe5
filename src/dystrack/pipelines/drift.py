"""Follow anything that keeps its looks, by comparing each prescan with the first one.

Nothing is segmented: the shift between two images is measured. So it works where there are no clear
objects, and keeps any place in view that the first prescan was centred on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dystrack.core.coordinates import PixelPosition, centre_of
from dystrack.core.errors import ImageError, TargetNotFoundError
from dystrack.core.protocols import AnalysisResult
from dystrack.images.evidence import evidence_of_pattern
from dystrack.pipelines.utilities.answering import answer
from dystrack.pipelines.utilities.comparison.registration import Reference, Shift
from dystrack.pipelines.utilities.constraints import constrain_z_movement
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.objects.masks import depth_of
from dystrack.pipelines.utilities.preparation import prepare_image
from dystrack.pipelines.utilities.remembering import remembering
from dystrack.pipelines.utilities.reporting import report
from dystrack.pipelines.utilities.warming import check_readable, rehearse

__all__ = ["analyze_image", "warm_up"]

_NOWHERE = (0.0, 0.0, 0.0)
_REFERENCES_KEPT = 32  # one a position, for many positions


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
    best_confidence: float = 0.0,
    findings: bool = False,
) -> AnalysisResult:
    """Keep in the middle what was in the middle of the first prescan.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan, a plane (Y, X) or a stack (Z, Y, X), with several channels or one.
    channel : int, optional, default None
        Index of the channel to use. If not given, the image must have a single channel.
    reference : str or Path, optional, default ""
        Path of an image to compare with; the first prescan of each position if empty.
    min_confidence : float, optional, default 2.0
        How many times the best match must stand out from the second best to be believed. Images
        that have nothing in common give up to 1.5.
    reanchor_fract : float, optional, default 0.5
        When the confidence has fallen to this fraction of the best one, because the sample has
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

    Returns
    -------
    AnalysisResult
        The place in pixels that was in the middle at first, the message "OK",
        "WARN:NEW-REFERENCE" where the reference could not be read any more, and the cache.

    Other Parameters
    ----------------
    anchor, moved : sequence of float
        Handed on from prescan to prescan, along z, y, x in pixels: how far the sample had moved
        when the reference was taken, and how far the stage was sent since then.
    best_confidence : float
        Handed on as well: the best confidence against this reference.
    findings : bool
        Whether to add to the cache what was found; sessions ask for it (`dystrack.core.findings`).

    Raises
    ------
    ImageError
        If the image cannot be loaded, or is not what this pipeline takes.
    TargetNotFoundError
        If the image shows nothing, or does not match its reference.
    """
    # 1. Load the channel
    stack = load_stack(target_path, channel, await_write)

    # 2. Check it, convert to 8 bits
    image = prepare_image(stack, warn_8bit=warn_8bit, invert=invert)
    centre = centre_of(image.shape)
    report(verbose, f"Loaded {target_path}: {image.shape}")

    # 3. Compare it with the reference; without one, be the reference
    known = _known_reference(reference, channel, invert)
    if known is None or known.shape != image.shape:
        msg = "WARN:NEW-REFERENCE" if reference else "OK"
        cache = _as_reference(target_path)
        return answer(centre, msg, evidence_of_pattern(stack), findings=findings, cache=cache)
    shift = known.shift_of(image, [-px for px in moved] if ignore_background else None)
    report(verbose, f"{shift} against {reference}")
    _refuse_unlike(shift, min_confidence)

    # 4. Keep to the middle of the stack
    now = _sum(anchor, shift.zyx_px)
    target = PixelPosition(*_sum(centre, now))
    target = target._replace(z=constrain_z_movement(target.z, depth_of(image)))

    # 5. Return the coordinates, and what the next comparison needs
    step = [to - start for to, start in zip(target, centre, strict=True)]
    best = max(best_confidence, shift.confidence)
    cache = (
        _as_reference(target_path, anchor=now, moved=step)
        if shift.confidence < reanchor_fract * best
        else _as_reference(reference, anchor, _sum(moved, step), best)
    )
    return answer(target, "OK", 1 - 1 / shift.confidence, findings=findings, cache=cache)


def _refuse_unlike(shift: Shift, min_confidence: float) -> None:
    if shift.confidence < min_confidence:
        raise TargetNotFoundError(
            f"The prescan does not match its reference: confidence {shift.confidence:.2f}, "
            f"{min_confidence:g} is wanted. Did the sample leave the field, or change its looks?"
        )


def _sum(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Return the sum of two places or shifts along z, y, x."""
    return [a + b for a, b in zip(first, second, strict=True)]


def _as_reference(
    path: str | Path,
    anchor: Sequence[float] = _NOWHERE,
    moved: Sequence[float] = _NOWHERE,
    best_confidence: float = 0.0,
) -> dict[str, Any]:
    """Return the cache with which the next prescans are compared with an image."""
    return {
        "reference": str(path),
        "anchor": list(anchor),
        "moved": list(moved),
        "best_confidence": best_confidence,
    }


def _known_reference(path: str, channel: int | None, invert: bool) -> Reference | None:
    """Return the reference, read again where it is not remembered; None if there is none."""
    if not path:
        return None
    try:
        return _read_reference(path, channel, invert)
    except (OSError, ImageError):  # moved or deleted since
        return None


@remembering(_REFERENCES_KEPT)
def _read_reference(path: str, channel: int | None, invert: bool) -> Reference:
    stack = load_stack(path, channel)
    return Reference(prepare_image(stack, warn_8bit=False, invert=invert))


def warm_up(
    reference: str = "", channel: int | None = None, invert: bool = False, **others: Any
) -> None:
    """Do everything that is done only once, and refuse a reference that cannot be read."""
    if reference:
        check_readable("reference", lambda: _read_reference(reference, channel, invert))
    rehearse(analyze_image, channel=channel, invert=invert, **others)
