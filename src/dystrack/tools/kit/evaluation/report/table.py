"""An evaluation in the terminal."""

import math
from collections.abc import Mapping, Sequence

import rich.box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dystrack.options.standard_output import printable
from dystrack.tools.kit.evaluation.evaluate import Evaluation
from dystrack.tools.kit.evaluation.report.verdict import Verdict, verdict_on
from dystrack.tools.kit.evaluation.scoring import Condition

__all__ = ["COLUMNS", "comparison_table", "condition_cells", "evaluation_table"]

COLUMNS = ("Stress", "Right", "Warned", "Failed", "Wrong, but OK", "Error / px", "95 %", "z", "ms")
"""What a table says of a condition."""

_MS_PER_S = 1000.0
_STYLES = {"right": "green", "warned": "yellow", "failed": "yellow", "wrong": "bold red"}


def evaluation_table(evaluation: Evaluation) -> RenderableType:
    """Return what came of each stress, and the verdict, for a console to print."""
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(COLUMNS[0], overflow="fold")
    for title in COLUMNS[1:]:
        table.add_column(title, justify="right", no_wrap=True)
    for condition in evaluation.conditions:
        table.add_row(*_row(condition))
    return Group(table, *_words(verdict_on(evaluation)))


def comparison_table(evaluations: Mapping[str, Evaluation]) -> RenderableType:
    """Return several pipelines side by side: how often each is right, and wrong with an OK.

    Parameters
    ----------
    evaluations : mapping of str to Evaluation
        By names.

    Returns
    -------
    rich.console.RenderableType
        For a console to print.
    """
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Stress", overflow="fold")
    for name in evaluations:
        table.add_column(f"{name}: right", justify="right")
        table.add_column("wrong, but OK", justify="right")
        table.add_column("px", justify="right")
    by_stress = [{c.stress: c for c in e.conditions} for e in evaluations.values()]
    for stress in dict.fromkeys(name for conditions in by_stress for name in conditions):
        cells: list[Text | str] = []
        for conditions in by_stress:
            cells += _compared(conditions.get(stress))
        table.add_row(stress, *cells)
    words = [Text(f"{n}: {verdict_on(e).headline}", "bold") for n, e in evaluations.items()]
    return Group(table, *words)


def _compared(condition: Condition | None) -> Sequence[Text | str]:
    if condition is None:
        return ("", "", "")
    right, wrong = condition.n_of["right"], condition.n_of["wrong"]
    return (
        Text(f"{right} of {condition.n}", "green" if right == condition.n else ""),
        Text(str(wrong) if wrong else "", _STYLES["wrong"]),
        _number(condition.error_px),
    )


def condition_cells(condition: Condition) -> tuple[str, ...]:
    """Return what a table says of a condition: its name, outcomes, errors, time in ms."""
    interval = condition.interval_px
    return (
        condition.stress,
        *(str(n) if n else "" for n in condition.n_of.values()),
        _number(condition.error_px),
        "" if interval is None else f"{interval[0]:.1f} to {interval[1]:.1f}",
        _number(condition.error_planes),
        _number(condition.seconds * _MS_PER_S, digits=0),
    )


def _row(condition: Condition) -> tuple[Text | str, ...]:
    name, *others = condition_cells(condition)
    n = len(_STYLES)
    counts = [Text(t, style) for t, style in zip(others[:n], _STYLES.values(), strict=True)]
    return (name, *counts, *others[n:])


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _words(verdict: Verdict) -> list[Text]:
    marks = [("! ", "bold red", verdict.faults), ("! ", "yellow", verdict.unsafe)]
    marks.append(("\u2713 ", "green", verdict.safe))
    lines = [Text(printable(verdict.headline), "bold")]
    for mark, style, sentences in marks:
        lines += [Text.assemble((mark, style), printable(text)) for text in sentences]
    return lines
