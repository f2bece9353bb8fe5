"""`dystrack show`: the picture after every step of an analysis, as a page or a PNG."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.charts.pictures import Picture, shot
from dystrack.charts.rows import duration_words
from dystrack.core.coordinates import PixelPosition
from dystrack.core.error_texts import describe_error
from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.core.protocols import Pipeline
from dystrack.core.steps import Step, listening
from dystrack.images.image_file import inspect_image
from dystrack.manager.workers.asking import ask
from dystrack.tools.afterwards.skeleton import page_around, section

__all__ = ["Shown", "analysed_in_steps", "write_steps"]

_WIDEST_PX = 420
_GREY = (0.0, 255.0)
_GAP_PX = 6


@dataclass(frozen=True)
class Shown:
    """The steps of one analysis.

    Attributes
    ----------
    path : Path
        The prescan.
    steps : tuple of Step
        What was announced, in its order.
    answer : str
        What came of it, in words.
    seconds : float
        How long it took.
    z_ratio : float
        How many times further apart planes are than pixels.
    """

    path: Path
    steps: tuple[Step, ...]
    answer: str
    seconds: float
    z_ratio: float


def analysed_in_steps(pipeline: Pipeline, path: Path, options: Mapping[str, Any]) -> Shown:
    """Analyse a prescan, and keep the picture after each step.

    Parameters
    ----------
    pipeline : Pipeline
        The pipeline.
    path : Path
        The prescan.
    options : mapping
        Keyword arguments for the pipeline.

    Returns
    -------
    Shown
        Its steps, as far as they went.

    Raises
    ------
    ConfigurationError
        If there is no such file, or the pipeline refuses its options.
    """
    if not path.exists():
        msg = f"There is no file {path}. Give a prescan."
        raise ConfigurationError(msg)
    steps: list[Step] = []
    began_s = time.perf_counter()
    with listening(steps.append):
        try:
            z, y, x, msg, *_ = ask(pipeline, str(path), options, {})
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - a boundary with the user's code
            text = describe_error(error)
            answer = f"{text.type_name}: {text.message}"
        else:
            answer = f"z {z:.2f}, y {y:.2f}, x {x:.2f} px, {msg}"
            if not any(step.target for step in steps):
                steps.append(Step(f"Answer: {msg}", target=PixelPosition(z, y, x)))
    seconds = time.perf_counter() - began_s
    voxel = inspect_image(path).voxel_size
    z_ratio = voxel.z_um / voxel.x_um if voxel is not None and voxel.z_um and voxel.x_um else 1.0
    return Shown(path, tuple(_with_images(steps)), answer, seconds, z_ratio)


def _with_images(steps: Sequence[Step]) -> list[Step]:
    """Return steps in which a mask or a target lies on the picture before it."""
    shown: list[Step] = []
    before: npt.NDArray[np.generic] | None = None
    for step in steps:
        below = shown[0].image if step.target is not None and shown else before
        fits = below is not None and (step.mask is None or step.mask.shape == below.shape)
        picture = step.image if step.image is not None else (below if fits else step.mask)
        shown.append(Step(step.title, picture, step.mask, step.target))
        before = step.image if step.image is not None else before
    return shown


def write_steps(shown: Shown, to: Path, headline: str) -> None:
    """Write the steps of an analysis.

    Parameters
    ----------
    shown : Shown
        The steps.
    to : Path
        A page (``.html``) or a picture (``.png``).
    headline : str
        What the page is called.

    Raises
    ------
    ConfigurationError
        If its name ends in something else.
    FolderError
        If it cannot be written.
    """
    if to.suffix.lower() not in (".html", ".png"):
        msg = f"{to} is neither .html nor .png. Give one of them with --out."
        raise ConfigurationError(msg)
    try:
        if to.suffix.lower() == ".html":
            to.write_text(_page(shown, headline), "utf-8", newline="\n")
        else:
            _write_png(shown, to)
    except OSError as error:
        msg = f"{to} cannot be written: {error}. Choose another place with --out."
        raise FolderError(msg) from error


def _page(shown: Shown, headline: str) -> str:
    parts = []
    for number, step in enumerate(shown.steps, 1):
        views = "".join(
            f'<div class="case">{shot(picture, _GREY)}</div>'
            for picture in _pictures(step, shown.z_ratio)
        )
        parts.append(
            section(f"{number}. {step.title}", _facts(step), f'<div class="steps">{views}</div>')
        )
    if not shown.steps:
        parts.append(section("No steps", "", "<p>The pipeline announced no step.</p>"))
    state = f"{shown.path.name}: {shown.answer} ({duration_words(shown.seconds)})"
    return page_around("\n".join(parts), headline=headline, state=state)


def _facts(step: Step) -> str:
    """Return what can be said of a step in figures."""
    if step.target is not None:
        z, y, x = step.target
        return f"Target: z {z:.2f}, y {y:.2f}, x {x:.2f} px."
    if step.image is None:
        return ""
    shape = " by ".join(map(str, step.image.shape))
    if step.mask is not None:
        return f"{shape}; {step.mask.sum()} of {step.mask.size} pixels are in the mask."
    low, high = step.image.min(), step.image.max()
    return f"{shape}, {step.image.dtype}, from {low:g} to {high:g}."


def _pictures(step: Step, z_ratio: float) -> list[Picture]:
    """Return a step as seen along z, and along y if there are planes."""
    if step.image is None:
        return []
    image = step.image if step.mask is None or step.target is not None else step.mask
    stack = np.asarray(image, np.float32).reshape((-1, *image.shape[-2:]))
    mask = None if step.mask is None else step.mask.reshape((-1, *step.mask.shape[-2:]))
    if mask is not None and mask.shape != stack.shape:
        mask = None
    top = _picture(stack, mask, 0, _places(step.target, 1), 1.0, "seen from above")
    if len(stack) == 1:
        return [top]
    return [top, _picture(stack, mask, 1, _places(step.target, 0), z_ratio, "seen from the front")]


def _places(target: PixelPosition | None, first: int) -> tuple[float, float] | None:
    return None if target is None else (target[first], target.x)


def _picture(
    stack: npt.NDArray[np.float32],
    mask: npt.NDArray[np.bool_] | None,
    axis: int,
    place: tuple[float, float] | None,
    stretch: float,
    tip: str,
) -> Picture:
    """Return the brightest along an axis; planes as high as they are far apart."""
    flat = stack.max(axis=axis)
    flat = (flat - flat.min()) * np.float32(255 / max(float(np.ptp(flat)), 1e-9))
    n_rows = max(1, round(stretch))
    flat = np.repeat(flat, n_rows, axis=0)
    if mask is not None:
        flat = _with_edge(flat, np.repeat(mask.any(axis=axis), n_rows, axis=0))
    step = -(-flat.shape[1] // _WIDEST_PX)
    target = place and ((place[0] + 0.5) * n_rows / step - 0.5, place[1] / step)
    return Picture(flat[::step, ::step], title=tip, tip=tip, target=target)


def _with_edge(
    flat: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """Draw the border of a mask in white, on a darker picture."""
    padded = np.pad(mask, 1, mode="edge")
    inner = mask & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    drawn: npt.NDArray[np.float32] = np.where(mask & ~inner, 255, 0.75 * flat).astype(np.float32)
    return drawn


def _write_png(shown: Shown, to: Path) -> None:
    """Write all steps below each other, with their titles."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - needed only here

    rows = [
        (f"{number}. {step.title}", _pictures(step, shown.z_ratio))
        for number, step in enumerate(shown.steps, 1)
    ]
    heights = [
        20 + max((p.pixels.shape[0] for p in views), default=0) + _GAP_PX for _, views in rows
    ]
    width = max((sum(p.pixels.shape[1] + _GAP_PX for p in v) for _, v in rows), default=0)
    sheet = Image.new("RGB", (max(width, 500), sum(heights) + 24), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((4, 6), f"{shown.path.name}: {shown.answer}"[:120], fill="black")
    y = 24
    for (title, views), height in zip(rows, heights, strict=True):
        draw.text((4, y + 4), title, fill="black")
        x = 0
        for picture in views:
            sheet.paste(Image.fromarray(picture.pixels.astype(np.uint8)), (x, y + 20))
            if picture.target is not None:
                ty, tx = picture.target[0] + y + 20.5, picture.target[1] + x + 0.5
                draw.ellipse((tx - 6, ty - 6, tx + 6, ty + 6), outline="orange", width=2)
            x += picture.pixels.shape[1] + _GAP_PX
        y += height
    sheet.save(to)
