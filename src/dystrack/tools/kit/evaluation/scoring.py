"""From rows to conditions: how often an answer was right, and how far it was off."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from dystrack.tools.kit.evaluation.kept_rows import Row
from dystrack.tools.kit.evaluation.stress_table import STRESSES

__all__ = [
    "OUTCOMES",
    "Condition",
    "conditions_of",
    "error_px",
    "outcome_of",
    "scored",
    "share_interval",
]

OUTCOMES: Mapping[str, str] = {
    "right": "within the tolerance, or refused where there is nothing to be found",
    "warned": "wrong, but with a message that is not OK",
    "failed": "no answer, although there was a target",
    "wrong": "answered OK and is wrong",
}
"""What may come of a case, from good to bad."""

_TOLERANCE = 0.04  # of the smaller side of the field
_LEAST_TOLERANCE_PX = 2.0
_TOLERANCE_Z = 0.1  # of the planes
_LEAST_TOLERANCE_PLANES = 1.5
_N_RESAMPLES = 500
_INTERVAL = (2.5, 97.5)
_Z95 = 1.96


@dataclass(frozen=True)
class Condition:
    """What came of all prescans under one stress.

    Attributes
    ----------
    stress : str
        Name of the stress.
    n_of : mapping of str to int
        How many cases had each outcome.
    error_px : float or None
        Median distance from the target in y and x; None where nothing was answered.
    interval_px : tuple of float or None
        95 % confidence interval of that median, by resampling the prescans.
    error_planes : float or None
        Median distance along z.
    wrong_px : float or None
        Median distance in y and x of those answers that were wrong but OK.
    seconds : float
        Median time of an analysis.
    """

    stress: str
    n_of: Mapping[str, int]
    error_px: float | None
    interval_px: tuple[float, float] | None
    error_planes: float | None
    wrong_px: float | None
    seconds: float

    @property
    def family(self) -> str:
        """Return what it has in common with others of another strength."""
        return STRESSES[self.stress].family

    @property
    def level(self) -> float:
        """Return how strong the stress is."""
        return STRESSES[self.stress].level

    @property
    def n(self) -> int:
        """Return the number of cases."""
        return sum(self.n_of.values())


def error_px(row: Row) -> float | None:
    """Return how far an answer is from the target in y and x, in pixels."""
    if row.get("error") or row.get("target_x") is None or row.get("x") is None:
        return None
    off: float = math.hypot(row["y"] - row["target_y"], row["x"] - row["target_x"])
    return off


def outcome_of(row: Row, tolerance_px: float = 0.0) -> str | None:
    """Return what came of a case.

    Parameters
    ----------
    row : mapping
        The row of the case.
    tolerance_px : float, default 0.0
        How far an answer may be off in y and x; 0 for 4 % of the smaller side of the field.

    Returns
    -------
    str or None
        One of `OUTCOMES`; None where nobody knows what would be right.
    """
    if row.get("skipped"):
        return None
    if not row["has_target"]:
        return "wrong" if row["msg"] == "OK" and not row["error"] else "right"
    if row["error"]:
        return "failed"
    error = error_px(row)
    if error is None or not _is_inside(row):
        return None
    if error <= (tolerance_px or _tolerance_px(row)) and _is_right_along_z(row):
        return "right"
    return "wrong" if row["msg"] == "OK" else "warned"


def _tolerance_px(row: Row) -> float:
    side_px: int = min(row["height"], row["width"])
    return max(_LEAST_TOLERANCE_PX, _TOLERANCE * side_px)


def _is_inside(row: Row) -> bool:
    """Return whether the target is still in the field."""
    sizes = {"z": "depth", "y": "height", "x": "width"}
    return all(0 <= round(row[f"target_{axis}"]) < row[size] for axis, size in sizes.items())


def _is_right_along_z(row: Row) -> bool:
    """Return whether an answer is the target's plane, or a limited step towards it."""
    wanted, found, middle = row["target_z"], row["z"], (row["depth"] - 1) / 2
    is_near = abs(found - wanted) <= max(_LEAST_TOLERANCE_PLANES, _TOLERANCE_Z * row["depth"])
    is_between = min(wanted, middle) <= found <= max(wanted, middle)
    return bool(is_near or is_between)


def scored(rows: Iterable[Row], tolerance_px: float = 0.0) -> list[dict[str, Any]]:
    """Return rows with their outcome and error, without those that tell nothing."""
    told = []
    for row in rows:
        outcome = outcome_of(row, tolerance_px)
        if outcome is not None:
            error = error_px(row)
            told.append({**row, "outcome": outcome, "error_px": error})
    return told


def conditions_of(rows: Sequence[Row]) -> list[Condition]:
    """Return what came of each stress, in the order of their table; probes are left out."""
    by_stress: dict[str, list[Row]] = {}
    for row in rows:
        by_stress.setdefault(row["stress"], []).append(row)
    return [
        _condition(name, by_stress[name])
        for name, stress in STRESSES.items()
        if name in by_stress and not stress.is_probe
    ]


def _condition(name: str, rows: Sequence[Row]) -> Condition:
    counts = Counter(row["outcome"] for row in rows)
    errors = [row["error_px"] for row in rows if row["error_px"] is not None and row["has_target"]]
    planes = [abs(row["z"] - row["target_z"]) for row in rows if row["error_px"] is not None]
    wrong = [row["error_px"] or 0.0 for row in rows if row["outcome"] == "wrong"]
    times = [row["analysis_s"] for row in rows if "analysis_s" in row]
    return Condition(
        name,
        {outcome: counts[outcome] for outcome in OUTCOMES},
        median(errors) if errors else None,
        _median_interval(errors),
        median(planes) if planes and errors else None,
        median(wrong) if wrong else None,
        median(times) if times else math.nan,
    )


def _median_interval(values: Sequence[float]) -> tuple[float, float] | None:
    if len(values) < 2:  # noqa: PLR2004 - one value has no spread
        return None
    random = np.random.default_rng(0)
    drawn = random.choice(np.asarray(values), (_N_RESAMPLES, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), _INTERVAL)
    return float(low), float(high)


def share_interval(n: int, of: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share (`n` of `of`), after Wilson."""
    if of == 0:
        return 0.0, 1.0
    share, spread = n / of, _Z95**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = _Z95 / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return max(0.0, middle - half), min(1.0, middle + half)
