"""The help screen of a command line: what can be set, what is set already, what cannot be set."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dystrack.options.command_options import CommandOptions
from dystrack.options.docstring_arguments import Argument

__all__ = ["help_screen", "option_table"]

_LONGEST_VALUE = 40
_OPTION_COLUMN = 30
_SPELLING = (
    "An option can be written --gauss_sigma 2, --gauss-sigma 2 or --gauss_sigma=2; a switch"
    " --verbose, --verbose False or --no-verbose; None is written none."
)


def help_screen(program: str, options: CommandOptions, rest: str = "Watching and sending") -> Group:
    """Return the help screen of a pipeline's command line.

    Parameters
    ----------
    program : str
        How the command is started.
    options : CommandOptions
        What it offers.
    rest : str, default "Watching and sending"
        What the options are about that are not the pipeline's.

    Returns
    -------
    rich.console.Group
        The screen, for a console to print.
    """
    only_manager = {n: a for n, a in options.manager.items() if n not in options.analysis}
    parts: list[RenderableType] = [
        Text(f"Usage: {program} TARGET_DIR [--option value ...]"),
        *([Text(""), Text(options.summary)] if options.summary else []),
        *_section("The folder", _target_dir_table()),
    ]
    if options.analysis:
        shared = options.analysis.keys() & options.manager.keys()
        table = option_table(options.analysis.values(), shared)
        parts += _section("Image analysis", table)
    parts += _section(rest, option_table(only_manager.values()))
    if options.fixed:
        parts += _section("Already set in the run file", _fixed_table(options.fixed))
    if options.python_only:
        names = Text(", ".join(sorted(options.python_only)))
        parts += _section("Can only be set in a run file", names)
    return Group(*parts, Text(""), Text(_SPELLING))


def option_table(arguments: Iterable[Argument], shared: Iterable[str] = frozenset()) -> Table:
    """Return a table of options with type, description and default.

    Parameters
    ----------
    arguments : iterable of Argument
        The options.
    shared : iterable of str, optional
        Names of those that set a keyword of the manager as well.

    Returns
    -------
    rich.table.Table
        The table, for a console to print.
    """
    table = _two_columns()
    for argument in arguments:
        label = Text("")
        label.append(f"--{argument.name}", style="bold cyan")
        label.append(f" {argument.value_type.describe().replace(', ', '|')}", style="dim")
        text = Text(argument.description.replace("`", ""))
        if argument.name in shared:
            text.append(" Also given to the manager.")
        if note := _note(argument):
            text.append(f" [{note}]" if text else f"[{note}]", style="dim")
        table.add_row(label, text)
    return table


def _note(argument: Argument) -> str:
    """Say what may be given, whether it is needed, and what it is when not given, if short."""
    default = argument.default_text
    if argument.required:
        notes = [argument.allowed, "required"]
    else:
        notes = [argument.allowed, f"default {default}" if len(default) <= _LONGEST_VALUE else ""]
    return "; ".join(note for note in notes if note not in {"", "default "})


def _target_dir_table() -> Table:
    table = _two_columns()
    table.add_row(Text("TARGET_DIR"), Text("Folder into which the microscope writes prescans."))
    return table


def _fixed_table(fixed: Mapping[str, Any]) -> Table:
    table = _two_columns()
    for name, value in fixed.items():
        table.add_row(Text(name), Text(_shortened(repr(value))))
    return table


def _two_columns() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=_OPTION_COLUMN, overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    return table


def _section(title: str, body: RenderableType) -> list[RenderableType]:
    heading = Text(title)
    heading.stylize("bold")
    return [Text(""), heading, Padding(body, (0, 0, 0, 2))]


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
