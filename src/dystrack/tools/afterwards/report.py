"""Writes the report of a run: one page, from what lies in its folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dystrack.core.errors import ConfigurationError, FolderError, JournalError
from dystrack.core.exchange.coords_file import COORDS_FILE_NAME
from dystrack.manager.watching.image_names import JOURNAL_NAME, REPORT_NAME
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.simulated.visits import Visit
from dystrack.tools.afterwards.coords_report import describe_coords_file
from dystrack.tools.afterwards.journal_of_run import read_run
from dystrack.tools.afterwards.journal_report import describe_run
from dystrack.tools.afterwards.page import page_of
from dystrack.tools.afterwards.run_record import RunRecord
from dystrack.tools.afterwards.simulated_report import describe_simulation

__all__ = ["describe_folder", "report_on_demo", "write_report"]


def write_report(folder: Path, to: Path | None = None) -> Path:
    """Write the report of the last run in a folder, over one that is there.

    Parameters
    ----------
    folder : Path
        The folder that was, or is, watched; of the run that left only coordinates, too.
    to : Path or None, default None
        The page; ``dystrack_report.html`` in the folder if not given.

    Returns
    -------
    Path
        The page, which needs no other file and no network.

    Raises
    ------
    ConfigurationError
        If there was no run in the folder.
    FolderError
        If there is no such folder, or if the page cannot be written.
    JournalError
        If the journal cannot be read.
    """
    if not folder.is_dir():
        msg = f"{folder} is not a folder. Give the folder into which prescans were written."
        raise FolderError(msg)
    run = describe_folder(folder)
    if run is None:
        what = f"it has neither a {JOURNAL_NAME} nor a {COORDS_FILE_NAME}"
        if (folder / JOURNAL_NAME).exists():
            what = f"its {JOURNAL_NAME} is empty, torn, or none of DySTrack's"
        msg = f"There is nothing to report in {folder}: {what}. Give the folder of a run."
        raise ConfigurationError(msg)
    return _write(page_of(run), to or folder / REPORT_NAME)


def describe_folder(folder: Path) -> RunRecord | None:
    """Return what is known of the last run in a folder; None if there was none."""
    journal = folder / JOURNAL_NAME
    if journal.exists():
        try:
            run = read_run(journal)
            if run is not None:
                return describe_run(run, folder)
        except (KeyError, TypeError, ValueError) as error:
            msg = (
                f"The journal {journal} cannot be understood: {type(error).__name__}: {error}. It "
                "may come from another version: use the DySTrack that wrote it."
            )
            raise JournalError(msg) from error
    coords = folder / COORDS_FILE_NAME
    return describe_coords_file(coords) if coords.exists() else None


def report_on_demo(
    visits: Sequence[Visit],
    field_um: PositionUm,
    about: Mapping[str, str],
    to: Path,
    *,
    recorded: RunRecord | None = None,
) -> Path:
    """Write how well a simulated sample was followed.

    Parameters
    ----------
    visits : sequence of Visit
        What happened, at least one visit.
    field_um : PositionUm
        Size of the main scan.
    about : mapping of str to str
        What was simulated, by headings.
    to : Path
        The page.
    recorded : RunRecord or None, default None
        What the folder of the run tells.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ConfigurationError
        If there are no visits.
    """
    known = {} if recorded is None else {"recorded": recorded}
    return _write(page_of(describe_simulation(visits, field_um, about, **known)), to)


def _write(page: str, to: Path) -> Path:
    try:
        to.write_text(page, encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        msg = f"The report {to} cannot be written: {error}. Choose another place for it."
        raise FolderError(msg) from error
    return to.resolve()
