"""What a command-line value may be, read from an annotation, a documented type or a default.

A value type can be *offered* on a command line when it is made of ``bool``, ``int``, ``float``,
``str``, a path or a list of choices. ``None`` may come with it; everything else (a dictionary, a
callable, an array) can only be given from Python and is left out.
"""

import ast
import math
import re
import types
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from dystrack.core.errors import ConfigurationError
from dystrack.options.nearest import did_you_mean

__all__ = [
    "FALSE_WORDS",
    "TRUE_WORDS",
    "ValueType",
    "type_of_annotation",
    "type_of_default",
    "type_of_text",
]

TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0"})

_KINDS_IN_ORDER: tuple[type, ...] = (bool, int, float, Path, str)
_EXPECTED = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Path: "a path",
    str: "text",
}
_KIND_OF_WORD: dict[str, type] = {
    "bool": bool,
    "boolean": bool,
    "int": int,
    "integer": int,
    "float": float,
    "str": str,
    "string": str,
    "path": str,
    "path-like": str,
}
_BRACES = re.compile(r"\{([^{}]*)\}")
_NESTED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_SEPARATOR = re.compile(r",|\||\bor\b")
_LEADING_WORD = re.compile(r"[A-Za-z][A-Za-z_.-]*")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class ValueType:
    """The values that one option takes.

    Attributes
    ----------
    kinds : tuple of type
        Any of `bool`, `int`, `float`, `pathlib.Path` and `str`.
    choices : tuple
        Values that are taken beside `kinds`, each written as ``str(choice)``.
    accepts_none : bool
        True where the word ``none`` means None.
    """

    kinds: tuple[type, ...] = ()
    choices: tuple[Any, ...] = ()
    accepts_none: bool = False

    @property
    def is_offerable(self) -> bool:
        """Whether a command line can express any value of this type other than None."""
        return bool(self.kinds or self.choices)

    @property
    def is_flag(self) -> bool:
        """Whether the option is a switch: true or false and nothing else."""
        return self.kinds == (bool,) and not self.choices

    def describe(self) -> str:
        """Return the type as a docstring writes it, such as ``int or None``.

        Returns
        -------
        str
            Alternatives joined by "or"; choices stand in braces.
        """
        words = [kind.__name__.lower() for kind in self.kinds]
        if self.choices:
            words.append("{" + ", ".join(map(str, self.choices)) + "}")
        if self.accepts_none:
            words.append("None")
        return " or ".join(words)

    def convert(self, text: str) -> Any:
        """Return the value that a text stands for.

        Parameters
        ----------
        text : str
            The value as it was typed.

        Returns
        -------
        object
            A value of one of `kinds`, one of `choices`, or None.

        Raises
        ------
        ConfigurationError
            If the text stands for none of them; the message begins with "expects".
        """
        if self.accepts_none and text.lower() == "none":
            return None
        for choice in self.choices:
            if text == str(choice):
                return choice
        for kind in _KINDS_IN_ORDER:
            if kind in self.kinds and (value := self._read(kind, text)) is not None:
                return value
        raise ConfigurationError(self._refusal(text))

    def take(self, value: Any) -> Any:
        """Return what a value of a file, which has a type already, stands for.

        Parameters
        ----------
        value : object
            The value; a text is only taken for a text, a choice, a path, or None.

        Returns
        -------
        object
            A value of one of `kinds`, one of `choices`, or None.

        Raises
        ------
        ConfigurationError
            If it stands for none of them; the message begins with "expects".
        """
        if isinstance(value, str) and (self.choices or {str, Path} & set(self.kinds)):
            return self.convert(value)
        if isinstance(value, str) and self.accepts_none and value.lower() == "none":
            return None
        if any(type(value) is type(choice) and value == choice for choice in self.choices):
            return value
        if type(value) in self.kinds and value == value:  # noqa: PLR0124 - not NaN
            return value
        if type(value) is int and float in self.kinds:
            return float(value)
        raise ConfigurationError(self._refusal(value))

    def _read(self, kind: type, text: str) -> Any:
        """Return `text` as a value of `kind`, or None where it is no such value."""
        if kind is bool:
            return self._read_bool(text.lower())
        try:
            value = kind(text)
        except ValueError:
            return None
        return None if kind is float and math.isnan(value) else value

    def _read_bool(self, word: str) -> bool | None:
        if word in {"0", "1"} and {int, float} & set(self.kinds):
            return None
        if word in TRUE_WORDS:
            return True
        return False if word in FALSE_WORDS else None

    def _refusal(self, given: Any) -> str:
        expected = [_EXPECTED[kind] for kind in self.kinds if kind in _EXPECTED]
        if self.choices:
            expected.append("one of " + ", ".join(map(str, self.choices)))
        if self.accepts_none:
            expected.append("none")
        return f"expects {' or '.join(expected)}, not {given!r}.{self._advice(given)}"

    def _advice(self, given: Any) -> str:
        if not isinstance(given, str):
            return ""
        if float in self.kinds and _DECIMAL_COMMA.fullmatch(given):
            return f" Write {given.replace(',', '.')} with a decimal point."
        return did_you_mean(given, map(str, self.choices))


