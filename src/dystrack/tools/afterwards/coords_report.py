"""What can be told of a run that left a coordinates file and no journal."""

import math
from pathlib import Path

from dystrack.charts.rows import Row
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE, CoordsLine, read_lines
from dystrack.manager.watching.image_names import JOURNAL_NAME
from dystrack.tools.afterwards.run_record import Failure, PositionRecord, RunRecord

__all__ = ["describe_coords_file"]

_NO_JOURNAL = (
    "There is no journal in this folder{}, only coordinates. So it is not known which pipeline and "
    "settings ran, when a line was written, how long it took, to which position and prescan it "
    "belongs, and why an analysis failed."
)
_NO_SIZES = (
    "How large a prescan and its voxels were is not known either: coordinates are shown as they "
    "were sent, in pixels, and there is no path of the stage."
)


def describe_coords_file(path: Path) -> RunRecord:
    """Return what a report tells of a coordinates file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    RunRecord
        The coordinates as they were sent, and what is not known.
    """
    rows = [_row(number, line) for number, line in enumerate(read_lines(path), 1)]
    n_tracked = sum(row.outcome == "tracked" for row in rows)
    unreadable = " that can be read" if (path.parent / JOURNAL_NAME).exists() else ""
    failures = [Failure(row, row.message) for row in rows if row.outcome != "tracked"]
    return RunRecord(
        headline=f"{n_tracked} of {len(rows)} lines with a target",
        state="Whether it has ended is not known.",
        about={"Folder": str(path.parent.absolute()), "Lines": str(len(rows))},
        positions=(PositionRecord("", tuple(rows), knows_path=False),),
        failures=tuple(failures),
        unknown=(_NO_JOURNAL.format(unreadable), _NO_SIZES),
    )


def _row(number: int, line: CoordsLine) -> Row:
    zyx = (line.z, line.y, line.x)
    is_target = all(map(math.isfinite, zyx)) and line.msg != FAILURE_MESSAGE
    return Row(
        position="",
        number=number,
        outcome="tracked" if is_target else "failed",
        message=line.msg,
        target=zyx if is_target else None,
    )
