"""The page of a report: one file that opens anywhere, without a network.

Names, messages and settings come from elsewhere: whatever they hold is shown as text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import escape

from dystrack.charts.figure import Figure
from dystrack.charts.latencies import latency_chart, latency_histogram
from dystrack.charts.pictures import contrast, montage, scale_bar_um, shot
from dystrack.charts.places import distance_chart, path_chart, place_chart, step_chart
from dystrack.charts.rows import TimeAxis, duration_words, time_axis
from dystrack.charts.script import figure_places
from dystrack.charts.strips import outcome_strips, view_strips
from dystrack.tools.afterwards.prescan_table import prescan_table
from dystrack.tools.afterwards.run_record import Comparison, Failure, PositionRecord, RunRecord
from dystrack.tools.afterwards.skeleton import page_around, section, tiles

__all__ = ["page_of"]

_MOST_FAILURES = 40
_MOST_MESSAGES = 200


def page_of(run: RunRecord) -> str:
    """Return the page that tells of a run.

    Parameters
    ----------
    run : RunRecord
        The run.

    Returns
    -------
    str
        HTML.
    """
    page = _Page(run)
    content = "\n".join(page.sections())
    source = "Sample and microscope are simulated; the tracking is the real one."
    return page_around(
        content,
        headline=run.headline,
        state=run.state,
        figures=page.figures,
        source=source if run.is_simulated else "",
    )


class _Page:
    """Collects the figures of a page while its sections are written."""

    def __init__(self, run: RunRecord) -> None:
        self.figures: list[Figure] = []
        self._run = run
        self._clock: TimeAxis = time_axis(run.rows)

    def sections(self) -> Iterator[str]:
        run = self._run
        yield tiles(run.figures) + _facts(run.about)
        if run.unknown:
            items = "".join(f"<li>{escape(text)}</li>" for text in run.unknown)
            yield section("What this report cannot know", "", f"<ul>{items}</ul>")
        if run.rows:
            yield self._overview()
        for position in run.positions:
            yield self._position(position)
        yield from _failures(run)
        yield from _messages(run)
        yield _settings(run)
        yield prescan_table(run, self._clock)

    def _overview(self) -> str:
        """Return what concerns all positions."""
        run = self._run
        positions = {position.name: position.rows for position in run.positions}
        draw_strips = view_strips if run.is_simulated else outcome_strips
        has_times = any(row.sent_s for row in run.rows)
        times = [latency_histogram(run.rows)] if has_times else []
        charts = self._charts(draw_strips(positions, self._clock), *times)
        return section("Overview", "What came of each prescan.", _navigation(run) + charts)

    def _position(self, position: PositionRecord) -> str:
        rows, unit, clock = position.rows, position.unit, self._clock
        charts = [place_chart(rows, clock, unit, position.most_travel)]
        if position.knows_path:
            charts.insert(0, path_chart(rows, clock, unit, position.field_yx))
            charts.append(step_chart(rows, clock, unit, position.most_step))
        if any(row.distance_um is not None for row in rows):
            charts.append(distance_chart(rows, clock))
        if any(row.sent_s is not None for row in rows):
            charts.append(latency_chart(rows, clock))
        pictures = _main_scans(position.comparison) + _prescans(position, clock)
        body = pictures + self._charts(*charts)
        return section(position.title, _describe(position), body, position.name)

    def _charts(self, *figures: Figure) -> str:
        first = len(self.figures)
        self.figures += figures
        return f'<div class="charts">{figure_places(figures, first)}</div>'


def _facts(facts: Mapping[str, str]) -> str:
    entries = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()
    )
    return f'<dl class="facts">{"".join(entries)}</dl>'


def _navigation(run: RunRecord) -> str:
    """Return a link to each position; those with failures in another colour."""
    if len(run.positions) == 1:
        return ""
    links = []
    for position in run.positions:
        n_bad = len(position.rows) - position.count("tracked")
        trouble = f' class="trouble" title="{n_bad} not tracked"' if n_bad else ""
        name = escape(position.name)
        links.append(f'<a href="#position-{name}"{trouble}>{name}</a>')
    return f'<nav aria-label="Positions">{"".join(links)}</nav>'


def _describe(position: PositionRecord) -> str:
    """Return in words what came of a position."""
    counts = [f"{len(position.rows)} prescans"]
    counts += [
        f"{position.count(outcome)} {outcome}"
        for outcome in ("tracked", "failed", "held", "not sent")
        if position.count(outcome)
    ]
    parts = [", ".join(counts)]
    if position.interval_s:
        parts.append(f"one every {duration_words(position.interval_s)}")
    if position.field_yx:
        height, width = position.field_yx
        parts.append(f"field {width:.0f} \u00d7 {height:.0f} {position.unit} (x \u00d7 y)")
    return "; ".join(parts) + "."


def _main_scans(comparison: Comparison) -> str:
    """Return main scans with and without tracking, one pair a time point."""
    if not comparison.tracked:
        return ""
    first = comparison.tracked[0]
    bar = _bar_words(first.pixels.shape[1], first.um_per_px)
    scans = montage(comparison.tracked, contrast(comparison.tracked), below=comparison.untracked)
    return (
        f"<h3>Main scans</h3><p>Above as they were; below as they would have been, had the stage "
        f"never moved.{bar}</p>{scans}"
    )


def _prescans(position: PositionRecord, clock: TimeAxis) -> str:
    """Return some prescans, with their times."""
    if not position.pictures:
        return ""
    first = position.pictures[0]
    times = {row.number: clock.words(row) for row in position.rows}
    timed = [replace(picture, title=times[picture.number]) for picture in position.pictures]
    bar = _bar_words(first.pixels.shape[1], first.um_per_px)
    outline = " Blue: what the pipeline found." if any(p.outline for p in position.pictures) else ""
    return (
        f"<h3>Prescans</h3><p>The brightest third along z. Circle: the target that was sent; "
        f"cross: the centre.{outline}{bar}</p>{montage(timed)}"
    )


def _bar_words(width_px: int, um_per_px: float | None) -> str:
    return f" Scale bar: {scale_bar_um(width_px * um_per_px):g} µm." if um_per_px else ""


def _failures(run: RunRecord) -> Iterator[str]:
    if not run.failures:
        return
    clock = time_axis(run.rows)
    levels = {p.name: contrast(p.pictures) for p in run.positions if p.pictures}
    shown = "".join(
        _failure(failure, clock, levels.get(failure.row.position))
        for failure in run.failures[:_MOST_FAILURES]
    )
    n_more = len(run.failures) - _MOST_FAILURES
    more = f"<p>And {n_more} more; the table below has them all.</p>" if n_more > 0 else ""
    yield section("Failures", "Prescans that gave no coordinates of their own.", shown + more)


def _failure(failure: Failure, clock: TimeAxis, levels: tuple[float, float] | None) -> str:
    row = failure.row
    picture = shot(failure.picture, levels) if failure.picture else ""
    no_picture = "" if failure.picture else " There is no picture of it."
    instead = f"<br>Sent instead: {escape(failure.instead)}." if failure.instead else ""
    lines = f"<pre>{escape(failure.traceback)}</pre>" if failure.traceback else ""
    where = f"position {escape(row.position)}, " if row.position else ""
    return (
        f'<div class="failure">{picture}<div><b>{escape(row.name or clock.words(row))}</b>, '
        f"{where}{clock.words(row)}: {row.outcome}"
        f"<p>{escape(failure.reason)}{instead}{no_picture}</p>{lines}</div></div>"
    )


def _messages(run: RunRecord) -> Iterator[str]:
    if run.messages:
        shown = run.messages[-_MOST_MESSAGES:]
        items = "".join(f"<li>{escape(text)}</li>" for text in shown)
        more = "" if len(shown) == len(run.messages) else f"The last {len(shown)}."
        yield section("Messages", more, f'<ul class="messages">{items}</ul>')


def _settings(run: RunRecord) -> str:
    tables = [("Settings that were given", run.settings), ("Settings by default", run.defaults)]
    return "".join(
        f'<details><summary>{title}</summary><table class="names">'
        + "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
            for name, value in table.items()
        )
        + "</table></details>"
        for title, table in tables
        if table
    )
