"""The page of an evaluation: one file that opens anywhere, without a network."""

from html import escape
from pathlib import Path
from statistics import median

from dystrack.charts.errors import ErrorRow, error_chart, outcome_chart
from dystrack.charts.rows import duration_words
from dystrack.charts.script import figure_places
from dystrack.manager.wording import count
from dystrack.tools.afterwards.skeleton import page_around, section, tiles
from dystrack.tools.kit.evaluation.evaluate import Evaluation
from dystrack.tools.kit.evaluation.report.bad_cases import bad_cases
from dystrack.tools.kit.evaluation.report.table import COLUMNS, condition_cells
from dystrack.tools.kit.evaluation.report.verdict import verdict_on
from dystrack.tools.kit.evaluation.scoring import OUTCOMES
from dystrack.tools.kit.evaluation.stress_table import STRESSES

__all__ = ["evaluation_page"]


def evaluation_page(evaluation: Evaluation) -> str:
    """Return the page that tells of an evaluation.

    Parameters
    ----------
    evaluation : Evaluation
        What came of it.

    Returns
    -------
    str
        HTML.
    """
    rows = [
        ErrorRow(c.stress, dict(c.n_of), c.error_px, c.interval_px) for c in evaluation.conditions
    ]
    figures = [outcome_chart(rows), error_chart(rows)]
    content = [
        tiles(_figures(evaluation)),
        _verdict(evaluation),
        section(
            "By condition",
            "Each prescan as it is, and under each stress. Left: what came of them; right: how far "
            "answers were from the target in y and x.",
            f'<div class="charts">{figure_places(figures, 0)}</div>',
        ),
        *bad_cases(evaluation),
        _table(evaluation),
        _explained_stresses(evaluation),
    ]
    plan = evaluation.plan
    return page_around(
        "\n".join(filter(None, content)),
        headline=f"Evaluation of {_shown(plan.reference)}",
        state=f"{count(len(plan.samples), 'prescan')} of {plan.folder.name}"
        + "".join(f", {name} = {value}" for name, value in plan.options.items()),
        figures=figures,
    )


def _shown(reference: str) -> str:
    return Path(reference).name


def _figures(evaluation: Evaluation) -> dict[str, str]:
    rows = evaluation.rows
    of = {name: sum(c.n_of[name] for c in evaluation.conditions) for name in OUTCOMES}
    n = sum(c.n for c in evaluation.conditions)
    times = [row["analysis_s"] for row in rows if "analysis_s" in row]
    return {
        f"of {n} cases: answered OK and wrong": str(of["wrong"]),
        "wrong, with a warning": str(of["warned"]),
        "failed, although there was a target": str(of["failed"]),
        "for an analysis, in the median": duration_words(median(times)) if times else "?",
        "for the slowest": duration_words(max(times)) if times else "?",
    }


def _verdict(evaluation: Evaluation) -> str:
    verdict = verdict_on(evaluation)
    groups = (("fault", verdict.faults), ("unsafe", verdict.unsafe), ("", verdict.safe))
    items = "".join(
        f'<li class="{kind}">{escape(sentence)}</li>'
        for kind, sentences in groups
        for sentence in sentences
    )
    truth = (
        "There are no targets to compare with: the answers to shifted prescans must be shifted by "
        "as much. A constant error is not seen in this way; mark targets with --annotate."
        if evaluation.plan.truth is None
        else ""
    )
    body = f'<ul class="verdict">{items}</ul><p>{escape(truth)}</p>'
    return section("Verdict", verdict.headline, body)


def _table(evaluation: Evaluation) -> str:
    """Return all figures, for those who want to read them."""
    rows = "".join(
        f"<tr{' class=bad' if c.n_of['wrong'] else ''}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in condition_cells(c))
        + "</tr>"
        for c in evaluation.conditions
    )
    head = "".join(f"<th>{title}</th>" for title in COLUMNS)
    return (
        '<details><summary>All conditions in figures</summary><div class="scroll">'
        f'<table class="figures"><tr>{head}</tr>{rows}</table></div></details>'
    )


def _explained_stresses(evaluation: Evaluation) -> str:
    items = {STRESSES[c.stress].family: STRESSES[c.stress].words for c in evaluation.conditions}
    rows = "".join(
        f"<tr><th>{escape(family)}</th><td>{escape(words)}</td></tr>"
        for family, words in items.items()
    )
    return (
        f'<details><summary>What the stresses are</summary><table class="names">{rows}</table>'
        "</details>"
    )
