"""What a callable can be given by name: its signature first, its numpydoc text second.

The command line is made from this. Annotations say the types; where there is none, the documented
type does; where nothing is documented, the type of the default does. What none of them can tell,
or what a command line cannot express, is withheld with the reason.
"""

import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.options.argument_types import (
    ValueType,
    type_of_annotation,
    type_of_default,
    type_of_text,
)

__all__ = ["Argument", "Arguments", "Withheld", "read_arguments"]

_OTHER_PARAMETERS = "other_param"  # docstring_parser's name of that section
_MISSING = inspect.Parameter.empty
_PATH = re.compile(r"\bPath\b")
_BY_NAME = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


@dataclass(frozen=True)
class Argument:
    """A keyword that a command line can offer.

    Attributes
    ----------
    name : str
        Name of the keyword.
    value_type : ValueType
        What it takes.
    default : object
        Its default; `inspect.Parameter.empty` where it has none or none is known.
    required : bool
        True where the callable cannot be called without it.
    description : str
        What its docstring says, on one line.
    allowed : str
        What may be given, in words, where the type does not say all: ``a number above 0``.
    is_path : bool
        Whether the docstring says that a text is a path: ``str or Path``.
    """

    name: str
    value_type: ValueType
    default: Any = _MISSING
    required: bool = False
    description: str = ""
    allowed: str = ""
    is_path: bool = False

    @property
    def default_text(self) -> str:
        """The default as Python writes it; empty where none is known."""
        return "" if self.default is _MISSING else repr(self.default)

    def convert(self, text: str) -> Any:
        """Return the value that a typed text stands for, or raise `ConfigurationError`."""
        try:
            return self.value_type.convert(text)
        except ConfigurationError as error:
            raise ConfigurationError(f"--{self.name} {error}") from None


@dataclass(frozen=True)
class Withheld:
    """A keyword that a command line cannot offer.

    Attributes
    ----------
    name : str
        Name of the keyword.
    reason : str
        Why it cannot be offered.
    required : bool
        True where the callable cannot be called without it.
    description : str
        What its docstring says, on one line.
    """

    name: str
    reason: str
    required: bool = False
    description: str = ""


