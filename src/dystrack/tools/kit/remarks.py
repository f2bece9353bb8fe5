"""What a check says: sentences of different weight, and a last word."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dystrack.manager.wording import count
from dystrack.options.standard_output import printable

__all__ = ["Remark", "Weight", "good", "note", "problem", "section_of_remarks", "verdict_line"]


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


def section_of_remarks(
    title: str, remarks: Iterable[Remark], *others: RenderableType
) -> RenderableType:
    """Return remarks below their title, and what else belongs there, for a console to print."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for remark in remarks:
        mark, style = _MARKS[remark.weight]
        table.add_row(Text(mark, style=style), Text(printable(remark.text)))
    heading = Text(title, style="bold")
    inner = [Padding(part, (0, 0, 0, 2)) for part in (*others, table)]
    return Group(heading, *inner, Text(""))


def verdict_line(remarks: Iterable[Remark], ready: str) -> Text:
    """Return the last word of a check: that all is ready, or how much is to be done."""
    n_problems, n_notes = _counted(remarks)
    notes = f" ({count(n_notes, 'note')} above)" if n_notes else ""
    if n_problems:
        mark, style = _MARKS[Weight.PROBLEM]
        return Text(f"{mark} Not ready: {count(n_problems, 'problem')} above{notes}.", style=style)
    return Text(f"{_MARKS[Weight.GOOD][0]} Ready{notes}. {ready}".rstrip(), style="bold green")


def _counted(remarks: Iterable[Remark]) -> Iterator[int]:
    weights = [remark.weight for remark in remarks]
    yield weights.count(Weight.PROBLEM)
    yield weights.count(Weight.NOTE)
