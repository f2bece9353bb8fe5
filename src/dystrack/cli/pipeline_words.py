"""What commands have in common that take a pipeline or an experiment as their first word."""

import sys
from collections.abc import Sequence
from pathlib import Path

from dystrack.core.errors import ConfigurationError
from dystrack.options.pipeline_reference import LoadedPipeline, load_with_settings, pipeline_names

__all__ = ["SHIPPED", "load_first_word", "said_help"]

SHIPPED = "dystrack.pipelines"
"""The package of the shipped pipelines."""

_HELP = """\
Usage: dystrack {command} PIPELINE FOLDER [--option value ...]

{purpose}

PIPELINE is one of {names};
or path/to/file.py:function for one of your own (function: analyze_image if not given);
or a run file or an experiment.toml, whose settings are then used.

What can be set for a pipeline:  dystrack {command} PIPELINE --help
"""


def said_help(command: str, purpose: str, words: Sequence[str]) -> bool:
    """Print the help of a command if that is what its words ask for, and return whether it was."""
    if words[:1] not in {("--help",), ("-h",)}:
        return False
    names = ", ".join(pipeline_names(SHIPPED))
    sys.stdout.write(_HELP.format(command=command, purpose=purpose, names=names))
    return True


def load_first_word(command: str, words: Sequence[str]) -> LoadedPipeline:
    """Return the pipeline that the first word names, with the settings of its file.

    Raises
    ------
    ConfigurationError
        If the first word is missing or an option, if there is no such pipeline, or if the file that
        it names cannot be used.
    """
    if not words or words[0].startswith("-"):
        found = words[0] if words else "missing"
        msg = (
            f"The first word after 'dystrack {command}' is the pipeline or run file; it is {found}."
            f" Write dystrack {command} PIPELINE FOLDER [--option value ...]."
        )
        raise ConfigurationError(msg)
    if words[0].lower().endswith(".toml"):
        from dystrack.cli.sections import SECTIONS  # noqa: PLC0415 - for these alone
        from dystrack.tools.kit.experiment.reading import read_experiment  # noqa: PLC0415 - for these alone

        return read_experiment(Path(words[0]), SHIPPED, SECTIONS)
    return load_with_settings(words[0], SHIPPED)
