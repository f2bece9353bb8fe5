"""What a person sees in the terminal during a demo, and what only a simulation knows."""

from types import TracebackType
from typing import Self

import rich.box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dystrack.manager.events import AnalysisFailed, Event, PositionHeld, SessionStarted, Warned
from dystrack.scopes.visits import Visit
from dystrack.tools.afterwards.simulated_report import untracked_distance_um

__all__ = ["DemoView"]

_REFRESHES_PER_S = 8
_BARS = "▁▂▃▄▅▆▇█"
_BARS_SHOWN = 24
_BAR_WIDTH = 40
_TALLEST_UM = 10.0
_MS_PER_S = 1000.0


class DemoView:
    """Shows a demo: a line for each visit when piped, a live table in a terminal.

    Parameters
    ----------
    n_visits : int
        How many visits the demo has.
    output : rich.console.Console or None
        Where to write; standard output by default.
    """

    def __init__(self, n_visits: int, output: Console | None = None) -> None:
        self._n_visits = n_visits
        self._output = output or Console(highlight=False)
        self._visits: dict[int, list[Visit]] = {}
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

    def hear(self, event: Event) -> None:
        """Show an event of the session.

        Parameters
        ----------
        event : Event
            What happened; what needs no attention is not shown.
        """
        match event:
            case SessionStarted():
                self._say(f"DySTrack watches {event.folder}")
                self._say(f"with the pipeline {event.pipeline}. Esc or Ctrl-C ends the show.")
            case AnalysisFailed():
                self._warn(f"{event.error} Sent instead: {event.fallback}.")
            case PositionHeld():
                self._warn(f"Position {event.position} is held where it is: {event.reason}")
            case Warned():
                self._warn(event.message)

    def see(self, visit: Visit) -> None:
        """Show a visit of the microscope.

        Parameters
        ----------
        visit : Visit
            What happened.
        """
        own = self._visits.setdefault(visit.position, [])
        own.append(visit)
        if self._live is None:
            seen = "in view" if visit.in_view else "not in view"
            still = "in view" if visit.untracked_in_view else "not in view"
            off_um = untracked_distance_um(visit, own[0])
            self._say(
                f"{visit.time_point:4d}  position {visit.position}  "
                f"{visit.distance_um:6.2f} µm off, {seen}; "
                f"without tracking {off_um:.0f} µm off, {still}  "
                f"{visit.message}  ({visit.latency_s:.2f} s)"
            )

    def _say(self, text: str) -> None:
        self._output.print(escape(text), soft_wrap=not self._output.is_terminal)

    def _warn(self, text: str) -> None:
        self._output.print(
            f"[bold yellow]![/] {escape(text)}", soft_wrap=not self._output.is_terminal
        )

    def _picture(self) -> RenderableType:
        """Return the live table."""
        if not self._visits:
            return Text("The microscope takes its first prescan", style="bold")
        table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("Position")
        for title in ("Sample moved", "Off target"):
            table.add_column(title, justify="right")
        table.add_column("so far" if self._has_bars else "")
        table.add_column("In view", justify="right")
        table.add_column("Untracked", justify="right", style="dim")
        table.add_column("Answer", justify="right")
        table.add_column("Message", overflow="ellipsis", no_wrap=True)
        for position, own in list(self._visits.items()):
            self._add_row(table, position, list(own))
        return Group(table, self._progress())

    def _add_row(self, table: Table, position: int, own: list[Visit]) -> None:
        last = own[-1]
        share = sum(visit.in_view for visit in own) / len(own)
        still = sum(visit.untracked_in_view for visit in own) / len(own)
        moved_um = last.position_um.minus(own[0].position_um).length()
        table.add_row(
            str(position),
            f"{moved_um:.0f} µm",
            Text(f"{last.distance_um:.2f} µm", style="bold green" if last.in_view else "bold red"),
            Text(_bars(own) if self._has_bars else "", style="green"),
            Text(f"{share:.0%}", style="green" if last.in_view else "red"),
            f"{still:.0%}",
            f"{last.latency_s * _MS_PER_S:.0f} ms",
            Text(last.message, style="green" if last.moved else "red"),
        )

    def _progress(self) -> RenderableType:
        n_done = sum(map(len, self._visits.values()))
        line = Table.grid(padding=(0, 1, 0, 0))
        bar = ProgressBar(total=self._n_visits, completed=n_done, width=_BAR_WIDTH)
        line.add_row(bar, Text(f"{n_done} of {self._n_visits} visits"))
        return line

    @property
    def _has_bars(self) -> bool:
        return self._output.encoding.startswith("utf")


def _bars(own: list[Visit]) -> str:
    """Return the last distances as little bars, the tallest from 10 µm on."""
    shares = [min(1.0, visit.distance_um / _TALLEST_UM) for visit in own[-_BARS_SHOWN:]]
    return "".join(_BARS[round(share * (len(_BARS) - 1))] for share in shares)
