"""One reader for each format: from the path of a whole file to its array.

The one door to tifffile, nd2, pylibCZIrw and bioio, each imported when first needed. All readers
return the axes in the order T, C, Z, Y, X, so that channels always come before planes.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.errors import UnsupportedImageError

__all__ = ["colour_error", "reader_for", "warm_up_readers"]

Reader = Callable[[Path], npt.NDArray[Any]]

# Axes of unknown meaning (I, Q and the like) are taken for planes.
_AXIS_ORDER = {"T": 0, "C": 1, "Z": 3, "Y": 4, "X": 5}
_PLACE_OF_UNKNOWN_AXES = 2
_CZI_PIXEL_TYPES = {"Gray8": "u1", "Gray16": "u2", "Gray32": "u4", "Gray32Float": "f4"}
_BIOIO_PLUGINS = {
    ".dv": "bioio-dv",
    ".lif": "bioio-lif",
    ".sldy": "bioio-sldy",
    ".zarr": "bioio-ome-zarr",
}


def reader_for(path: Path) -> Reader:
    """Return the reader for a file, chosen by its suffix.

    Parameters
    ----------
    path : Path
        Path of an image; upper and lower case of its suffix are the same.

    Returns
    -------
    callable
        Function from the path to the array of the first scene, axes in the order T, C, Z, Y, X;
        axes that the file does not have are left out.
    """
    return _READERS.get(path.suffix.lower(), _read_with_bioio)


def warm_up_readers() -> None:
    """Import the readers of TIFF, CZI and ND2, which takes 0.1 to 0.3 s."""
    import nd2  # noqa: F401, PLC0415 - imported for its effect, and only when asked
    import tifffile  # noqa: F401, PLC0415
    from pylibCZIrw import czi  # noqa: F401, PLC0415


def colour_error(path: Path) -> UnsupportedImageError:
    """Return the error for a colour picture.

    Parameters
    ----------
    path : Path
        Path of the picture.

    Returns
    -------
    UnsupportedImageError
        Error that says what to do.
    """
    return UnsupportedImageError(
        f"{path.name} is a colour (RGB) picture. Pipelines measure grey values: let the "
        "microscope save raw channels, without burnt-in colours, overlay or merge."
    )


def _in_order(image: npt.NDArray[Any], axes: str) -> npt.NDArray[Any]:
    """Return the image with its axes, given as letters, in the order T, C, Z, Y, X."""
    places = [_AXIS_ORDER.get(axis, _PLACE_OF_UNKNOWN_AXES) for axis in axes]
    return image.transpose(np.argsort(places, kind="stable"))


def _read_tiff(path: Path) -> npt.NDArray[Any]:
    """Read the first series of a TIFF."""
    import tifffile  # noqa: PLC0415 - heavy, and needed for TIFF alone

    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        if "S" in series.axes:
            raise colour_error(path)
        return _in_order(series.asarray(), series.axes)


def _read_nd2(path: Path) -> npt.NDArray[Any]:
    """Read the first position of an ND2 file."""
    import nd2  # noqa: PLC0415 - heavy, and needed for ND2 alone

    with nd2.ND2File(path) as file:
        if file.is_rgb:
            raise colour_error(path)
        axes = "".join(file.sizes)
        image = file.asarray(position=0)
        _warn_of_other_scenes(path, file.sizes.get(nd2.AXIS.POSITION, 1))
    if nd2.AXIS.POSITION in axes:
        image = image.take(0, axis=axes.index(nd2.AXIS.POSITION))
        axes = axes.replace(nd2.AXIS.POSITION, "")
    return _in_order(image, axes)


def _read_czi(path: Path) -> npt.NDArray[Any]:
    """Read the first scene of a CZI file; it is held open no longer than its planes take."""
    from pylibCZIrw import czi  # noqa: PLC0415 - heavy, and needed for CZI alone

    with czi.open_czi(str(path)) as file:
        pixel_types = set(file.pixel_types.values())
        if not pixel_types <= _CZI_PIXEL_TYPES.keys():
            raise colour_error(path)
        sizes = {axis: last for axis, (_, last) in file.total_bounding_box_no_pyramid.items()}
        _refuse_other_axes(path, sizes)
        scenes = file.scenes_bounding_rectangle_no_pyramid
        _warn_of_other_scenes(path, len(scenes))
        scene = min(scenes, default=None)
        frame = file.total_bounding_rectangle_no_pyramid if scene is None else scenes[scene]
        dtype = np.result_type(*(_CZI_PIXEL_TYPES[name] for name in pixel_types))
        image = np.empty((sizes["T"], sizes["C"], sizes["Z"], frame.h, frame.w), dtype)
        for t, c, z in np.ndindex(image.shape[:3]):
            plane = file.read(roi=frame, scene=scene, plane={"T": t, "C": c, "Z": z})
            image[t, c, z] = plane[..., 0]
    return image


def _refuse_other_axes(path: Path, sizes: dict[str, int]) -> None:
    """Refuse a CZI file with several views, phases, illuminations or the like."""
    others = {axis: n for axis, n in sizes.items() if axis not in "TCZYXS" and n > 1}
    if others:
        names = ", ".join(f"{axis} ({n})" for axis, n in others.items())
        raise UnsupportedImageError(
            f"{path.name} has axes that no pipeline takes: {names}. "
            "Take the prescan without views, phases, blocks or illuminations."
        )


def _warn_of_other_scenes(path: Path, n_scenes: int) -> None:
    """Warn that only the first of several scenes is used."""
    if n_scenes > 1:
        warnings.warn(
            f"{path.name} holds {n_scenes} scenes or positions; only the first is used. "
            "Let the microscope save one file for each position.",
            UserWarning,
            stacklevel=4,
        )


def _read_with_bioio(path: Path) -> npt.NDArray[Any]:
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
    _warn_of_other_scenes(path, len(file.scenes))
    return np.asarray(file.data)


_READERS: dict[str, Reader] = {
    ".czi": _read_czi,
    ".nd2": _read_nd2,
    ".tif": _read_tiff,
    ".tiff": _read_tiff,
}
