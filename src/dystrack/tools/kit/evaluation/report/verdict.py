"""What an evaluation comes to, in words: what is safe, what is not, and what to set."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from dystrack.tools.kit.evaluation.evaluate import Evaluation
from dystrack.tools.kit.evaluation.report.faults import faults_of
from dystrack.tools.kit.evaluation.scoring import Condition, share_interval

__all__ = ["Verdict", "verdict_on"]

# What helps against an answer that is wrong and says OK: the first that the pipeline has.
_REMEDIES: Mapping[str, Mapping[str, str]] = {
    "dimmed": {"": "more laser power or gain, before the run"},
    "bleached": {
        "gauss_sigma": "a larger gauss_sigma, or less laser power in the main scan",
        "": "less laser power in the main scan",
    },
    "noisier": {"gauss_sigma": "a larger gauss_sigma, or averaging", "": "averaging"},
    "blurred": {"": "more planes, so that the sample stays in focus"},
    "saturated": {"": "less gain: no prescan may saturate"},
    "cropped": {"": "a wider prescan, so that all of the sample is seen"},
    "debris": {
        "min_size": "a larger min_size",
        "gauss_sigma": "a larger gauss_sigma",
        "": "the pipeline nearest_object, which has a min_size",
    },
    "distractor": {"": "the pipeline nearest_object, which follows what was followed before"},
    "other background": {
        "background_px": "a smaller background_px",
        "": "a pipeline that subtracts the background, such as nearest_object",
    },
    "planes missing": {"": "more planes above and below the sample"},
}
_SILENT = "the answer is OK but wrong"
_SHIFTS = ("shifted z", "shifted y", "shifted x")
_LIMIT_ADVICE = "max_step_px, so that no jump is followed, and track auto, which doubts jumps"


@dataclass(frozen=True)
class Verdict:
    """What an evaluation comes to.

    Attributes
    ----------
    headline : str
        One sentence.
    faults : tuple of str
        What is the matter with the pipeline itself.
    safe, unsafe : tuple of str
        Sentences.
    """

    headline: str
    faults: tuple[str, ...]
    safe: tuple[str, ...]
    unsafe: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return everything, the headline first."""
        return (self.headline, *self.faults, *self.unsafe, *self.safe)


def verdict_on(evaluation: Evaluation) -> Verdict:
    """Return what an evaluation comes to.

    Parameters
    ----------
    evaluation : Evaluation
        What came of each case.

    Returns
    -------
    Verdict
        In words.
    """
    conditions, options = evaluation.conditions, evaluation.plan.option_names
    safe: list[str] = []
    unsafe: list[str] = []
    others: list[Condition] = []
    for family, members in groupby(conditions, key=lambda condition: condition.family):
        group = list(members)
        if family in _SHIFTS:
            safe += _safe_shifts(family[-1], group)
            unsafe += _unsafe_shifts(family[-1], group)
        else:
            others += group
            unsafe += _unsafe(family, group, options)
    safe += _never_wrong(others)
    faults = tuple(faults_of(evaluation.rows))
    return Verdict(_headline(conditions), faults, tuple(safe), tuple(unsafe))


def _headline(conditions: Sequence[Condition]) -> str:
    n = sum(c.n for c in conditions)
    n_wrong = sum(c.n_of["wrong"] for c in conditions)
    n_right = sum(c.n_of["right"] for c in conditions)
    if n_wrong == 0:
        most = share_interval(0, n)[1]
        return (
            f"In {n} cases it never answered OK and was wrong (with 95 % confidence, that happens "
            f"in less than {most:.1%}); {n_right} were right."
        )
    low, high = share_interval(n_wrong, n)
    return (
        f"In {n_wrong} of {n} cases it answered OK and was wrong (with 95 % confidence, {low:.0%} "
        f"to {high:.0%}); {n_right} were right."
    )


def _safe_shifts(axis: str, group: Sequence[Condition]) -> list[str]:
    """Return up to which offset answers are right, in both directions."""
    levels = sorted({abs(c.level) for c in group})
    bad = {abs(c.level) for c in group if c.n_of["right"] < c.n}
    good = [level for level in levels if level < min(bad, default=math.inf)]
    is_silent = any(c.n_of["wrong"] for c in group)
    beyond = "" if is_silent or not bad else "; beyond that it fails or warns"
    if good:
        return [f"Safe up to ±{good[-1]:g} % offset along {axis}{beyond}."]
    return [] if is_silent else [f"Shifted along {axis} it fails or warns, never silently wrong."]


def _unsafe_shifts(axis: str, group: Sequence[Condition]) -> list[str]:
    wrong = [c for c in group if c.n_of["wrong"]]
    if not wrong:
        return []
    least = min(abs(c.level) for c in wrong)
    n_wrong, n = sum(c.n_of["wrong"] for c in wrong), sum(c.n for c in wrong)
    sentence = (
        f"Offset along {axis} of ±{least:g} % or more: {_SILENT} in {n_wrong} of {n} cases, by up "
        f"to {max(c.wrong_px or 0.0 for c in wrong):.0f} px. What helps: {_LIMIT_ADVICE}."
    )
    return [sentence]


def _unsafe(family: str, group: Sequence[Condition], options: Collection[str]) -> list[str]:
    """Return one sentence on a family that is answered OK and wrong."""
    wrong = [c for c in group if c.n_of["wrong"] and c.error_px is not None]
    if not wrong:
        return []  # also where there was nothing to be found: that is a fault of its own
    cases = ", ".join(f"{c.n_of['wrong']} of {c.n}{_level_of(c, family)}" for c in wrong)
    worst = max(c.wrong_px or 0.0 for c in wrong)
    sentence = (
        f"{family.capitalize()}: {_SILENT} in {cases}, by up to {worst:.0f} px. "
        f"What helps: {_remedy(family, options)}."
    )
    return [sentence]


def _level_of(condition: Condition, family: str) -> str:
    level = condition.stress.removeprefix(family).strip(" ,")
    return f" ({level})" if level else ""


def _never_wrong(conditions: Sequence[Condition]) -> Iterator[str]:
    """Yield what is always right, and what at least says so where it is not."""
    never = [c for c in conditions if not c.n_of["wrong"]]
    right = [c.stress for c in never if c.n_of["right"] == c.n]
    told = [
        f"{c.stress} ({c.n - c.n_of['right']} of {c.n})" for c in never if c.stress not in right
    ]
    if right:
        yield f"Always right: {'; '.join(right)}."
    if told:
        yield f"Fails or warns where it is not right, never silently wrong: {'; '.join(told)}."


def _remedy(family: str, options: Collection[str]) -> str:
    remedies = _REMEDIES.get(family, {"": _LIMIT_ADVICE})
    return next(text for option, text in remedies.items() if not option or option in options)
