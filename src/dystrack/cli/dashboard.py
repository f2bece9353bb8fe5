"""`dystrack dashboard FOLDER [FOLDER ...]`."""

import sys
import tempfile
from pathlib import Path

from dystrack.dashboard.command import show_sessions
from dystrack.dashboard.settings import DEFAULT_PORT, LOOPBACK, DashboardSettings

__all__ = ["dashboard"]


def dashboard(  # a command line has its options as parameters
    *folders: str,
    host: str = LOOPBACK,
    port: int = DEFAULT_PORT,
    name: str = "",
    certificate: str = "",
    key: str = "",
    control: bool = False,
    beside_a_run: bool = False,
) -> None:
    """Show sessions in a browser: those that run, and those that have ended.

    Parameters
    ----------
    *folders : str
        The folders that are or were watched: one session each.
    host : str
        Address to listen at; 0.0.0.0 lets other computers in, with the token of the printed link.
    port : int
        Port; the next free one if it is taken.
    name : str
        Name under which other computers call this one, if not by its own name or address.
    certificate : str
        File of a TLS certificate (PEM), so that nobody in between can read along.
    key : str
        File of its key.
    control : bool
        Whether sessions that were started with --control may be commanded from the page.
    beside_a_run : bool
        End once the standard input has ended and nobody has looked for an hour.
    """
    settings = DashboardSettings(
        host=host, port=port, name=name, certificate=certificate, key=key, control=control
    )

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    show_sessions(
        [Path(folder) for folder in folders],
        settings,
        make_report=_report,
        say=say,
        is_beside_a_run=beside_a_run,
    )


def _report(folder: Path) -> bytes:
    """Return the report of a run, without leaving it in the folder."""
    from dystrack.tools.afterwards.report import write_report  # noqa: PLC0415 - if it is wanted

    with tempfile.TemporaryDirectory() as elsewhere:
        return write_report(folder, Path(elsewhere) / "report.html").read_bytes()
