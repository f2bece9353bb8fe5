"""Is an OME-Zarr folder complete? Each chunk of the image in full size must be a file.

A chunk that holds nothing but the fill value is not written, so a gap may also be black: a gap
before the last chunk only raises a suspicion, missing last chunks mean that the writer goes on.
Source: Zarr specifications 2 and 3, OME-Zarr 0.4 and 0.5.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, Final

from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats import (
    Structure,
    canonical_axes,
    count_planes,
    voxel_size_of_axes,
)

__all__ = ["is_zarr", "read_structure"]

_MARKERS: Final = ("zarr.json", ".zattrs", ".zgroup", ".zarray")
_UM_OF_UNIT: Final = {"micrometer": 1.0, "nanometer": 1e-3, "millimeter": 1e3, "meter": 1e6}
_USUAL_AXES: Final = "TCZYX"
_MOST_CHUNKS: Final = 1_000_000
_MOST_JSON_BYTES: Final = 1 << 26


@dataclass(frozen=True, slots=True)
class _Array:
    """An array: shape, shape of its chunks, and how their files are called."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    prefix: str
    separator: str
    raw_chunk_bytes: int


def is_zarr(path: Path) -> bool:
    """Return whether a folder is a Zarr array or group, by its name or what lies in it."""
    return path.suffix.lower() == ".zarr" or any((path / name).exists() for name in _MARKERS)


def read_structure(folder: Path) -> Structure:
    """Count the chunks of the first image of an OME-Zarr folder.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    Structure
        What its metadata promise.

    Raises
    ------
    IncompleteImageError
        If metadata are missing, a chunk is empty, or the last chunk is missing.
    """
    attributes = _attributes(folder)
    if "bioformats2raw.layout" in attributes:
        return read_structure(folder / "0")
    multiscale = dict((attributes.get("multiscales") or [{}])[0])
    datasets = multiscale.get("datasets") or [{}]
    level = folder / str(datasets[0].get("path", ""))
    array = _read_array(level)
    missing = _count_missing(level, array)
    named = _named_axes(multiscale, len(array.shape))
    letters = named or _usual_axes(len(array.shape))
    axes, shape = canonical_axes(dict(zip(letters, array.shape, strict=True)))
    scale_um = _scale_um(multiscale, letters, datasets[0])
    return Structure(
        axes=axes,
        shape=shape,
        axes_known=named is not None or len(array.shape) == len(_USUAL_AXES),
        voxel_size=voxel_size_of_axes(axes, *(scale_um.get(axis) for axis in "ZYX")),
        n_planes=count_planes(axes, shape),
        suspicion=f"{missing} chunks are missing or black" if missing else "",
    )


def _read_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file; nothing if there is none."""
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_MOST_JSON_BYTES))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise IncompleteImageError(f"{path.name} is not written to its end") from error
    return content if isinstance(content, dict) else {}


def _attributes(folder: Path) -> Mapping[str, Any]:
    """Return the attributes of a group; nothing for a bare array."""
    new = _read_json(folder / "zarr.json").get("attributes", {})
    attributes = new.get("ome", new) if new else _read_json(folder / ".zattrs")
    return dict(attributes)


def _read_array(level: Path) -> _Array:
    """Return the array of an image in full size."""
    new, old = _read_json(level / "zarr.json"), _read_json(level / ".zarray")
    if new.get("node_type") == "array":
        encoding = new.get("chunk_key_encoding", {})
        is_new = encoding.get("name", "default") == "default"
        chunks = new["chunk_grid"]["configuration"]["chunk_shape"]
        default = "/" if is_new else "."
        separator = encoding.get("configuration", {}).get("separator", default)
        return _checked(new["shape"], chunks, "c" + separator if is_new else "", separator, 0)
    if old:
        is_raw = old.get("compressor") is None and not old.get("filters")
        item_bytes = int(str(old["dtype"])[2:]) if is_raw else 0
        separator = old.get("dimension_separator", ".")
        return _checked(old["shape"], old["chunks"], "", separator, item_bytes)
    raise IncompleteImageError("the description of the array is not written yet")


def _checked(
    shape: list[int], chunks: list[int], prefix: str, separator: str, item_bytes: int
) -> _Array:
    """Return an array whose numbers are possible."""
    if len(shape) != len(chunks) or min([*shape, *chunks], default=0) < 1:
        raise IncompleteImageError(f"the array has the impossible shape {shape}, chunks {chunks}")
    if prod(-(-size // step) for size, step in zip(shape, chunks, strict=True)) > _MOST_CHUNKS:
        raise IncompleteImageError(f"the array has more than {_MOST_CHUNKS} chunks")
    return _Array(tuple(shape), tuple(chunks), prefix, separator, item_bytes * prod(chunks))


def _count_missing(level: Path, array: _Array) -> int:
    """Return how many chunks have no file, unless one of the last ones is among them."""
    counts = [-(-size // step) for size, step in zip(array.shape, array.chunks, strict=True)]
    missing = 0
    is_last_missing = False
    for index in product(*(range(count) for count in counts)):
        name = array.prefix + array.separator.join(map(str, index))
        try:
            n_bytes = (level / name).stat().st_size
        except FileNotFoundError:
            missing += 1
            is_last_missing = True
            continue
        if n_bytes < max(array.raw_chunk_bytes, 1):
            raise IncompleteImageError(f"the chunk {name} is not written to its end")
        is_last_missing = False
    if is_last_missing:
        raise IncompleteImageError(f"{prod(counts) - missing} of {prod(counts)} chunks are there")
    return missing


def _named_axes(multiscale: Mapping[str, Any], n_axes: int) -> str | None:
    """Return the letters of the axes of the array, if the metadata have a name for each."""
    names = [
        axis.get("name", "") if isinstance(axis, dict) else str(axis)
        for axis in multiscale.get("axes", ())
    ]
    if len(names) == n_axes and all(len(name) == 1 for name in names):
        return "".join(names).upper()
    return None


def _usual_axes(n_axes: int) -> str:
    """Return the letters of axes without names: an old OME-Zarr image has all five."""
    if n_axes > len(_USUAL_AXES):
        raise IncompleteImageError(f"the array has {n_axes} axes without names")
    return _USUAL_AXES[len(_USUAL_AXES) - n_axes :]


def _scale_um(
    multiscale: Mapping[str, Any], letters: str, dataset: Mapping[str, Any]
) -> dict[str, float]:
    """Return the distance between voxels along each axis that has a unit of length."""
    axes = multiscale.get("axes", ())
    transforms = dataset.get("coordinateTransformations", ())
    scale = next((item["scale"] for item in transforms if item.get("type") == "scale"), ())
    if not len(axes) == len(letters) == len(scale):
        return {}
    return {
        letter: float(step) * _UM_OF_UNIT[axis["unit"]]
        for letter, axis, step in zip(letters, axes, scale, strict=True)
        if isinstance(axis, dict) and axis.get("unit") in _UM_OF_UNIT
    }
