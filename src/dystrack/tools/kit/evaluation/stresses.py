"""What can happen to a prescan: one function a stress.

A stress takes a prescan whose target is known and returns another one of the same shape, with where
its target is now. So an answer can be judged whatever the pipeline looks for.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.coordinates import PixelPosition

__all__ = [
    "Prescan",
    "as_bits",
    "as_channel",
    "black",
    "bleached",
    "blurred",
    "cropped",
    "dimmed",
    "empty",
    "file_cut",
    "last_planes_black",
    "mirrored",
    "noise",
    "noisier",
    "on_other_background",
    "saturated",
    "shifted",
    "unchanged",
    "with_debris",
    "with_distractor",
]

Pixels = npt.NDArray[Any]

_DARK, _BRIGHT = 5.0, 99.8  # percentiles
_SPECK_PX = 1.5


@dataclass(frozen=True, eq=False)
class Prescan:
    """One channel of a prescan, and where its target is.

    Attributes
    ----------
    pixels : ndarray of shape (Z, Y, X) or (Y, X)
        Grey values.
    target : PixelPosition or None
        Where the target is; None if that is not known.
    other : ndarray or None
        Another sample's prescan, as a source of background.
    seed : int
        Equal seeds give equal noise.
    has_target : bool
        Whether there is anything left to be found.
    cut_file_at : float
        Share of the file that is written.
    channels : tuple of int
        Index of the pixels among channels, and their number; empty for a single channel.
    """

    pixels: Pixels
    target: PixelPosition | None = None
    other: Pixels | None = None
    seed: int = 0
    has_target: bool = True
    cut_file_at: float = 1.0
    channels: tuple[int, ...] = ()

    @property
    def dark(self) -> float:
        """Return the grey value of the background."""
        return float(np.percentile(self.pixels, _DARK))

    @property
    def bright(self) -> float:
        """Return the grey value of the brightest parts."""
        return float(np.percentile(self.pixels, _BRIGHT))

    @property
    def random(self) -> np.random.Generator:
        """Return a source of chance, always the same."""
        return np.random.default_rng(self.seed)

    def showing(self, values: Pixels, **changes: Any) -> "Prescan":
        """Return it with other grey values, rounded and cut off as its type of pixel does."""
        kind = self.pixels.dtype
        if kind.kind in "ui":
            limits = np.iinfo(kind)
            values = np.clip(np.rint(values), limits.min, limits.max)
        return replace(self, pixels=values.astype(kind), **changes)


def unchanged(prescan: Prescan) -> Prescan:
    """Change nothing."""
    return prescan


def shifted(prescan: Prescan, z: float = 0.0, y: float = 0.0, x: float = 0.0) -> Prescan | None:
    """Move everything by shares of the field; what comes into view is background."""
    sizes = (1, *prescan.pixels.shape)[-3:]
    moves = [round(share * size) for share, size in zip((z, y, x), sizes, strict=True)]
    if any(share and not move for share, move in zip((z, y, x), moves, strict=True)):
        return None
    moved = _background(prescan)
    come, go = zip(*map(_overlap, moves[-prescan.pixels.ndim :]), strict=True)
    moved[come] = prescan.pixels[go]
    target = prescan.target and PixelPosition(*np.add(prescan.target, moves).tolist())
    return replace(prescan, pixels=moved, target=target)


def _overlap(move: int) -> tuple[slice, slice]:
    """Return where pixels come to, and where they were."""
    start, stop = slice(max(move, 0), None), slice(None, -abs(move) or None)
    return (start, stop) if move >= 0 else (stop, slice(-move, None))


def _background(prescan: Prescan) -> Pixels:
    """Return grey values drawn from the darker half of each plane."""
    planes = prescan.pixels.reshape(-1, *prescan.pixels.shape[-2:])
    random, drawn = prescan.random, np.empty_like(planes)
    for plane, out in zip(planes, drawn, strict=True):
        dark = np.sort(plane, axis=None, kind="stable")[: plane.size // 2 + 1]
        out[...] = random.choice(dark, plane.shape)
    return drawn.reshape(prescan.pixels.shape)


def mirrored(prescan: Prescan, axis: int) -> Prescan | None:
    """Reflect it along one axis."""
    if -axis > prescan.pixels.ndim:
        return None
    size, target = prescan.pixels.shape[axis], prescan.target
    if target is not None:
        values = list(target)
        values[axis] = size - 1 - values[axis]
        target = PixelPosition(*values)
    return replace(prescan, pixels=np.flip(prescan.pixels, axis), target=target)


def dimmed(prescan: Prescan, share: float) -> Prescan:
    """Leave this share of the signal."""
    dark = prescan.dark
    return prescan.showing(dark + (prescan.pixels - dark) * share)


def noisier(prescan: Prescan, share: float) -> Prescan:
    """Add noise with this share of the signal as its standard deviation."""
    sd = share * (prescan.bright - prescan.dark)
    noise = prescan.random.normal(0.0, sd, prescan.pixels.shape)
    return prescan.showing(prescan.pixels + noise)


def blurred(prescan: Prescan, share: float) -> Prescan:
    """Blur each plane with this share of the width as sigma."""
    sigma = share * prescan.pixels.shape[-1]
    sigmas = (0.0, sigma, sigma)[-prescan.pixels.ndim :]
    return prescan.showing(scipy.ndimage.gaussian_filter(prescan.pixels.astype(float), sigmas))


def bleached(prescan: Prescan, share: float) -> Prescan:
    """Dim, and add the shot noise that fewer photons have."""
    dark, span = prescan.dark, max(prescan.bright - prescan.dark, 1.0)
    signal = np.clip((prescan.pixels - dark) / span, 0, None) * share
    photons = 100.0
    return prescan.showing(dark + span * prescan.random.poisson(signal * photons) / photons)


def saturated(prescan: Prescan, times: float) -> Prescan:
    """Multiply the signal, and cut it off where the brightest parts were."""
    dark, white = prescan.dark, prescan.bright
    return prescan.showing(np.minimum(dark + (prescan.pixels - dark) * times, white))


def cropped(prescan: Prescan, share: float) -> Prescan:
    """Leave the middle; around it there is only background."""
    seen = _background(prescan)
    height, width = prescan.pixels.shape[-2:]
    window = (Ellipsis, _middle(height, share), _middle(width, share))
    seen[window] = prescan.pixels[window]
    return replace(prescan, pixels=seen)


def _middle(size: int, share: float) -> slice:
    margin = round(size * (1 - share) / 2)
    return slice(margin, size - margin)


def empty(prescan: Prescan) -> Prescan:
    """Leave only background."""
    return replace(prescan, pixels=_background(prescan), has_target=False)


def noise(prescan: Prescan) -> Prescan:
    """Leave only noise, as bright as the sample."""
    middle, sd = (prescan.dark + prescan.bright) / 2, (prescan.bright - prescan.dark) / 6
    drawn = prescan.random.normal(middle, sd, prescan.pixels.shape)
    return prescan.showing(drawn, has_target=False)


def black(prescan: Prescan) -> Prescan:
    """Set every pixel to 0."""
    return replace(prescan, pixels=np.zeros_like(prescan.pixels), has_target=False)


def with_debris(prescan: Prescan, number: int) -> Prescan:
    """Add specks as bright as the sample, anywhere."""
    random = prescan.random
    light = np.zeros(prescan.pixels.shape, np.float32)
    places = random.integers(0, light.size, number)
    light.flat[places] = 1.0
    light = scipy.ndimage.gaussian_filter(light, _SPECK_PX)
    brightest = light.max() or 1.0
    return prescan.showing(
        prescan.pixels + light / brightest * (prescan.bright - prescan.dark),
    )


def with_distractor(prescan: Prescan, brightness: float) -> Prescan:
    """Add a ball, a tenth as high as the field, in the corner that is furthest from the target."""
    shape = prescan.pixels.shape
    height, width = shape[-2:]
    target = prescan.target or PixelPosition(0.0, height / 2, width / 2)
    corners = [(height * v, width * h) for v in (0.15, 0.85) for h in (0.1, 0.9)]
    y, x = max(corners, key=lambda yx: math.dist(yx, target[1:]))
    squares = ((np.indices(shape[-2:]) - np.array([y, x])[:, None, None]) / (0.1 * height)) ** 2
    ball = np.clip(1.5 - squares.sum(axis=0), 0.0, 1.0)
    planes = _bell(shape[0])[:, None, None] if len(shape) > 2 else 1.0  # noqa: PLR2004 - (Z, Y, X)
    glow = brightness * (prescan.bright - prescan.dark) * ball * planes
    return prescan.showing(np.maximum(prescan.pixels, prescan.dark + glow))


def _bell(n_planes: int) -> npt.NDArray[np.floating]:
    offsets = np.arange(n_planes) - (n_planes - 1) / 2
    bell: npt.NDArray[np.floating] = np.exp(-0.5 * (offsets / max(n_planes / 6, 0.5)) ** 2)
    return bell


def on_other_background(prescan: Prescan) -> Prescan | None:
    """Add what another sample's prescan shows besides its sample."""
    if prescan.other is None:
        return None
    other = prescan.other.astype(float)
    own_span = prescan.bright - prescan.dark
    low, median, high = np.percentile(other, (_DARK, 50, _BRIGHT))
    around = np.minimum(other, median) - low
    scaled = np.resize(around, prescan.pixels.shape) * own_span / max(high - low, 1.0)
    return prescan.showing(prescan.pixels + scaled)


def last_planes_black(prescan: Prescan, share: float) -> Prescan | None:
    """Leave out the last planes, as where a scan was stopped."""
    if prescan.pixels.ndim < 3:  # noqa: PLR2004 - (Z, Y, X)
        return None
    seen = prescan.pixels.copy()
    seen[len(seen) - round(share * len(seen)) :] = 0
    return replace(prescan, pixels=seen)


def file_cut(prescan: Prescan) -> Prescan:
    """Have only a part of the file written."""
    return replace(prescan, cut_file_at=0.6, has_target=False)


def as_bits(prescan: Prescan, bits: int) -> Prescan | None:
    """Write the same picture with another bit depth; 0 for real numbers."""
    kind = np.dtype(np.float32 if bits == 0 else f"u{-(-bits // 8)}")
    if kind == prescan.pixels.dtype:
        return None
    values = prescan.pixels.astype(float)
    if bits:
        values *= ((1 << bits) - 1) / max(float(prescan.pixels.max()), 1.0)
        values = np.clip(values, 0, (1 << bits) - 1)
    return replace(prescan, pixels=values.astype(kind))


def as_channel(prescan: Prescan, index: int) -> Prescan:
    """Put it beside an empty channel."""
    return replace(prescan, channels=(index, 2))
