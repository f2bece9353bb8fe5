"""Is a TIFF complete? BigTIFF, ImageJ, OME-TIFF, NIS and tifffile's "shaped" files included.

All pages must be there, and as many of them as the file declares. A plain TIFF with several pages
declares nothing: after each page it is a valid, shorter file, so it stays in doubt.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import IncompleteImageError, UnsupportedImageError
from dystrack.images.formats import (
    ByteRange,
    FileView,
    Pixels,
    Structure,
    canonical_axes,
    colour_error,
    joined,
    voxel_size_of_axes,
    warn_of_other_scenes,
)
from dystrack.images.formats.imagej_text import read_imagej_text
from dystrack.images.formats.ome_xml import read_ome_xml
from dystrack.images.formats.tiff_pages import TiffPage, read_pages

__all__ = ["read_pixels", "read_structure"]

_DESCRIPTION: Final = 270
_X_RESOLUTION: Final = 282
_Y_RESOLUTION: Final = 283
_RESOLUTION_UNIT: Final = 296
_NIS_PIXEL_UM: Final = 65326
_NIS_STAGE_POSITION: Final = 65329  # x, y, z in µm, and a time
_NIS_LAST_PAGE: Final = frozenset({65330, 65332})

_INCH: Final = 2
_RESOLUTION_UNIT_UM: Final[Mapping[int, float]] = MappingProxyType({_INCH: 25_400.0, 3: 10_000.0})
# Larger "pixels" come from the resolution of a screen or printer (72 to 1,200 dots per inch).
_LARGEST_PIXEL_UM: Final = 20.0
_OME_ENDINGS: Final = (".ome.tif", ".ome.tiff", ".ome.btf", ".ome.tf2", ".ome.tf8")
# From this size, what lies in one piece is left on the disk, and read as it is needed.
_MAPPED_FROM_BYTES: Final = 1 << 26
_UNNAMED_AXES: Final = frozenset("IQ")
_MAY_GROW: Final = "nothing in the file says that no more planes follow"


def read_pixels(path: Path) -> tuple[Pixels, str]:
    """Return the first series of a TIFF, bright where it is bright, and the letters of its axes."""
    import tifffile  # noqa: PLC0415 - heavy, and needed for TIFF alone

    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        if "S" in series.axes:
            raise colour_error(path)
        warn_of_other_scenes(path, len(file.series))
        if series.dataoffset is None or series.nbytes < _MAPPED_FROM_BYTES:
            pixels = series.asarray()
        else:
            dtype = series.dtype.newbyteorder(file.byteorder)
            pixels = np.asarray(np.memmap(path, dtype, "r", series.dataoffset, series.shape))
        is_negative = series.keyframe.photometric == tifffile.PHOTOMETRIC.MINISWHITE
    return _positive(path, pixels) if is_negative else pixels, series.axes


def _positive(path: Path, pixels: Pixels) -> Pixels:
    """Return an image whose lowest value is white with its highest white."""
    if pixels.dtype.kind == "f":
        raise UnsupportedImageError(
            f"{path.name} holds real numbers and says that its lowest is white (MINISWHITE). "
            "Let the microscope save bright as a high value."
        )
    inverted: Pixels = np.invert(pixels)
    return inverted


def read_structure(view: FileView) -> Structure:
    """Follow all pages of a TIFF and compare them with what it declares.

    Parameters
    ----------
    view : FileView
        The file.

    Returns
    -------
    Structure
        What the file promises. Pages of which nothing says more are guessed to be planes along z.

    Raises
    ------
    IncompleteImageError
        If a page, its pixels or a declared plane is missing, or if the file is named OME-TIFF and
        has no OME-XML yet.
    """
    pages = read_pages(view)
    description = pages[0].directory.text(_DESCRIPTION)
    text = description.rstrip(b"\0")
    # A text ends with one zero, for which its length leaves room.
    has_gap = b"\0" in text or len(description) > len(text) + 1
    structure = _read_flavour(view, pages, text)
    return replace(structure, suspicion="the description has a gap") if has_gap else structure


def _read_flavour(view: FileView, pages: list[TiffPage], text: bytes) -> Structure:
    """Return the structure of the kind of TIFF that the description tells."""
    if text.startswith(b"ImageJ="):
        return _read_imagej(view, pages, text)
    if text.startswith((b"<?xml", b"<OME")) and b"<OME" in text:
        return _read_ome(pages, text)
    if view.name.lower().endswith(_OME_ENDINGS):
        raise IncompleteImageError("the OME-XML is not written yet")
    if text.startswith(b'{"shape":'):
        return _read_shaped(view, pages, text)
    return _read_plain(pages)


def _read_imagej(view: FileView, pages: list[TiffPage], text: bytes) -> Structure:
    """Return the structure of an ImageJ file."""
    page = pages[0]
    facts = read_imagej_text(text, page.kind.samples)
    n_planes = prod(facts.sizes.values())
    axes, shape = canonical_axes({**facts.sizes, **page.sizes})
    voxel_size = voxel_size_of_axes(
        axes,
        facts.spacing_um,
        _pixel_um(page, _Y_RESOLUTION, facts.y_unit_um),
        _pixel_um(page, _X_RESOLUTION, facts.x_unit_um),
    )
    return Structure(
        axes=axes,
        shape=shape,
        axes_known=facts.axes_known,
        voxel_size=voxel_size,
        n_planes=n_planes,
        is_colour=page.is_colour,
        doubt=_MAY_GROW if facts.is_single else "",
        pixels=_declared_pixels(view, pages, n_planes),
        pixel_bytes=page.kind.pixel_bytes,
    )


def _read_ome(pages: list[TiffPage], text: bytes) -> Structure:
    """Return the structure of an OME-TIFF."""
    page = pages[0]
    image = read_ome_xml(text, len(pages))
    if image.n_linked < image.n_planes or (image.n_pages > len(pages) and not image.is_spread):
        raise IncompleteImageError(
            f"{min(len(pages), image.n_linked)} of {image.n_planes} planes are there"
        )
    axes, shape = canonical_axes({**image.sizes, **page.sizes})
    return Structure(
        axes=axes,
        shape=shape,
        voxel_size=voxel_size_of_axes(axes, image.z_um, image.y_um, image.x_um),
        n_planes=image.n_planes,
        is_colour=page.is_colour,
        doubt="the image is spread over several files" if image.is_spread else "",
        pixels=_all_pixels(pages),
        pixel_bytes=page.kind.pixel_bytes,
    )


def _read_shaped(view: FileView, pages: list[TiffPage], text: bytes) -> Structure:
    """Return the structure of a file in whose description tifffile keeps the shape."""
    page = pages[0]
    facts = json.loads(text)
    sizes = [size for size in facts["shape"] if size != 1]
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        raise IncompleteImageError(f"the description says shape={facts['shape']}")
    n_planes, rest = divmod(prod(sizes), prod(page.sizes.values()))
    if rest or not n_planes:
        raise IncompleteImageError(f"the pages do not fit shape={facts['shape']}")
    named = _named_sizes(facts, n_planes)
    axes, shape = canonical_axes({**(named or _guessed_sizes(sizes, n_planes)), **page.sizes})
    return Structure(
        axes=axes,
        shape=shape,
        axes_known=named is not None,
        voxel_size=_voxel_size_of_resolution(page, axes),
        n_planes=n_planes,
        is_colour=page.is_colour,
        doubt=_MAY_GROW if n_planes == 1 else "",
        pixels=_declared_pixels(view, pages, n_planes),
        pixel_bytes=page.kind.pixel_bytes,
    )


def _named_sizes(facts: Mapping[str, Any], n_planes: int) -> dict[str, int] | None:
    """Return the sizes along the axes of the planes, if they have names; one may lack its own."""
    axes = facts.get("axes")
    if not isinstance(axes, str) or len(axes) != len(facts["shape"]):
        return None
    named = dict(zip(axes, facts["shape"], strict=True))
    planes = {axis: size for axis, size in named.items() if axis not in "YXS"}
    unnamed = [axis for axis in planes if axis in _UNNAMED_AXES and planes[axis] > 1]
    if len(unnamed) == 1 and "Z" not in planes and len(planes) > 1:
        planes["Z"] = planes.pop(unnamed[0])
    elif unnamed:
        return None
    return planes if prod(planes.values()) == n_planes else None


def _guessed_sizes(sizes: list[int], n_planes: int) -> dict[str, int]:
    """Return the sizes along the axes of the planes, as if they were T, C and Z."""
    leading: list[int] = []
    for size in sizes:
        if prod(leading) < n_planes:
            leading.append(size)
    if prod(leading) != n_planes or len(leading) > len("TCZ"):
        return {"Q": n_planes}
    return dict(zip("TCZ"[3 - len(leading) :], leading, strict=True))


def _read_plain(pages: list[TiffPage]) -> Structure:
    """Return the structure of a TIFF that declares nothing; smaller previews do not count."""
    page = pages[0]
    planes = [other for other in pages if other.kind == page.kind]
    axes, shape = canonical_axes({"Z": len(planes), **page.sizes})
    is_nis = _NIS_STAGE_POSITION in page.directory.tags
    if not is_nis:
        doubt = _MAY_GROW
    elif _NIS_LAST_PAGE & pages[-1].directory.tags.keys():
        doubt = ""
    else:
        doubt = "the page that NIS Elements writes last is not there"
    return Structure(
        axes=axes,
        shape=shape,
        axes_known=is_nis and _step_um(planes) is not None,
        voxel_size=_nis_voxel_size(planes, axes)
        if is_nis
        else _voxel_size_of_resolution(page, axes),
        n_planes=len(planes),
        is_colour=page.is_colour,
        doubt=doubt,
        pixels=_all_pixels(pages),
        pixel_bytes=page.kind.pixel_bytes,
    )


def _declared_pixels(view: FileView, pages: list[TiffPage], n_planes: int) -> tuple[ByteRange, ...]:
    """Return where the declared planes lie: a page for each, or all of them behind the first."""
    if len(pages) >= n_planes:
        return _all_pixels(pages)
    page = pages[0]
    if len(pages) > 1 or page.kind.is_compressed or len(page.pixels) > 1:
        raise IncompleteImageError(f"{len(pages)} of {n_planes} planes are there")
    start = page.pixels[0].start
    stop = start + n_planes * page.kind.n_bytes
    if stop > view.size:
        n_there = (view.size - start) // page.kind.n_bytes
        raise IncompleteImageError(f"{n_there} of {n_planes} planes are there")
    return (ByteRange(start, stop),)


def _all_pixels(pages: list[TiffPage]) -> tuple[ByteRange, ...]:
    return tuple(joined(piece for page in pages for piece in page.pixels))


def _nis_voxel_size(planes: list[TiffPage], axes: str) -> VoxelSize | None:
    """Return the voxel size from NIS tags: µm per pixel, and the stage's steps along z."""
    pixel_um = next(iter(planes[0].directory.numbers(_NIS_PIXEL_UM)), None)
    return voxel_size_of_axes(axes, _step_um(planes), pixel_um, pixel_um)


