"""``experiment.toml`` → a pipeline and its settings, or one line about what is wrong.

::

    [pipeline]
    name = "lateral_line"

    [options]
    gauss_sigma = 2.5

    [limits]
    max_step_um = [10, 50, 50]

Everything is checked here, by the rules that hold for the command line and for Python.
"""

import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import Pipeline
from dystrack.manager.setting_rules import Choice, Parsed, Rule
from dystrack.manager.settings import SETTING_NAMES, Settings
from dystrack.options.docstring_arguments import Argument, read_arguments
from dystrack.options.nearest import did_you_mean
from dystrack.options.pipeline_reference import LoadedPipeline, load_with_settings
from dystrack.tools.kit.experiment.sections import (
    CACHE,
    OPTIONS,
    PIPELINE,
    PURPOSES,
    REFERENCE,
    section_of,
    settings_in,
)
from dystrack.tools.kit.experiment.toml_text import load_toml, toml_value

__all__ = ["read_experiment", "takes_tables"]

_Content = Mapping[str, Mapping[str, Any]]
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_PYTHON_WORDS = (
    ("True or False", "true or false"),
    ("True, False, ", "true, false, "),
    (", or None", ", or leave the line out"),
    ("a dictionary, {} if there is nothing", "a table, such as { a = 1 }"),
)


def read_experiment(path: Path, package: str, others: Mapping[str, type] = {}) -> LoadedPipeline:
    """Read an experiment file.

    Parameters
    ----------
    path : Path
        The file. What it names by a relative path, the pipeline and options that are paths, is
        looked for beside it.
    package : str
        Import name of the package with the shipped pipelines.
    others : mapping of str to type, default {}
        What can stand in further sections: for each, an attrs class whose fields have rules, as
        those of `dystrack.manager.settings.Settings` have.

    Returns
    -------
    LoadedPipeline
        The pipeline with its settings; only those that the file gives.

    Raises
    ------
    ConfigurationError
        If something in it cannot be; the message is one line that names file, section, key and
        value, and says what to do.
    """
    content = load_toml(path)
    try:
        _check_sections(content, others)
        manager_kwargs = _read_settings(content, others)
        folder = path.absolute().parent
        function = _load(content, folder, package)
        return LoadedPipeline(
            function,
            analysis_kwargs=_read_options(OPTIONS, content, function, folder),
            analysis_cache=_read_options(CACHE, content, function, folder),
            manager_kwargs=manager_kwargs,
            sections=_read_others(content, others),
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"{path.name}: {error}") from None


def _check_sections(content: Mapping[str, Any], others: Mapping[str, type]) -> None:
    known = (*PURPOSES, *others)
    for name, section in content.items():
        if name in known and not isinstance(section, Mapping):
            msg = (
                f"{name} is {_shown(section)}, but it is a section: write [{name}] above its keys."
            )
            raise ConfigurationError(msg)
        if name in known:
            continue
        if isinstance(section, Mapping):
            hint = did_you_mean(name, known)
            listed = _listed(f"[{one}]" for one in known)
            msg = f"There is no section [{name}].{hint} The sections are {listed}."
            raise ConfigurationError(msg)
        home = section_of(name) or _nearest_home(name) or OPTIONS
        msg = f"{name} = {_shown(section)} stands in no section. Move it below [{home}]."
        raise ConfigurationError(msg)


def _nearest_home(name: str) -> str:
    return next((section_of(s) for s in SETTING_NAMES if did_you_mean(name, [s])), "")


def _read_settings(content: _Content, others: Mapping[str, type]) -> dict[str, Any]:
    """Return the settings of the session, each checked by its rule."""
    given: dict[str, Any] = {}
    for section in PURPOSES:
        if section in {OPTIONS, CACHE}:
            continue
        for name, value in content.get(section, {}).items():
            if (section, name) == (PIPELINE, REFERENCE):
                continue
            if name not in settings_in(section):
                raise ConfigurationError(_explain_unknown(section, name, value, content, others))
            _check_by_rule(section, attrs.fields_dict(Settings)[name], value)
            given[name] = value
    Settings(**given)  # what one rule alone cannot see
    return given


def _explain_unknown(
    section: str, name: str, value: object, content: _Content, others: Mapping[str, type]
) -> str:
    """Say what is wrong with a key that its section does not have."""
    place = f"[{section}] has no {name} (here {_shown(value)})."
    homes = {s: settings_in(s) for s in PURPOSES} | {s: _names_of(c) for s, c in others.items()}
    home = next((s for s, names in homes.items() if name in names), "")
    if home:
        return f"{place} Move the line below [{home}]."
    known = (*([REFERENCE] if section == PIPELINE else []), *homes[section])
    meant = did_you_mean(name, known) or did_you_mean(name, SETTING_NAMES)
    if meant:
        return f"{place}{meant}"
    options = f"; an option of the pipeline stands below [{OPTIONS}]" if content else ""
    return f"{place} It has {_listed(known)}{options}."


