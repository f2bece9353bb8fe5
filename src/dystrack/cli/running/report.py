"""`dystrack report FOLDER`."""

import sys
from pathlib import Path

from dystrack.tools.afterwards.report import write_report

__all__ = ["report"]


def report(folder: str, *, to: str = "") -> None:
    """Write a report of the last run in a folder, also of one that still goes on or was killed.

    Parameters
    ----------
    folder : str
        The folder that was watched. A folder that holds only coordinates will do, too.
    to : str
        The page to write; dystrack_report.html in that folder if not given.
    """
    page = write_report(Path(folder), Path(to) if to else None)
    sys.stdout.write(f"The report is {page}\n")
