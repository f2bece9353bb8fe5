"""What an answer says about each axis: the place, only a bound to it, or nothing.

A pipeline that cannot see the target answers with a default step and says so in its message. The
table here says what its messages mean. A pipeline of your own may say it in the message itself:
``BOUND:+x`` (the target is at least there), ``BOUND:-y`` (at most there), ``NONE:z`` (do not use
that axis), and ``LEADS`` (the answer already looks ahead), separated by spaces, commas or
semicolons.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from dystrack.core.coordinates import PixelPosition
from dystrack.manager.tracking.tracker.looks import Look
from dystrack.manager.tracking.tracker.motion import Axes, Bounds

__all__ = ["MEANINGS", "Meaning", "Reading", "reading_of"]

_AXES = "zyx"
_FLAG = re.compile(r"\b(BOUND:[+-]|NONE:)([zyx])\b")
_LEADS = re.compile(r"\bLEADS\b")
_Z_LIMITS = (0.1, 0.2)
_SAME_PX = 1e-6
_FIRST_STEP, _LARGEST_STEP = 0.1, 0.4
_SLACK = 0.07


@dataclass(frozen=True)
class Meaning:
    """What a message means.

    Attributes
    ----------
    bounds : tuple of {0, 1, -1, None}
        What the answer says along z, y, x: the place, at least, at most, nothing.
    offset_fract : float or None
        Where the bounds lie as a share of the frame from its centre; None for at the answer.
    believed_from : int
        How often in a row it has to come to be believed, unless it agrees with what is known.
    """

    bounds: Bounds
    offset_fract: float | None = None
    believed_from: int = 1


MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "WARN:CATCH-UP-STEP": Meaning((0, 0, 1)),
        "WARN:MASK-FAIL-DEFAULT-STEP": Meaning((None, None, -1), -0.3, believed_from=2),
    }
)
"""Messages of the pipelines that come with DySTrack, where they mean more than their answer."""

_PLAIN = Meaning((0, 0, 0))


@dataclass(frozen=True)
class Reading:
    """An answer in the tracker's terms.

    Attributes
    ----------
    offset : tuple of float
        From the centre of the image, in the unit of the look.
    bounds : tuple of {0, 1, -1, None}
        What that says along each axis.
    reach : tuple of float
        How far beyond a bound to go at least, where the pipeline answered with a default step.
    leads : bool
        Whether the pipeline looks ahead by itself.
    """

    offset: Axes
    bounds: Bounds
    reach: Axes = (0.0, 0.0, 0.0)
    leads: bool = False


def reading_of(look: Look, n_repeats: int, seen: Axes) -> Reading | None:
    """Return what an answer says.

    Parameters
    ----------
    look : Look
        The answer.
    n_repeats : int
        How often its message has come in a row.
    seen : tuple of float
        Where the sample was seen last, from the centre of the image.

    Returns
    -------
    Reading or None
        None if it says nothing.
    """
    if look.answer is None:
        return None
    meaning = _meaning(look.message)
    offset, bounds = look.offset_of(look.answer), _bounds(look, look.answer, meaning)
    if meaning.offset_fract is not None:
        offset = _placed(offset, bounds, meaning.offset_fract, look.frame)
    reading = Reading(offset, bounds, leads=_LEADS.search(look.message) is not None)
    if n_repeats < meaning.believed_from and not _agrees(reading, seen, look.frame):
        return None
    share = min(_FIRST_STEP * 2 ** (n_repeats - 1), _LARGEST_STEP)
    z, y, x = (
        share * size if bound else 0.0
        for bound, size in zip(meaning.bounds, look.frame, strict=True)
    )
    return replace(reading, reach=(z, y, x))


def _agrees(reading: Reading, seen: Axes, frame: Axes) -> bool:
    """Return whether the sample would be within the bounds if it had stopped."""
    return all(
        not bound or bound * (last - place) >= -_SLACK * size
        for bound, last, place, size in zip(
            reading.bounds, seen, reading.offset, frame, strict=True
        )
    )


def _meaning(message: str) -> Meaning:
    """Return what a message means: by the flags in it, or by the table."""
    flags = _FLAG.findall(message)
    if not flags:
        return next((meaning for known, meaning in MEANINGS.items() if known in message), _PLAIN)
    bounds: list[int | None] = [0, 0, 0]
    for flag, axis in flags:
        bounds[_AXES.index(axis)] = {"BOUND:+": 1, "BOUND:-": -1}.get(flag)
    z, y, x = bounds
    return Meaning((z, y, x))


def _bounds(look: Look, place: PixelPosition, meaning: Meaning) -> Bounds:
    """Return what an answer says along each axis, by its message and by itself."""
    z, y, x = (
        _implied(axis, value, size) if stated == 0 else stated
        for axis, (stated, value, size) in enumerate(
            zip(meaning.bounds, place, look.shape, strict=True)
        )
    )
    return z, y, x


def _implied(axis: int, value: float, size: int) -> int | None:
    """Return what a coordinate says by itself: on the border, or at the limit of z, a bound."""
    last = size - 1
    if last == 0:
        return None
    from_centre = value - last / 2
    ends = (0.5, *_Z_LIMITS) if axis == 0 else (0.5,)
    if any(abs(abs(from_centre) - end * last) < _SAME_PX for end in ends):
        return 1 if from_centre > 0 else -1
    return 0


def _placed(offset: Axes, bounds: Bounds, fract: float, frame: Axes) -> Axes:
    z, y, x = (
        fract * size if bound else value
        for value, bound, size in zip(offset, bounds, frame, strict=True)
    )
    return z, y, x