def _check_by_rule(section: str, field: "attrs.Attribute[Any]", value: object) -> None:
    rule = field.metadata["rule"]
    try:
        rule.check(field.name, value)
    except ConfigurationError as error:
        wanted = _in_toml_words(rule)
        told = f"{field.name} is {_shown(value)}. Give {wanted}."
        msg = f"[{section}] {error if isinstance(rule, Parsed) else told}"
        raise ConfigurationError(msg) from None


def _in_toml_words(rule: Rule) -> str:
    """Return what a rule allows, as somebody says it who writes TOML."""
    wanted = f"one of {rule.wanted}" if isinstance(rule, Choice) else rule.wanted
    for python, toml in _PYTHON_WORDS:
        wanted = wanted.replace(python, toml)
    return wanted


def _load(content: _Content, folder: Path, package: str) -> Pipeline:
    """Return the pipeline that the file names."""
    section = content.get(PIPELINE, {})
    reference = section.get(REFERENCE)
    if not isinstance(reference, str) or not reference.strip():
        given = f"is {_shown(reference)}" if REFERENCE in section else "is missing"
        msg = (
            f"[{PIPELINE}] {REFERENCE} {given}. Give the pipeline: {REFERENCE} ="
            ' "center_of_mass", or the path of your own between single quotation marks.'
        )
        raise ConfigurationError(msg)
    try:
        loaded = load_with_settings(_from_folder(reference, folder), package)
    except ConfigurationError as error:
        msg = f"[{PIPELINE}] {REFERENCE} is {_shown(reference)}. {error}"
        raise ConfigurationError(msg) from None
    has_settings = loaded.analysis_kwargs or loaded.analysis_cache or loaded.manager_kwargs
    if has_settings and reference.lower().endswith(".py"):
        msg = (
            f"[{PIPELINE}] {REFERENCE} is {_shown(reference)}, a run file with settings of its own."
            " Make an experiment of it with dystrack convert, or name its function alone:"
            " run_file.py:analyze_image."
        )
        raise ConfigurationError(msg)
    return loaded.image_analysis_func


def _from_folder(reference: str, folder: Path) -> str:
    """Return a reference to a file as seen from the folder of the experiment."""
    is_file = "/" in reference or "\\" in reference or ".py" in reference.lower()
    return str(folder / Path(reference).expanduser()) if is_file else reference


def _read_options(
    section: str, content: _Content, function: Pipeline, folder: Path
) -> dict[str, Any]:
    """Return the options of the pipeline, each of the type that its docstring tells."""
    arguments = read_arguments(function, n_positional=1)
    offered = {argument.name: argument for argument in arguments.offered}
    options: dict[str, Any] = {}
    for name, value in content.get(section, {}).items():
        if name not in arguments.names and not arguments.takes_any:
            raise ConfigurationError(_explain_no_option(section, name, value, arguments.names))
        if section == CACHE and name in content.get(OPTIONS, {}):
            msg = f"{name} stands in [{OPTIONS}] and in [{CACHE}]. Keep one of them."
            raise ConfigurationError(msg)
        is_checked = name in offered and not takes_tables(function, name, value)
        options[name] = _taken(section, offered[name], value) if is_checked else value
        if is_checked and offered[name].is_path and options[name]:
            options[name] = str(folder / Path(options[name]).expanduser())
    return options


def takes_tables(function: Pipeline, name: str, value: object) -> bool:
    """Return whether a value is a table or list, which a command line cannot say, and is taken."""
    words = ("Mapping", "dict") if isinstance(value, Mapping) else ("Sequence", "list", "tuple")
    annotation = str(inspect.signature(function).parameters[name].annotation)
    return isinstance(value, (Mapping, list)) and any(word in annotation for word in words)


def _taken(section: str, argument: Argument, value: object) -> Any:
    try:
        return argument.value_type.take(value)
    except ConfigurationError as error:
        is_number = isinstance(value, str) and _NUMBER.fullmatch(value)
        hint = " Leave the quotation marks out." if is_number else ""
        raise ConfigurationError(f"[{section}] {argument.name} {error}{hint}") from None


def _explain_no_option(section: str, name: str, value: object, known: Iterable[str]) -> str:
    place = f"[{section}] has no {name} (here {_shown(value)})."
    if home := section_of(name):
        return f"{place} Move the line below [{home}]."
    return f"{place}{did_you_mean(name, known) or f' The options are {_listed(known)}.'}"


def _read_others(content: _Content, others: Mapping[str, type]) -> dict[str, Any]:
    """Return the settings of the sections that belong to other rooms."""
    sections: dict[str, Any] = {}
    for section, kind in others.items():
        if section not in content:
            continue
        fields = attrs.fields_dict(kind)
        for name, value in content[section].items():
            if name not in fields:
                raise ConfigurationError(_explain_unknown(section, name, value, {}, others))
            _check_by_rule(section, fields[name], value)
        sections[section] = kind(**content[section])
    return sections


def _names_of(kind: type) -> tuple[str, ...]:
    return tuple(attrs.fields_dict(kind))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _shown(value: object) -> str:
    """Return a value as the file has it."""
    try:
        return toml_value(value)
    except TypeError:  # a date
        return str(value)
