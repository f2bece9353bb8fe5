"""The `dystrack` command: finds the command that is meant, and turns errors into exit codes."""

import contextlib
import gc
import importlib
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, TextIO

from dystrack import __version__
from dystrack.core.errors import ConfigurationError, DyStrackError
from dystrack.options.standard_output import (
    let_go_of_output,
    printable,
    replace_unknown_characters,
    takes_output,
)

if TYPE_CHECKING:
    import cyclopts

__all__ = ["main"]

# A new command is one file in a room, and one line here: whether its words go to it unread (some
# are options of a pipeline), and what it does.
_COMMANDS = {
    "preparing": {
        "doctor": (False, "Say whether this computer is ready for a run, or what to do."),
        "init": (False, "Ask a few questions and write an experiment.toml; no programming."),
        "convert": (False, "Make an experiment.toml of a Python run file."),
        "pipelines": (False, "List the shipped pipelines and their options."),
        "new": (False, "Write a pipeline of your own to start from, with its test."),
        "train": (False, "Paint on a few prescans, and get a pipeline that follows the paint."),
    },
    "trying": {
        "demo": (False, "Track a simulated sample, live, and write a report."),
        "check": (True, "Say what is wrong with a pipeline or prescans, before a run."),
        "show": (True, "Show what a pipeline does to a prescan, step by step."),
        "evaluate": (True, "Say how far a pipeline can be trusted, from prescans under stress."),
        "rehearse": (True, "Replay recorded prescans into a session, without any microscope."),
    },
    "running": {
        "run": (True, "Answer each prescan in a folder with coordinates for the microscope."),
        "dashboard": (False, "Show sessions in a browser: those that run, and those that ended."),
        "alert": (False, "Try whether alerts arrive: dystrack alert test."),
        "agent": (False, "Analyse prescans here for sessions on other computers."),
        "report": (False, "Write a report of the last run in a folder, also of one that goes on."),
    },
    "microscope": {
        "macro": (False, "List the macros for microscopes, or write one out."),
        "calibrate": (True, "Measure how a stage lies to its images."),
        "scope": (True, "Drive a microscope through an experiment, or check its connection."),
    },
}
_TITLES = {
    "preparing": "Set up a run",
    "trying": "Try it before a sample is at stake",
    "running": "Track",
    "microscope": "Reach a microscope",
}
_COLLECT_AFTER = 20_000  # new objects: a start makes many and drops few, so 700 took it 10 % longer
_EXIT_FAILED = 1
_EXIT_USAGE = 2
_EXIT_INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> None:
    """Run the `dystrack` command.

    Parameters
    ----------
    words : sequence of str or None, default None
        The words after ``dystrack``; those that the process was started with if not given.

    Raises
    ------
    SystemExit
        With code 2 if something was asked for that cannot be done, 1 if a run failed, 130 after
        Ctrl-C outside of a run; each with one message on standard error.
    """
    gc.set_threshold(_COLLECT_AFTER)
    tokens = list(sys.argv[1:] if words is None else words)
    replace_unknown_characters()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            _call_command(tokens)
            sys.stdout.flush()
    except ConfigurationError as error:
        _leave(str(error), _EXIT_USAGE)
    except DyStrackError as error:
        _leave(f"{type(error).__name__}: {error}", _EXIT_FAILED)
    except KeyboardInterrupt:
        _leave("Stopped.", _EXIT_INTERRUPTED)
    except OSError as error:
        if takes_output():
            raise
        let_go_of_output()
        _leave(f"The output could not be written: {error}. Give it another place.", _EXIT_FAILED)


def _call_command(tokens: list[str]) -> None:
    """Call the command that the words ask for."""
    if tokens == ["--version"]:  # before anything else is imported
        sys.stdout.write(f"{__version__}\n")
        return
    name, *words = tokens or [""]
    for room, commands in _COMMANDS.items():
        if name in commands and commands[name][0]:
            module = importlib.import_module(f"dystrack.cli.{room}.{name}")
            getattr(module, name)(*words)
            return
    import cyclopts  # noqa: PLC0415  (0.13 s)

    try:
        command, bound, _ = _app().parse_args(tokens, exit_on_error=False, print_error=False)
    except cyclopts.CycloptsError as error:
        error.verbose = False
        message = f"{error} What there is: dystrack --help"
        raise ConfigurationError(message) from None
    command(*bound.args, **bound.kwargs)


def _app() -> "cyclopts.App":
    """Return the commands."""
    import cyclopts  # noqa: PLC0415

    app = cyclopts.App(
        name="dystrack", help="A microscope that follows its living sample.", version=__version__
    )
    for number, (room, commands) in enumerate(_COMMANDS.items()):
        group = cyclopts.Group(_TITLES[room], sort_key=number)
        for name, (_, summary) in commands.items():
            target = f"dystrack.cli.{room}.{name}:{name}"  # imported when it is called
            app.command(target, help=summary, group=group)
    return app


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Write what a warning says, without the place in the program that says it."""
    del category, filename, lineno, line
    (file or sys.stderr).write(f"Note: {printable(str(message))}\n")


def _leave(message: str, code: int) -> NoReturn:
    with contextlib.suppress(OSError):  # it may have no place either
        sys.stderr.write(f"dystrack: {printable(message)}\n")
    raise SystemExit(code)
