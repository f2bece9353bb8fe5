"""The table of a report: every prescan, in figures."""

from collections.abc import Iterable, Iterator
from html import escape

from dystrack.charts.rows import Row, TimeAxis, Zyx
from dystrack.tools.afterwards.run_record import RunRecord

__all__ = ["prescan_table"]

_MOST_ROWS = 2000
_MS_PER_S = 1000.0
_UNKNOWN = "\u2013"


def prescan_table(run: RunRecord, clock: TimeAxis) -> str:
    """Return a row for each prescan, of a long run for its last 2,000.

    Parameters
    ----------
    run : RunRecord
        The run.
    clock : TimeAxis
        How time is written.

    Returns
    -------
    str
        HTML.
    """
    rows = run.rows[-_MOST_ROWS:]
    units = {position.unit for position in run.positions}
    unit = units.pop() if len(units) == 1 else "its unit"
    left_out = len(run.rows) - len(rows)
    said = f"<p>The first {left_out} are left out; the journal has them.</p>" if left_out else ""
    body = "".join(
        _cells(_texts(row, clock), "td", is_bad=row.outcome != "tracked") for row in rows
    )
    return (
        f"<details><summary>Every prescan</summary>{said}<div class='scroll'><table>"
        f"<thead>{_cells(_titles(run, clock, unit), 'th')}</thead><tbody>{body}</tbody></table>"
        "</div></details>"
    )


def _titles(run: RunRecord, clock: TimeAxis, unit: str) -> Iterator[str]:
    yield "Prescan"
    yield "Position"
    yield clock.title
    for name in "zyx":
        yield f"Target {name} / {unit}"
    for name in "zyx":
        yield f"Step {name} / {unit}"
    if run.is_simulated:
        yield "Off / µm"
        yield "In view"
    yield "Complete / ms"
    yield "Analysed / ms"
    yield "Sent / ms"
    yield "Outcome"
    yield "Message"


def _texts(row: Row, clock: TimeAxis) -> Iterator[str]:
    yield row.name or str(row.number)
    yield row.position
    yield f"{clock.places([row])[0]:.10g}"
    yield from _three(row.target)
    yield from _three(row.step)
    if row.distance_um is not None:
        yield f"{row.distance_um:.2f}"
        yield "complete" if row.in_view else "not complete"
    for seconds in (row.complete_s, row.analysed_s, row.sent_s):
        yield _UNKNOWN if seconds is None else f"{seconds * _MS_PER_S:.0f}"
    yield row.outcome
    yield row.message


def _three(values: Zyx | None) -> Iterable[str]:
    return [_UNKNOWN] * 3 if values is None else [f"{value:.2f}" for value in values]


def _cells(texts: Iterable[str], tag: str, *, is_bad: bool = False) -> str:
    opening = '<tr class="bad">' if is_bad else "<tr>"
    return opening + "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts) + "</tr>"
