"""Small grey pictures as PNG files that say what their black and white were."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GreyRange", "Pixels", "Preview", "grey_png", "own_range", "read_preview", "steadied"]

_WHITE = 255
_LEAST_SPAN = 1e-9
_FOLLOWS = 0.2  # of what changes from one picture to the next
_MOST_CHANGE = 0.5  # of the range; beyond, it is another image

Pixels = NDArray[Any]
GreyRange = tuple[float, float]
"""What is black and what is white."""


@dataclass(frozen=True, eq=False)
class Preview:
    """A small picture of a prescan.

    Attributes
    ----------
    pixels : ndarray of shape (Y, X), float32
        Grey values of the prescan.
    reduction : int
        How many pixels of the prescan one of these is wide.
    """

    pixels: NDArray[np.float32]
    reduction: int


def own_range(small: Pixels) -> GreyRange:
    """Return the least and the greatest value of a picture."""
    return float(np.nanmin(small)), float(np.nanmax(small))


def steadied(past: GreyRange, own: GreyRange) -> GreyRange:
    """Return the range to stretch a picture by, so that contrast does not jump with the noise.

    Parameters
    ----------
    past, own : tuple of float
        Range of the pictures before; least and greatest value of this one.

    Returns
    -------
    tuple of float
        The past range, moved a little towards the picture's own; its own where it is quite another.
    """
    most = _MOST_CHANGE * (past[1] - past[0])
    if not all(abs(now - before) <= most for before, now in zip(past, own, strict=True)):
        return own
    black, white = (
        before + _FOLLOWS * (now - before) for before, now in zip(past, own, strict=True)
    )
    return black, white


def grey_png(small: Pixels, reduction: int, axes: str, along: str, shown: GreyRange) -> bytes:
    """Return a PNG of 8 bits that says what its axes are and what black and white were."""
    from PIL import Image, PngImagePlugin  # noqa: PLC0415

    black, white = shown
    scaled = (np.clip(small, black, white) - black) * (_WHITE / max(white - black, _LEAST_SPAN))
    about = PngImagePlugin.PngInfo()
    for key, value in {
        "Axes": axes,
        "Projection": f"mean of the brightest third along {along}",
        "Reduction": str(reduction),
        "Black": repr(black),
        "White": repr(white),
    }.items():
        about.add_text(key, value)
    data = io.BytesIO()
    grey = np.nan_to_num(scaled).round().astype(np.uint8)
    Image.fromarray(grey).save(data, "PNG", pnginfo=about, compress_level=3)
    return data.getvalue()


def read_preview(path: Path) -> Preview:
    """Return a picture that a session has kept.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    from PIL import Image  # noqa: PLC0415

    with Image.open(path) as image:
        values = np.asarray(image.convert("L"), np.float32)
        about: dict[str, str] = image.text  # type: ignore[attr-defined]
    black, white = float(about.get("Black", 0)), float(about.get("White", _WHITE))
    grey = values * np.float32((white - black) / _WHITE) + np.float32(black)
    return Preview(grey, int(about.get("Reduction", 1)))
