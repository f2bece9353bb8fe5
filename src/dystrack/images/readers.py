"""From the path of a complete image file to its pixels, with axes and voxel size.

The one door to bioio, which is imported when first needed. Pixels always have their
axes in the order T, C, Z, Y, X, so that channels come before planes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import UnsupportedImageError
from dystrack.images.formats import Pixels, colour_error, warn_of_other_scenes
from dystrack.images.formats.table import format_of_suffix
from dystrack.images.image_file import ImageStatus, inspect_image

__all__ = ["Image", "read_image", "warm_up_readers"]

# Axes of unknown meaning (I, Q and the like) are taken for planes.
_AXIS_ORDER: Final[Mapping[str, int]] = MappingProxyType({"T": 0, "C": 1, "Z": 3, "Y": 4, "X": 5})
_PLACE_OF_OTHER_AXES: Final = 2
_UNNAMED_AXES: Final = frozenset("IQ")
_BIOIO_PLUGINS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ".dv": "bioio-dv",
        ".lif": "bioio-lif",
        ".sldy": "bioio-sldy",
        ".zarr": "bioio-ome-zarr",
    }
)


@dataclass(frozen=True, eq=False, slots=True)
class Image:
    """The pixels of a prescan and what they are.

    Attributes
    ----------
    pixels : ndarray
        The first scene, without axes of length 1.
    axes : str
        Letters of the axes of `pixels`: T (time), C (channel), Z, Y, X in this order, others
        before Z.
    voxel_size : VoxelSize or None
        Distance between voxels in µm; None unless the file gives it for every axis that it has.
    axes_known : bool
        Whether the file says what its axes are. If not, those before Y and X are a guess, in which
        the last one is Z.
    """

    pixels: Pixels
    axes: str
    voxel_size: VoxelSize | None = None
    axes_known: bool = True

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each axis by its letter."""
        return dict(zip(self.axes, self.pixels.shape, strict=True))


def read_image(path: Path, status: ImageStatus | None = None) -> Image:
    """Read the first scene of an image file.

    Parameters
    ----------
    path : Path
        Path of a complete image; upper and lower case of its suffix are the same.
    status : ImageStatus, optional
        What its header says, if that has been read already.

    Returns
    -------
    Image
        Its pixels, with the axes and the voxel size that the file gives them.

    Raises
    ------
    UnsupportedImageError
        If it is a colour picture, or nothing that is installed reads its format.
    """
    status = status or inspect_image(path)
    if status.is_colour:
        raise colour_error(path)
    known = format_of_suffix(path.suffix)
    read = known.read_pixels if known and known.read_pixels else _read_with_bioio
    pixels, letters = read(path)
    places = [_AXIS_ORDER.get(letter, _PLACE_OF_OTHER_AXES) for letter in letters]
    order = np.argsort(places, kind="stable")
    return _described(pixels.transpose(order), "".join(letters[i] for i in order), status)


def _described(pixels: Pixels, letters: str, status: ImageStatus) -> Image:
    """Return an image without axes of length 1, which its header describes if it agrees."""
    axes = "".join(letter for letter, size in zip(letters, pixels.shape, strict=True) if size != 1)
    pixels = np.squeeze(pixels)
    if status.axes and status.shape == pixels.shape:
        return Image(pixels, status.axes, status.voxel_size, status.axes_known)
    return Image(pixels, axes, axes_known=not _UNNAMED_AXES & set(axes))


def warm_up_readers() -> None:
    """Import the readers of TIFF and ND2, which takes 0.1 to 0.3 s."""
    import nd2  # noqa: F401, PLC0415 - imported for its effect, and only when asked
    import tifffile  # noqa: F401, PLC0415


def _read_with_bioio(path: Path) -> tuple[Pixels, str]:
    """Read the first scene of any other format through one of bioio's plug-ins."""
    plugin = _BIOIO_PLUGINS.get(path.suffix.lower(), "bioio-bioformats")
    advice = (
        f"{path.name}: files of type '{path.suffix}' are read by bioio, with a plug-in for the "
        f'format. Install it with: pip install "dystrack[formats]" {plugin}'
    )
    try:
        from bioio import BioImage  # noqa: PLC0415 - an extra, and heavy
        from bioio_base.exceptions import UnsupportedFileFormatError  # noqa: PLC0415
    except ImportError as error:
        raise UnsupportedImageError(advice) from error
    try:
        file = BioImage(path)
    except UnsupportedFileFormatError as error:
        raise UnsupportedImageError(advice) from error
    if "S" in file.dims.order:
        raise colour_error(path)
    warn_of_other_scenes(path, len(file.scenes))
    return np.asarray(file.data), str(file.dims.order)
