"""Figures of what a pipeline saw; the one door to matplotlib."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.coordinates import PixelPosition
from dystrack.images.waiting import prescan_in_hand

__all__ = ["show_target"]

_JOURNAL_NAME, _PREVIEWS_NAME = "dystrack_journal.jsonl", "dystrack_previews"  # of a session
_MOST_SUBFOLDERS = 4


def show_target(
    title: str,
    image: npt.NDArray[np.uint8],
    target: PixelPosition,
    mask: npt.NDArray[np.bool_] | None = None,
) -> None:
    """Show an image as seen from above and from the side, with mask and target, without blocking.

    All calls with the same title draw into the same window. Where there is no screen, a session's
    figures are saved among the small pictures beside its journal.

    Parameters
    ----------
    title : str
        Title of the window.
    image : ndarray of uint8, shape (Z, Y, X) or (Y, X)
        Image; maximum projections of it are shown.
    target : PixelPosition
        Target in pixels.
    mask : ndarray of bool, optional
        Mask of the same shape, of which the outline is shown.

    Warns
    -----
    UserWarning
        If matplotlib is not installed; then nothing is shown.
    """
    try:
        from matplotlib import pyplot as plt  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        warnings.warn(
            'Figures need matplotlib: pip install "dystrack[plot]". Nothing is shown.',
            UserWarning,
            stacklevel=2,
        )
        return
    figure = plt.figure(num=title, clear=True, layout="constrained")
    _draw(figure, title, image, target, mask)
    if figure.canvas.required_interactive_framework is not None:
        plt.show(block=False)
        figure.canvas.start_event_loop(0.001)
    else:
        _save_beside_journal(figure)


def _save_beside_journal(figure: Any) -> None:
    """Save a figure of the prescan that a session has in hand, if there is one."""
    prescan = prescan_in_hand()
    folders = [] if prescan is None else list(prescan.parents)[:_MOST_SUBFOLDERS]
    watched = next((folder for folder in folders if (folder / _JOURNAL_NAME).exists()), None)
    if watched is not None and prescan is not None:
        kept = watched / _PREVIEWS_NAME
        kept.mkdir(exist_ok=True)
        name = "__".join(prescan.relative_to(watched).parts)
        figure.savefig(kept / f"{name}_figure.png", dpi=100)


def _draw(
    figure: Any,
    title: str,
    image: npt.NDArray[np.uint8],
    target: PixelPosition,
    mask: npt.NDArray[np.bool_] | None,
) -> None:
    """Draw a panel for the view along z, and one for the view along y if there are planes."""
    z, y, x = target
    text = f"{title}\nz {z:.1f}  y {y:.1f}  x {x:.1f} px"
    is_stack = image.ndim == 3  # noqa: PLR2004 - (Z, Y, X)
    top, *side = figure.subplots(1 + is_stack, 1, squeeze=False)[:, 0]
    stack = image.reshape((1, *image.shape)[-3:])
    outlined = None if mask is None else mask.reshape(stack.shape)
    _draw_panel(top, stack, 0, (x, y), outlined)
    top.set(title=text, ylabel="y (px)")
    for panel in side:
        _draw_panel(panel, stack, 1, (x, z), outlined)
        panel.set(ylabel="z (px)")


def _draw_panel(
    panel: Any,
    stack: npt.NDArray[np.uint8],
    axis: int,
    target: tuple[float, float],
    mask: npt.NDArray[np.bool_] | None,
) -> None:
    """Draw the projection along one axis, with a cross at the target and the mask's outline."""
    panel.imshow(stack.max(axis=axis), cmap="gray", interpolation="nearest")
    panel.plot(*target, marker="+", markersize=16, markeredgewidth=2, color="tab:red")
    panel.set(xlabel="x (px)")
    if mask is None:
        return
    shadow = np.any(mask, axis=axis)
    if min(shadow.shape) > 1 and shadow.any() and not shadow.all():
        panel.contour(shadow, levels=[0.5], colors="tab:cyan", linewidths=1)
