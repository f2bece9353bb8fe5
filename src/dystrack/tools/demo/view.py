"""What a person sees in the terminal during a demo, and what only a simulation knows."""

from collections.abc import Mapping, Sequence

import rich.box
from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.manager.events import Event, SessionStarted
from dystrack.manager.terminal.screen import Screen
from dystrack.manager.wording import count, trouble
from dystrack.scopes.simulated.visits import Visit
from dystrack.tools.afterwards.simulated_report import untracked_distance_um

__all__ = ["DemoView"]

_BARS = "▁▂▃▄▅▆▇█"
_FEWEST_BARS, _MOST_BARS = 6, 24
_WIDTH_BESIDE_BARS = 68  # the other columns, with a message of two or three words
_PROGRESS_WIDTH = 30
_TALLEST_UM = 10.0
_MS_PER_S = 1000.0


class DemoView(Screen):
    """Shows a demo: a line for each visit when piped, a live table in a terminal.

    Parameters
    ----------
    n_visits : int
        How many visits the demo has.
    output : rich.console.Console or None
        Where to write; standard output by default.
    clock : Clock, optional
        The time of day.
    """

    def __init__(
        self, n_visits: int, output: Console | None = None, *, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__(output, clock)
        self._n_visits = n_visits
        self._visits: dict[int, list[Visit]] = {}

    def hear(self, event: Event) -> None:
        """Show an event of the session.

        Parameters
        ----------
        event : Event
            What happened; what needs no attention is not shown.
        """
        text = trouble(event)
        if isinstance(event, SessionStarted):
            self.say(f"DySTrack watches {event.folder} with {event.pipeline}.")
            self.say(f"The show ends {self.how_to_stop()}, or by itself.")
        elif text:
            self.warn(text)

    def see(self, visit: Visit) -> None:
        """Show a visit of the microscope.

        Parameters
        ----------
        visit : Visit
            What happened.
        """
        own = self._visits.setdefault(visit.position, [])
        own.append(visit)
        if not self.is_live:
            seen = "in view" if visit.in_view else "not in view"
            still = "in view" if visit.untracked_in_view else "not in view"
            off_um = untracked_distance_um(visit, own[0])
            self.say(
                f"{visit.time_point:4d}  position {visit.position}  "
                f"{visit.distance_um:6.2f} µm off, {seen}; "
                f"without tracking {off_um:.0f} µm off, {still}  "
                f"{visit.message}  ({visit.latency_s:.2f} s)"
            )

    def picture(self) -> RenderableType:
        """Return the live table."""
        if not self._visits:
            return Text("The microscope takes its first prescan", style="bold")
        table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        table.add_column("Position")
        for title in ("Sample\nmoved", "Off\ntarget"):
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("Last\nvisits" if self._n_bars else "", justify="right", no_wrap=True)
        table.add_column("In\nview", justify="right", no_wrap=True)
        table.add_column("Un-\ntracked", justify="right", style="dim", no_wrap=True)
        table.add_column("Answer\nin", justify="right", no_wrap=True)
        table.add_column("Message")
        visits = {position: tuple(own) for position, own in list(self._visits.items())}
        newest = sorted(visits, key=lambda position: visits[position][-1].time_s)
        shown = set(newest[-self.most_rows :])
        for position, own in visits.items():
            if position in shown:
                self._add_row(table, position, own)
        n_more = len(visits) - len(shown)
        more = [Text(f"and {count(n_more, 'more position')}")] if n_more else []
        return Group(table, *more, self._progress(visits))

    def _add_row(self, table: Table, position: int, own: Sequence[Visit]) -> None:
        last = own[-1]
        share = sum(visit.in_view for visit in own) / len(own)
        still = sum(visit.untracked_in_view for visit in own) / len(own)
        moved_um = last.position_um.minus(own[0].position_um).length()
        style = "green" if last.moved and last.in_view else "red"
        table.add_row(
            str(position),
            f"{moved_um:.0f} µm",
            Text(f"{last.distance_um:.2f} µm", style=f"bold {style}"),
            Text(_bars(own[-self._n_bars :]) if self._n_bars else "", style="green"),
            Text(f"{share:.0%}", style=style),
            f"{still:.0%}",
            f"{last.latency_s * _MS_PER_S:.0f} ms",
            Text(self.shown(last.message), style=style),
        )

    def _progress(self, visits: Mapping[int, Sequence[Visit]]) -> RenderableType:
        n_done = sum(map(len, visits.values()))
        n_stayed = sum(not visit.moved for own in visits.values() for visit in own)
        stayed = f", {n_stayed} without a target" if n_stayed else ""
        line = Table.grid(padding=(0, 1, 0, 0))
        bar = ProgressBar(total=self._n_visits, completed=n_done, width=_PROGRESS_WIDTH)
        line.add_row(bar, Text(f"{n_done} of {self._n_visits} visits{stayed}"))
        return line

    @property
    def _n_bars(self) -> int:
        """How many of the last distances there is room for."""
        if not self.has_bars:
            return 0
        return min(_MOST_BARS, max(_FEWEST_BARS, self.width - _WIDTH_BESIDE_BARS))


def _bars(own: Sequence[Visit]) -> str:
    """Return distances as little bars, the tallest from 10 µm on."""
    shares = [min(1.0, visit.distance_um / _TALLEST_UM) for visit in own]
    return "".join(_BARS[round(share * (len(_BARS) - 1))] for share in shares)
