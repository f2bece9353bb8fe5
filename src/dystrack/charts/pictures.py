"""Small pictures side by side, with what was seen in them drawn on top."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

__all__ = ["Picture", "contrast", "montage", "scale_bar_um", "shot"]

_BLACK_PERCENTILE, _WHITE_PERCENTILE = 5.0, 99.8
_LEAST_CONTRAST = 60.0
_GAMMA_RGB = (1.35, 0.9, 1.1)  # a tint of green, as microscopists know it
_LONGEST_BAR = 0.34  # of the width of a picture
_JPEG_QUALITY = 75

_Yx = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Picture:
    """A small picture of a scan.

    Attributes
    ----------
    pixels : ndarray of shape (Y, X)
        Grey values.
    title : str
        What is written below it, such as its time.
    number : int
        Number of its prescan in the run.
    outcome : str
        ``"tracked"``, or what went wrong: that is written below it, too.
    tip : str
        What is said of it where the mouse rests on it.
    um_per_px : float or None
        How many µm a pixel of it is wide; None where nothing tells.
    target, centre : tuple of float or None
        y and x of the coordinates that were sent, and of the middle, in its pixels.
    outline : sequence of tuple of float
        y and x around what the pipeline found, in its pixels; empty if it does not tell.
    """

    pixels: NDArray[np.number]
    title: str = ""
    number: int = 0
    outcome: str = "tracked"
    tip: str = ""
    um_per_px: float | None = None
    target: _Yx | None = None
    centre: _Yx | None = None
    outline: Sequence[_Yx] = ()


def contrast(pictures: Sequence[Picture]) -> tuple[float, float]:
    """Return black and white, the same for all pictures, so that a black scan stays black."""
    values = np.concatenate([picture.pixels.ravel() for picture in pictures])
    black, white = np.percentile(values, (_BLACK_PERCENTILE, _WHITE_PERCENTILE))
    return float(black), float(max(white, black + _LEAST_CONTRAST))


def montage(
    pictures: Sequence[Picture],
    levels: tuple[float, float] | None = None,
    *,
    below: Sequence[Picture] = (),
) -> str:
    """Lay pictures side by side; on a narrow screen the row can be moved.

    Parameters
    ----------
    pictures : sequence of Picture
        The pictures.
    levels : tuple of float or None, default None
        Black and white; what `contrast` says if not given.
    below : sequence of Picture, optional
        A second row, one below each.

    Returns
    -------
    str
        HTML.
    """
    if not pictures:
        return ""
    levels = levels or contrast(pictures)
    pairs = zip(pictures, below, strict=True) if below else zip(pictures)
    shots = "".join(shot(picture, levels) for pair in pairs for picture in pair)
    kind = "montage pairs" if below else "montage"
    return f'<div class="{kind}" tabindex="0" role="group" aria-label="Pictures">{shots}</div>'


def scale_bar_um(width_um: float) -> float:
    """Return the length of a scale bar: 1, 2 or 5 times a power of ten, at most a third."""
    most = _LONGEST_BAR * width_um
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))


def shot(picture: Picture, levels: tuple[float, float] | None = None) -> str:
    """Return a single picture as HTML, between black and white as for `montage`."""
    black, white = contrast([picture]) if levels is None else levels
    height, width = picture.pixels.shape
    is_good = picture.outcome == "tracked"
    said = " · ".join(filter(None, [picture.title, "" if is_good else picture.outcome]))
    kind = "" if is_good else f" {picture.outcome.replace(' ', '-')}"
    return (
        f'<figure class="shot{kind}" title="{escape(picture.tip)}"><div class="frame">'
        f'<img loading="lazy" width="{width}" height="{height}" alt="{escape(said)}" '
        f'src="{_data_url(_coloured(picture.pixels, black, white))}">'
        f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{_overlay(picture)}</svg></div>'
        f"<figcaption>{escape(said)}</figcaption></figure>"
    )


def _overlay(picture: Picture) -> str:
    height, width = picture.pixels.shape
    size = 0.045 * max(height, width)
    marks = ""
    if len(picture.outline):
        points = " ".join(f"{x + 0.5:.1f},{y + 0.5:.1f}" for y, x in picture.outline)
        marks += f'<polygon class="outline" points="{points}"/>'
    if picture.centre is not None:
        y, x = picture.centre[0] + 0.5, picture.centre[1] + 0.5
        marks += f'<path class="centre" d="M{x - size:.1f} {y:.1f}h{2 * size:.1f}'
        marks += f'M{x:.1f} {y - size:.1f}v{2 * size:.1f}"/>'
    if picture.target is not None:
        y, x = picture.target[0] + 0.5, picture.target[1] + 0.5
        marks += f'<circle class="aim" cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}"/>'
    if picture.um_per_px:
        length = scale_bar_um(width * picture.um_per_px) / picture.um_per_px
        right, foot = 0.95 * width, height - 0.05 * width
        marks += f'<path class="bar" d="M{right:.1f} {foot:.1f}h{-length:.1f}"/>'
    return marks


def _coloured(pixels: NDArray[np.number], black: float, white: float) -> NDArray[np.uint8]:
    """Return grey values in shades of green, of shape (Y, X, 3)."""
    grey = np.clip((pixels.astype(float) - black) / (white - black), 0.0, 1.0)
    return (255 * np.stack([grey**gamma for gamma in _GAMMA_RGB], axis=-1)).astype(np.uint8)


def _data_url(pixels: NDArray[np.uint8]) -> str:
    from PIL import Image  # noqa: PLC0415 - needed only where there are pictures

    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=_JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
