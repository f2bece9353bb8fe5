"""From the words of a command line to keywords for the pipeline and the manager.

cyclopts splits the words into names and texts. What a text means is decided by the arguments
themselves, so that nothing is rounded or guessed; what is not understood is explained here.
"""

import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cyclopts

from dystrack.core.errors import ConfigurationError
from dystrack.options.argument_types import FALSE_WORDS, TRUE_WORDS
from dystrack.options.command_options import CommandOptions
from dystrack.options.docstring_arguments import Argument
from dystrack.options.nearest import nearest

__all__ = ["Request", "parse_words"]

_TARGET_DIR = "target_dir"


@dataclass(frozen=True)
class Request:
    """What a command line asked for; only what was typed.

    Attributes
    ----------
    target_dir : str
        The folder to watch.
    analysis_kwargs : dict
        Keywords for the pipeline.
    manager_kwargs : dict
        Keywords for the manager.
    """

    target_dir: str
    analysis_kwargs: dict[str, Any]
    manager_kwargs: dict[str, Any]


def parse_words(
    options: CommandOptions, words: Sequence[str], *, is_complete: bool = True
) -> Request:
    """Read the words of a command line.

    Parameters
    ----------
    options : CommandOptions
        What the command line offers.
    words : sequence of str
        The words after the name of the program.
    is_complete : bool, default True
        Whether everything that a run needs has to be given; if not, a folder that is missing is
        empty.

    Returns
    -------
    Request
        The folder, and the keywords that were given.

    Raises
    ------
    ConfigurationError
        If a word is not understood; the message says what was expected and what is close.
    """
    typed = _split(options, words, needs_folder=is_complete)
    target_dir = _checked_folder_name(typed.pop(_TARGET_DIR)) if _TARGET_DIR in typed else ""
    analysis_kwargs = _converted(typed, options.analysis)
    for argument in options.analysis.values():
        if is_complete and argument.required and argument.name not in analysis_kwargs:
            raise ConfigurationError(
                f"--{argument.name} is missing: the pipeline needs it."
                f" Give {argument.value_type.describe()}."
            )
    return Request(target_dir, analysis_kwargs, _converted(typed, options.manager))


def _split(options: CommandOptions, words: Sequence[str], *, needs_folder: bool) -> dict[str, Any]:
    """Return each name with its text, or with a bool where it was given as a switch."""
    forms = {name: _form(options.arguments_of(name)) for name in options.names}
    app = cyclopts.App(name="dystrack", help_flags=[], version_flags=[])
    app.default(_function_with_options(_named(words, forms), needs_folder=needs_folder))
    try:
        _, bound, _ = app.parse_args(
            _join_switches(words, forms), exit_on_error=False, print_error=False
        )
    except cyclopts.CycloptsError as error:
        raise ConfigurationError(_explain(error, options, words)) from None
    return dict(bound.arguments)


def _form(arguments: Iterable[Argument]) -> Any:
    """Return what may follow an option: `bool` nothing, `str` a text, both either."""
    types = [argument.value_type for argument in arguments]
    if all(value_type.is_flag for value_type in types):
        return bool
    return bool | str if all(bool in value_type.kinds for value_type in types) else str