@dataclass(frozen=True)
class Arguments:
    """All keywords of a callable.

    Attributes
    ----------
    offered : tuple of Argument
        Keywords that a command line can offer, in the order of the signature.
    withheld : tuple of Withheld
        Keywords that can only be given from Python.
    takes_any : bool
        True where the callable takes keywords that its signature does not name.
    summary : str
        First line of the docstring.
    """

    offered: tuple[Argument, ...]
    withheld: tuple[Withheld, ...]
    takes_any: bool
    summary: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all keywords, offered and withheld."""
        return (*(a.name for a in self.offered), *(w.name for w in self.withheld))


@dataclass(frozen=True)
class _Documented:
    """What a docstring says of one parameter; `is_inner` where no person is meant to give it."""

    type_text: str = ""
    description: str = ""
    is_inner: bool = False


def read_arguments(function: Callable[..., Any], n_positional: int = 0) -> Arguments:
    """Read the keywords of a callable from its signature and its docstring.

    Parameters
    ----------
    function : callable
        A function, a method, a `functools.partial` or an object that can be called.
    n_positional : int, default 0
        Number of leading parameters that the caller gives by position; they are left out, as are
        those under *Other Parameters*: they are not for people, but for a session.

    Returns
    -------
    Arguments
        What can be offered and what is withheld. A callable without docstring offers what its
        annotations and defaults tell. One that takes ``**kwargs``, or whose signature cannot be
        read, also offers what only its docstring names.
    """
    summary, documented = _parse_numpydoc(inspect.getdoc(_underlying(function)) or "")
    parameters = _parameters_of(function)
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    by_name = [
        p
        for p in parameters[n_positional:]
        if p.kind in _BY_NAME and not documented.get(p.name, _Documented()).is_inner
    ]
    entries: list[Argument | Withheld] = [
        _entry(p, documented.get(p.name), _evaluated_annotation(function, p)) for p in by_name
    ]
    if takes_any:
        signature_names = {p.name for p in parameters}
        leading = set(list(documented)[:n_positional]) if len(parameters) == 1 else set()
        entries += _documented_only(documented, signature_names | leading)
    return Arguments(
        offered=tuple(entry for entry in entries if isinstance(entry, Argument)),
        withheld=tuple(entry for entry in entries if isinstance(entry, Withheld)),
        takes_any=takes_any,
        summary=summary,
    )


def _parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters; one ``**kwargs`` where the signature cannot be read."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError, NameError):
        return [inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)]


def _entry(
    parameter: inspect.Parameter, documented: _Documented | None, annotation: Any
) -> Argument | Withheld:
    """Return the parameter as an argument, or why it is withheld."""
    required = parameter.default is _MISSING
    value_type = _value_type(documented, annotation, parameter.default)
    description = documented.description if documented else ""
    if not value_type.is_offerable:
        reason = _why_withheld(documented, annotation)
        return Withheld(parameter.name, reason, required, description)
    if parameter.default is None and not value_type.accepts_none:
        value_type = ValueType(value_type.kinds, value_type.choices, accepts_none=True)
    is_path = documented is not None and _PATH.search(documented.type_text) is not None
    return Argument(
        parameter.name, value_type, parameter.default, required, description, is_path=is_path
    )


def _value_type(documented: _Documented | None, annotation: Any, default: Any) -> ValueType:
    """Return the first type that can be offered: of annotation, docstring, default.

    An annotation without choices takes those that the docstring lists for the same types.
    """
    annotated = ValueType() if annotation is _MISSING else type_of_annotation(annotation)
    type_text = documented.type_text if documented else ""
    from_text = type_of_text(type_text)
    if annotated.is_offerable:
        listed = from_text.choices and not annotated.choices and str in annotated.kinds
        if listed and set(from_text.kinds) == set(annotated.kinds) - {str}:
            return ValueType(from_text.kinds, from_text.choices, annotated.accepts_none)
        return annotated
    if type_text:
        return from_text
    return type_of_default(default) if annotation is _MISSING else ValueType()


def _why_withheld(documented: _Documented | None, annotation: Any) -> str:
    if documented and documented.type_text:
        return f"its type is documented as {documented.type_text!r}"
    if annotation is not _MISSING:
        return f"its annotation is {inspect.formatannotation(annotation)}"
    return "it has no documented type, no annotation and no default that tells"


def _documented_only(
    documented: Mapping[str, _Documented], known: set[str]
) -> Iterator[Argument | Withheld]:
    """Yield the keywords that only the docstring names."""
    for name, text in documented.items():
        if name in known or not name.isidentifier():
            continue
        value_type = type_of_text(text.type_text)
        if value_type.is_offerable:
            yield Argument(name, value_type, description=text.description)
        else:
            yield Withheld(name, _why_withheld(text, _MISSING))


def _evaluated_annotation(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """Return the annotation; nothing where it says nothing, or names what cannot be imported."""
    annotation = parameter.annotation
    if not isinstance(annotation, str):
        return _MISSING if annotation is Any else annotation
    namespace = getattr(_underlying(function), "__globals__", {})
    holder = type("_Holder", (), {"__annotations__": {parameter.name: annotation}})
    try:
        evaluated = typing.get_type_hints(holder, globalns=namespace)[parameter.name]
    except (NameError, TypeError, AttributeError, SyntaxError):
        return _MISSING
    return _MISSING if evaluated is Any else evaluated


def _underlying(function: Any) -> Any:
    """Return the function that bears docstring and globals."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    if inspect.isroutine(function) or isinstance(function, type):
        return function
    return type(function).__call__


def _parse_numpydoc(text: str) -> tuple[str, dict[str, _Documented]]:
    """Return the first line of a docstring and what it says of each parameter."""
    import docstring_parser  # noqa: PLC0415  (loaded when a command line is made, not before)

    parsed = docstring_parser.parse(text, style=docstring_parser.DocstringStyle.NUMPYDOC)
    documented = {
        name.strip(): _Documented(
            item.type_name or "",
            " ".join((item.description or "").split()),
            is_inner=item.args[0] == _OTHER_PARAMETERS,
        )
        for item in parsed.params
        for name in item.arg_name.split(",")
    }
    return parsed.short_description or "", documented
