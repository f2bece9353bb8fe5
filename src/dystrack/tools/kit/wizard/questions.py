"""The questions: what each asks, what its answer means, and what it is if nobody answers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import attrs

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import Pipeline
from dystrack.manager.settings import Settings
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.pipeline_reference import load_pipeline, pipeline_names
from dystrack.tools.kit.wizard.examples import Examples

__all__ = ["NOTHING", "Question", "questions"]

NOTHING = ""
"""What somebody answers who wants no value."""

_WAYS: Mapping[str, str] = {
    "files": "a file for each prescan, <its name>.answer.txt (recommended)",
    "lines": "lines in dystrack_coords.txt, as the published macros count them",
    "registry": "the Windows registry, for ZEN Black with MyPiC",
}
_TRACKING: Mapping[str, str] = {
    "off": "go exactly where the pipeline says",
    "smooth": "go to the smoothed place of the sample",
    "auto": "as much ahead of the sample as it needs; doubt jumps; search for a lost one",
    "lead": "go where the sample is expected next",
}


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes
    ----------
    name : str
        Its name; the command line has an option of that name.
    text : str
        What is asked.
    meanings : tuple of str
        What answers mean, one line each.
    default : str
        The answer that is proposed.
    take : callable
        Returns the value of an answer, or raises `ConfigurationError`.
    """

    name: str
    text: str
    meanings: tuple[str, ...]
    default: str
    take: Callable[[str], Any]


def questions(
    examples: Examples, package: str, answered: Mapping[str, Any] = {}
) -> Iterator[Question]:
    """Yield what is to be asked.

    Parameters
    ----------
    examples : Examples
        What is known already.
    package : str
        Import name of the package with the shipped pipelines.
    answered : mapping of str to object, default {}
        Where the one who asks puts the values of the answers: the pipeline has questions of its
        own.

    Yields
    ------
    Question
        In their order.
    """
    if examples.n_channels > 1:
        yield Question(
            "channel",
            f"Which of the {examples.n_channels} channels shows what is to be followed?",
            ("Counted from 0.",),
            "0",
            lambda answer: _channel(answer, examples.n_channels),
        )
    yield Question(
        "pipeline",
        "What finds your sample?",
        (*_pipelines(package), "path/to/file.py: one of your own, see dystrack new"),
        examples.proposed_pipeline(0 if examples.n_channels > 1 else None),
        lambda answer: _known_pipeline(answer, package),
    )
    if "pipeline" in answered:
        yield from _about_options(load_pipeline(answered["pipeline"], package))
    yield from _about_files(examples)
    yield _choice("answers", "How does the microscope get its answers?", _WAYS, "files")
    yield _largest_step(examples)
    yield Question(
        "max_failures",
        "How many failures in a row are tolerated at a position?",
        ("Beyond, it is held where it is; until then it goes where it went before. Nothing: any.",),
        "5",
        lambda answer: _by_rule("max_failures", _number(answer)) if answer else None,
    )
    yield _choice("track", "What is made of the pipeline's answers?", _TRACKING, "off")


def _pipelines(package: str) -> Iterator[str]:
    for name in pipeline_names(package):
        summary = read_arguments(load_pipeline(name, package), n_positional=1).summary
        yield f"{name}: {summary[:1].lower()}{summary[1:].rstrip('.')}"


def _about_options(pipeline: Pipeline) -> Iterator[Question]:
    """Yield the options that nobody but a person can know: texts that are empty by default."""
    for option in read_arguments(pipeline, n_positional=1).offered:
        if option.default == "":
            yield Question(
                option.name,
                f"What is the {option.name} of that pipeline?",
                (option.description,),
                NOTHING,
                _existing_file if option.is_path else str,
            )


def _existing_file(answer: str) -> str:
    path = answer.strip("\"' ")  # a file manager copies paths with quotation marks
    if path and not Path(path).expanduser().is_file():
        msg = f"There is no file {path}. Give its path, or - if it is to come."
        raise ConfigurationError(msg)
    return path


def _about_files(examples: Examples) -> Iterator[Question]:
    yield Question(
        "file_start",
        "How do the names of prescans begin?",
        ("Other files, such as main scans, are then left alone. Nothing: any name will do.",),
        examples.name_start,
        lambda answer: _by_rule("file_start", answer),
    )
    yield Question(
        "file_end",
        "How do they end?",
        ("Such as .czi or .ome.tif. Nothing: as images end.",),
        examples.name_end,
        lambda answer: _by_rule("file_end", answer),
    )
    if examples.position_pattern:
        yield Question(
            "position_pattern",
            "The names tell no position that DySTrack knows. How do they tell it?",
            ("A regular expression with (?P<position>...). Nothing: there is one position.",),
            examples.position_pattern,
            lambda answer: _by_rule("position_pattern", answer),
        )


def _largest_step(examples: Examples) -> Question:
    unit = "µm" if examples.step_setting == "max_step_um" else "pixels"
    step = examples.largest_step
    return Question(
        "max_step",
        f"How far may the stage go at once, along z, y, x in {unit}?",
        ("A target further away is not followed: the analysis counts as failed. Nothing: any.",),
        NOTHING if step is None else ", ".join(f"{value:g}" for value in step),
        lambda answer: _by_rule(examples.step_setting, _numbers(answer)) if answer else None,
    )


def _choice(name: str, text: str, meanings: Mapping[str, str], default: str) -> Question:
    lines = tuple(f"{word}: {meaning}" for word, meaning in meanings.items())
    return Question(name, text, lines, default, lambda answer: _one_of(answer, name, meanings))


def _one_of(answer: str, name: str, meanings: Mapping[str, str]) -> str:
    if answer not in meanings:
        msg = f"{name} is {answer!r}. Give one of {', '.join(meanings)}."
        raise ConfigurationError(msg)
    return answer


def _channel(answer: str, n_channels: int) -> int:
    if not answer.isdecimal() or int(answer) >= n_channels:
        msg = f"channel is {answer!r}. Give a number from 0 to {n_channels - 1}."
        raise ConfigurationError(msg)
    return int(answer)


def _known_pipeline(answer: str, package: str) -> str:
    load_pipeline(answer, package)
    return answer


def _number(answer: str) -> object:
    return int(answer) if answer.isdecimal() else answer


def _numbers(answer: str) -> object:
    try:
        numbers = [float(part) for part in answer.split(",")]
    except ValueError:
        return answer
    return numbers if len(numbers) > 1 else numbers[0]


def _by_rule(name: str, value: Any) -> Any:
    """Return a value of a setting if that may have it."""
    rule = attrs.fields_dict(Settings)[name].metadata["rule"]
    rule.check(name, value)
    settings = Settings(**{name: value})
    _ = settings.name_filter, settings.naming()
    return value
