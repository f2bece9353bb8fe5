"""Has a report written when a session ends, however it ends."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dystrack.manager.events import Event, Listener, SessionStarted

__all__ = ["report_at_end"]


@contextlib.contextmanager
def report_at_end(
    manager_kwargs: Mapping[str, Any], *, is_wanted: bool = True
) -> Iterator[dict[str, Any]]:
    """Write the report of each session that is started within, once that has ended.

    Parameters
    ----------
    manager_kwargs : mapping
        Keyword arguments of the session.
    is_wanted : bool, default True
        Whether there is to be a report.

    Yields
    ------
    dict
        The keyword arguments to start it with.
    """
    folders: list[Path] = []
    users_listener: Listener | None = manager_kwargs.get("on_event")

    def listen(event: Event) -> None:
        if isinstance(event, SessionStarted):
            folders.append(Path(event.folder))
        if users_listener is not None:
            users_listener(event)

    try:
        yield {**manager_kwargs, "on_event": listen} if is_wanted else dict(manager_kwargs)
    finally:
        for folder in folders:
            _report(folder)


def _report(folder: Path) -> None:
    """Write a report and say where it is; the run is over, so what fails is only told."""
    from dystrack.tools.afterwards.report import write_report  # noqa: PLC0415 - once the run is over

    with contextlib.suppress(OSError):  # no place for output is no reason to hide how it ended
        try:
            page = write_report(folder)
        except Exception as error:  # noqa: BLE001 - it must not hide how the run ended
            sys.stderr.write(f"Note: there is no report: {type(error).__name__}: {error}\n")
        else:
            sys.stdout.write(f"The report is {page}\n")
