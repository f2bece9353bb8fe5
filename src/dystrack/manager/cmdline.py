"""`run_via_cmdline`: the command line of a run file.

::

    python run_lateral_line.py TARGET_DIR [--option value ...]
"""

import contextlib
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from dystrack.core.errors import DyStrackError
from dystrack.core.protocols import Pipeline
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.terminal.termination import termination_as_interrupt
from dystrack.options.command_options import CommandOptions, command_options
from dystrack.options.standard_output import replace_unknown_characters

if TYPE_CHECKING:
    from dystrack.options.command_parser import Request

__all__ = ["run_via_cmdline"]

_EXIT_USAGE = 2
_HELP_WORDS = frozenset({"--help", "-h"})
_END_OF_OPTIONS = "--"


def run_via_cmdline(
    argv: Sequence[str],
    image_analysis_func: Pipeline,
    analysis_kwargs: Mapping[str, Any] = {},
    analysis_cache: Mapping[str, Any] = {},
    manager_kwargs: Mapping[str, Any] = {},
    *,
    manager_defaults: Mapping[str, Any] = {},
) -> tuple[list[list[float | None]], dict[str, int]]:
    """Run the manager with what a run file fixes and what the command line adds.

    The command line is ``TARGET_DIR [--option value ...]``. Each keyword of the pipeline and of
    the manager whose annotation or documented type begins with bool, int, float or str, or lists
    choices, is an option, unless it is set here. Only what is typed is passed on, so the functions
    keep their own defaults. A name that pipeline and manager share sets both, as it always did.

    Parameters
    ----------
    argv : sequence of str
        Name of the program, then the words of the command line, like `sys.argv`.
    image_analysis_func : callable
        The pipeline.
    analysis_kwargs : dict, default {}
        Keywords of the pipeline that are fixed.
    analysis_cache : dict, default {}
        Keywords of the pipeline for its first call; it hands them on from call to call.
    manager_kwargs : dict, default {}
        Keywords of `dystrack.manager.manager.run_dystrack_manager` that are fixed.
    manager_defaults : dict, default {}
        Its keywords that have another default here.

    Returns
    -------
    coordinates : list of [z, y, x]
        What was sent for each prescan, in pixels.
    stats : dict of str to int
        What was counted.

    Raises
    ------
    SystemExit
        With code 2 after one message on standard error if the command line or the run file asks
        for what cannot be done, before the watch starts; with code 0 after the help screen if it
        asks for ``--help``.
    Exception
        What `run_dystrack_manager` raises once it watches.
    """
    program, tokens = (argv[0], list(argv[1:])) if argv else ("dystrack", [])
    replace_unknown_characters()
    with _refusing(program):
        options = command_options(
            image_analysis_func,
            run_dystrack_manager,
            analysis_kwargs,
            analysis_cache,
            manager_kwargs,
        )
    if _HELP_WORDS & set(_before_end_of_options(tokens)):
        _print_help_and_leave(program, options, manager_defaults)
    if options.withheld:
        warnings.warn(_withheld_notice(options), UserWarning, stacklevel=2)
    request = _parsed(program, options, tokens)
    from dystrack.manager.assembly import open_run  # noqa: PLC0415 - a typing mistake comes first
    from dystrack.manager.settings import SETTING_NAMES  # noqa: PLC0415

    keywords = {**manager_kwargs, **request.manager_kwargs}
    given = {name: value for name, value in keywords.items() if name in SETTING_NAMES}
    given["img_kwargs"] = {**analysis_kwargs, **request.analysis_kwargs}
    given["img_cache"] = dict(analysis_cache)
    hooks = {name: value for name, value in keywords.items() if name not in SETTING_NAMES}
    with contextlib.ExitStack() as stack:
        stack.enter_context(termination_as_interrupt())
        with _refusing(program):
            run = stack.enter_context(
                open_run(
                    request.target_dir,
                    image_analysis_func,
                    given,
                    defaults=manager_defaults,
                    **hooks,
                )
            )
        return run.to_its_end()


def _parsed(program: str, options: CommandOptions, tokens: list[str]) -> "Request":
    from dystrack.options.command_parser import parse_words  # noqa: PLC0415  (0.1 s)

    with _refusing(program, f"All options: {program} --help\n"):
        return parse_words(options, tokens)


def _before_end_of_options(tokens: list[str]) -> list[str]:
    return tokens[: tokens.index(_END_OF_OPTIONS)] if _END_OF_OPTIONS in tokens else tokens


def _print_help_and_leave(
    program: str, options: CommandOptions, defaults: Mapping[str, Any]
) -> NoReturn:
    from rich.console import Console  # noqa: PLC0415  (0.07 s, for the help screen only)

    from dystrack.manager.setting_table import setting_table  # noqa: PLC0415
    from dystrack.options.option_help import help_screen  # noqa: PLC0415

    rows = {row.name: row for row in setting_table()}
    offered = {
        name: replace(
            argument,
            allowed=rows[name].allowed if {int, float} & set(argument.value_type.kinds) else "",
            default=defaults.get(name, argument.default),
        )
        for name, argument in options.manager.items()
    }
    Console(highlight=False).print(help_screen(program, replace(options, manager=offered)))
    raise SystemExit(0)


@contextlib.contextmanager
def _refusing(program: str, hint: str = "") -> Iterator[None]:
    """Turn what is refused into one message and the exit code of a wrong command line."""
    try:
        yield
    except DyStrackError as error:
        sys.stderr.write(f"{program}: {error}\n{hint}")
        raise SystemExit(_EXIT_USAGE) from None


def _withheld_notice(options: CommandOptions) -> str:
    reasons = "; ".join(f"{item.name}: {item.reason}" for item in options.withheld)
    return (
        f"Some keywords of the pipeline cannot be set on the command line ({reasons})."
        " Set them in a run file, or document them in numpy style as bool, int, float or str."
    )
