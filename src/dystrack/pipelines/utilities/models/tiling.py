"""Large images through a model that takes small ones."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["map_in_tiles", "tiles_of"]

_MULTIPLE = 16  # of this, most networks need their sizes


def tiles_of(size: int, tile: int, overlap: int) -> Iterator[tuple[int, int, int]]:
    """Yield tiles along an axis: the start of each, and the pixels for which its result counts."""
    step = max(1, tile - overlap)
    starts = [*range(0, max(1, size - tile), step), max(0, size - tile)]
    starts = sorted(set(starts))
    edges = [0, *(b + (a + tile - b) // 2 for a, b in pairwise(starts)), size]
    yield from zip(starts, edges, edges[1:], strict=False)


def map_in_tiles(
    image: npt.NDArray[np.float32],
    sizes: Sequence[int | None],
    overlap_px: int,
    largest_px: int,
    run: Callable[[npt.NDArray[np.float32]], npt.NDArray[Any]],
) -> npt.NDArray[Any]:
    """Return a map of an image's shape, made from tiles; at a seam, the nearer tile counts.

    Parameters
    ----------
    image : ndarray of float32
        Image.
    sizes : sequence of int or None
        Size that the model takes along each axis; None for any.
    overlap_px : int
        How many pixels neighbouring tiles share.
    largest_px : int
        Size of a tile along y and x where the model takes any.
    run : callable
        From a tile to its map, of the same shape.

    Returns
    -------
    ndarray
        The map.
    """
    tiles = [_tile(n, size, largest_px) for n, size in zip(image.shape, sizes, strict=True)]
    room = [(0, max(0, tile - n)) for n, tile in zip(image.shape, tiles, strict=True)]
    padded = np.pad(image, room, mode="symmetric")
    joined: npt.NDArray[Any] | None = None
    axes = [
        list(tiles_of(n, tile, min(overlap_px, tile // 2)))
        for n, tile in zip(padded.shape, tiles, strict=True)
    ]
    for parts in product(*axes):
        window = tuple(slice(s, s + tile) for (s, _, _), tile in zip(parts, tiles, strict=True))
        result = run(padded[window])
        if joined is None:
            joined = np.zeros(padded.shape, result.dtype)
        kept = tuple(slice(first, last) for _, first, last in parts)
        joined[kept] = result[tuple(slice(first - s, last - s) for s, first, last in parts)]
    assert joined is not None  # noqa: S101 - an image has at least one tile
    return joined[tuple(slice(n) for n in image.shape)]


def _tile(n: int, size: int | None, largest_px: int) -> int:
    """Return the length of a tile: as the model wants it, or what the axis needs."""
    if size is not None:
        return size
    return min(-(-n // _MULTIPLE) * _MULTIPLE, max(_MULTIPLE, largest_px))
