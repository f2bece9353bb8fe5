"""The JSON schema of experiment files, from which editors know each key, its values and meaning.

It is made from the same rules that check a file, and shipped as ``experiment.schema.json``.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from dystrack.manager.setting_rules import Choice, Kind, Number
from dystrack.manager.setting_table import setting_table
from dystrack.manager.settings import Settings
from dystrack.options.argument_types import ValueType
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.pipeline_reference import load_pipeline, pipeline_names
from dystrack.tools.kit.experiment.reading import takes_tables
from dystrack.tools.kit.experiment.sections import (
    CACHE,
    OPTIONS,
    PIPELINE,
    PURPOSES,
    REFERENCE,
    settings_in,
)

__all__ = ["SCHEMA_PATH", "experiment_schema"]

SCHEMA_PATH = Path(__file__).with_name("experiment.schema.json")
"""Where the shipped schema lies."""

_Schema = dict[str, Any]
_TYPES: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_ANY_LIMITS: _Schema = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string"},
        {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 1, "maxItems": 3},
    ]
}


def experiment_schema(package: str, others: Mapping[str, type] = {}) -> _Schema:
    """Return the schema of experiment files.

    Parameters
    ----------
    package : str
        Import name of the package with the shipped pipelines.
    others : mapping of str to type, default {}
        What further sections can hold, as `read_experiment` takes them.

    Returns
    -------
    dict
        A JSON schema of draft 7, which editors of TOML understand. Of a shipped pipeline it knows
        the options.
    """
    names = pipeline_names(package)
    sections = {name: _section(name, purpose) for name, purpose in PURPOSES.items()}
    sections[PIPELINE]["required"] = [REFERENCE]
    sections[PIPELINE]["properties"] = {
        REFERENCE: {
            "description": "A shipped pipeline, or path/to/file.py:function.",
            "anyOf": [{"enum": names}, {"type": "string"}],
        },
        **sections[PIPELINE]["properties"],
    }
    for name in (OPTIONS, CACHE):
        sections[name]["additionalProperties"] = True
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "DySTrack experiment",
        "type": "object",
        "properties": sections | {name: _other_section(kind) for name, kind in others.items()},
        "additionalProperties": False,
        "required": [PIPELINE],
        "allOf": [_options_of(name, package) for name in names],
    }


def _section(name: str, purpose: str) -> _Schema:
    rows = {row.name: row for row in setting_table()}
    fields = attrs.fields_dict(Settings)
    return _table(
        purpose,
        {
            setting: _of_rule(fields[setting].metadata["rule"], fields[setting].type)
            | _told(rows[setting].meaning, rows[setting].default)
            for setting in settings_in(name)
        },
    )


def _other_section(kind: type) -> _Schema:
    documented = read_arguments(kind)
    meanings = {argument.name: argument.description for argument in documented.offered}
    defaults = kind()
    return _table(
        documented.summary,
        {
            field.name: _of_rule(field.metadata["rule"], field.type)
            | _told(meanings.get(field.name, ""), getattr(defaults, field.name))
            for field in attrs.fields(kind)
        },
    )


def _options_of(name: str, package: str) -> _Schema:
    """Return the rule that an experiment with this pipeline has its options, and no others."""
    pipeline = load_pipeline(name, package)
    arguments = read_arguments(pipeline, n_positional=1)
    properties = {
        argument.name: _of_type(
            argument.value_type, tables=takes_tables(pipeline, argument.name, {})
        )
        | _told(argument.description.replace("`", ""), argument.default)
        for argument in arguments.offered
    }
    chosen = {"properties": {PIPELINE: {"properties": {REFERENCE: {"const": name}}}}}
    table = _table(arguments.summary, properties)
    return {"if": chosen, "then": {"properties": {OPTIONS: table}}}


def _table(description: str, properties: _Schema) -> _Schema:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": False,
    }


def _told(description: str, default: object) -> _Schema:
    is_plain = isinstance(default, (bool, int, float, str)) and default != float("inf")
    return {"description": description} | ({"default": default} if is_plain else {})


def _of_rule(rule: object, annotation: object) -> _Schema:
    """Return what a rule allows, as far as a schema can say it."""
    match rule:
        case Number():
            kind = "integer" if rule.whole else "number"
            return {"type": kind, "exclusiveMinimum" if rule.above else "minimum": rule.low}
        case Choice():
            return {"enum": [value for value in rule.values if value is not None]}
        case Kind(type=kind):
            is_switch = annotation in {bool, "bool"}
            return {"type": "boolean" if is_switch else _TYPES.get(kind, "object")}
    return _ANY_LIMITS if _is_limit(annotation) else {"type": "string"}


def _is_limit(annotation: object) -> bool:
    return "Sequence[float]" in str(annotation)


def _of_type(value_type: ValueType, *, tables: bool) -> _Schema:
    """Return what an option takes."""
    kinds: Iterable[str] = dict.fromkeys(_TYPES.get(kind, "string") for kind in value_type.kinds)
    forms: list[_Schema] = [{"type": kind} for kind in kinds]
    choices = [*value_type.choices, *(["none"] if value_type.accepts_none else [])]
    if choices:
        forms.append({"enum": choices})
    if tables:
        forms.append({"type": "object"})
    return forms[0] if len(forms) == 1 else {"anyOf": forms}
