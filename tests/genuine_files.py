"""Genuine image files for tests, as bytes with the array that a reader must return."""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import tifffile

from dystrack.core.coordinates import VoxelSize
from dystrack.images import readers
from dystrack.scopes.writing.writers import SUFFIXES, WRITERS, encode

VOXEL_SIZE = VoxelSize(2.0, 0.5, 0.5)


@dataclass(frozen=True)
class GenuineFile:
    """A finished file and what it holds."""

    name: str
    suffix: str
    data: bytes
    image: np.ndarray
    writes: tuple[tuple[int, bytes], ...] = ()
    """What its writer wrote where, one after the other, where that is known."""

    def holds(self, path: Path) -> bool:
        """Say whether a reader takes the same array from another file."""
        found = read_image(path)
        return found.shape == self.image.shape and bool((found == self.image).all())


def read_image(path: Path) -> np.ndarray:
    """Return what the program's own reader takes from a file."""
    return readers.read_image(path).pixels


def noisy_stack(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Return an image without a black pixel."""
    return np.random.default_rng(seed).integers(1, 250, shape).astype(dtype)


def dark_stack(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Return an image like a confocal one: most pixels are black, its corners too."""
    image = noisy_stack(shape, dtype, seed)
    image[np.random.default_rng(seed + 1).random(shape) < 0.6] = 0
    image[..., -3:, -20:] = 0
    return image


class _WriteLog(BytesIO):
    """A file in memory that keeps each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[tuple[int, bytes]] = []

    def write(self, data) -> int:
        self.writes.append((self.tell(), bytes(data)))
        return super().write(data)


@cache
def genuine_files() -> dict[str, GenuineFile]:
    """Return finished files of each format, by name."""
    noisy, dark = noisy_stack((6, 50, 70), "u2"), dark_stack((6, 50, 70), "u1")
    files = [_written(kind, kind, noisy) for kind in WRITERS]
    files += [_written(f"{kind}_dark", kind, dark) for kind in WRITERS]
    files.append(_written("single_plane_tiff", "multipage_tiff", noisy[0]))
    files.append(_written("single_plane_tiff_dark", "multipage_tiff", dark[0]))
    files.append(_written_by_tifffile("shaped_tiff", noisy))
    files.append(_written_by_tifffile("imagej_tiff_plane_by_plane", noisy, imagej=True))
    return {file.name: file for file in files}


def _written(name: str, kind: str, image: np.ndarray) -> GenuineFile:
    if "tiff" not in kind:
        return GenuineFile(name, SUFFIXES[kind], encode(kind, image, VOXEL_SIZE), image)
    log = _WriteLog()
    WRITERS[kind](log, image, VOXEL_SIZE)
    return GenuineFile(name, SUFFIXES[kind], log.getvalue(), image, tuple(log.writes))


def _written_by_tifffile(name: str, image: np.ndarray, **options) -> GenuineFile:
    """Return a file to which its planes were added one by one; nobody knew how many would come."""
    log = _WriteLog()
    with tifffile.TiffWriter(log, **options) as tiff:
        for plane in image:
            tiff.write(plane, photometric="minisblack", contiguous=True)
    return GenuineFile(name, ".tif", log.getvalue(), image, tuple(log.writes))
