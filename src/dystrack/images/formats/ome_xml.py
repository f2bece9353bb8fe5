"""Reads from an OME-XML which planes an OME-TIFF must have, and its voxel size.

Source: the OME data model, schema 2016-06, and the OME-TIFF specification.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

from dystrack.core.errors import IncompleteImageError

__all__ = ["OmeImage", "read_ome_xml"]

_UNIT_UM: Final[Mapping[str, float]] = MappingProxyType(
    {
        "\N{MICRO SIGN}m": 1.0,
        "\N{GREEK SMALL LETTER MU}m": 1.0,
        "um": 1.0,
        "pm": 1e-6,
        "nm": 1e-3,
        "mm": 1e3,
        "cm": 1e4,
        "m": 1e6,
    }
)
_MOST_PLANES: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class OmeImage:
    """The first image that an OME-XML describes.

    Attributes
    ----------
    sizes : mapping of str to int
        Number of planes along each of T, C and Z by its letter; the values of a colour count as
        one channel.
    n_linked : int
        Number of planes for which it names a page.
    n_pages : int
        Number of pages that the file must have for them.
    is_spread : bool
        Whether planes lie in several files.
    z_um, y_um, x_um : float or None
        Distance between voxels in µm, where given.
    """

    sizes: Mapping[str, int]
    n_linked: int
    n_pages: int
    is_spread: bool
    z_um: float | None
    y_um: float | None
    x_um: float | None

    @property
    def n_planes(self) -> int:
        """Number of planes that the image must have."""
        return prod(self.sizes.values())


def read_ome_xml(text: bytes, n_pages: int) -> OmeImage:
    """Read the first image of an OME-XML.

    Parameters
    ----------
    text : bytes
        The document.
    n_pages : int
        Number of pages in the file: a link without a count means all of them.

    Returns
    -------
    OmeImage
        What the document promises.

    Raises
    ------
    IncompleteImageError
        If the document cannot be parsed, or describes no image.
    """
    try:
        root = ET.fromstring(text)  # noqa: S314 -- expat limits the growth of entities
    except ET.ParseError as error:
        raise IncompleteImageError(f"the OME-XML cannot be parsed ({error})") from error
    pixels = next((item for item in root.iter() if _name(item) == "Pixels"), None)
    if pixels is None:
        raise IncompleteImageError("the OME-XML describes no image")
    sizes = _sizes(pixels)
    links = [item for item in pixels if _name(item) == "TiffData"]
    spans = [_span(link, n_pages) for link in links] or [(0, prod(sizes.values()))]
    files = {_uuid(link) or root.get("UUID") for link in links}
    return OmeImage(
        sizes=MappingProxyType(sizes),
        n_linked=sum(count for _, count in spans),
        n_pages=max(first + count for first, count in spans),
        is_spread=len(files) > 1,
        z_um=_length_um(pixels, "Z"),
        y_um=_length_um(pixels, "Y"),
        x_um=_length_um(pixels, "X"),
    )


def _sizes(pixels: ET.Element) -> dict[str, int]:
    """Return the number of planes along each of T, C and Z."""
    sizes = {axis: int(pixels.get(f"Size{axis}", "0")) for axis in "TCZ"}
    channel = next((item for item in pixels if _name(item) == "Channel"), None)
    if channel is not None:
        sizes["C"] //= max(int(channel.get("SamplesPerPixel", "1")), 1)
    if min(sizes.values()) < 1 or prod(sizes.values()) > _MOST_PLANES:
        raise IncompleteImageError(f"the OME-XML promises an impossible number of planes ({sizes})")
    return sizes


def _span(link: ET.Element, n_pages: int) -> tuple[int, int]:
    """Return the first page that a link names, and how many pages it takes from there."""
    first = int(link.get("IFD", "0"))
    one_or_all = 1 if "IFD" in link.attrib else n_pages
    count = int(link.get("PlaneCount", link.get("NumPlanes", one_or_all)))
    if first < 0 or not 0 <= count <= _MOST_PLANES:
        raise IncompleteImageError(f"the OME-XML links {count} planes to page {first}")
    return first, count


def _uuid(link: ET.Element) -> str | None:
    return next((item.text for item in link if _name(item) == "UUID"), None)


def _length_um(pixels: ET.Element, axis: str) -> float | None:
    """Return the distance between voxels along an axis in µm."""
    value = pixels.get(f"PhysicalSize{axis}")
    unit_um = _UNIT_UM.get(pixels.get(f"PhysicalSize{axis}Unit", "um"))
    return float(value) * unit_um if value and unit_um else None


def _name(element: ET.Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]
