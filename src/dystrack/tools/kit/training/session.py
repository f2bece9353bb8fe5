"""`dystrack train`: strokes on prescans → a model, shown and evaluated at once."""

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.errors import ConfigurationError
from dystrack.manager.wording import count
from dystrack.pipelines.pixel_classifier import probability_map
from dystrack.pipelines.utilities.models.forest import Forest, save_forest
from dystrack.pipelines.utilities.models.pixel_features import normalised
from dystrack.tools.kit.evaluation.evaluate import Plan, evaluate
from dystrack.tools.kit.evaluation.kept_rows import KeptRows
from dystrack.tools.kit.evaluation.report.verdict import verdict_on
from dystrack.tools.kit.training.learning import PaintedPrescan, learn
from dystrack.tools.kit.training.marked import KeptMarks, Pictures, png_of

__all__ = ["TrainingSession", "painted_planes"]

_LIKELY = 0.5
_COLOUR = (62, 207, 164)
_OPACITY = 110
_MOST_EVALUATED = 4
_HINT = (
    "Paint a few strokes of sample (S) and of background (B) on a few prescans, then learn (L). "
    "Arrow keys go to the next prescan (left, right) and plane (up, down). Add strokes where it is "
    "wrong, and learn again."
)


class TrainingSession:
    """What a person paints, and what was learnt from it.

    Parameters
    ----------
    folder : Path
        The prescans; it is only read.
    model : Path
        Where the model goes; the strokes are kept beside it.
    channel : int or None, default None
        The channel that is looked at.
    """

    def __init__(self, folder: Path, model: Path, channel: int | None = None) -> None:
        self._folder, self._model, self._channel = folder.absolute(), model.absolute(), channel
        self._pictures = Pictures(folder, channel)
        self._marks = KeptMarks(self._model.with_suffix(".strokes.json"))
        self._forest: Forest | None = None

    @property
    def about(self) -> Mapping[str, Any]:
        """Return what the page has to know."""
        title = f"Train {self._model.name}"
        described = self._pictures.described()
        return {"title": title, "hint": _HINT, "paints": True, "prescans": described}

    def plane(self, name: str, z: int) -> bytes:
        """Return a plane of a prescan as PNG."""
        return self._pictures.plane(name, z)

    def overlay(self, name: str, z: int) -> bytes | None:
        """Return what was learnt of a plane as a transparent PNG."""
        if self._forest is None:
            return None
        likely = probability_map(self._forest, normalised(self._pictures.pixels(name)))
        stack = likely.reshape(-1, *likely.shape[-2:])
        shown = stack.max(axis=0) if not 0 <= z < len(stack) else stack[z]
        picture = np.zeros((*shown.shape, 4), np.uint8)
        picture[shown >= _LIKELY] = (*_COLOUR, _OPACITY)
        return png_of(picture)

    def marks(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the strokes on a prescan."""
        return self._marks.of(name)

    def mark(self, name: str, mark: Mapping[str, Any] | None) -> str:
        """Keep a stroke, or forget the last one."""
        return f"{count(self._marks.add(name, mark), 'stroke')} on {name}."

    def act(self, action: str) -> Sequence[str]:
        """Learn or evaluate.

        Raises
        ------
        ConfigurationError
            If there are too few strokes, or nothing was learnt yet.
        """
        if action == "learn":
            return self._learn()
        if action == "evaluate":
            return self._evaluate()
        msg = f"There is no action {action!r}."
        raise ConfigurationError(msg)

    def _learn(self) -> list[str]:
        began_s = time.perf_counter()
        painted = [
            PaintedPrescan(pixels, painted_planes(pixels.shape, self._marks.of(name)))
            for name in self._pictures.names
            if self._marks.of(name) and (pixels := self._pictures.pixels(name)) is not None
        ]
        self._forest = learn(painted)
        save_forest(self._model, self._forest)
        took_s = time.perf_counter() - began_s
        n = self._forest.about["n_pixels"]
        return [
            f"Learnt from {n} painted pixels in {took_s:.1f} s. Green is what it takes for sample.",
            f"The model is {self._model}.",
        ]

    def _evaluate(self) -> list[str]:
        """Return the verdict on a few prescans under all stresses."""
        if self._forest is None:
            msg = "Nothing was learnt yet. Paint, and press Learn first."
            raise ConfigurationError(msg)
        options = {"model": str(self._model), "channel": self._channel}
        samples = self._pictures.names[:_MOST_EVALUATED]
        plan = Plan(
            "pixel_classifier", self._folder, samples, options, n_workers=os.cpu_count() or 1
        )
        with tempfile.TemporaryDirectory(prefix="dystrack_") as folder:
            verdict = verdict_on(evaluate(plan, KeptRows(Path(folder) / "cases.jsonl")))
        return list(verdict.sentences)


def painted_planes(
    shape: tuple[int, ...], marks: Sequence[Mapping[str, Any]]
) -> npt.NDArray[np.uint8]:
    """Return what strokes cover; a later one lies over an earlier one.

    Parameters
    ----------
    shape : tuple of int
        Shape of the prescan, (Z, Y, X) or (Y, X).
    marks : sequence of mapping
        Strokes: ``z`` (-1 in a view of all planes: the middle one), ``kind``, ``radius``,
        ``points``.

    Returns
    -------
    ndarray of uint8
        The kind at each pixel, 0 where nothing was painted.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415 - needed only here

    depth, height, width = (1, *shape)[-3:]
    paint = np.zeros((depth, height, width), np.uint8)
    for mark in marks:
        z = mark["z"] if 0 <= mark["z"] < depth else depth // 2
        plane = Image.fromarray(paint[z])
        draw, radius = ImageDraw.Draw(plane), mark["radius"]
        points = [(x, y) for y, x in mark["points"]]
        draw.line(points, fill=mark["kind"], width=max(1, round(2 * radius)), joint="curve")
        for x, y in points:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=mark["kind"])
        paint[z] = np.asarray(plane)
    return paint.reshape(shape)
