"""A pipeline and its settings → the text of ``experiment.toml``, in which the rest is a comment."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from dystrack.core.errors import ConfigurationError
from dystrack.manager.setting_table import SettingRow, setting_table
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.pipeline_reference import LoadedPipeline
from dystrack.tools.kit.experiment.sections import (
    CACHE,
    OPTIONS,
    PIPELINE,
    PURPOSES,
    REFERENCE,
    settings_in,
)
from dystrack.tools.kit.experiment.toml_text import toml_value

__all__ = ["experiment_text"]

_HEADING = """\
# {summary}
#
# Start it:      dystrack run {file} FOLDER
# Rehearse it:   dystrack rehearse {file} FOLDER_WITH_RECORDED_PRESCANS
#
# A line that begins with # has no effect; the values in such lines are the defaults, or examples.
"""
_EXAMPLES: Mapping[str, object] = MappingProxyType(
    {
        "isolate": True,  # as `dystrack run` has it
        "max_checks": 1000,
        "max_triggers": 100,
        "max_step_um": [10, 50, 50],
        "max_step_px": [5, 100, 100],
        "max_travel_um": [100, 2000, 2000],
        "max_travel_px": [50, 4000, 4000],
        "max_failures": 5,
    }
)
"""What to show of a setting that has no value by default."""

_LONGEST_VALUE = 40
_LONGEST_NOTE = 80
_STOP = re.compile(r"[:;]|, (?=which|that|where|because|unless)")


def experiment_text(
    loaded: LoadedPipeline,
    reference: str,
    file: str = "experiment.toml",
    others: Mapping[str, type] = {},
) -> str:
    """Write an experiment file.

    Parameters
    ----------
    loaded : LoadedPipeline
        The pipeline, and what is set.
    reference : str
        What the file calls the pipeline.
    file : str, default "experiment.toml"
        Name of the file, for the commands in its heading.
    others : mapping of str to type, default {}
        What further sections can hold, as `read_experiment` takes them.

    Returns
    -------
    str
        TOML that says what is set; whatever else can be set stands there as a comment.

    Raises
    ------
    ConfigurationError
        If something is set that TOML cannot say, such as a function; the message names all of it.
    """
    arguments = read_arguments(loaded.image_analysis_func, n_positional=1)
    _refuse_what_toml_cannot_say(loaded)
    rows = {row.name: row for row in setting_table()}
    summary = arguments.summary or "An experiment."
    parts = [_HEADING.format(summary=summary, file=file)]
    for section, purpose in PURPOSES.items():
        lines: list[str] = []
        if section == PIPELINE:
            lines = [f"{REFERENCE} = {toml_value(reference)}"]
        if section == OPTIONS:
            lines = list(_option_lines(loaded))
        elif section == CACHE:
            lines = [f"{n} = {toml_value(v)}" for n, v in loaded.analysis_cache.items()]
        lines += _setting_lines(section, rows, loaded.manager_kwargs)
        if lines:
            parts.append("\n".join([f"# {purpose}", f"[{section}]", *lines, ""]))
    parts += [_other_section(name, kind, loaded.sections) for name, kind in others.items()]
    return "\n".join(parts)


def _refuse_what_toml_cannot_say(loaded: LoadedPipeline) -> None:
    given = {**loaded.analysis_kwargs, **loaded.analysis_cache, **loaded.manager_kwargs}
    unsayable = [name for name, value in given.items() if not _is_sayable(value)]
    if unsayable:
        msg = (
            f"An experiment file cannot hold {', '.join(unsayable)}: only numbers, texts, true and"
            " false, lists and tables of these. Keep the run file, or take that out of it."
        )
        raise ConfigurationError(msg)


def _is_sayable(value: object) -> bool:
    try:
        toml_value(value)
    except TypeError:
        return value is None  # which is said by leaving it out
    return True


def _option_lines(loaded: LoadedPipeline) -> Iterator[str]:
    """Yield the options that are set, then those that could be."""
    arguments = read_arguments(loaded.image_analysis_func, n_positional=1)
    given = loaded.analysis_kwargs
    meanings = {a.name: _first_sentence(a.description) for a in arguments.offered}
    for name, value in given.items():
        said = "none" if value is None else value
        yield _line(name, said, meanings.get(name, ""))
    for argument in arguments.offered:
        if argument.name in {*given, *loaded.analysis_cache}:
            continue
        value = argument.default
        if value is None:
            value = _example(argument.value_type.kinds)
        if _is_sayable(value) and value is not None:
            yield f"# {_line(argument.name, value, meanings[argument.name])}"


def _example(kinds: tuple[type, ...]) -> object:
    return next((kind() for kind in (int, float, str) if kind in kinds), None)


def _setting_lines(
    section: str, rows: Mapping[str, SettingRow], given: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the settings of a section, as comments where they are not set."""
    for name in settings_in(section):
        row = rows[name]
        if given.get(name) is not None:
            yield _line(name, given[name], row.meaning)
        else:
            value = _EXAMPLES.get(name, row.default)
            if _is_short(value):
                yield f"# {_line(name, value, row.meaning)}"


def _other_section(name: str, kind: type, sections: Mapping[str, Any]) -> str:
    """Return the section of another room, whose class says what it is for."""
    given = sections.get(name)
    documented = read_arguments(kind)
    meanings = {a.name: _first_sentence(a.description) for a in documented.offered}
    defaults = kind()
    lines = [f"# {documented.summary}", f"{'# ' if given is None else ''}[{name}]"]
    for field in attrs.fields(kind):
        default = getattr(defaults, field.name)
        value = getattr(given or defaults, field.name)
        is_set = value != default
        if is_set or _is_short(value):
            mark = "" if is_set else "# "
            lines.append(f"{mark}{_line(field.name, value, meanings.get(field.name, ''))}")
    return "\n".join([*lines, ""])


def _line(name: str, value: object, meaning: str) -> str:
    line = f"{name} = {toml_value(value)}"
    return f"{line}  # {_brief(meaning)}" if meaning else line


def _brief(meaning: str) -> str:
    """Return a sentence as a note of one line; of a long one, what stands before its first stop."""
    text = meaning[:1].lower() + meaning[1:].rstrip(".")
    return text if len(text) <= _LONGEST_NOTE else _STOP.split(text, maxsplit=1)[0]


def _is_short(value: object) -> bool:
    is_empty = value is None or value == {}
    return not is_empty and _is_sayable(value) and len(toml_value(value)) <= _LONGEST_VALUE


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].replace("`", "")