def type_of_text(text: str) -> ValueType:
    """Read a type as numpydoc writes it.

    Parameters
    ----------
    text : str
        Such as ``int or None``, ``float, optional, default 3.0``, ``{"a", "b"}``, ``path-like``.

    Returns
    -------
    ValueType
        Not offerable where the text does not begin with a type that a command line can express.
    """
    text = re.sub(r":[\w:]+:|[`~]", "", text)
    choices = [choice for inner in _BRACES.findall(text) for choice in _read_choices(inner)]
    outside = _NESTED.sub("", _BRACES.sub("{}", text))
    pieces = [piece.strip() for piece in _SEPARATOR.split(outside)]
    named = [piece for piece in pieces if piece.lower() != "none"]
    kinds = [_kind_of_piece(piece) for piece in named]
    if not named or (kinds[0] is None and not named[0].startswith("{}")):
        return ValueType()
    return _combine(
        [kind for kind in kinds if kind is not None], choices, accepts_none=len(named) < len(pieces)
    )


def type_of_annotation(annotation: Any) -> ValueType:
    """Return what a command line can express of an evaluated annotation; perhaps nothing."""
    members = list(_members_of(annotation))
    choices = [value for member in members for value in _literals_of(member)]
    kinds = [member for member in members if member in _KINDS_IN_ORDER]
    return _combine(kinds, choices, accepts_none=type(None) in members)


def type_of_default(default: Any) -> ValueType:
    """Return the type of a default; not offerable for None, dictionaries, callables and so on."""
    for kind in _KINDS_IN_ORDER:
        if type(default) is kind or (kind is Path and isinstance(default, Path)):
            return ValueType((kind,))
    return ValueType()


def _combine(kinds: Iterable[type], choices: Iterable[Any], *, accepts_none: bool) -> ValueType:
    """Return the type whose text is restricted to the choices, where there are any."""
    values = list(dict.fromkeys((type(choice), choice) for choice in choices))
    listed = {kind for kind, _ in values}
    both_bools = {(bool, True), (bool, False)} <= set(values)
    kept = [kind for kind in dict.fromkeys(kinds) if kind not in listed]
    return ValueType(
        kinds=(*([bool] if both_bools else []), *kept),
        choices=tuple(
            value
            for kind, value in values
            if value is not None and not (both_bools and kind is bool)
        ),
        accepts_none=accepts_none or type(None) in listed,
    )


def _kind_of_piece(piece: str) -> type | None:
    word = _LEADING_WORD.match(piece)
    if word is None:
        return None
    return _KIND_OF_WORD.get(word.group().removeprefix("pathlib.").removeprefix("os.").lower())


def _read_choices(inner: str) -> list[Any]:
    """Return what stands in braces; names without quotes are taken as text."""
    try:
        values = ast.literal_eval(f"[{inner}]")
    except (SyntaxError, ValueError):
        values = [name.strip() for name in inner.split(",")]
    plain = (str, int, float, type(None))
    return values if all(isinstance(value, plain) for value in values) else []


def _members_of(annotation: Any) -> Iterable[Any]:
    if get_origin(annotation) in {Union, types.UnionType}:
        return get_args(annotation)
    return [type(None)] if annotation is None else [annotation]


def _literals_of(member: Any) -> tuple[Any, ...]:
    return get_args(member) if get_origin(member) is Literal else ()
