"""`dystrack init [EXAMPLES]`."""

import sys
from pathlib import Path

from rich.console import Console

from dystrack.cli.pipeline_words import SHIPPED
from dystrack.cli.sections import SECTIONS
from dystrack.tools.kit.wizard.questions import Question
from dystrack.tools.kit.wizard.wizard import ask_in_terminal, set_up_experiment

__all__ = ["init"]

_FILE_WIDTH = 120  # where no terminal shows it


def init(  # each question is an option
    examples: str = "",
    *,
    to: str = "experiment.toml",
    pipeline: str | None = None,
    channel: str | None = None,
    model: str | None = None,
    command: str | None = None,
    phases: str | None = None,
    template: str | None = None,
    file_start: str | None = None,
    file_end: str | None = None,
    position_pattern: str | None = None,
    answers: str | None = None,
    max_step: str | None = None,
    max_failures: str | None = None,
    track: str | None = None,
    ask: bool = True,
) -> None:
    """Ask a few questions and write an experiment.toml; no programming.

    What is given as an option is not asked. Without a terminal, or with --no-ask, the proposed
    answers are taken. In the terminal, Enter takes what is proposed, and - means nothing.

    Parameters
    ----------
    examples : str
        A folder with a few example prescans, from which format, names and scale are read.
    to : str
        The file to write; it must not exist.
    pipeline : str
        What finds the sample: a shipped pipeline, or path/to/file.py.
    channel : str
        Index of the channel to look at, counted from 0.
    model : str
        The trained model, for segmentation and pixel_classifier.
    command : str
        The program, for external_process.
    phases : str
        Which pipeline for which names, for phases, such as overview=drift, closeup=nearest_object.
    template : str
        A small image of what is followed, for template.
    file_start : str
        How the names of prescans begin.
    file_end : str
        How the names of prescans end.
    position_pattern : str
        Regular expression that finds the position in a name.
    answers : str
        How the microscope gets its answers: files, lines or registry.
    max_step : str
        How far the stage may go at once, along z, y, x, such as 10,50,50.
    max_failures : str
        How many failures in a row are tolerated at a position.
    track : str
        off, smooth, auto or lead.
    ask : bool
        Whether to ask.
    """
    given = {
        "pipeline": pipeline,
        "channel": channel,
        "model": model,
        "command": command,
        "phases": phases,
        "template": template,
        "file_start": file_start,
        "file_end": file_end,
        "position_pattern": position_pattern,
        "answers": answers,
        "max_step": max_step,
        "max_failures": max_failures,
        "track": track,
    }
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    is_asking = ask and sys.stdin is not None and sys.stdin.isatty()
    set_up_experiment(
        Path(examples) if examples else None,
        Path(to),
        SHIPPED,
        answers={name: value for name, value in given.items() if value is not None},
        ask=ask_in_terminal(console) if is_asking else _take_proposed,
        console=console,
        others=SECTIONS,
    )


def _take_proposed(question: Question) -> str:
    return question.default
