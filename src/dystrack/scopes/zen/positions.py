"""The positions that are stored in one of ZEN's experiments."""

import math
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from dystrack.core.errors import ScopeError
from dystrack.scopes.geometry import PositionUm

__all__ = ["read_positions"]

_POSITION = "SingleTileRegion"
_IS_USED = "IsUsedForAcquisition"


def read_positions(xml: str) -> Sequence[PositionUm]:
    """Return the positions of an exported experiment that are to be used, in their order.

    Raises
    ------
    ScopeError
        If a value of one is missing: it is never taken for 0.
    """
    try:
        experiment = ET.fromstring(xml)  # noqa: S314 - from ZEN itself, over its own connection
    except ET.ParseError as error:
        msg = f"The experiment that ZEN exports cannot be read: {error}. Give positions yourself."
        raise ScopeError(msg) from None
    regions = [one for one in experiment.iter(_POSITION) if one.findtext(_IS_USED) != "false"]
    return [PositionUm(*(_value(region, axis) for axis in "ZYX")) for region in regions]


def _value(region: ET.Element, axis: str) -> float:
    text = region.findtext(axis) or ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        msg = (
            f"The position {region.get('Name', '')!r} of ZEN's experiment has {text!r} as its "
            f"{axis}. Nothing is moved. Store the position anew, with its focus."
        )
        raise ScopeError(msg)
    return value
