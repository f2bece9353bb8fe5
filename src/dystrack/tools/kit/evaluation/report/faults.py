"""Known faults of pipelines, each named by what its answers have in common."""

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from dystrack.tools.kit.evaluation.kept_rows import Row
from dystrack.tools.kit.evaluation.stress_table import STRESSES

__all__ = ["faults_of", "slopes_of"]

_SLOW_S = 3.0
_SMALL_SHIFT = 10
_CLEAR = 0.6
_HALF_PX, _HALF_PX_SPREAD = 0.5, 0.15
_SIZES = {"z": "depth", "y": "height", "x": "width"}
_NOTHING_THERE = ("empty", "noise", "black", "file cut short")


def faults_of(rows: Sequence[Row]) -> list[str]:
    """Return which known faults the rows of a pipeline show, a sentence for each."""
    return [sentence for find in _RULES for sentence in find(rows)]


def slopes_of(rows: Sequence[Row]) -> dict[tuple[str, str], float]:
    """Return how far the answer moves along one axis per pixel that everything is shifted.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of shifted prescans, and of the same as they are.

    Returns
    -------
    dict
        Medians by the axis of the answer and the axis of the shift; what is not known is left out.
    """
    at_rest = _at_rest(rows)
    slopes: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        stress, before = STRESSES[row["stress"]], at_rest.get(row["sample"])
        shift_axis = stress.family.removeprefix("shifted ")
        is_small = abs(stress.level) <= _SMALL_SHIFT
        if before is None or shift_axis not in _SIZES or not is_small or row["error"]:
            continue
        moved = round(stress.level / 100 * row[_SIZES[shift_axis]])
        for axis in _SIZES:
            slopes.setdefault((axis, shift_axis), []).append((row[axis] - before[axis]) / moved)
    return {axes: median(values) for axes, values in slopes.items()}


def _at_rest(rows: Sequence[Row]) -> dict[str, Row]:
    return {r["sample"]: r for r in rows if r["stress"] == "as it is" and not r["error"]}


def _wrong_axes(rows: Sequence[Row]) -> Iterator[str]:
    slopes = slopes_of(rows)
    for axis in ("y", "x"):
        own = slopes.get((axis, axis))
        if own is None:
            continue
        others = [a for a in _SIZES if a != axis and slopes.get((a, axis), 0.0) > _CLEAR]
        if others and own < 1 - _CLEAR:
            yield (
                f"Axes swapped: when the sample moves along {axis}, the answer moves along "
                f"{others[0]}. Return z, y, x in this order."
            )
        elif own < -_CLEAR:
            yield f"Runs against {axis}: when the sample moves one way, the answer moves the other."
        elif own < 1 - _CLEAR:
            yield (
                f"Follows only {max(own, 0.0):.0%} of a shift along {axis}: the answer hardly "
                "depends on where the sample is."
            )


def _half_pixel(rows: Sequence[Row]) -> Iterator[str]:
    at_rest = _at_rest(rows)
    for axis, size in _SIZES.items():
        probe = [r for r in rows if r["stress"] == f"mirrored {axis}" and not r["error"]]
        offsets = [
            (r[axis] + at_rest[r["sample"]][axis] - (r[size] - 1)) / 2
            for r in probe
            if r["sample"] in at_rest
        ]
        if not offsets:
            continue
        middle = median(offsets)
        spread = median(abs(offset - middle) for offset in offsets)
        if abs(abs(middle) - _HALF_PX) < _HALF_PX_SPREAD and spread < _HALF_PX_SPREAD:
            yield (
                f"Off by half a pixel along {axis} ({middle:+.2f} px): coordinates count from the "
                "centre of the first pixel, so that the middle of n pixels is (n - 1) / 2."
            )


def _not_a_number(rows: Sequence[Row]) -> Iterator[str]:
    found = sorted({r["stress"] for r in rows if "_pos is nan" in r["error"].lower()})
    if found:
        yield (
            f"Returns NaN ({', '.join(found[:3])}). Raise TargetNotFoundError where there is no "
            "target: its message can say why."
        )


def _guesses(rows: Sequence[Row]) -> Iterator[str]:
    for stress in _NOTHING_THERE:
        own = [row for row in rows if row["stress"] == stress]
        n_wrong = sum(row["outcome"] == "wrong" for row in own)
        if n_wrong:
            yield (
                f"Guesses: it answers OK where there is nothing ({stress}: {n_wrong} of "
                f"{len(own)}). Raise TargetNotFoundError, or answer with a message such as "
                "WARN:WEAK."
            )


def _too_slow(rows: Sequence[Row]) -> Iterator[str]:
    n_late = sum("took longer than" in row["error"] for row in rows)
    times = [row["analysis_s"] for row in rows if "analysis_s" in row]
    if n_late:
        yield (
            f"Too slow: {n_late} of {len(rows)} analyses did not end in time and were stopped. "
            "Make the prescan or the pipeline smaller."
        )
    elif times and not math.isnan(median(times)) and median(times) > _SLOW_S:
        yield f"Slow: {median(times):.1f} s for a prescan, in which the sample moves on."


def _dies(rows: Sequence[Row]) -> Iterator[str]:
    dead = [row for row in rows if "process of the pipeline ended" in row["error"]]
    if dead:
        yield f"Ends its process in {len(dead)} of {len(rows)} analyses ({dead[0]['stress']})."


def _side_effects(rows: Sequence[Row]) -> Iterator[str]:
    effects = dict.fromkeys(
        effect for row in rows for effect in row.get("effects", "").split("; ") if effect
    )
    for effect in effects:
        yield f"Side effect: the pipeline {effect}. Other pipelines and the session share that."


def _bad_cache(rows: Sequence[Row]) -> Iterator[str]:
    for fault in dict.fromkeys(row.get("cache_fault", "") for row in rows):
        if fault:
            yield f"Cache: {fault}"


_RULES: tuple[Callable[[Sequence[Row]], Iterator[str]], ...] = (
    _wrong_axes,
    _half_pixel,
    _guesses,
    _not_a_number,
    _too_slow,
    _dies,
    _side_effects,
    _bad_cache,
)
