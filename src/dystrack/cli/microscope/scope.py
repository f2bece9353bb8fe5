"""`dystrack scope run|check SCOPE …`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dystrack.cli.pipeline_words import load_first_word
from dystrack.core.errors import ConfigurationError

__all__ = ["scope"]

_HELP = """\
Usage: dystrack scope run SCOPE PIPELINE FOLDER [--option value ...]
       dystrack scope check SCOPE [--yes] [--option value ...]

run    Run an experiment: at each time point and position a prescan, its analysis, the move, the
       main scan. Images and records go into FOLDER. --resume goes on with a run that was ended.
check  Try the connection without a sample: first read only, then, after a yes, move the stage
       10 µm there and back. Saves a transcript that you can send to those who can help.

SCOPE is one of {scopes}.
PIPELINE as in dystrack run. All options:  dystrack scope run SCOPE PIPELINE --help
                                           dystrack scope check SCOPE --help

To see it without a microscope:  dystrack scope run simulator
"""
_HELP_WORDS = frozenset({"--help", "-h"})
_NO_REPORT = "--no-report"
_YES = "--yes"


def scope(*words: str) -> None:
    """Drive a microscope through an experiment, or check the connection to it."""
    from dystrack.scopes.catalogue import SCOPES  # noqa: PLC0415 - not for other commands

    if not words or _HELP_WORDS & {words[0], *words[1:2]}:
        sys.stdout.write(_HELP.format(scopes=", ".join(SCOPES)))
        return
    action, *rest = words
    if action not in _ACTIONS:
        msg = f"There is no 'dystrack scope {action}'. What there is: dystrack scope --help"
        raise ConfigurationError(msg)
    if not rest or rest[0].startswith("-"):
        msg = f"Which microscope? Write dystrack scope {action} and one of {', '.join(SCOPES)}."
        raise ConfigurationError(msg)
    _ACTIONS[action](rest[0], rest[1:])


def _run(name: str, words: Sequence[str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - not for other commands

    from dystrack.cli.answers import say  # noqa: PLC0415
    from dystrack.options.option_help import help_screen  # noqa: PLC0415
    from dystrack.tools.microscope.command import (  # noqa: PLC0415
        complete_words,
        read_request,
        run_on_scope,
        run_options,
    )

    rest = complete_words(name, [word for word in words if word != _NO_REPORT])
    loaded = load_first_word(f"scope run {name}", rest)
    if _HELP_WORDS & set(rest):
        screen = help_screen(f"dystrack scope run {name} {rest[0]}", run_options(name, loaded))
        Console(highlight=False).print(screen)
        return
    request = read_request(name, loaded, rest[1:])
    run_on_scope(request, writes_report=_NO_REPORT not in words, say=say)


def _check(name: str, words: Sequence[str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - not for other commands

    from dystrack.cli.answers import is_yes, say  # noqa: PLC0415
    from dystrack.options.option_help import option_table  # noqa: PLC0415
    from dystrack.scopes.catalogue import find_opener  # noqa: PLC0415
    from dystrack.tools.microscope.checking import check_scope  # noqa: PLC0415
    from dystrack.tools.microscope.command import (  # noqa: PLC0415
        opener_keywords,
        opener_options,
    )

    opener = find_opener(name)
    if _HELP_WORDS & set(words):
        sys.stdout.write(f"Usage: dystrack scope check {name} [--yes] [--option value ...]\n\n")
        Console(highlight=False).print(option_table(opener_options(opener).manager.values()))
        return
    given = opener_keywords(opener, [word for word in words if word != _YES])
    ask = (lambda _: True) if _YES in words else is_yes
    if not check_scope(opener, given, Path(f"dystrack_check_{name}.jsonl"), ask, say):
        raise SystemExit(1)


_ACTIONS: dict[str, Callable[[str, Sequence[str]], None]] = {"run": _run, "check": _check}
