"""The command line of an evaluation."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.options.command_options import CommandOptions, command_options
from dystrack.options.command_parser import parse_words
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.option_help import help_screen
from dystrack.options.pipeline_reference import LoadedPipeline
from dystrack.scopes.samples.scenes import SCENES
from dystrack.tools.kit.evaluation.case import SHIPPED
from dystrack.tools.kit.evaluation.evaluate import (
    Evaluation,
    Plan,
    evaluate,
    find_prescans,
    stresses_named,
)
from dystrack.tools.kit.evaluation.kept_rows import KeptRows, write_tables
from dystrack.tools.kit.evaluation.report.page import evaluation_page
from dystrack.tools.kit.evaluation.report.table import comparison_table, evaluation_table
from dystrack.tools.kit.evaluation.truth import (
    TRUTH_NAME,
    Truth,
    read_truth,
    simulate_prescans,
    simulated_names,
)
from dystrack.tools.kit.experiment.writing import experiment_text
from dystrack.tools.kit.references import reference_to
from dystrack.tools.kit.tuning.outcome import tuning_page, tuning_table, with_options
from dystrack.tools.kit.tuning.search import Trial, Tuning, score_of, tried

__all__ = ["EvaluationSettings", "evaluation_options", "run_evaluation"]

_HELP_WORDS = frozenset({"--help", "-h"})
_COMPARE = "--compare"
_TUNE = "--tune"
_REPORT_NAME = "evaluation.html"
_KEPT_NAME = "cases.jsonl"


@dataclass(frozen=True)
class EvaluationSettings:
    """How a pipeline is evaluated.

    Attributes
    ----------
    workers : int, default 0
        Number of processes; 0 for one a processor.
    scheduler : str, default ""
        Address of a Dask scheduler, such as tcp://192.168.1.7:8786, whose computers see the
        prescans and the pipeline under the same paths; if not given, processes of this computer.
    truth : str, default ""
        Table of the targets: a CSV with the columns file, z, y, x in pixels. If not given,
        dystrack_truth.csv beside the prescans, if it is there.
    simulate : str, default ""
        Scene whose prescans are made first, with their targets, in the folder, which must be new:
        primordium, organoid, node or dividing_cells.
    samples : int, default 6
        Number of simulated samples.
    difficulty : str, default "normal"
        How hard simulated samples are: easy, normal or hard.
    stress : str, default "all"
        Which stresses: all, none, or some with commas between them, such as shifted,dimmed,empty.
    tolerance_px : float, default 0.0
        How far an answer may be off in y and x; 0 for 4 % of the smaller side of the field.
    timeout_s : float, default 60.0
        How long one analysis may take in s.
    trials : int, default 40
        How many combinations --tune tries, where it does not try all of them.
    into : str, default ""
        Folder for the results; dystrack_evaluation and the name of the pipeline if not given. An
        evaluation that was stopped goes on there.
    """

    workers: int = 0
    scheduler: str = ""
    truth: str = ""
    simulate: str = ""
    samples: int = 6
    difficulty: str = "normal"
    stress: str = "all"
    tolerance_px: float = 0.0
    timeout_s: float = 60.0
    trials: int = 40
    into: str = ""

    def __post_init__(self) -> None:
        if self.workers < 0 or self.samples < 1:
            msg = f"workers is {self.workers}, samples {self.samples}. Give positive numbers."
            raise ConfigurationError(msg)
        if not self.timeout_s > 0 or not self.tolerance_px >= 0:
            msg = (
                f"timeout_s is {self.timeout_s:g}, tolerance_px {self.tolerance_px:g}. Give a "
                "number above 0, and one of 0 or more."
            )
            raise ConfigurationError(msg)
        if self.simulate and self.simulate not in SCENES:
            known = ", ".join(SCENES)
            msg = f"There is no scene {self.simulate!r}. Choose one of {known}."
            raise ConfigurationError(msg)


def evaluation_options(loaded: LoadedPipeline) -> CommandOptions:
    """Return what the command line of an evaluation offers.

    Parameters
    ----------
    loaded : LoadedPipeline
        The pipeline, with the settings of its file.

    Returns
    -------
    CommandOptions
        The options of the evaluation and of the pipeline.
    """
    options = command_options(
        loaded.image_analysis_func,
        EvaluationSettings,
        loaded.analysis_kwargs,
        loaded.analysis_cache,
        {},
    )
    own = {argument.name: argument for argument in read_arguments(EvaluationSettings).offered}
    return replace(options, manager=own)


def run_evaluation(
    reference: str,
    loaded: LoadedPipeline,
    words: Sequence[str],
    console: Console,
    load: Callable[[str], LoadedPipeline],
) -> None:
    """Do what a command line asks for, and show what came of it.

    Parameters
    ----------
    reference : str
        The pipeline, as it was typed.
    loaded : LoadedPipeline
        The same, with the settings of its file.
    words : sequence of str
        The words after the pipeline: a folder and options.
    console : rich.console.Console
        Where it is shown.
    load : callable
        Loads another pipeline to compare with.

    Raises
    ------
    ConfigurationError
        If something was asked for that cannot be done.
    """
    options = evaluation_options(loaded)
    if _HELP_WORDS & set(words):
        program = f"dystrack evaluate {reference}"
        console.print(help_screen(program, options, "Evaluation"))
        return
    words, others = _taken_out(words, _COMPARE)
    words, tuned = _taken_out(words, _TUNE)
    request = parse_words(options, words)
    settings = EvaluationSettings(**request.manager_kwargs)
    plan = _plan(reference, loaded, Path(request.target_dir), settings, request.analysis_kwargs)
    folder = Path(settings.into or f"dystrack_evaluation_{_short_name(reference)}").absolute()
    if tuned:
        _tune(plan, _values_to_try(tuned, options), folder, settings, (reference, loaded), console)
        return
    plans = {_short_name(reference): plan}
    for other in others:
        plans[_short_name(other)] = _with_pipeline(plan, load(other))
    evaluations = {name: _evaluated(one, folder, console) for name, one in plans.items()}
    console.print(_shown(evaluations))
    _write(evaluations, folder, console)


def _taken_out(words: Sequence[str], option: str) -> tuple[list[str], list[str]]:
    """Return the words without an option that takes several, and what it was given."""
    if option not in words:
        return list(words), []
    start = words.index(option)
    end = next((i for i in range(start + 1, len(words)) if words[i].startswith("-")), len(words))
    if end == start + 1:
        msg = f"{option} needs at least one word after it."
        raise ConfigurationError(msg)
    return [*words[:start], *words[end:]], list(words[start + 1 : end])


def _plan(
    reference: str,
    loaded: LoadedPipeline,
    folder: Path,
    settings: EvaluationSettings,
    analysis_kwargs: Mapping[str, object],
) -> Plan:
    if settings.simulate:
        _simulate(folder, settings)
    samples = find_prescans(folder)
    base = Plan(
        reference,
        folder.absolute(),
        samples,
        truth=_truth(folder, settings.truth, samples),
        stresses=stresses_named(settings.stress),
        tolerance_px=settings.tolerance_px,
        n_workers=settings.workers or os.cpu_count() or 1,
        scheduler=settings.scheduler,
        timeout_s=settings.timeout_s,
    )
    plan = _with_pipeline(base, loaded)
    return replace(plan, options={**plan.options, **analysis_kwargs})


def _with_pipeline(plan: Plan, loaded: LoadedPipeline) -> Plan:
    names = read_arguments(loaded.image_analysis_func, n_positional=1).names
    return replace(
        plan,
        reference=reference_to(loaded.image_analysis_func, SHIPPED),
        options={**loaded.analysis_kwargs, **loaded.analysis_cache},
        option_names=tuple(names),
    )


def _short_name(reference: str) -> str:
    return Path(re.split(r"\.py|\.toml", reference)[0]).name


def _simulate(folder: Path, settings: EvaluationSettings) -> None:
    """Make prescans, unless they are there already."""
    wanted = simulated_names(settings.simulate, settings.difficulty, settings.samples)
    if not folder.exists() or not any(folder.iterdir()):
        simulate_prescans(folder, settings.simulate, settings.difficulty, n=settings.samples)
    elif not (folder / TRUTH_NAME).exists() or set(read_truth(folder / TRUTH_NAME)) != set(wanted):
        msg = (
            f"{folder} is not empty, and does not hold {wanted[0]} to {wanted[-1]} with their "
            "targets. Give a new folder for the simulated prescans."
        )
        raise FolderError(msg)


def _truth(folder: Path, given: str, samples: Iterable[str]) -> Truth | None:
    table = Path(given) if given else folder / TRUTH_NAME
    if not given and not table.exists():
        return None
    truth = read_truth(table)
    if not set(truth) & set(samples):
        msg = (
            f"None of the {len(truth)} files in {table} is a prescan of {folder}. Its column file "
            "must hold their names."
        )
        raise ConfigurationError(msg)
    return truth


def _evaluated(plan: Plan, folder: Path, console: Console) -> Evaluation:
    """Evaluate with a bar that shows how long it will take."""
    kept = KeptRows(folder / _KEPT_NAME)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task(_short_name(plan.reference), total=None)
        return evaluate(plan, kept, lambda n, of: progress.update(task, completed=n, total=of))


def _shown(evaluations: Mapping[str, Evaluation]) -> RenderableType:
    (first, *others) = evaluations.values()
    return comparison_table(evaluations) if others else evaluation_table(first)


def _write(evaluations: Mapping[str, Evaluation], folder: Path, console: Console) -> None:
    rows = [{"pipeline": name, **row} for name, one in evaluations.items() for row in one.rows]
    tables = write_tables(rows, folder)
    pages = []
    for name, evaluation in evaluations.items():
        page = folder / (_REPORT_NAME if len(evaluations) == 1 else f"evaluation_{name}.html")
        page.write_text(evaluation_page(evaluation), "utf-8", newline="\n")
        pages.append(page)
    for path in (*pages, *tables):
        console.print(Text(f"Written: {path}"))


def _values_to_try(words: Sequence[str], options: CommandOptions) -> dict[str, list[Any]]:
    """Return the values of each option that ``name=1,2,3`` gives."""
    values = {}
    for word in words:
        name, equals, texts = word.partition("=")
        name = name.replace("-", "_")
        if not equals or name not in options.analysis:
            known = ", ".join(options.analysis)
            msg = f"--tune takes option=value,value,... and not {word!r}. Options: {known}."
            raise ConfigurationError(msg)
        values[name] = [options.analysis[name].convert(text) for text in texts.split(",")]
    return values


def _tune(
    plan: Plan,
    values: Mapping[str, Sequence[Any]],
    folder: Path,
    settings: EvaluationSettings,
    origin: tuple[str, LoadedPipeline],
    console: Console,
) -> None:
    """Try the values, show the best, and write them into the experiment file."""

    def attempt(options: Mapping[str, Any]) -> Trial:
        trial = replace(plan, options={**plan.options, **options})
        return score_of(_evaluated(trial, folder, console))

    tuning = Tuning(tuple(tried(values, attempt, settings.trials)))
    console.print(tuning_table(tuning, values))
    reference, loaded = origin
    page = folder / "tuning.html"
    headline = f"Tuning of {_short_name(reference)}"
    page.write_text(tuning_page(tuning, values, headline), "utf-8", newline="\n")
    best = {name: tuning.best.options[name] for name in values}
    experiment = Path(reference)
    if experiment.suffix.lower() != ".toml":
        experiment = folder / "experiment.toml"
        text = experiment_text(replace(loaded, manager_kwargs={}), plan.reference)
        experiment.write_text(text, "utf-8", newline="\n")
    with_options(experiment, best)
    for path in (page, experiment.absolute()):
        console.print(Text(f"Written: {path}"))
