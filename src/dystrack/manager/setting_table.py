"""All settings at a glance: what a command line, a file or a form has to know of each."""

import re
from dataclasses import dataclass
from typing import Any

import attrs

from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.settings import Settings
from dystrack.options.docstring_arguments import read_arguments

__all__ = ["SettingRow", "setting_table"]


@dataclass(frozen=True)
class SettingRow:
    """One setting.

    Attributes
    ----------
    name : str
        Name of the keyword.
    type : object
        Its annotation.
    default : object
        Its default.
    allowed : str
        What may be given, in words: ``a number above 0``.
    unit : str
        Unit, if it has one.
    meaning : str
        What it means, as one sentence.
    """

    name: str
    type: Any
    default: Any
    allowed: str
    unit: str
    meaning: str


def setting_table() -> tuple[SettingRow, ...]:
    """Return a row for each setting, in the order of the signature.

    Types, rules and units are those of `Settings`, meanings those of the docstring of
    `run_dystrack_manager`; neither stands anywhere else.
    """
    documented = read_arguments(run_dystrack_manager)
    descriptions = {entry.name: entry.description for entry in documented.offered}
    descriptions |= {entry.name: entry.description for entry in documented.withheld}
    defaults = Settings()
    return tuple(
        SettingRow(
            name=field.name,
            type=field.type,
            default=getattr(defaults, field.name),
            allowed=field.metadata["rule"].wanted,
            unit=field.metadata["unit"],
            meaning=_first_sentence(descriptions[field.name]),
        )
        for field in attrs.fields(Settings)
    )


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0].replace("`", "")
