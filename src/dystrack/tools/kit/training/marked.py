"""Prescans as pictures to mark, and marks that are kept in a file."""

import io
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.errors import ConfigurationError
from dystrack.tools.kit.evaluation.evaluate import find_prescans
from dystrack.tools.kit.evaluation.prescan_files import load_prescan

__all__ = ["KeptMarks", "Pictures", "png_of"]

_DARK, _BRIGHT = 1.0, 99.8
_MOST_POINTS = 2000

Mark = Mapping[str, Any]


class Pictures:
    """The prescans of a folder, read when they are looked at.

    Parameters
    ----------
    folder : Path
        The folder.
    channel : int or None
        The channel that is looked at.
    """

    def __init__(self, folder: Path, channel: int | None) -> None:
        self._folder, self._channel = folder, channel
        self.names = find_prescans(folder)
        self.pixels = lru_cache(maxsize=8)(self._read)

    def described(self) -> list[dict[str, Any]]:
        """Return name, depth, height and width of each."""
        found = []
        for name in self.names:
            depth, height, width = (1, *self.pixels(name).shape)[-3:]
            found.append({"name": name, "depth": depth, "height": height, "width": width})
        return found

    def plane(self, name: str, z: int) -> bytes:
        """Return a plane as PNG; -1 for the brightest along z."""
        pixels = self.pixels(name)
        low, high = np.percentile(pixels[..., ::2, ::2], (_DARK, _BRIGHT))
        stack = pixels.reshape(-1, *pixels.shape[-2:])
        chosen = stack.max(axis=0) if not 0 <= z < len(stack) else stack[z]
        grey = (chosen.astype(np.float32) - low) * (255 / max(float(high - low), 1e-9))
        return png_of(np.clip(grey, 0, 255).astype(np.uint8))

    def _read(self, name: str) -> npt.NDArray[Any]:
        return load_prescan(self._folder / name, self._channel).prescan.pixels


class KeptMarks:
    """The marks of all prescans, in a JSON file that is written after each.

    Parameters
    ----------
    path : Path
        The file; its marks are taken up if it is there.

    Raises
    ------
    ConfigurationError
        If it holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._marks: dict[str, list[Mark]] = {}
        if path.exists():
            try:
                self._marks = {
                    str(k): list(v) for k, v in json.loads(path.read_text("utf-8")).items()
                }
            except (ValueError, AttributeError, TypeError) as error:
                msg = f"{path} holds no marks: {error}. Move it away, or give another model."
                raise ConfigurationError(msg) from error

    def of(self, name: str) -> Sequence[Mark]:
        """Return the marks of a prescan."""
        return self._marks.get(name, [])

    def add(self, name: str, mark: Mark | None) -> int:
        """Keep a mark, or forget the last one, and return how many the prescan has.

        Raises
        ------
        ConfigurationError
            If it is no mark.
        """
        own = self._marks.setdefault(name, [])
        if mark is not None:
            own.append(_checked(mark))
        elif own:
            own.pop()
        part = self._path.with_name(f"{self._path.name}.part")
        part.write_text(json.dumps(self._marks), "utf-8")
        part.replace(self._path)
        return len(own)


def _checked(mark: Mark) -> Mark:
    """Return a mark with nothing in it but numbers."""
    try:
        points = [[float(y), float(x)] for y, x in mark["points"][:_MOST_POINTS]]
        checked = {
            "z": int(mark["z"]),
            "kind": int(mark.get("kind", 1)),
            "radius": min(50.0, max(0.5, float(mark.get("radius", 1)))),
            "points": points,
        }
        if not points or not np.isfinite(points).all():
            raise ValueError("no finite points")  # noqa: TRY301 - told below
    except (KeyError, TypeError, ValueError) as error:
        msg = f"That is no mark: {error}."
        raise ConfigurationError(msg) from error
    return checked


def png_of(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return a picture, grey of shape (Y, X) or with colours and transparency (Y, X, 4), as PNG."""
    from PIL import Image  # noqa: PLC0415 - needed only where somebody looks

    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", compress_level=1)
    return data.getvalue()
