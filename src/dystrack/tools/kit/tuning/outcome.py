"""What came of a tuning: in the terminal, as a page, and in the experiment file."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import mean
from typing import Any

import rich.box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dystrack.charts.errors import score_map
from dystrack.charts.figure import Figure
from dystrack.charts.script import figure_places
from dystrack.core.errors import FolderError
from dystrack.tools.afterwards.skeleton import page_around, section
from dystrack.tools.kit.experiment.toml_text import toml_value
from dystrack.tools.kit.tuning.search import Trial, Tuning

__all__ = ["tuning_page", "tuning_table", "with_options"]

_MOST_ROWS = 20
_SECTION = "options"


def tuning_table(tuning: Tuning, values: Mapping[str, Sequence[Any]]) -> RenderableType:
    """Return, for a console, the best combinations, and how good the best one is elsewhere."""
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    for name in (*values, "Right / %", "Score"):
        table.add_column(name, justify="right")
    for trial in _ranked(tuning)[:_MOST_ROWS]:
        cells = [str(trial.options[name]) for name in values]
        table.add_row(*cells, f"{100 * trial.right_share:.1f}", f"{_score(tuning, trial):.3f}")
    return Group(table, *(Text(line) for line in _words(tuning, values)))


def tuning_page(tuning: Tuning, values: Mapping[str, Sequence[Any]], headline: str) -> str:
    """Return a page with a map of the scores.

    Parameters
    ----------
    tuning : Tuning
        All trials.
    values : mapping of str to sequence
        What was tried for each setting.
    headline : str
        What the page is called.

    Returns
    -------
    str
        HTML.
    """
    figures = [_map(tuning, values)]
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{escape(str(trial.options[name]))}</td>" for name in values)
        + f"<td>{100 * trial.right_share:.1f}</td><td>{_score(tuning, trial):.3f}</td></tr>"
        for trial in _ranked(tuning)
    )
    heads = "".join(f"<th>{escape(name)}</th>" for name in (*values, "Right / %", "Score"))
    first, *others = _words(tuning, values)
    body = f"<p>{escape(' '.join(others))}</p>{figure_places(figures, 0)}"
    table = f'<div class="scroll"><table class="figures"><tr>{heads}</tr>{rows}</table></div>'
    content = section("Best settings", first, body) + section("All trials", "", table)
    state = f"{len(tuning.trials)} combinations, {len(tuning.samples)} samples"
    return page_around(content, headline=headline, state=state, figures=figures)


def _ranked(tuning: Tuning) -> list[Trial]:
    return sorted(tuning.trials, key=lambda trial: -_score(tuning, trial))


def _score(tuning: Tuning, trial: Trial) -> float:
    return trial.score_on(tuning.samples)


def _words(tuning: Tuning, values: Mapping[str, Sequence[Any]]) -> list[str]:
    best = tuning.best
    chosen = ", ".join(f"{name} = {best.options[name]}" for name in values)
    lines = [f"Best: {chosen} ({100 * best.right_share:.1f} % right)."]
    elsewhere = tuning.score_elsewhere
    own = _score(tuning, best)
    if elsewhere is None:
        lines.append("With a single sample nobody can say how good that is for others.")
    else:
        lines.append(
            f"Score {own:.3f} on all samples, {elsewhere:.3f} on samples that had no part in the "
            "choice: expect the latter."
        )
    lines.append("Score: share of right answers, minus three times that of wrong ones that say OK.")
    return lines


def _map(tuning: Tuning, values: Mapping[str, Sequence[Any]]) -> Figure:
    """Draw the share of right answers over the first two settings, the best of all others."""
    first, *rest = values
    second = rest[0] if rest else ""
    rows = [
        [_best_share(tuning, {first: x, **({second: y} if second else {})}) for x in values[first]]
        for y in (values[second] if second else [None])
    ]
    ys = [str(y) for y in values[second]] if second else [""]
    return score_map([str(x) for x in values[first]], ys, rows, (first, second))


def _best_share(tuning: Tuning, wanted: Mapping[str, Any]) -> float | None:
    own = [
        trial
        for trial in tuning.trials
        if all(trial.options[name] == value for name, value in wanted.items())
    ]
    if not own:
        return None
    return 100 * max(own, key=lambda trial: mean(trial.scores.values())).right_share


def with_options(path: Path, options: Mapping[str, Any]) -> None:
    """Write options into the section of that name of an experiment file; all else stays.

    Parameters
    ----------
    path : Path
        The experiment file.
    options : mapping
        What to set.

    Raises
    ------
    FolderError
        If it cannot be written.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
        for name, value in options.items():
            lines = _with_line(lines, name, f"{name} = {toml_value(value)}")
        part = path.with_name(f"{path.name}.part")
        part.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        msg = f"The best settings cannot be written into {path}: {error}."
        raise FolderError(msg) from error


def _with_line(lines: Sequence[str], name: str, line: str) -> list[str]:
    """Return the lines with one replaced, a comment of that name too, or added."""
    begin = next((i for i, text in enumerate(lines) if text.strip() == f"[{_SECTION}]"), None)
    if begin is None:
        return [*lines, "", f"[{_SECTION}]", line]
    ends = (i for i in range(begin + 1, len(lines)) if lines[i].lstrip().startswith("["))
    end = next(ends, len(lines))
    is_own = re.compile(rf"\s*#?\s*{re.escape(name)}\s*=")
    places = [i for i in range(begin + 1, end) if is_own.match(lines[i])]
    given = [i for i in places if not lines[i].lstrip().startswith("#")]
    place = next(iter(given or places), None)
    if place is None:
        return [*lines[: begin + 1], line, *lines[begin + 1 :]]
    return [*lines[:place], line, *lines[place + 1 :]]
