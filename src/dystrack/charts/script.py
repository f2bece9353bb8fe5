"""Figures and the script that draws them, packed into a page that needs no network."""

import base64
import gzip
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources

from dystrack.charts.figure import Figure

__all__ = ["drawing_script", "figure_places", "figure_scripts", "plotly_script"]

_PACKED = '<script type="text/plain" id="{name}">{data}</script>\n'


def figure_places(figures: Sequence[Figure], first: int) -> str:
    """Return the HTML of a place for each figure, by its number in the page."""
    return "".join(
        f'<figure class="chart" data-figure="{number}" role="img" aria-label="{figure.caption}" '
        f'style="min-height:{figure.layout["height"]}px"></figure>'
        for number, figure in enumerate(figures, first)
    )


def figure_scripts(figures: Sequence[Figure], nonce: str) -> str:
    """Return all figures of a page, and the scripts that draw them, for the end of its body.

    Parameters
    ----------
    figures : sequence of Figure
        In the order of their numbers.
    nonce : str
        The page's word for scripts that may run.

    Returns
    -------
    str
        HTML; figures and plotly are compressed, which the browser undoes.
    """
    drawn = json.dumps([figure.as_json() for figure in figures], separators=(",", ":"))
    script = drawing_script() + _own_script("figures.js")
    return (
        _PACKED.format(name="figures", data=_packed(drawn.encode()))
        + _PACKED.format(name="plotly", data=_packed_plotly())
        + f'<script nonce="{nonce}">{script}</script>'
    )


def drawing_script() -> str:
    """Return the script that draws figures in the colours of a page, with plotly's."""
    return _own_script("drawing.js")


def plotly_script() -> bytes:
    """Return plotly's JavaScript, as its wheel carries it."""
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - the one door to plotly

    text: str = get_plotlyjs()
    return text.encode()


def _own_script(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


@cache
def _packed_plotly() -> str:
    return _packed(plotly_script())


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, mtime=0)).decode("ascii")
