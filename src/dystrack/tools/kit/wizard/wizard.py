"""`dystrack init`: asks, and writes an experiment file."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from dystrack.core.errors import ConfigurationError
from dystrack.manager.settings import Settings
from dystrack.manager.wording import count
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.pipeline_reference import LoadedPipeline, load_pipeline
from dystrack.options.standard_output import printable
from dystrack.tools.kit.checking.answers import answer_prescans, answer_remarks
from dystrack.tools.kit.checking.prescans import look_at_folder
from dystrack.tools.kit.experiment.conversion import with_paths_from, write_new
from dystrack.tools.kit.experiment.writing import experiment_text
from dystrack.tools.kit.references import reference_to
from dystrack.tools.kit.remarks import Screen, good, note
from dystrack.tools.kit.wizard.examples import Examples
from dystrack.tools.kit.wizard.questions import NOTHING, Question, questions

__all__ = ["Ask", "ask_in_terminal", "set_up_experiment"]

Ask = Callable[[Question], str]
"""Returns the answer to a question."""

_MOST_TRIED = 3
_WAYS: Mapping[str, Mapping[str, Any]] = {
    "files": {"answer_files": True},
    "lines": {},
    "registry": {"tra_method": "MyPiC"},
}


def set_up_experiment(
    examples_folder: Path | None,
    to: Path,
    package: str,
    *,
    answers: Mapping[str, str],
    ask: Ask,
    console: Console,
    others: Mapping[str, type] = {},
) -> Path:
    """Ask what is not known yet, and write an experiment file.

    Parameters
    ----------
    examples_folder : Path or None
        Folder with example prescans, which is only read.
    to : Path
        The file to write, which must not exist.
    package : str
        Import name of the package with the shipped pipelines.
    answers : mapping of str to str
        What has been answered already, by the names of the questions.
    ask : callable
        Answers the others.
    console : rich.console.Console
        Where it is shown what was found and what comes next.
    others : mapping of str to type, default {}
        What further sections of the experiment can hold.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigurationError
        If an answer that was given cannot be, or if the file exists.
    """
    if to.exists():
        msg = f"There is a file {to} already. Move it away, or choose another name with --to."
        raise ConfigurationError(msg)
    screen = Screen(console)
    examples = _look_at(examples_folder, screen) if examples_folder else Examples()
    values: dict[str, Any] = {}
    for question in questions(examples, package, values):
        values[question.name] = _answered(question, answers, ask, console)
    loaded = _experiment(values, examples, package)
    _try(loaded, examples, screen)
    folder = to.absolute().parent
    reference = reference_to(loaded.image_analysis_func, package, folder)
    loaded = with_paths_from(folder, loaded)
    write_new(to, experiment_text(loaded, reference, to.name, others))
    for line in (
        f"Written: {to}, in which everything else that can be set stands as a comment.",
        f"Next: dystrack check {to} {examples_folder or 'FOLDER_WITH_PRESCANS'}",
        f"Then: dystrack run {to} FOLDER",
    ):
        console.print(Text(line), soft_wrap=True)
    return to


def ask_in_terminal(console: Console) -> Ask:
    """Return what asks a person: each question with what its answers mean, until one can be."""
    console.print(Text("Enter takes what stands in brackets; - means nothing.", style="dim"))

    def ask(question: Question) -> str:
        console.print()
        console.print(Text(question.text, style="bold"))
        for line in question.meanings:
            console.print(Text(f"  {printable(line)}", style="dim"))
        proposed = f" [{question.default}]" if question.default else ""
        while True:
            typed = console.input(Text(f"{question.name}{proposed}: ", style="cyan")).strip()
            answer = {"": question.default, "-": ""}.get(typed, typed)
            try:
                question.take(answer)
            except ConfigurationError as error:
                console.print(Text(printable(str(error)), style="red"))
            else:
                return answer

    return ask


def _look_at(folder: Path, screen: Screen) -> Examples:
    """Say what is understood of the examples."""
    settings = Settings()
    naming = settings.naming()
    found = look_at_folder(folder, settings, naming)
    examples = Examples(found.prescans)
    if not found.prescans:
        msg = f"There is no image in {folder}. Give a folder with example prescans, or none."
        raise ConfigurationError(msg)
    first = found.prescans[0]
    remarks = [
        good(f"{count(len(found.prescans), 'image')}: {first.format}, {first.axes_words}."),
        good(f"Voxel size: {first.voxel_words.replace('?', 'not told by the files')}."),
    ]
    told = {p.label.position for p in found.prescans if naming.fits(p.name)}
    names = f"{count(len(told), 'position')}: {', '.join(sorted(told)[:10])}" if told else "none"
    remarks.append(good(f"Positions that the names tell: {names}."))
    screen.say(f"What is in {folder}", remarks)
    return examples


def _answered(question: Question, answers: Mapping[str, str], ask: Ask, console: Console) -> Any:
    answer = answers.get(question.name)
    if answer is None:
        answer = ask(question)
    value = question.take(answer)
    console.print(Text(f"  {question.name} = {answer or 'nothing'}", style="green"))
    return value


def _experiment(values: Mapping[str, Any], examples: Examples, package: str) -> LoadedPipeline:
    """Return the run that the answers make."""
    given = {
        "file_start": values["file_start"],
        "file_end": values["file_end"],
        "position_pattern": values.get("position_pattern"),
        "max_failures": values["max_failures"],
        "track": values["track"],
        examples.step_setting: values["max_step"],
        **_WAYS[values["answers"]],
    }
    defaults = Settings()
    differing = {
        name: value
        for name, value in given.items()
        if value is not None and value != getattr(defaults, name)
    }
    pipeline = load_pipeline(values["pipeline"], package)
    names = read_arguments(pipeline, n_positional=1).names
    options = {name: values[name] for name in names if values.get(name, NOTHING) != NOTHING}
    return LoadedPipeline(pipeline, analysis_kwargs=options, manager_kwargs=differing)


def _try(loaded: LoadedPipeline, examples: Examples, screen: Screen) -> None:
    """Say what the pipeline answers to the examples."""
    prescans: Iterable[Any] = examples.prescans[:_MOST_TRIED]
    if not examples.prescans:
        return
    settings = Settings(**loaded.manager_kwargs)
    try:
        with screen.console.status("Trying the pipeline on the examples …"):
            answered = list(
                answer_prescans(
                    prescans, loaded.image_analysis_func, settings, loaded.analysis_kwargs, {}
                )
            )
        remarks = list(answer_remarks(answered, None))
    except ConfigurationError as error:  # it needs options, which can be set in the file
        remarks = [note(f"It cannot run yet: {error} Set that below [options].")]
    screen.console.print()
    screen.say("What the pipeline answers to the examples", remarks)
