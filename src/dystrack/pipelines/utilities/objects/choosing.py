"""Which of several objects is followed, and which place of it the microscope goes to."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import PixelPosition, centre_of
from dystrack.core.errors import ConfigurationError, TargetNotFoundError
from dystrack.pipelines.utilities.objects.labelled import FoundObject

__all__ = ["AIMS", "CHOICES", "aim_at", "check_choices", "choose_object", "unlikeness_px"]

CHOICES = ("largest", "nearest", "followed")
"""Which object: the largest, the nearest to the middle, or the one of last time."""

AIMS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"centre": (0, 0), "right": (-1, 1), "left": (-1, -1), "down": (-2, 1), "up": (-2, -1)}
)
"""Which place of it: its centre, or its end in a direction; with the axis and sign of that."""

_SIZE_WEIGHT_FRACT = 0.25  # of the width: as far as a size that is e times another one counts


def check_choices(choose: str, aim: str) -> None:
    """Refuse an unknown choice.

    Raises
    ------
    ConfigurationError
        If there is no such choice or aim.
    """
    for name, value, known in (("choose", choose, CHOICES), ("aim", aim, tuple(AIMS))):
        if value not in known:
            raise ConfigurationError(f"`{name}` is {value!r}. Give one of {', '.join(known)}.")


def unlikeness_px(one: FoundObject, centre: PixelPosition, size: float, width: int) -> float:
    """Return how unlikely it is that an object is the one to follow, as a distance in pixels.

    Parameters
    ----------
    one : FoundObject
        The object.
    centre : PixelPosition
        Where the one to follow should be.
    size : float
        Its size in voxels; 0 if that is not known.
    width : int
        Width of the image.

    Returns
    -------
    float
        Its distance from there along y and x, and as much again for another size.
    """
    from_middle = math.hypot(one.centre.y - centre.y, one.centre.x - centre.x)
    change = abs(math.log(one.n_voxels / size)) if size else 0.0
    return from_middle + change * _SIZE_WEIGHT_FRACT * width


def choose_object(
    objects: Sequence[FoundObject], shape: tuple[int, ...], choose: str, size: float
) -> FoundObject:
    """Return the object to follow.

    Parameters
    ----------
    objects : sequence of FoundObject
        The objects.
    shape : tuple of int
        Shape of the image.
    choose : str
        One of `CHOICES`.
    size : float
        Size of the object of last time; 0 at first.

    Returns
    -------
    FoundObject
        The one.

    Raises
    ------
    TargetNotFoundError
        If there is none.
    """
    if not objects:
        raise TargetNotFoundError(
            "No object is large enough. Check exposure, `probability` and `min_size`."
        )
    if choose == "largest":
        return max(objects, key=lambda one: one.n_voxels)
    known = size if choose == "followed" else 0.0
    middle = centre_of(shape)
    return min(objects, key=lambda one: unlikeness_px(one, middle, known, shape[-1]))


def aim_at(
    mask: npt.NDArray[np.bool_], centre: PixelPosition, aim: str, blank_fract: float
) -> tuple[PixelPosition, str]:
    """Return where to go for an object, and a message.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X) or (Y, X)
        The object.
    centre : PixelPosition
        Its centroid.
    aim : str
        One of `AIMS`.
    blank_fract : float
        Share of the field that is to lie empty in front of its end.

    Returns
    -------
    target : PixelPosition
        The place.
    message : str
        ``OK``, or ``WARN:CATCH-UP-STEP`` if its end lies at the border or beyond, with the bound
        that the place then is, such as ``BOUND:-x``: there, or further left.
    """
    axis, sign = AIMS[aim]
    if not sign:
        return centre, "OK"
    size = mask.shape[axis]
    others: Any = tuple(i for i in range(mask.ndim) if i != mask.ndim + axis)
    ends = np.flatnonzero(mask.any(axis=others))
    end = float(ends[-1] if sign > 0 else ends[0])
    is_at_border = end >= size - 1 if sign > 0 else end <= 0
    place = end + sign * (blank_fract - 0.5) * size
    name = "zyx"[axis]
    bound = f"BOUND:{'+' if sign > 0 else '-'}{name}"
    message = f"WARN:CATCH-UP-STEP {bound}" if is_at_border else "OK"
    return centre._replace(**{name: place}), message
