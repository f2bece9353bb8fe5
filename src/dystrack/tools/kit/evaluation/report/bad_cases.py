"""Pictures of the cases that went wrong."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from dystrack.charts.pictures import Picture, shot
from dystrack.core.errors import DyStrackError
from dystrack.tools.afterwards.skeleton import section
from dystrack.tools.kit.evaluation.case import Case, prescan_of
from dystrack.tools.kit.evaluation.evaluate import Evaluation
from dystrack.tools.kit.evaluation.kept_rows import Row
from dystrack.tools.kit.evaluation.stress_table import STRESSES

__all__ = ["bad_cases"]

_MOST_PICTURES = 18
_WIDEST_PX = 240
_LONGEST_TEXT = 160
_TITLES: Mapping[str, tuple[str, str]] = {
    "wrong": (
        "Wrong, but OK",
        "The answer says OK and is wrong. Circle: what was answered; cross: where the target is.",
    ),
    "failed": (
        "Failed",
        "There was a target, and no answer. A session then does what img_err_fallback says.",
    ),
    "warned": (
        "Wrong, with a warning",
        "The answer is wrong, and its message says that something is the matter.",
    ),
}


def bad_cases(evaluation: Evaluation) -> Iterator[str]:
    """Yield a section for each outcome that is not right, with pictures from many conditions."""
    for outcome, (title, text) in _TITLES.items():
        own = [
            row
            for row in evaluation.rows
            if row["outcome"] == outcome and not STRESSES[row["stress"]].is_probe
        ]
        if own:
            chosen = _spread(own)
            n_more = len(own) - len(chosen)
            more = f" {n_more} more are in results.csv." if n_more else ""
            shots = "".join(_case(row, evaluation.cases[row["key"]]) for row in chosen)
            body = f'<div class="cases">{shots}</div>'
            yield section(f"{title}: {len(own)}", text + more, body)


def _spread(rows: Sequence[Row]) -> list[Row]:
    """Return some rows: the one that is furthest off of each condition, then the second of each."""
    by_stress: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: -(row["error_px"] or 0.0)):
        by_stress.setdefault(row["stress"], []).append(row)
    ranked = [(i, n, row) for n, own in enumerate(by_stress.values()) for i, row in enumerate(own)]
    ranked.sort(key=lambda entry: entry[:2])
    return [row for *_, row in ranked[:_MOST_PICTURES]]


def _case(row: Row, case: Case) -> str:
    off = "" if row["error_px"] is None else f"off by {row['error_px']:.0f} px"
    message = "" if row["msg"] == "OK" else row["msg"]
    words = " · ".join(filter(None, [message, off, row["error"]]))
    shown = words if len(words) <= _LONGEST_TEXT else f"{words[:_LONGEST_TEXT]}…"
    return (
        f'<div class="case">{_picture(row, case)}<b>{escape(row["stress"])}</b>'
        f"<span>{escape(row['sample'])}<br>{escape(shown)}</span></div>"
    )


def _picture(row: Row, case: Case) -> str:
    """Return what the pipeline saw, with its answer and the target."""
    try:
        _, prescan = prescan_of(case)
    except (DyStrackError, OSError):
        return ""
    if prescan is None:
        return ""
    planes = prescan.pixels.reshape(-1, *prescan.pixels.shape[-2:])
    step = -(-max(planes.shape[1:]) // _WIDEST_PX)
    pixels = planes[:, ::step, ::step].max(axis=0).astype(np.float32)
    span = max(float(np.ptp(pixels)), 1e-9)
    picture = Picture(
        (pixels - pixels.min()) * np.float32(255 / span),
        tip=row["error"] or row["msg"],
        target=_yx(row, "", step),
        centre=_yx(row, "target_", step),
    )
    return shot(picture, (0.0, 255.0))


def _yx(row: Row, prefix: str, step: int) -> tuple[float, float] | None:
    y, x = row.get(f"{prefix}y"), row.get(f"{prefix}x")
    return None if y is None or x is None else (y / step, x / step)
