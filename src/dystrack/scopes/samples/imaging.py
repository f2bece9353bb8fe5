"""From the light of a sample to the grey values of an image: bleaching, noise, saturation."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dystrack.scopes.geometry import PositionUm

__all__ = ["Imaging"]

_TABLE_LENGTH = 1 << 20
_FULL_SCALE = {8: 255, 16: 4095}  # most 16-bit files hold the 12 bits of the digitiser


@dataclass(frozen=True)
class Imaging:
    """What a microscope's detector makes of a sample.

    Attributes
    ----------
    brightness : float
        Grey value of the brightest parts at time 0 as a share of full scale; above 1 saturates.
    black_level : float
        Grey value of the dark as a share of full scale; below 0 hides faint light.
    photons : float
        Photons at full scale: the fewer, the more shot noise.
    read_noise : float
        Standard deviation of the detector's own noise as a share of full scale.
    bleaching_s : float
        Time in seconds after which the sample is 1/e as bright.
    dropout_every_s : float
        Time in seconds from one dropout, with black frames only, to the next.
    dropout_length_s : float
        How long a dropout lasts, in seconds; the first ends at `dropout_every_s`.
    vibration_um : float
        Standard deviation of the stage's shaking from section to section, in the plane.
    """

    brightness: float = 1.0
    black_level: float = 0.0
    photons: float = 200.0
    read_noise: float = 0.01
    bleaching_s: float = math.inf
    dropout_every_s: float = math.inf
    dropout_length_s: float = 0.0
    vibration_um: float = 0.0

    def is_dropout(self, time_s: float) -> bool:
        """Return whether frames are black at a time; never at the beginning."""
        if not math.isfinite(self.dropout_every_s):
            return False
        return time_s % self.dropout_every_s >= self.dropout_every_s - self.dropout_length_s

    def shifts(self, n_planes: int, random: np.random.Generator) -> list[PositionUm]:
        """Return how far vibration moves each section."""
        yx = random.normal(0.0, self.vibration_um, (n_planes, 2))
        return [PositionUm(0.0, float(y), float(x)) for y, x in yx]

    def expose(
        self,
        light: NDArray[np.float32],
        out: NDArray[np.unsignedinteger],
        time_s: float,
        random: np.random.Generator,
    ) -> None:
        """Turn the light of one section into grey values.

        Shot noise is a Gaussian whose variance grows with the light; its draws are recycled from a
        table, from a random place on.

        Parameters
        ----------
        light : ndarray of shape (Y, X)
            Light of the section, 1 for the brightest parts. It is overwritten.
        out : ndarray of shape (Y, X), uint8 or uint16
            Takes the grey values: 0 to 255, or the 12 bits 0 to 4095.
        time_s : float
            Seconds since the beginning.
        random : Generator
            Source of chance.
        """
        full_scale = _FULL_SCALE[out.dtype.itemsize * 8]
        light *= self.brightness * math.exp(-time_s / self.bleaching_s) * full_scale
        noise = light * (full_scale / self.photons)
        noise += (self.read_noise * full_scale) ** 2
        np.sqrt(noise, out=noise)
        noise *= _draws(light.size, random).reshape(light.shape)
        light += noise
        light += self.black_level * full_scale + 0.5
        np.clip(light, 0, full_scale, out=light)
        out[...] = light


def _draws(n: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Return normally distributed numbers from a random place of the table."""
    table = _noise_table(max(_TABLE_LENGTH, 1 << (2 * n - 1).bit_length()))
    start = int(random.integers(len(table) - n + 1))
    return table[start : start + n]


@lru_cache(maxsize=4)
def _noise_table(length: int) -> NDArray[np.float32]:
    return np.random.default_rng(20_240_229).standard_normal(length, dtype=np.float32)
