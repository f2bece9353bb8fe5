"""Reads the description of an ImageJ TIFF: how many planes there are, and their distances.

Source: ``ij.io.FileInfo`` and ``ij.io.TiffDecoder`` of ImageJ 1.x define the keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Final

from dystrack.core.errors import IncompleteImageError

__all__ = ["ImageJText", "read_imagej_text"]

_UNIT_UM: Final[Mapping[str, float]] = MappingProxyType(
    {
        "micron": 1.0,
        "microns": 1.0,
        "micrometer": 1.0,
        "um": 1.0,
        "\N{MICRO SIGN}m": 1.0,
        "\N{GREEK SMALL LETTER MU}m": 1.0,
        "\\u00b5m": 1.0,  # as ImageJ escapes it
        "nm": 1e-3,
        "mm": 1e3,
        "cm": 1e4,
        "m": 1e6,
        "inch": 25_400.0,
    }
)
_MOST_PLANES: Final = 10_000_000
_MOST_CHANNELS: Final = 5


@dataclass(frozen=True, slots=True)
class ImageJText:
    """What the description of an ImageJ TIFF says.

    Attributes
    ----------
    sizes : mapping of str to int
        Number of planes along each of T, C and Z by its letter.
    axes_known : bool
        Whether these letters can be relied upon.
    is_single : bool
        Whether it says ``images=1``, which a writer replaces when it adds planes.
    spacing_um : float or None
        Distance between planes in µm.
    y_unit_um, x_unit_um : float or None
        The unit of the resolution in µm; None without a unit of length.
    """

    sizes: Mapping[str, int]
    axes_known: bool
    is_single: bool
    spacing_um: float | None
    y_unit_um: float | None
    x_unit_um: float | None


def read_imagej_text(text: bytes, samples: int) -> ImageJText:
    """Read the description of an ImageJ TIFF.

    Parameters
    ----------
    text : bytes
        The description, which begins with ``ImageJ=``.
    samples : int
        Values of each pixel: some writers count them as channels.

    Returns
    -------
    ImageJText
        What it says. Planes without a name are guessed to lie along z, and so are more than five
        channels of a single plane: writers call planes channels if nobody tells them otherwise.

    Raises
    ------
    IncompleteImageError
        If a number of planes is not a positive whole number.
    """
    facts = _pairs(text)
    sizes = {
        "T": _count(facts, "frames"),
        "C": _count(facts, "channels"),
        "Z": _count(facts, "slices"),
    }
    if sizes["C"] == samples:
        sizes["C"] = 1
    axes_known = True
    if prod(sizes.values()) == 1:
        sizes["Z"] = _count(facts, "images")
        axes_known = sizes["Z"] == 1
    elif sizes["C"] > _MOST_CHANNELS and sizes["T"] == sizes["Z"] == 1:
        sizes = {"T": 1, "C": 1, "Z": sizes["C"]}
        axes_known = False
    unit = facts.get("unit", "")
    z_unit_um = _unit_um(facts.get("zunit", unit))
    spacing = _number(facts.get("spacing"))
    return ImageJText(
        sizes=MappingProxyType(sizes),
        axes_known=axes_known,
        is_single=facts.get("images") == "1",
        spacing_um=abs(spacing) * z_unit_um if spacing and z_unit_um else None,
        y_unit_um=_unit_um(facts.get("yunit", unit)),
        x_unit_um=_unit_um(unit),
    )


def _pairs(text: bytes) -> dict[str, str]:
    """Return the lines ``key=value``."""
    try:
        lines = text.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        lines = text.decode("latin-1").splitlines()
    return {key: value for key, equals, value in (line.partition("=") for line in lines) if equals}


def _count(facts: Mapping[str, str], key: str) -> int:
    """Return a number of planes, 1 where it is not given."""
    value = facts.get(key, "1")
    number = _number(value)
    if number is None or not 1 <= number <= _MOST_PLANES or number % 1:
        raise IncompleteImageError(f"the ImageJ description says {key}={value[:20]}")
    return int(number)


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        return None


def _unit_um(unit: str) -> float | None:
    return _UNIT_UM.get(unit.strip().lower())
