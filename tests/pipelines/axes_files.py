"""Files of every order and number of axes, made by real writers, and what a pipeline must see."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from math import prod
from pathlib import Path

import numpy as np
import tifffile
from pylibCZIrw import czi

from fakes import SHARED_PRESCANS
from pipelines.images import streak

MINI_ND2 = SHARED_PRESCANS.parent / "tools" / "mini_nd2.py"
PLANE = (32, 48)


@dataclass(frozen=True)
class Kind:
    """How a file is written, and whether it then says what its axes are."""

    suffix: str
    write: Callable[[Path, np.ndarray], None]
    is_labelled: Callable[[tuple[int, int, int]], bool] = lambda sizes: True
    order: str = "TCZ"


def image_of(n_times: int, n_channels: int, n_planes: int) -> np.ndarray:
    """Return an image (T, C, Z, Y, X) that differs in each time point, channel and plane."""
    shape = (n_times, n_channels, n_planes, *PLANE)
    image = np.empty(shape, np.uint8)
    for t, c in np.ndindex(shape[:2]):
        shift = (3 * t + 5 * c) % 10
        body = streak(shape[2:], 11.0 + shift, 20.0 + shift, seed=t + 7 * c)
        image[t, c] = np.roll(body, c % 3 - 1, axis=0) if n_planes > 9 else body
    return image


def kinds() -> dict[str, Kind]:
    """Return every kind of file by its name."""
    found = {
        "imagej": Kind(".tif", write_imagej, lambda sizes: not _are_only_channels(sizes)),
        "czi": Kind(".czi", write_czi),
        "plain": Kind(".tif", write_plain, _is_never),
        "shaped": Kind(".tif", write_shaped, _is_never),
    }
    if MINI_ND2.is_file():
        found["nd2"] = Kind(".nd2", write_nd2)
    for order in map("".join, permutations("TCZ")):
        found[f"ome-{order}"] = Kind(".ome.tif", _in_order(write_ome, order), order=order)
        found[f"shaped-{order}"] = Kind(".tif", _in_order(write_shaped, order), order=order)
    return found


def _is_never(sizes: tuple[int, int, int]) -> bool:
    return False


def _are_only_channels(sizes: tuple[int, int, int]) -> bool:
    """Say whether ImageJ's description is the one of a stack that nobody labelled."""
    n_times, n_channels, n_planes = sizes
    return n_times == n_planes == 1 and n_channels > 5


def _in_order(write, order: str):
    places = ["TCZ".index(axis) for axis in order]
    return lambda path, image: write(path, image.transpose(*places, 3, 4), f"{order}YX")


def write_imagej(path: Path, image: np.ndarray) -> None:
    tifffile.imwrite(path, image.swapaxes(1, 2), imagej=True, metadata={"axes": "TZCYX"})


def write_ome(path: Path, image: np.ndarray, axes: str) -> None:
    tifffile.imwrite(path, image, ome=True, photometric="minisblack", metadata={"axes": axes})


def write_shaped(path: Path, image: np.ndarray, axes: str | None = None) -> None:
    metadata = {"axes": axes} if axes else {}
    tifffile.imwrite(path, image, photometric="minisblack", metadata=metadata)


def write_plain(path: Path, image: np.ndarray) -> None:
    tifffile.imwrite(path, image, photometric="minisblack", metadata=None)


def write_czi(path: Path, image: np.ndarray) -> None:
    with czi.create_czi(str(path), exist_ok=True) as file:
        for t, c, z in np.ndindex(image.shape[:3]):
            file.write(image[t, c, z], plane={"T": t, "C": c, "Z": z})


def write_nd2(path: Path, image: np.ndarray) -> None:
    spec = importlib.util.spec_from_file_location("mini_nd2", MINI_ND2)
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    writer.write_nd2(path, image.swapaxes(1, 2))


def stack_of(kind: Kind, name: str, image: np.ndarray, channel: int | None) -> np.ndarray | str:
    """Return what a pipeline must see of a file, or a pattern for the error."""
    sizes = image.shape[:3]
    if kind.is_labelled(sizes):
        return _stack_of_known_axes(image, channel)
    in_file = image.reshape(prod(sizes), *PLANE) if name == "plain" else image
    return _stack_by_position(np.squeeze(in_file), channel)


def _stack_of_known_axes(image: np.ndarray, channel: int | None) -> np.ndarray | str:
    n_times, n_channels, n_planes = image.shape[:3]
    named = ", ".join(
        f"{axis} = {size}" for axis, size in zip("TCZYX", image.shape, strict=True) if size > 1
    )
    index = 0 if channel is None else channel
    is_chosen = channel is not None or n_channels == 1
    if n_times > 1 or not is_chosen or not -n_channels <= index < n_channels:
        return named
    return image[0, index, 0] if n_planes == 1 else image[0, index]


def _stack_by_position(image: np.ndarray, channel: int | None) -> np.ndarray | str:
    """Return what SPEC 3 says where nobody knows the axes."""
    if image.ndim > 4 or (image.ndim == 4 and channel is None):
        return r"\(.*32, 48\)"
    if channel is None:
        return image
    if image.ndim < 3 or channel not in range(-len(image), len(image)):
        return r"\(.*32, 48\)"
    return image[channel]