def _step_um(planes: list[TiffPage]) -> float | None:
    """Return the mean step of the stage along z; None unless each page lies beyond the last."""
    places = [page.directory.numbers(_NIS_STAGE_POSITION) for page in planes]
    z_um = [place[2] for place in places if len(place) > 2]  # noqa: PLR2004 - x, y, z
    steps_um = [after - before for before, after in pairwise(z_um)]
    if not steps_um or len(z_um) < len(planes):
        return None
    if not (min(steps_um) > 0.0 or max(steps_um) < 0.0):
        return None
    return abs(z_um[-1] - z_um[0]) / len(steps_um)


def _voxel_size_of_resolution(page: TiffPage, axes: str) -> VoxelSize | None:
    """Return the voxel size from the resolution tags, unless they look like a printer's."""
    unit_um = _RESOLUTION_UNIT_UM.get(page.directory.number(_RESOLUTION_UNIT, _INCH))
    y_um = _pixel_um(page, _Y_RESOLUTION, unit_um)
    x_um = _pixel_um(page, _X_RESOLUTION, unit_um)
    if y_um is None or x_um is None or max(y_um, x_um) > _LARGEST_PIXEL_UM:
        return None
    return voxel_size_of_axes(axes, None, y_um, x_um)


def _pixel_um(page: TiffPage, code: int, unit_um: float | None) -> float | None:
    """Return the size of a pixel in µm from a resolution in pixels per unit."""
    resolution = page.directory.ratio(code)
    return unit_um / resolution if unit_um and resolution else None
