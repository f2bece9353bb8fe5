"""`dystrack doctor [FOLDER]`."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from dystrack.cli.pipeline_words import SHIPPED
from dystrack.tools.kit.doctor.doctor import examine, report_text

__all__ = ["doctor"]

_FILE_WIDTH = 120  # where no terminal shows it
_NOT_READY = 1
_REPORT_NAME = "dystrack_doctor.txt"


def doctor(folder: str = "", *, report: bool = False) -> None:
    """Say whether this computer is ready for a run, or what is to be done.

    Parameters
    ----------
    folder : str
        The folder into which prescans come; small files are written there and deleted again.
    report : bool
        Whether to write dystrack_doctor.txt as well, without personal data, to send with a
        question.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    screen = examine(Path(folder) if folder else None, SHIPPED, console)
    if report:
        path = Path(_REPORT_NAME).absolute()
        path.write_text(report_text(screen.remarks), encoding="utf-8", newline="\n")
        console.print(Text(f"Written: {path}"), soft_wrap=True)
    screen.end("Next: dystrack check PIPELINE FOLDER_WITH_PRESCANS")
    if not screen.is_ready:
        raise SystemExit(_NOT_READY)
