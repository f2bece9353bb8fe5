"""What a person sees in the terminal while a session runs; the only file that writes there."""

from pathlib import Path
from types import TracebackType
from typing import Self

import rich.box
from rich.console import Console as RichConsole
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dystrack.manager.events import (
    AnalysisFailed,
    AnalysisStarted,
    Answered,
    Event,
    FolderLost,
    FolderReturned,
    ImageNoticed,
    ImageVanished,
    PositionHeld,
    PrescansFound,
    RunResumed,
    SessionEnded,
    SessionStarted,
    TransmissionFailed,
    Warned,
)

__all__ = ["Console"]

_REFRESHES_PER_S = 4
_STATISTICS = {
    "check_counter": "checks of the folder",
    "found_counter": "new files",
    "target_counter": "prescans",
    "img_success_counter": "analysed",
    "tra_success_counter": "sent to the microscope",
}


class Console:
    """Shows the events of a session: a line for each when piped, a live table in a terminal.

    Parameters
    ----------
    max_checks, max_triggers : int or None
        When the session will end.
    end_on_esc : bool
        Whether Esc ends it.
    output : rich.console.Console or None
        Where to write; standard output by default.
    """

    def __init__(
        self,
        max_checks: int | None,
        max_triggers: int | None,
        end_on_esc: bool,
        output: RichConsole | None = None,
    ) -> None:
        self._output = output or RichConsole(highlight=False)
        self._ends = _describe_ends(max_checks, max_triggers, end_on_esc)
        self._last_answers: dict[str, Answered] = {}
        self._n_answers: dict[str, int] = {}
        self._status = "Starting"
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._output.is_terminal:
            self._live = Live(
                console=self._output,
                get_renderable=self._picture,
                refresh_per_second=_REFRESHES_PER_S,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the last picture standing."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __call__(self, event: Event) -> None:
        """Show an event."""
        match event:
            case SessionStarted():
                self._say(f"DySTrack {event.versions['dystrack']} watches {event.folder}")
                self._say(f"with the pipeline {event.pipeline}. {self._ends}")
                self._status = "Waiting for a prescan"
            case ImageNoticed():
                self._status = f"Waiting until {Path(event.path).name} is written"
            case AnalysisStarted():
                self._status = f"Analysing {Path(event.path).name}"
            case Answered():
                self._show_answer(event)
            case SessionEnded():
                self._show_end(event)
            case _:
                self._show_trouble(event)

    def _show_answer(self, event: Answered) -> None:
        self._last_answers[event.position] = event
        self._n_answers[event.position] = self._n_answers.get(event.position, 0) + 1
        self._status = "Waiting for a prescan"
        if self._live is None:
            self._say(
                f"{event.target:4d}  {Path(event.path).name}  position {event.position}  "
                f"z {_number(event.z)}  y {_number(event.y)}  x {_number(event.x)}  "
                f"{event.msg}  ({event.total_s:.2f} s)"
            )

    def _show_trouble(self, event: Event) -> None:
        match event:
            case AnalysisFailed():
                name = Path(event.path).name
                self._warn(f"{name}: {event.error} Sent instead: {event.fallback}.")
            case TransmissionFailed():
                then = "Giving up." if event.final else "Trying again."
                self._warn(f"Could not send coordinates ({event.attempt}.): {event.error} {then}")
            case PositionHeld():
                self._warn(f"Position {event.position} is held where it is: {event.reason}")
            case FolderLost():
                self._warn(f"{event.folder} cannot be read: {event.reason}. Waiting for it.")
                self._status = "Waiting for the folder to come back"
            case FolderReturned():
                self._say(f"{event.folder} is back.")
                self._status = "Waiting for a prescan"
            case ImageVanished():
                self._warn(f"{Path(event.path).name} went away before it was whole.")
            case RunResumed() | PrescansFound(unanswered=False):
                self._say(event.message)
            case Warned() | PrescansFound():
                self._warn(event.message)

    def _show_end(self, event: SessionEnded) -> None:
        self._status = f"Ended: {event.reason}"
        counts = ", ".join(f"{event.stats[key]} {text}" for key, text in _STATISTICS.items())
        self._say(f"Session ended: {event.reason}.")
        self._say(f"{counts}.")

    def _say(self, text: str) -> None:
        self._print(escape(self._printable(text)))

    def _warn(self, text: str) -> None:
        self._print(f"[bold yellow]![/] {escape(self._printable(text))}")

    def _print(self, markup: str) -> None:
        """Write a line; a person's terminal wraps it between words, a file keeps it whole."""
        self._output.print(markup, soft_wrap=not self._output.is_terminal)

    def _printable(self, text: str) -> str:
        """Return a text that the terminal's encoding has letters for."""
        return text.encode(self._output.encoding, "replace").decode(self._output.encoding)

    def _picture(self) -> RenderableType:
        """Return the live table."""
        table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("Position")
        for title in ("Prescans", "z / px", "y / px", "x / px", "Time / s"):
            table.add_column(title, justify="right")
        table.add_column("Message", overflow="ellipsis", no_wrap=True)
        for position, last in self._last_answers.items():
            table.add_row(
                Text(self._printable(position)),
                str(self._n_answers[position]),
                *(_number(value, digits=1) for value in (last.z, last.y, last.x)),
                f"{last.total_s:.2f}",
                Text(self._printable(last.msg), style="green" if last.outcome == "ok" else "red"),
            )
        status = Text(self._printable(self._status), style="bold")
        return Group(table, status) if self._last_answers else status


def _number(value: float | None, digits: int = 4) -> str:
    return "nan" if value is None else f"{value:.{digits}f}"


def _describe_ends(max_checks: int | None, max_triggers: int | None, end_on_esc: bool) -> str:
    ways = []
    if max_checks is not None:
        ways.append(f"after {max_checks} checks")
    if max_triggers is not None:
        ways.append(f"after {max_triggers} prescans")
    ways.append("with Esc or Ctrl-C" if end_on_esc else "with Ctrl-C")
    return f"It ends {' or '.join(ways)}."
