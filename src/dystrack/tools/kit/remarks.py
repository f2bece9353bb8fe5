"""What a check says: sentences of different weight, and a last word."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dystrack.manager.wording import count
from dystrack.options.standard_output import printable

__all__ = ["Remark", "Screen", "Weight", "good", "note", "problem"]


class Weight(Enum):
    """How much a remark matters."""

    GOOD = "good"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Remark:
    """One sentence of a check.

    Attributes
    ----------
    weight : Weight
        How much it matters.
    text : str
        What is so, and what to do if anything is to be done.
    """

    weight: Weight
    text: str


_MARKS: Mapping[Weight, tuple[str, str]] = MappingProxyType(
    {
        Weight.GOOD: ("✓", "green"),
        Weight.NOTE: ("!", "bold yellow"),
        Weight.PROBLEM: ("✗", "bold red"),
    }
)


def good(text: str) -> Remark:
    """Return a remark on what is as it should be."""
    return Remark(Weight.GOOD, text)


def note(text: str) -> Remark:
    """Return a remark on what should be known."""
    return Remark(Weight.NOTE, text)


def problem(text: str) -> Remark:
    """Return a remark on what has to be mended."""
    return Remark(Weight.PROBLEM, text)


class Screen:
    """Where remarks are shown as they come, section by section.

    Parameters
    ----------
    console : rich.console.Console
        What prints them.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.remarks: list[Remark] = []

    @property
    def is_ready(self) -> bool:
        """Return whether there was no problem so far."""
        return not self._n(Weight.PROBLEM)

    def say(self, title: str, remarks: Iterable[Remark], *others: RenderableType) -> None:
        """Show remarks below their title, behind whatever else belongs there."""
        told = list(remarks)
        self.remarks += told
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for remark in told:
            mark, style = _MARKS[remark.weight]
            table.add_row(Text(mark, style=style), Text(printable(remark.text)))
        self.console.print(Text(title, style="bold"))
        for part in (*others, table):
            self.console.print(Padding(part, (0, 0, 0, 2)))
        self.console.print()

    def end(self, if_ready: str) -> None:
        """Show the last word: that all is ready and what comes next, or how much is to be done."""
        n_notes = self._n(Weight.NOTE)
        notes = f" ({count(n_notes, 'note')} above)" if n_notes else ""
        if self.is_ready:
            self.console.print(Text(f"Ready{notes}.", style="bold green"))
            self.console.print(Text(if_ready), soft_wrap=True)
        else:
            n = self._n(Weight.PROBLEM)
            last = f"Not ready: {count(n, 'problem')} above, marked ✗{notes}."
            self.console.print(Text(last, style="bold red"))

    def _n(self, weight: Weight) -> int:
        return sum(remark.weight is weight for remark in self.remarks)
