"""What a figure consists of: lines, areas, dots, words and pictures, whatever draws them later.

`drawing_svg` writes them for a page, `drawing_png` for a file; neither needs a plotting library.
Lengths are in pixels, y points down. A colour is the name of a role, so that a page can be light or
dark.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DARK",
    "LIGHT",
    "SERIES",
    "Area",
    "Dot",
    "Drawing",
    "Line",
    "Mark",
    "Picture",
    "Point",
    "Words",
    "text_width",
]

Point = tuple[float, float]
"""x and y in pixels."""

LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "page": "#ffffff",
        "panel": "#f3f5f8",
        "ink": "#1b2430",
        "muted": "#66717f",
        "grid": "#e1e6ec",
        "still": "#9aa5b1",
        "good": "#1a8f6f",
        "bad": "#d9485f",
        "series_1": "#2466c8",
        "series_2": "#d9730d",
        "series_3": "#0f8f7e",
        "series_4": "#8250df",
        "series_5": "#c2255c",
        "series_6": "#6b7f00",
    }
)
"""Colours on a light page by their role."""

DARK: Mapping[str, str] = MappingProxyType(
    {
        "page": "#12161c",
        "panel": "#1b212a",
        "ink": "#e6eaef",
        "muted": "#96a1ae",
        "grid": "#2b333e",
        "still": "#6d7885",
        "good": "#3ecfa4",
        "bad": "#ff7b8d",
        "series_1": "#6ea8ff",
        "series_2": "#f2a65a",
        "series_3": "#4cc9b6",
        "series_4": "#b795f5",
        "series_5": "#f783ac",
        "series_6": "#b3c94a",
    }
)
"""Colours on a dark page by their role."""

SERIES = tuple(role for role in LIGHT if role.startswith("series"))
"""Roles of what is compared, in their order."""

_MEAN_LETTER = 0.54  # width of a letter in units of the size of its font


@dataclass(frozen=True)
class Line:
    """A line through some points.

    Attributes
    ----------
    points : tuple of Point
        Its corners.
    role : str
        Its colour.
    width : float
        Its width.
    is_dashed : bool
        Whether it is dashed.
    opacity : float
        From 0, not to be seen, to 1.
    """

    points: tuple[Point, ...]
    role: str
    width: float = 1.0
    is_dashed: bool = False
    opacity: float = 1.0


@dataclass(frozen=True)
class Area:
    """A filled rectangle.

    Attributes
    ----------
    x, y, width, height : float
        Its left upper corner and its size.
    role : str
        Its colour.
    opacity : float
        From 0, not to be seen, to 1.
    tip : str
        What is said of it where the mouse rests on it.
    """

    x: float
    y: float
    width: float
    height: float
    role: str
    opacity: float = 1.0
    tip: str = ""


@dataclass(frozen=True)
class Dot:
    """A filled circle.

    Attributes
    ----------
    x, y : float
        Its middle.
    radius : float
        Its radius.
    role : str
        Its colour.
    tip : str
        What is said of it where the mouse rests on it.
    """

    x: float
    y: float
    radius: float
    role: str
    tip: str = ""


@dataclass(frozen=True)
class Words:
    """A line of text.

    Attributes
    ----------
    x, y : float
        The foot of its first, middle or last letter.
    text : str
        The text.
    role : str
        Its colour.
    size : float
        Size of its font.
    anchor : {"start", "middle", "end"}
        Which part of it lies at x.
    is_bold : bool
        Whether it is bold.
    """

    x: float
    y: float
    text: str
    role: str = "ink"
    size: float = 13.0
    anchor: str = "start"
    is_bold: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """An image.

    Attributes
    ----------
    x, y, width, height : float
        Its left upper corner and the size in which it is shown.
    pixels : ndarray of shape (Y, X, 3), uint8
        Red, green and blue.
    """

    x: float
    y: float
    width: float
    height: float
    pixels: NDArray[np.uint8]


Mark = Line | Area | Dot | Words | Picture
"""Anything that can be drawn."""


@dataclass(frozen=True)
class Drawing:
    """A figure.

    Attributes
    ----------
    width, height : float
        Its size.
    marks : tuple of Mark
        What it shows; later ones lie above earlier ones.
    caption : str
        What it shows, in words.
    """

    width: float
    height: float
    marks: tuple[Mark, ...]
    caption: str = ""


def text_width(text: str, size: float) -> float:
    """Estimate how wide a text is, whatever the font.

    Parameters
    ----------
    text : str
        The text.
    size : float
        Size of its font.

    Returns
    -------
    float
        Width in pixels.
    """
    return _MEAN_LETTER * size * len(text)
