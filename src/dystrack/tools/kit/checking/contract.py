"""A pipeline as it is written: its signature, its docstring, its options."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.options.docstring_arguments import Arguments, read_arguments
from dystrack.options.nearest import did_you_mean
from dystrack.tools.kit.remarks import Remark, good, note, problem

__all__ = ["contract_remarks"]

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_EXAMPLE = "def analyze_image(target_path, channel=None, gauss_sigma=3.0)"


def contract_remarks(pipeline: Callable[..., Any], options: Mapping[str, Any]) -> Iterator[Remark]:
    """Yield what is to be said of a pipeline without running it.

    Parameters
    ----------
    pipeline : callable
        The pipeline.
    options : mapping
        The options with which it is to run.

    Yields
    ------
    Remark
        What is wrong or should be known; what is good, where nothing is.
    """
    remarks = [
        *_about_signature(pipeline, options),
        *_about_docstring(pipeline),
        *_about_options(pipeline, options),
    ]
    yield from remarks
    if not remarks:
        arguments = read_arguments(pipeline, n_positional=1)
        names = ", ".join(argument.name for argument in arguments.offered) or "none"
        yield good(f"Signature and docstring are as they should be. Options: {names}.")


def _about_signature(pipeline: Callable[..., Any], options: Mapping[str, Any]) -> Iterator[Remark]:
    try:
        parameters = list(inspect.signature(pipeline).parameters.values())
    except (TypeError, ValueError):
        yield note("Its signature cannot be read, so that its options are not known.")
        return
    if not parameters or parameters[0].kind not in (
        *_BY_POSITION,
        inspect.Parameter.VAR_POSITIONAL,
    ):
        yield problem(
            f"It takes no path. Its first parameter is the path of the prescan: {_EXAMPLE}"
        )
        return
    for parameter in parameters[1:]:
        is_needed = parameter.default is inspect.Parameter.empty
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            yield problem(f"{parameter.name} can only be given by position. Take the / away.")
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            yield note(f"*{parameter.name} never gets anything: a session gives the path alone.")
        elif (
            is_needed
            and parameter.kind is not inspect.Parameter.VAR_KEYWORD
            and parameter.name not in options
        ):
            yield problem(
                f"{parameter.name} has no default and is not set. Write {parameter.name}=... in its"
                f" signature, or give --{parameter.name}."
            )


def _about_docstring(pipeline: Callable[..., Any]) -> Iterator[Remark]:
    if not inspect.getdoc(pipeline):
        yield note(
            "It has no docstring. Describe its parameters as numpydoc does (name : type), so that"
            " the command line and the help know them."
        )
        return
    arguments = read_arguments(pipeline, n_positional=1)
    yield from _undocumented(arguments)
    yield from _not_in_signature(pipeline, arguments)
    yield from _wrong_defaults(pipeline, arguments)


def _undocumented(arguments: Arguments) -> Iterator[Remark]:
    bare = [argument.name for argument in arguments.offered if not argument.description]
    if bare:
        yield note(
            f"Its docstring does not describe {', '.join(bare)}. Add name : type, and a line."
        )
    for withheld in arguments.withheld:
        yield note(
            f"{withheld.name} cannot be set on a command line: {withheld.reason}. Document it as"
            " bool, int, float or str, or set it in a file."
        )


def _not_in_signature(pipeline: Callable[..., Any], arguments: Arguments) -> Iterator[Remark]:
    if arguments.takes_any:
        return
    known = [*arguments.names, *inspect.signature(pipeline).parameters]
    for name in _documented(pipeline):
        if name not in known and name.isidentifier():
            yield note(
                f"Its docstring describes {name}, which is no parameter.{did_you_mean(name, known)}"
            )


def _documented(pipeline: Callable[..., Any]) -> dict[str, str]:
    """Return each parameter that the docstring describes, with the default that it tells."""
    import docstring_parser  # noqa: PLC0415

    style = docstring_parser.DocstringStyle.NUMPYDOC
    parsed = docstring_parser.parse(inspect.getdoc(pipeline) or "", style=style)
    return {
        name.strip(): item.default or ""
        for item in parsed.params
        for name in item.arg_name.split(",")
    }


def _wrong_defaults(pipeline: Callable[..., Any], arguments: Arguments) -> Iterator[Remark]:
    """Yield where the docstring gives a parameter another default than the signature does."""
    documented = _documented(pipeline)
    for argument in arguments.offered:
        told = documented.get(argument.name, "").strip("\"'`.")
        if told and argument.default_text and not _is_same(told, argument.default):
            yield note(
                f"Its docstring says that the default of {argument.name} is {told}; it is"
                f" {argument.default_text}."
            )


def _is_same(text: str, default: object) -> bool:
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        try:
            return float(text) == default
        except ValueError:
            return False
    return text == str(default) or text.startswith(("{", "[", "("))


def _about_options(pipeline: Callable[..., Any], options: Mapping[str, Any]) -> Iterator[Remark]:
    arguments = read_arguments(pipeline, n_positional=1)
    offered = {argument.name: argument for argument in arguments.offered}
    for name, value in options.items():
        if name not in arguments.names and not arguments.takes_any:
            yield problem(f"It has no option {name}.{did_you_mean(name, arguments.names)}")
        elif name in offered:
            try:
                offered[name].value_type.take(value)
            except ConfigurationError as error:
                yield problem(f"{name} {error}")
