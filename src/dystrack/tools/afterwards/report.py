"""Writes the report of a simulated run: a page that opens anywhere, and its figures as PNG."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from statistics import median

from dystrack import __version__
from dystrack.charts.drawing import Drawing
from dystrack.charts.drawing_png import paint
from dystrack.charts.drawing_svg import colour_styles, svg_of
from dystrack.scopes.geometry import Um
from dystrack.scopes.visits import Summary, Visit, summarise
from dystrack.tools.afterwards.report_data import by_position, time_unit, untracked_distance_um
from dystrack.tools.afterwards.report_figures import (
    distance_chart,
    latency_histogram,
    latency_timeline,
    path_map,
)
from dystrack.tools.afterwards.report_pictures import contact_sheet, view_strips

__all__ = ["REPORT_NAME", "write_report"]

REPORT_NAME = "report.html"
"""Name of the page."""

_MS_PER_S = 1000.0
_STYLE = """\
*{box-sizing:border-box}
body{margin:0 auto;max-width:1040px;padding:36px 28px 56px;background:var(--page);color:var(--ink);
font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:28px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:18px;margin:40px 0 2px}
p{margin:2px 0 12px;color:var(--muted);max-width:74ch}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:12px;margin:24px 0}
.tile{background:var(--panel);border-radius:10px;padding:14px 16px}
.tile b{display:block;font-size:27px;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--muted);font-size:13.5px;display:block;line-height:1.4}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font-family:inherit;font-variant-numeric:tabular-nums}
.pair{display:grid;grid-template-columns:3fr 2fr;gap:8px}
dl{display:flex;flex-wrap:wrap;gap:4px 26px;margin:12px 0 0}
dl div{display:flex;gap:8px}dt{color:var(--muted)}dd{margin:0}
details{margin-top:36px}summary{cursor:pointer;font-weight:600}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;margin-top:10px}
th,td{padding:4px 14px 4px 0;text-align:right;white-space:nowrap}
tr{border-bottom:1px solid var(--grid)}
th{color:var(--muted);font-weight:500}
th:last-child,td:last-child{text-align:left;white-space:normal}
.bad{color:var(--bad)}
footer{margin-top:36px;color:var(--muted);font-size:13px}
@media(max-width:700px){.pair{grid-template-columns:1fr}}
"""


def write_report(
    visits: Sequence[Visit], field_um: Um, about: Mapping[str, str], folder: Path
) -> Path:
    """Write how well a simulated sample was followed.

    Parameters
    ----------
    visits : sequence of Visit
        What happened, at least one visit.
    field_um : Um
        Size of the main scan.
    about : mapping of str to str
        What was simulated, by headings.
    folder : Path
        Where the page and its figures go.

    Returns
    -------
    Path
        The page, which needs no other file and no network.

    Raises
    ------
    ConfigurationError
        If there are no visits.
    """
    summary = summarise(visits)
    figures = _figures(visits, field_um)
    for name, drawing in figures.items():
        (folder / f"{name}.png").write_bytes(paint(drawing))
    page = folder / REPORT_NAME
    page.write_text(_page(visits, summary, figures, about), encoding="utf-8", newline="\n")
    return page


def _figures(visits: Sequence[Visit], field_um: Um) -> dict[str, Drawing]:
    """Return the figures by the names of their files."""
    sheet = contact_sheet(visits)
    return {
        **({"main_scans": sheet} if sheet else {}),
        "trajectory": path_map(visits, field_um),
        "distance": distance_chart(visits),
        "in_view": view_strips(visits),
        "latency": latency_timeline(visits),
        "latency_histogram": latency_histogram(visits),
    }


def _page(
    visits: Sequence[Visit],
    summary: Summary,
    figures: Mapping[str, Drawing],
    about: Mapping[str, str],
) -> str:
    now = datetime.now().astimezone()
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>DySTrack: simulated run</title><style>{colour_styles()}\n{_STYLE}</style></head>"
        f"<body><h1>{_headline(summary)}</h1>{_about(about)}{_tiles(visits, summary)}"
        f"{''.join(_sections(figures))}{_table(visits)}"
        f"<footer>DySTrack {escape(__version__)}, {now:%Y-%m-%d %H:%M}. Sample and microscope are "
        "simulated; the tracking is the real one.</footer></body></html>\n"
    )


def _sections(figures: Mapping[str, Drawing]) -> Iterator[str]:
    drawn = {name: svg_of(drawing) for name, drawing in figures.items()}
    if "main_scans" in drawn:
        yield _section(
            "With and without tracking",
            "The main scans, and what they would have shown, had the stage never moved.",
            drawn["main_scans"],
        )
    yield _section(
        "The way of the sample and of the stage",
        "Broad lines: where the middle of the field should have been. Fine lines: where it was. "
        "Frames: the first and the last main scan.",
        drawn["trajectory"],
    )
    yield _section(
        "Distance from the target",
        "How far the middle of each main scan lay from where it should have been; only a "
        "simulation knows. The scale is logarithmic.",
        drawn["distance"],
    )
    yield _section(
        "The whole sample in view", "Each cell is a main scan; green: whole.", drawn["in_view"]
    )
    yield _section(
        "How fast the answers came",
        "From the last byte of the prescan to the line with its coordinates.",
        f'<div class="pair">{drawn["latency"]}{drawn["latency_histogram"]}</div>',
    )


def _headline(summary: Summary) -> str:
    tracked, still = summary.in_view_share, summary.untracked_in_view_share
    return f"Whole sample in view: {tracked:.0%} with tracking, {still:.0%} without"


def _about(about: Mapping[str, str]) -> str:
    entries = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in about.items()
    )
    return f"<dl>{''.join(entries)}</dl>"


def _tiles(visits: Sequence[Visit], summary: Summary) -> str:
    answered = summary.n_visits - summary.n_stayed
    return (
        '<div class="tiles">'
        + _tile(
            f"{summary.median_distance_um:.2f} µm",
            f"median distance from the target; the worst was {summary.worst_distance_um:.1f} µm",
        )
        + _tile(
            f"{summary.travelled_um:.0f} µm",
            f"is how far a sample moved; without tracking the median distance would have been "
            f"{_median_untracked_um(visits):.0f} µm",
        )
        + _tile(
            f"{summary.median_latency_s * _MS_PER_S:.0f} ms",
            f"median time from prescan to answer; the worst was "
            f"{summary.worst_latency_s * _MS_PER_S:.0f} ms",
        )
        + _tile(
            f"{answered} of {summary.n_visits}",
            "prescans gave a target; otherwise the stage stayed where it was",
        )
        + "</div>"
    )


def _tile(figure: str, meaning: str) -> str:
    return f'<div class="tile"><b>{escape(figure)}</b><span>{escape(meaning)}</span></div>'


def _median_untracked_um(visits: Sequence[Visit]) -> float:
    positions = by_position(visits).values()
    return median(untracked_distance_um(visit, own[0]) for own in positions for visit in own)


def _section(title: str, text: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(text)}</p>{body}</section>"


def _table(visits: Sequence[Visit]) -> str:
    unit = time_unit(visits)
    titles = (
        "Time point",
        "Position",
        f"Time / {unit.name}",
        "z / px",
        "y / px",
        "x / px",
        "Distance / µm",
        "In view",
        "Latency / ms",
        "Message",
    )
    rows = "".join(_row(visit, unit.seconds) for visit in visits)
    return (
        "<details><summary>Every time point</summary><div class='scroll'><table>"
        f"<thead>{_cells(titles, 'th')}</thead><tbody>{rows}</tbody></table></div></details>"
    )


def _row(visit: Visit, unit_s: float) -> str:
    cells = (
        str(visit.time_point),
        str(visit.position),
        f"{visit.time_s / unit_s:.2f}",
        *(f"{value:.1f}" for value in (visit.line.z, visit.line.y, visit.line.x)),
        f"{visit.distance_um:.2f}",
        "whole" if visit.in_view else "not whole",
        f"{visit.latency_s * _MS_PER_S:.0f}",
        visit.message,
    )
    return _cells(cells, "td", is_bad=not (visit.moved and visit.in_view))


def _cells(texts: Iterable[str], tag: str, *, is_bad: bool = False) -> str:
    opening = '<tr class="bad">' if is_bad else "<tr>"
    return opening + "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts) + "</tr>"
