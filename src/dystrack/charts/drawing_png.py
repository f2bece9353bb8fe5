"""Paints a drawing into a PNG; the one door to Pillow.

What a text looks like depends on the fonts of the computer. Where none of the usual ones is there,
Pillow's own is used, which lacks a few letters: these are then replaced.
"""

import io
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dystrack.charts.drawing import LIGHT, Area, Dot, Drawing, Line, Mark, Picture, Point, Words

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

__all__ = ["paint", "png_bytes"]

_SHARPNESS = 2  # pixels of the file for one of the drawing
_OVERSAMPLING = 2  # edges are smoothed by painting so many times larger
_FONTS = {
    False: ("segoeui.ttf", "DejaVuSans.ttf", "Helvetica.ttc", "arial.ttf", "LiberationSans.ttf"),
    True: ("segoeuib.ttf", "DejaVuSans-Bold.ttf", "Helvetica.ttc", "arialbd.ttf"),
}
_OWN_FONT_LACKS = str.maketrans({"µ": "u"})
_DASH_PX, _GAP_PX = 5.0, 4.0
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """Return an image as a PNG file.

    Parameters
    ----------
    pixels : ndarray of shape (Y, X) or (Y, X, 3), uint8
        Grey values, or red, green and blue.

    Returns
    -------
    bytes
        The file.
    """
    from PIL import Image  # noqa: PLC0415 - loaded when it is used

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()


def paint(drawing: Drawing) -> bytes:
    """Return a drawing as a PNG file on a light ground.

    Parameters
    ----------
    drawing : Drawing
        The figure.

    Returns
    -------
    bytes
        The file, twice as wide and high in pixels as the drawing.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415 - loaded when it is used

    scale = _SHARPNESS * _OVERSAMPLING
    size = round(drawing.width * scale), round(drawing.height * scale)
    image = Image.new("RGB", size, LIGHT["page"])
    brush = ImageDraw.Draw(image, "RGBA")
    for mark in drawing.marks:
        _paint_mark(image, brush, mark, scale)
    return png_bytes(np.asarray(image.reduce(_OVERSAMPLING)))


def _paint_mark(image: "Image", brush: "ImageDraw", mark: Mark, scale: int) -> None:
    match mark:
        case Line():
            _paint_line(brush, mark, scale)
        case Area():
            corners = (mark.x, mark.y, mark.x + mark.width, mark.y + mark.height)
            left, top, right, bottom = (value * scale for value in corners)
            if right - left >= 1 and bottom - top >= 1:
                box = (left, top, right - 1, bottom - 1)
                brush.rectangle(box, fill=_colour(mark.role, mark.opacity))
        case Dot():
            corners = (-mark.radius, -mark.radius, mark.radius, mark.radius)
            middle = (mark.x, mark.y, mark.x, mark.y)
            around = [(a + b) * scale for a, b in zip(middle, corners, strict=True)]
            brush.ellipse(around, fill=_colour(mark.role))
        case Words():
            _paint_words(brush, mark, scale)
        case Picture():
            _paste(image, mark, scale)


def _paint_line(brush: "ImageDraw", line: Line, scale: int) -> None:
    width = max(1, round(line.width * scale))
    for stretch in _dashes(line.points) if line.is_dashed else [line.points]:
        points = [(x * scale, y * scale) for x, y in stretch]
        brush.line(points, fill=_colour(line.role, line.opacity), width=width, joint="curve")


def _dashes(points: tuple[Point, ...]) -> list[tuple[Point, Point]]:
    """Cut a line into dashes; each stretch begins with one."""
    dashes: list[tuple[Point, Point]] = []
    for (x0, y0), (x1, y1) in pairwise(points):
        length = float(np.hypot(x1 - x0, y1 - y0))
        for start in np.arange(0.0, length, _DASH_PX + _GAP_PX):
            ends = (start / length, min(start + _DASH_PX, length) / length)
            a, b = ((x0 + t * (x1 - x0), y0 + t * (y1 - y0)) for t in ends)
            dashes.append((a, b))
    return dashes


def _paint_words(brush: "ImageDraw", words: Words, scale: int) -> None:
    font, is_own = _font(round(words.size * scale), is_bold=words.is_bold)
    text = words.text.translate(_OWN_FONT_LACKS) if is_own else words.text
    place = (words.x * scale, words.y * scale)
    brush.text(place, text, fill=_colour(words.role), font=font, anchor=_ANCHORS[words.anchor])


@cache
def _font(size: int, *, is_bold: bool) -> "tuple[FreeTypeFont | ImageFont, bool]":
    """Return the first font that there is, and whether it is Pillow's own."""
    from PIL import ImageFont  # noqa: PLC0415 - loaded when it is used

    for name in _FONTS[is_bold]:
        try:
            return ImageFont.truetype(name, size), False
        except OSError:
            continue
    return ImageFont.load_default(size), True


def _paste(image: "Image", picture: Picture, scale: int) -> None:
    from PIL import Image  # noqa: PLC0415 - loaded when it is used

    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    pixels = Image.fromarray(picture.pixels).resize(size, Image.Resampling.BICUBIC)
    image.paste(pixels, (round(picture.x * scale), round(picture.y * scale)))


def _colour(role: str, opacity: float = 1.0) -> tuple[int, int, int, int]:
    red, green, blue = bytes.fromhex(LIGHT[role].removeprefix("#"))
    return red, green, blue, round(255 * opacity)
