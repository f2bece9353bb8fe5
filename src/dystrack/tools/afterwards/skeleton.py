"""What all pages have in common: one file that opens anywhere, without a network."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from importlib import resources
from string import Template

from dystrack import __version__
from dystrack.charts.colours import colour_styles
from dystrack.charts.figure import Figure
from dystrack.charts.script import figure_scripts

__all__ = ["page_around", "section", "tiles"]


def page_around(
    content: str, *, headline: str, state: str, figures: Sequence[Figure] = (), source: str = ""
) -> str:
    """Return a page.

    Parameters
    ----------
    content : str
        HTML of its sections.
    headline, state : str
        What it is about, and a line below, as text.
    figures : sequence of Figure, optional
        Its figures, in the order of their places in the content.
    source : str, optional
        Last sentence of the page.

    Returns
    -------
    str
        HTML.
    """
    nonce = secrets.token_urlsafe(12)
    return Template(_own_file("report.html")).substitute(
        nonce=nonce,
        title=escape(headline),
        headline=escape(headline),
        state=escape(state),
        styles=f"{colour_styles()}\n{_own_file('report.css')}",
        content=content,
        version=escape(__version__),
        written=f"{datetime.now().astimezone():%Y-%m-%d %H:%M}",
        source=source,
        scripts=figure_scripts(figures, nonce) if figures else "",
    )


def section(title: str, text: str, body: str, anchor: str = "") -> str:
    """Return a section of HTML: title and sentence as text, and an anchor for links to it."""
    mark = f' id="position-{escape(anchor)}"' if anchor else ""
    said = f"<p>{escape(text)}</p>" if text else ""
    return f"<section{mark}><h2>{escape(title)}</h2>{said}{body}</section>"


def tiles(figures: Mapping[str, str]) -> str:
    """Return large figures side by side, by what they mean."""
    shown = (
        f"<div><b>{escape(value)}</b><span>{escape(meaning)}</span></div>"
        for meaning, value in figures.items()
    )
    return f'<div class="tiles">{"".join(shown)}</div>'


def _own_file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")
