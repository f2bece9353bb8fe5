"""What a person sees in the terminal while a session runs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import rich.box
from rich.console import Console as RichConsole
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.manager.events import (
    AnalysisFailed,
    AnalysisStarted,
    Answered,
    Event,
    FolderLost,
    FolderReturned,
    ImageNoticed,
    PositionHeld,
    PositionReleased,
    PrescansFound,
    SessionEnded,
    SessionStarted,
    TransmissionFailed,
    Warned,
)
from dystrack.manager.terminal.screen import Screen
from dystrack.manager.wording import (
    Told,
    count,
    describe_end,
    duration,
    sentence,
    shortened,
    trouble,
)

__all__ = ["Console"]

_LONGEST_IN_TABLE = 60
_OK = "ok"


@dataclass(frozen=True)
class _PositionSoFar:
    """What is shown of a position."""

    last: Answered
    n_prescans: int = 1
    n_failed: int = 0

    def followed_by(self, answer: Answered) -> "_PositionSoFar":
        n_failed = self.n_failed + (answer.outcome != _OK)
        return replace(self, last=answer, n_prescans=self.n_prescans + 1, n_failed=n_failed)


class Console(Screen):
    """Shows the events of a session: a line for each when piped, a live table in a terminal.

    Parameters
    ----------
    max_checks, max_triggers : int or None
        When the session will end.
    end_on_esc : bool
        Whether Esc ends it.
    output : rich.console.Console or None
        Where to write; standard output by default.
    clock : Clock, optional
        The time.
    """

    def __init__(
        self,
        max_checks: int | None,
        max_triggers: int | None,
        end_on_esc: bool,
        output: RichConsole | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(output, clock)
        self._ends = [
            f"after {count(number, noun)}"
            for number, noun in (
                (max_checks, "check"),
                (max_triggers, "prescan"),
            )
            if number is not None
        ]
        self._ends.append(self.how_to_stop(takes_esc=end_on_esc))
        self._positions: dict[str, _PositionSoFar] = {}
        self._held: dict[str, str] = {}
        self._status = "Starting"
        self._has_ended = False
        self._began_s = self._noticed_s = clock.monotonic()
        self._n_unsent = 0
        self._said: dict[tuple[str, str], str] = {}

    def __call__(self, event: Event) -> None:
        """Show an event."""
        match event:
            case SessionStarted():
                self._show_start(event)
            case ImageNoticed():
                self._noticed_s = self._clock.monotonic()
                self._status = f"{_name(event.path)} is being written"
            case AnalysisStarted():
                self._status = f"{_name(event.path)} is being analysed"
            case Answered():
                self._show_answer(event)
            case SessionEnded():
                self._show_end(event)
            case _:
                self._show_trouble(event)

    def _show_start(self, event: SessionStarted) -> None:
        version = event.versions["dystrack"]
        self.say(f"DySTrack {version} watches {event.folder} with {event.pipeline}.")
        self.say(f"It ends {', or '.join(self._ends)}.")
        self._status = ""

    def _show_answer(self, event: Answered) -> None:
        before = self._positions.get(event.position)
        if before is None:
            n_failed = int(event.outcome != _OK)
            self._positions[event.position] = _PositionSoFar(event, n_failed=n_failed)
        else:
            self._positions[event.position] = before.followed_by(event)
        self._n_unsent += not event.sent
        self._status = ""
        if event.outcome == _OK:
            self._said.pop(("failure", event.position), None)
        if event.sent:
            self._said.pop(("sending", ""), None)
        if not self.is_live:
            self.say(_answer_line(event))

    def _show_trouble(self, event: Event) -> None:
        text = trouble(event)
        match event:
            case AnalysisFailed():
                self._show_failure(event, text)
            case TransmissionFailed():
                self._show_transmission(event, text)
            case Warned(position=position):
                if self._is_news("warning", position, text):
                    self.warn(text)
            case PrescansFound(unanswered=True):
                self.warn(text)
            case Told():
                self.say(text)
            case _ if text:
                self.warn(text)
        self._note(event)

    def _note(self, event: Event) -> None:
        """Remember what the picture and later lines depend on."""
        match event:
            case PositionHeld(position=position, reason=reason):
                self._held[position] = reason
            case PositionReleased(position=position):
                self._held.pop(position, None)
            case FolderLost():
                self._status = "Waiting for the folder to come back"
            case FolderReturned():
                self._status = ""

    def _show_failure(self, event: AnalysisFailed, text: str) -> None:
        """Say why an analysis failed, unless that was said of the position's last failure."""
        position = event.position
        if position in self._held and self._held[position] in event.error:
            return
        if self._is_news("failure", position, text.replace(_name(event.path), "")):
            self.warn(text)

    def _show_transmission(self, event: TransmissionFailed, text: str) -> None:
        if self._is_news("sending", "", event.error):
            self.warn(text)
        elif event.final:
            self.warn(f"Given up after {count(event.attempt, 'attempt')}.")

    def _is_news(self, kind: str, position: str, text: str) -> bool:
        """Return whether this is not what was said last of its kind and position."""
        before = self._said.get((kind, position))
        self._said[kind, position] = text
        return text != before

    def _show_end(self, event: SessionEnded) -> None:
        self._has_ended = True
        self.say(describe_end(event))
        passed = duration(self._clock.monotonic() - self._began_s)
        n_prescans = count(event.stats["target_counter"], "prescan")
        counts = f"{n_prescans} in {passed}: {event.stats['img_success_counter']} analysed"
        failed = ", ".join(
            f"{so_far.n_failed} at position {name}"
            for name, so_far in self._positions.items()
            if so_far.n_failed
        )
        parts = [counts, f"failed: {failed}"] if failed else [counts]
        if self._n_unsent:
            parts.append(f"{self._n_unsent} could not be sent")
        self.say(f"{'; '.join(parts)}.")

    def picture(self) -> RenderableType:
        """Return the live table."""
        positions, held = dict(self._positions), dict(self._held)
        summary = Text(self.shown(self._summary(positions)), style="bold")
        if not positions:
            return summary
        table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        table.add_column("Position")
        for title in ("Pre-\nscans", "Failed", "z\npx", "y\npx", "x\npx", "Step\nµm", "Took\ns"):
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("Message")
        newest = sorted(positions, key=lambda name: positions[name].last.target)
        shown = set(newest[-self.most_rows :])
        for name, so_far in positions.items():
            if name in shown:
                table.add_row(*self._row(name, so_far, is_held=name in held))
        n_more = len(positions) - len(shown)
        more = [Text(f"and {count(n_more, 'more position')}")] if n_more else []
        return Group(table, *more, summary)

    def _row(self, name: str, so_far: _PositionSoFar, *, is_held: bool) -> tuple[str | Text, ...]:
        last = so_far.last
        is_well = last.outcome == _OK and last.sent and not is_held
        message = last.msg if last.sent else "not sent"
        return (
            Text(self.shown(name)),
            str(so_far.n_prescans),
            Text(str(so_far.n_failed), style="red" if so_far.n_failed else ""),
            *(_number(value) for value in (last.z, last.y, last.x)),
            "" if last.step_um is None else f"{math.hypot(*last.step_um):.1f}",
            f"{last.total_s:.2f}",
            Text(
                self.shown(shortened("held" if is_held else message, _LONGEST_IN_TABLE)),
                style="green" if is_well else "red",
            ),
        )

    def _summary(self, positions: Mapping[str, _PositionSoFar]) -> str:
        """Return what is going on now, and how it went so far; nothing once it is over."""
        if self._has_ended:
            return ""
        ago = duration(self._clock.monotonic() - self._noticed_s)
        waiting = f"Waiting for a prescan; the last came {ago} ago."
        if not positions:
            waiting = f"Waiting for the first prescan, for {ago} so far."
        n_prescans = sum(so_far.n_prescans for so_far in positions.values())
        n_failed = sum(so_far.n_failed for so_far in positions.values())
        totals = f"{count(n_prescans, 'prescan')}, {n_failed} failed." if positions else ""
        return f"{sentence(self._status) if self._status else waiting} {totals}"


def _answer_line(event: Answered) -> str:
    z, y, x = map(_number, (event.z, event.y, event.x))
    step = ""
    if event.step_um is not None:
        step = "  step {:+.1f} {:+.1f} {:+.1f} µm".format(*event.step_um)
    sent = "" if event.sent else "  not sent"
    return (
        f"{event.target:4d}  {_name(event.path)}  position {event.position}  "
        f"z {z}  y {y}  x {x} px{step}  {shortened(event.msg)}{sent}  ({event.total_s:.2f} s)"
    )


def _name(path: str) -> str:
    return Path(path).name


def _number(value: float | None) -> str:
    return "nan" if value is None else f"{value:.1f}"
