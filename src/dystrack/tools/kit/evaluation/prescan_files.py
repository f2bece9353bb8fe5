"""Prescans from files, and stressed ones into files."""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.core.errors import UnsupportedImageError
from dystrack.images.readers import Image, read_image
from dystrack.images.stack_axes import channel_index
from dystrack.tools.kit.evaluation.stresses import Prescan

__all__ = ["LoadedPrescan", "load_prescan", "write_prescan"]


@dataclass(frozen=True, eq=False)
class LoadedPrescan:
    """A prescan, and the file around the channel that is looked at.

    Attributes
    ----------
    prescan : Prescan
        The channel.
    channel : int or None
        Its index in the file; None for the only one.
    image : Image
        All channels.
    """

    prescan: Prescan
    channel: int | None
    image: Image

    @property
    def voxel_size(self) -> VoxelSize | None:
        """Return the distance between voxels, where the file tells."""
        return self.image.voxel_size


def load_prescan(
    path: Path,
    channel: int | None = None,
    *,
    target: PixelPosition | None = None,
    other: Path | None = None,
    seed: int = 0,
) -> LoadedPrescan:
    """Read the channel of a prescan that a pipeline looks at.

    Parameters
    ----------
    path : Path
        The file.
    channel : int or None, default None
        The pipeline's channel.
    target : PixelPosition or None, default None
        Where its target is, if that is known.
    other : Path or None, default None
        Another sample's prescan.
    seed : int, default 0
        For the noise of its stresses.

    Returns
    -------
    LoadedPrescan
        The prescan.

    Raises
    ------
    UnsupportedImageError
        If its axes are no stack or plane, or if there is no such channel.
    """
    image = _read(path)
    index, pixels = _channel_of(image, channel)
    if pixels.ndim not in (2, 3):
        msg = (
            f"{path.name} has the axes {image.axes}; a plane (Y, X) or a stack (Z, Y, X) is needed."
        )
        raise UnsupportedImageError(msg)
    background = None if other is None else _some_channel(other, channel)
    return LoadedPrescan(Prescan(pixels, target, background, seed), index, image)


def _read(path: Path) -> Image:
    """Read a file; the last two are kept, since many cases of one prescan follow each other."""
    found = path.stat()
    return _read_as_of(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=2)
def _read_as_of(path: Path, _mtime_ns: int, _size: int) -> Image:
    image = read_image(path)
    image.pixels.flags.writeable = False
    return image


def _channel_of(image: Image, channel: int | None) -> tuple[int | None, npt.NDArray[Any]]:
    index = channel_index(image.sizes, channel) if image.axes_known else channel
    return index, image.pixels if index is None else image.pixels[index]


def _some_channel(path: Path, channel: int | None) -> npt.NDArray[Any] | None:
    try:
        return _channel_of(_read(path), channel)[1]
    except UnsupportedImageError:
        return None


def write_prescan(path: Path, loaded: LoadedPrescan, stressed: Prescan) -> dict[str, Any]:
    """Write what a stress made of a prescan, with the other channels of its file.

    Parameters
    ----------
    path : Path
        The file to write, an OME-TIFF.
    loaded : LoadedPrescan
        What it was made from.
    stressed : Prescan
        What became of it.

    Returns
    -------
    dict
        Keyword arguments that the pipeline needs for it in addition.
    """
    import tifffile  # noqa: PLC0415 - heavy: loaded when it is used

    pixels, index = stressed.pixels, loaded.channel
    kwargs: dict[str, Any] = {}
    if stressed.channels:
        index, n_channels = stressed.channels
        kwargs["channel"] = index
        pixels = np.zeros((n_channels, *stressed.pixels.shape), stressed.pixels.dtype)
        pixels[index] = stressed.pixels
    elif index is not None:
        pixels = loaded.image.pixels.astype(stressed.pixels.dtype)
        pixels[index] = stressed.pixels
    axes = "CZYX"[-pixels.ndim :] if index is None or pixels.ndim > 3 else "CYX"  # noqa: PLR2004
    sizes = dict(zip("ZYX", loaded.voxel_size or (), strict=False))
    metadata: dict[str, Any] = {"axes": axes}
    for axis, size in sizes.items():
        if size:
            metadata |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": "µm"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an image as it may be, not as it should be
        tifffile.imwrite(path, pixels, ome=True, photometric="minisblack", metadata=metadata)
    if stressed.cut_file_at < 1:
        with path.open("r+b") as file:
            file.truncate(int(path.stat().st_size * stressed.cut_file_at))
    return kwargs
