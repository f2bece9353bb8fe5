"""`dystrack dashboard FOLDER [FOLDER ...]`."""

import sys
import tempfile
from pathlib import Path

from dystrack.dashboard.alerts.settings import SERVICES_VARIABLE, AlertSettings
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
    alerts: bool = False,
    services: str = f"env:{SERVICES_VARIABLE}",
    quiet: str = "",
    failures: int = 3,
    disk_gb: float = 5.0,
    disk_h: float = 2.0,
    summary_min: float = 30.0,
    heartbeat: str = "",
    heartbeat_min: float = 5.0,
    pictures: bool = True,
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
    alerts : bool
        Whether people are told of troubles, by mail, chats or webhooks.
    services : str
        Where the addresses of their services stand: env:NAME or keyring:NAME, never the addresses.
    quiet : str
        Hours without alerts that can wait, such as 22:00-07:00.
    failures : int
        After how many failed analyses in a row they are told.
    disk_gb : float
        Below how much room on the disk they are told, in GB.
    disk_h : float
        How many hours before the disk is full, at its pace.
    summary_min : float
        After how many minutes more of the same is told, in one summary.
    heartbeat : str
        Where the address stands that is called as long as all is well: env:NAME or keyring:NAME.
    heartbeat_min : float
        How often, in minutes.
    pictures : bool
        Whether the picture of the prescan goes with an alert.
    beside_a_run : bool
        End once the standard input has ended and nobody has looked for an hour.
    """
    settings = DashboardSettings(
        host=host, port=port, name=name, certificate=certificate, key=key, control=control
    )

    told = AlertSettings(
        services=services,
        quiet=quiet,
        failures=failures,
        disk_gb=disk_gb,
        disk_h=disk_h,
        summary_min=summary_min,
        heartbeat=heartbeat,
        heartbeat_min=heartbeat_min,
        pictures=pictures,
    )

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    show_sessions(
        [Path(folder) for folder in folders],
        settings,
        make_report=_report,
        say=say,
        alerts=told if alerts else None,
        is_beside_a_run=beside_a_run,
    )


def _report(folder: Path) -> bytes:
    """Return the report of a run, without leaving it in the folder."""
    from dystrack.tools.afterwards.report import write_report  # noqa: PLC0415 - if it is wanted

    with tempfile.TemporaryDirectory() as elsewhere:
        return write_report(folder, Path(elsewhere) / "report.html").read_bytes()
