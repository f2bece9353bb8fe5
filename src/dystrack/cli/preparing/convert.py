"""`dystrack convert RUN_FILE`."""

import sys
from pathlib import Path

from dystrack.cli.pipeline_words import SHIPPED
from dystrack.cli.sections import SECTIONS
from dystrack.tools.kit.experiment.conversion import convert_run_file

__all__ = ["convert"]


def convert(run_file: str, *, to: str = "experiment.toml") -> None:
    """Make an experiment.toml of a Python run file, which is left as it is.

    Parameters
    ----------
    run_file : str
        The run file.
    to : str
        The file to write; it must not exist.
    """
    written = convert_run_file(Path(run_file), Path(to), SHIPPED, SECTIONS)
    sys.stdout.write(f"Written: {written}\nStart it with: dystrack run {written} FOLDER\n")
