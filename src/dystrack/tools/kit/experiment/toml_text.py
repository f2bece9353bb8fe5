"""TOML as people write it: read by the standard library, mistakes explained by their line."""

import json
import re
import tomllib
from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from dystrack.core.errors import ConfigurationError

__all__ = ["load_toml", "parse_toml", "toml_value"]

_LINE_NUMBER = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SWALLOWED = re.compile(r'"[A-Za-z]:\\[^\\"]')  # "D:\new" is a line break and "ew"
_WINDOWS_PATH = r"Put a Windows path between single quotation marks: 'D:\data'."
_ONE_NUMBER = "Write one number, such as 3.5, with nothing behind it."
_LONGEST_LINE = 80

# What is wrong with a line by its looks, in the order in which it is asked.
_MISTAKES = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        ("[\u00a0\u200b-\u200d\u2060\ufeff]", "It holds a sign that nobody sees: type it anew."),
        ("[\u2018\u2019\u201a-\u201e«»`\u00b4]", 'Write straight quotation marks: "text".'),
        (r"^\s*(//|;|%)", "Begin a comment with #."),
        (r"==|:=", "Write a single =."),
        (r"=\s*[A-Za-z]:[\\/]", _WINDOWS_PATH),
        (r'=\s*"[^"]*\\', _WINDOWS_PATH),
        (r"=\s*(True|False|TRUE|FALSE)\b", "Write true or false in lower case."),
        (r"=\s*([Nn]one|null|nil)\b", "Leave the line out where there is no value."),
        (r"=\s*[+-]?[\d.]+[,;]\s*(#.*)?$|=\s*\d+\.\d+\.|=\s*\d+\s+\d", _ONE_NUMBER),
        (r"=\s*\(", "Write several numbers in square brackets: [10, 50, 50]."),
        (r"=\s*[+-]?[\d.]+,\s*\d", "Write a decimal point (3.5), and several numbers in brackets."),
        (r"=\s*[+-]?\d[\d.]*\s*[A-Za-zµ%]", "Give the number alone, without a unit."),
        (r"=\s*[+-]?(\.\d|\d+\.(?!\d))", "Write a digit before and after the point: 0.5."),
        (r"=\s*[+-]?0\d", "Write the number without leading zeros."),
        (r"=\s*(#.*)?$", "Give a value behind =, or leave the line out."),
        (r"^\s*\[[^\]]*$", "Close the name of the section with ]."),
        (r"^\s*[^\[=]*\]\s*$", "Open the name of the section with [."),
        (r"=\s*(\"[^\"]*|'[^']*)$", "Close the quotation mark."),
        (r"=\s*[\[{]", "Close the brackets, with commas between the values."),
        (r"^\s*[\w-]+\s+[\w -]+=", "Write the name on the left of = without spaces."),
        (r"^[^=]*$", "Write: name = value."),
        (r"=\s*[^\W\d]|=\s*[./\\*]", 'Put text between quotation marks: "text".'),
    )
)
_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot mutate")


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        What it holds.

    Raises
    ------
    ConfigurationError
        If there is no such file, or if it is no TOML; the message is one line that names file,
        line, and what to do.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise _not_utf_8(path) from None
    except FileNotFoundError:
        msg = f"There is no file {path}. Correct its name, or make it with: dystrack init."
        raise ConfigurationError(msg) from None
    except OSError as error:
        msg = f"{path} cannot be read: {error}. Check its name and its rights."
        raise ConfigurationError(msg) from None
    if "\0" in text:  # two bytes a letter, as Notepad's "Unicode" has it
        raise _not_utf_8(path)
    return parse_toml(text, path.name)


def _not_utf_8(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not written in UTF-8. Save it again with the encoding UTF-8; in Notepad: "
        "File, Save as, Encoding."
    )


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """Read TOML; messages call it by its name.

    Raises
    ------
    ConfigurationError
        If it is no TOML, or if it has a Windows path whose backslashes TOML would not keep.
    """
    _refuse_swallowed_backslashes(text, name)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_explain(str(error), text, name)) from None


def toml_value(value: object) -> str:
    """Return a value as TOML writes it, on one line.

    Raises
    ------
    TypeError
        If TOML has no such value.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return repr(float(value))
    if isinstance(value, str):
        is_path = "\\" in value and not re.search(r"['\x00-\x1f\x7f]", value)
        return f"'{value}'" if is_path else _quoted(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{_key(name)} = {toml_value(entry)}" for name, entry in value.items())
        inner = ", ".join(pairs)
        return f"{{ {inner} }}" if inner else "{}"
    msg = f"TOML has no way to write {value!r}."
    raise TypeError(msg)


def _key(name: object) -> str:
    if not isinstance(name, str):
        msg = f"TOML has no way to write the key {name!r}."
        raise TypeError(msg)
    return name if _BARE_KEY.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", r"\u007f")


def _explain(complaint: str, text: str, name: str) -> str:
    """Say which line is wrong and what to do about it."""
    lines = text.splitlines()
    found = _LINE_NUMBER.search(complaint)
    filled = [number for number, line in enumerate(lines, 1) if line.strip()]
    number = int(found[1]) if found and found[1] else filled[-1]
    line = lines[number - 1].strip()
    shown = line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"
    place = f"{name} line {number}: {shown}"
    if complaint.startswith(_TWICE):
        return f"{place}  This name stands there before. Keep one of the two."
    remedies = (remedy for pattern, remedy in _MISTAKES if pattern.search(line))
    remedy = next(remedies, "Write: name = value, with text between quotation marks.")
    return f"{place}  {remedy}"


def _refuse_swallowed_backslashes(text: str, name: str) -> None:
    """Refuse a Windows path whose backslashes TOML would take for the start of a symbol."""
    for number, line in enumerate(text.splitlines(), 1):
        if _SWALLOWED.search(line) and not line.lstrip().startswith("#"):
            raise ConfigurationError(f"{name} line {number}: {line.strip()}  {_WINDOWS_PATH}")
