"""Follow a pattern: a small image of it, or what lies in the middle of the first prescan."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import centre_of
from dystrack.core.errors import ConfigurationError, TargetNotFoundError
from dystrack.core.protocols import AnalysisResult
from dystrack.images.evidence import evidence_of_pattern
from dystrack.pipelines.utilities.answering import answer
from dystrack.pipelines.utilities.comparison.matching import best_match, middle_of
from dystrack.pipelines.utilities.constraints import constrain_z_movement
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.objects.masks import depth_of
from dystrack.pipelines.utilities.preparation import prepare_image
from dystrack.pipelines.utilities.remembering import remembering
from dystrack.pipelines.utilities.reporting import report
from dystrack.pipelines.utilities.warming import check_readable, rehearse

__all__ = ["analyze_image", "warm_up"]

_LEAST_SHARE = 0.78  # of the usual score: what fits much less well is something else
_WEIGHT_OF_THE_NEWEST = 0.5
_TEMPLATES_KEPT = 32  # one a position, for many positions


def analyze_image(
    target_path: str | Path,
    channel: int | None = None,
    template: str = "",
    template_fract: float = 0.3,
    min_score: float = 0.5,
    invert: bool = False,
    await_write: float = 2,
    warn_8bit: bool = True,
    verbose: bool = False,
    *,
    learned_from: str = "",
    usual_score: float = 0.0,
    findings: bool = False,
) -> AnalysisResult:
    """Move to where a pattern fits best.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan, a plane (Y, X) or a stack (Z, Y, X), with several channels or one.
    channel : int, optional, default None
        Index of the channel to use. If not given, the image must have a single channel.
    template : str or Path, optional, default ""
        Path of a small image of what to follow, taken with the same settings; if empty, the middle
        of the first prescan of each position.
    template_fract : float, optional, default 0.3
        Size of that middle, as a fraction of each side.
    min_score : float, optional, default 0.5
        Correlation coefficient from which a match is believed: 1 for an identical pattern, 0 for
        an unrelated one.
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
        The centre of the pattern in pixels (z is limited to 0.1 of the stack about its middle; 0.0
        in 2-D), the message "OK" or "WARN:WEAK", and the cache.

    Other Parameters
    ----------------
    learned_from : str
        Handed on from prescan to prescan: the one whose middle is the pattern.
    usual_score : float
        Handed on as well: how well the pattern has fitted lately.
    findings : bool
        Whether to add to the cache what was found; sessions ask for it (`dystrack.core.findings`).

    Raises
    ------
    ImageError
        If an image cannot be loaded, or is not what this pipeline takes.
    TargetNotFoundError
        If nothing in the image looks like the pattern.
    ConfigurationError
        If the template is larger than the image, or an option cannot be.
    """
    if not 0 < template_fract < 1:
        raise ConfigurationError(
            f"`template_fract` is {template_fract}. Give a number between 0 and 1."
        )

    # 1. Load the channel
    stack = load_stack(target_path, channel, await_write)

    # 2. Check it, convert to 8 bits
    image = prepare_image(stack, warn_8bit=warn_8bit, invert=invert)
    report(verbose, f"Loaded {target_path}: {image.shape}")

    # 3. Find the pattern; without one, learn it
    if not template and not learned_from:
        cache = {"learned_from": str(target_path)}
        return answer(
            centre_of(image.shape), "OK", evidence_of_pattern(stack), findings=findings, cache=cache
        )
    pattern = (
        _read(template, channel, invert)
        if template
        else middle_of(_read(learned_from, channel, invert), template_fract)
    )
    _check_fits(pattern, image)
    match = best_match(image, pattern)
    report(verbose, f"{match}")
    if match.score < min_score:
        raise TargetNotFoundError(
            f"Nothing in the prescan looks like the pattern: its best score is {match.score:.2f}, "
            f"{min_score:g} is wanted. Did the sample leave the field, or change its looks?"
        )

    # 4. Keep to the middle of the stack
    target = match.place._replace(z=constrain_z_movement(match.place.z, depth_of(image)))

    # 5. Return the coordinates, and where the pattern comes from
    usual = usual_score or match.score
    confidence = min(match.score, 0.5 * match.score / (_LEAST_SHARE * usual), 1.0)
    handed_on: dict[str, Any] = {
        "learned_from": learned_from,
        "usual_score": usual + _WEIGHT_OF_THE_NEWEST * (match.score - usual),
    }
    return answer(target, "OK", confidence, findings=findings, cache=handed_on)


@remembering(_TEMPLATES_KEPT)
def _read(path: str, channel: int | None, invert: bool) -> npt.NDArray[np.uint8]:
    return prepare_image(load_stack(path, channel), warn_8bit=False, invert=invert)


def _check_fits(pattern: npt.NDArray[np.uint8], image: npt.NDArray[np.uint8]) -> None:
    if pattern.ndim != image.ndim or any(
        small > large for small, large in zip(pattern.shape, image.shape, strict=True)
    ):
        raise ConfigurationError(
            f"The template has the shape {pattern.shape}, the prescan {image.shape}. Give a "
            "template of as many axes and no larger size, cut out of a prescan."
        )


def warm_up(
    template: str = "", channel: int | None = None, invert: bool = False, **others: Any
) -> None:
    """Do everything that is done only once, and refuse a template that cannot be read."""
    if template:
        check_readable("template", lambda: _read(template, channel, invert))
    rehearse(analyze_image, channel=channel, invert=invert, **others)