def _named(words: Iterable[str], forms: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that occur among the words: cyclopts takes 0.4 ms for each other one."""
    names = {_name_of(word).lower() for word in words if word.startswith("--")}
    return {
        name: Annotated[form | None, _spelling(name, form, forms)]
        for name, form in forms.items()
        if not names.isdisjoint({name.lower(), f"no_{name.lower()}"})
    }


def _function_with_options(
    options: Mapping[str, Any], *, needs_folder: bool
) -> Callable[..., None]:
    """Return a function whose signature is the command line; cyclopts reads nothing else."""

    def command(**_: Any) -> None: ...

    folder = inspect.Parameter(
        _TARGET_DIR,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=inspect.Parameter.empty if needs_folder else "",
        annotation=str,
    )
    keywords = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in options.items()
    ]
    command.__signature__ = inspect.Signature([folder, *keywords])  # type: ignore[attr-defined]
    return command


def _spelling(name: str, form: Any, forms: Mapping[str, Any]) -> cyclopts.Parameter:
    has_negative = form is not str and f"no_{name}" not in forms
    return cyclopts.Parameter(
        name=(f"--{name}",),
        negative=(f"--no-{name}",) if has_negative else (),
        converter=None if form is bool else lambda _type, tokens: tokens[0].value,
    )


def _join_switches(words: Sequence[str], forms: Mapping[str, Any]) -> list[str]:
    """Turn ``--verbose False`` into ``--verbose=False``; a switch alone takes no value."""
    joined: list[str] = []
    for word in words:
        previous = joined[-1] if joined else ""
        name = _name_of(previous)
        if (
            previous.startswith("--")
            and "=" not in previous
            and word.lower() in TRUE_WORDS | FALSE_WORDS
            and bool in {forms.get(name), forms.get(name.removeprefix("no_"))}
        ):
            joined[-1] = f"{previous}={word}"
        else:
            joined.append(word)
    return joined


def _name_of(option: str) -> str:
    """Return the name of the keyword that an option such as ``--gauss-sigma=2`` is meant for."""
    return option.removeprefix("--").partition("=")[0].replace("-", "_")


def _converted(typed: Mapping[str, Any], arguments: Mapping[str, Argument]) -> dict[str, Any]:
    """Return the values that were typed for these arguments."""
    return {
        name: value if isinstance(value, bool) else arguments[name].convert(value)
        for name, value in typed.items()
        if name in arguments
    }


def _checked_folder_name(name: str) -> str:
    if not name.strip():
        raise ConfigurationError("The name of the folder to watch is empty. Give its path.")
    if '"' in name and not Path(name).exists():
        raise ConfigurationError(
            f"The folder {name!r} contains a quotation mark. On Windows a backslash before the"
            " closing quotation mark swallows it: leave that backslash out."
        )
    return name


def _explain(error: cyclopts.CycloptsError, options: CommandOptions, words: Sequence[str]) -> str:
    """Say in our words what cyclopts found wrong."""
    token = getattr(error, "token", None)
    keyword = getattr(error, "keyword", None) or getattr(token, "keyword", None)
    match error:
        case cyclopts.UnknownOptionError():
            return _explain_unknown(str(keyword or getattr(token, "value", "")), options)
        case cyclopts.MissingArgumentError():
            return _explain_missing(keyword, options)
        case cyclopts.RepeatArgumentError():
            return f"{keyword} is given more than once. Give it once."
        case cyclopts.UnusedCliTokensError():
            return _explain_surplus(list(error.unused_tokens or []), options, words)
        case cyclopts.CoercionError() if token is not None:
            return f"{keyword} expects true or false, not {token.value!r}."
    return str(error)


def _explain_unknown(option: str, options: CommandOptions) -> str:
    name = _name_of(option)
    if name in options.fixed:
        value = options.fixed[name]
        return f"{option} is already set to {value!r} in the run file: change it there."
    if name in options.python_only:
        return f"{option} cannot be given as text: set {name} in a run file."
    meant = nearest(name, (*options.names, *options.fixed))
    hint = f" Did you mean --{meant}?" if meant else ""
    return f"There is no option {option}.{hint}"


def _explain_missing(keyword: str | None, options: CommandOptions) -> str:
    name = _name_of(keyword or _TARGET_DIR)
    if name == _TARGET_DIR:
        return "The folder to watch is missing. Give it as the first word."
    expected = options.arguments_of(name)[0].value_type.describe()
    return (
        f"{keyword} needs a value: {expected}."
        f" One that begins with a hyphen is written {keyword}=VALUE."
    )


def _explain_surplus(surplus: list[str], options: CommandOptions, words: Sequence[str]) -> str:
    for option, word in itertools.pairwise(words):
        arguments = options.arguments_of(_name_of(option)) if option.startswith("--") else []
        if arguments and _form(arguments) is bool and word in surplus:
            return f"{option} expects true or false, not {word!r}."
    listed = " ".join(map(repr, surplus))
    return (
        f"{listed}: only one folder can be watched."
        " A folder with spaces in its name needs quotation marks around it."
    )
