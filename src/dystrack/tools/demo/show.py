"""A demo from beginning to end: the show in the terminal, then its report."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from dystrack.manager.watching.image_names import REPORT_NAME
from dystrack.scopes.samples.scenes import SCENES
from dystrack.tools.afterwards.report import describe_folder, report_on_demo
from dystrack.tools.demo.session import DemoSettings, describe_visits, make_new_folder, run_demo
from dystrack.tools.demo.view import DemoView

__all__ = ["show_demo"]

_PRESCANS = "prescans"


def show_demo(
    settings: DemoSettings,
    folder: Path | None,
    *,
    writes_report: bool = True,
    keeps_prescans: bool = False,
) -> str:
    """Show a demo in the terminal and keep what is wanted of it.

    Parameters
    ----------
    settings : DemoSettings
        What is shown.
    folder : Path or None
        Where report and prescans go, under another number if there is one already; None to keep
        nothing.
    writes_report : bool, default True
        Whether to write a report, also after an early end.
    keeps_prescans : bool, default False
        Whether to keep the prescans.

    Returns
    -------
    str
        How it went, and where to find what was kept.

    Raises
    ------
    FolderError
        If the folder cannot be made.
    """
    kept = None if folder is None else make_new_folder(folder)
    with ExitStack() as stack:
        if kept is not None and keeps_prescans:
            prescans = kept / _PRESCANS
            prescans.mkdir()
        else:
            temporary = tempfile.TemporaryDirectory(
                prefix="dystrack_demo_", ignore_cleanup_errors=True
            )
            prescans = Path(stack.enter_context(temporary))
        view = stack.enter_context(DemoView(settings.n_prescans))
        visits = run_demo(settings, prescans, on_event=view.hear, on_visit=view.see)
        recorded = describe_folder(prescans) if writes_report and kept is not None else None
    said = [describe_visits(visits)]
    if kept is not None and keeps_prescans:
        said.append(f"The prescans are in {prescans.resolve()}")
    if kept is not None and writes_report and visits:
        scan = SCENES[settings.scene].main_scan
        to = kept / REPORT_NAME
        page = report_on_demo(visits, scan.field, settings.about, to, recorded=recorded)
        said.append(f"The report is {page}")
    elif kept is not None and not any(kept.iterdir()):
        kept.rmdir()
    return "\n".join(said)
