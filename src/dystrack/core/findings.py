"""What a pipeline may say beside its target, through one reserved key of its cache.

A pipeline returns five values. The last one, its cache, may hold findings under `FINDINGS_KEY`, as
plain values; the session takes them out, so that they never become arguments of the next call::

    return z, y, x, "OK", {FINDINGS_KEY: {"confidence": 0.9, "outline": [[10, 12], [10, 40]]}}

A pipeline whose cache people know as empty has a parameter ``findings=False`` and adds them where
it is True; the session asks for them wherever it can.
"""

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import InvalidAnswerError
from dystrack.core.protocols import Pipeline

__all__ = [
    "FINDINGS_KEY",
    "LEAST_CONFIDENCE",
    "ExtraTarget",
    "Findings",
    "asking_for_findings",
    "findings_from_data",
    "graded",
    "take_findings",
]

FINDINGS_KEY = "dystrack_findings"

LEAST_CONFIDENCE = 0.5
"""Below this, an answer is to be doubted."""

_WEAK = "WARN:WEAK"
_MOST_POINTS = 1000  # of an outline: more than a preview can show
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraTarget:
    """A further place to go, or a region to treat.

    Attributes
    ----------
    z, y, x : float
        Place in pixels of the prescan; of a region, its centre.
    name : str
        What it is, for file names and macros; blanks in it become underscores.
    priority : int
        The highest comes first.
    region : tuple of tuple of float
        Corners (y, x) of a polygon in pixels; empty for a point.
    """

    z: float
    y: float
    x: float
    name: str = ""
    priority: int = 0
    region: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        _check_type("name of an extra target", self.name, str, "a text")
        object.__setattr__(self, "name", _one_word(self.name))
        for axis, value in zip("zyx", (self.z, self.y, self.x), strict=True):
            _check_finite(f"{axis} of the extra target {self.name!r}", value)
            object.__setattr__(self, axis, float(value))
        _check_type(f"priority of {self.name!r}", self.priority, Integral, "a whole number")
        object.__setattr__(self, "priority", int(self.priority))
        object.__setattr__(self, "region", _points("region", self.region))

    def as_data(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    @property
    def place(self) -> PixelPosition:
        """Return where it is."""
        return PixelPosition(self.z, self.y, self.x)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a pipeline found, and how sure it is.

    Attributes
    ----------
    confidence : float or None
        From 0 (there is nothing like the sample) to 1 (certain); None if it cannot say.
    outline : tuple of tuple of float
        Points (y, x) in pixels around what was found, projected along z; empty if not given.
    extent_zyx_px : tuple of float or None
        Size of what was found along z, y, x in pixels: four standard deviations, 0.0 along an axis
        that was not measured. Sessions compare y and x with those before.
    targets : tuple of ExtraTarget
        Further places.
    reduced : int or None
        How many pixels along y and x were made one before the prescan was analysed; None for one.
    refused_targets : tuple of str
        Why further places that the pipeline named cannot be used; its answer stands.

    Raises
    ------
    InvalidAnswerError
        If a value is not what it should be.
    """

    confidence: float | None = None
    outline: tuple[tuple[float, float], ...] = ()
    extent_zyx_px: tuple[float, float, float] | None = None
    targets: tuple[ExtraTarget, ...] = ()
    reduced: int | None = None
    refused_targets: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Return what is not empty as plain values, for another process or a journal."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    def __post_init__(self) -> None:
        if self.confidence is not None:
            _check_finite("confidence", self.confidence)
            if not 0.0 <= self.confidence <= 1.0:
                msg = f"The pipeline's confidence is {self.confidence}; give a number from 0 to 1."
                raise InvalidAnswerError(msg)
        object.__setattr__(self, "outline", _points("outline", self.outline)[:_MOST_POINTS])
        if self.extent_zyx_px is not None:
            object.__setattr__(self, "extent_zyx_px", _extent(self.extent_zyx_px))
        if self.reduced is not None:
            _check_type("pipeline's `reduced`", self.reduced, Integral, "a whole number")
            if self.reduced < 1:
                msg = f"The pipeline's `reduced` is {self.reduced}; give 1 or more."
                raise InvalidAnswerError(msg)
            object.__setattr__(self, "reduced", int(self.reduced))
        usable, refused = _extra_targets(self.targets)
        object.__setattr__(self, "targets", usable)
        object.__setattr__(self, "refused_targets", (*self.refused_targets, *refused))


def asking_for_findings(pipeline: Pipeline) -> dict[str, Any]:
    """Return the keyword argument that asks a pipeline for its findings, if it takes one."""
    try:
        parameters = inspect.signature(pipeline).parameters
    except (TypeError, ValueError):  # a callable that does not tell its parameters
        return {}
    takes_them = "findings" in parameters and parameters["findings"].default is False
    return {"findings": True} if takes_them else {}


def take_findings(cache: Mapping[str, Any]) -> tuple[dict[str, Any], Findings]:
    """Return a cache as the next call gets it, and the findings that were in it.

    Raises `InvalidAnswerError` if the findings are not what they should be.
    """
    rest = dict(cache)
    return rest, findings_from_data(rest.pop(FINDINGS_KEY, {}))


def findings_from_data(data: object) -> Findings:
    """Return the findings that plain values stand for, or raise `InvalidAnswerError`."""
    return _from_mapping(Findings, data)


def graded(message: str, confidence: float | None) -> str:
    """Return a message, ``WARN:WEAK`` for ``OK`` where the confidence is known and below 0.5."""
    is_weak = confidence is not None and confidence < LEAST_CONFIDENCE
    return _WEAK if is_weak and message == "OK" else message


def _extra_targets(values: Any) -> tuple[tuple[ExtraTarget, ...], list[str]]:
    """Return the further places that can be used, and why the others cannot."""
    if not isinstance(values, Iterable) or isinstance(values, str | Mapping):
        return (), [f"The pipeline's extra targets are {values!r:.80}; give a list."]
    usable, refused = [], []
    for number, value in enumerate(values, 1):
        try:
            usable.append(
                value if isinstance(value, ExtraTarget) else _from_mapping(ExtraTarget, value)
            )
        except InvalidAnswerError as error:
            refused.append(f"Extra target {number} was left out. {error}")
    return tuple(usable), refused


def _from_mapping(kind: type[_T], value: object) -> _T:
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if not isinstance(value, Mapping) or not set(value) <= set(names):
        msg = (
            f"The pipeline's findings hold {value!r:.80}; give a dictionary with some of "
            f"{', '.join(names)}."
        )
        raise InvalidAnswerError(msg)
    try:
        return kind(**value)
    except TypeError as error:
        msg = f"The pipeline's findings cannot be used: {error}."
        raise InvalidAnswerError(msg) from None


def _one_word(name: str) -> str:
    """Return a name as macros and files can bear it: in one word, each character printable."""
    printable = (char if char.isprintable() else " " for char in name)
    return "_".join("".join(printable).split())


def _points(what: str, value: Sequence[Sequence[float]]) -> tuple[tuple[float, float], ...]:
    try:
        points = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        points = np.full(1, math.nan)
    if points.size == 0:
        return ()
    if points.shape[1:] != (2,) or not np.isfinite(points).all():
        msg = f"The pipeline's {what} is {value!r:.80}; give pairs (y, x) of finite numbers."
        raise InvalidAnswerError(msg)
    return tuple((y, x) for y, x in points.tolist())


def _extent(value: Any) -> tuple[float, float, float]:
    try:
        z, y, x = map(float, value)
    except (TypeError, ValueError):
        z = y = x = math.nan
    if not all(0.0 <= size < math.inf for size in (z, y, x)):
        msg = f"The pipeline's extent is {value!r:.80}; give three numbers, along z, y, x."
        raise InvalidAnswerError(msg)
    return z, y, x


def _check_type(what: str, value: object, kind: type, wanted: str) -> None:
    if isinstance(value, bool) or not isinstance(value, kind):
        msg = f"The {what} is {value!r:.80}; give {wanted}."
        raise InvalidAnswerError(msg)


def _check_finite(what: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        msg = f"The pipeline's {what} is {value!r:.80}; give a finite number."
        raise InvalidAnswerError(msg)
