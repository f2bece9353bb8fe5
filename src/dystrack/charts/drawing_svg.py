"""Writes a drawing as SVG, to stand in a page."""

import base64
from collections.abc import Mapping
from html import escape

from dystrack.charts.drawing import DARK, LIGHT, Area, Dot, Drawing, Line, Mark, Picture, Words
from dystrack.charts.drawing_png import png_bytes

__all__ = ["colour_styles", "svg_of"]


def svg_of(drawing: Drawing) -> str:
    """Return a drawing as an SVG element.

    Parameters
    ----------
    drawing : Drawing
        The figure.

    Returns
    -------
    str
        Element that fills the width it is given; its colours come from `colour_styles`. All text
        in it is escaped.
    """
    marks = "".join(map(_element, drawing.marks))
    box = f"0 0 {drawing.width:g} {drawing.height:g}"
    return (
        f'<svg viewBox="{box}" role="img" aria-label="{escape(drawing.caption)}" '
        f'xmlns="http://www.w3.org/2000/svg">{marks}</svg>'
    )


def colour_styles() -> str:
    """Return the style rules for the colours of drawings, light or dark as the reader prefers.

    Returns
    -------
    str
        Rules for a style element: a variable ``--role`` for each role.
    """
    return (
        f":root{{color-scheme:light dark;{_variables(LIGHT)}}}\n"
        f"@media(prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
    )


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{role}:{colour};" for role, colour in colours.items())


def _element(mark: Mark) -> str:
    match mark:
        case Line():
            return _line(mark)
        case Area():
            shape = f'x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}"'
            shape = f'<rect {shape} height="{mark.height:.1f}"'
            return _filled(shape, "rect", mark.role, mark.opacity, mark.tip)
        case Dot():
            shape = f'<circle cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="{mark.radius:.1f}"'
            return _filled(shape, "circle", mark.role, 1.0, mark.tip)
        case Words():
            weight = ' font-weight="600"' if mark.is_bold else ""
            return (
                f'<text x="{mark.x:.1f}" y="{mark.y:.1f}" font-size="{mark.size:g}"{weight} '
                f'text-anchor="{mark.anchor}" style="fill:var(--{mark.role})">'
                f"{escape(mark.text)}</text>"
            )
        case Picture():
            data = base64.b64encode(png_bytes(mark.pixels)).decode("ascii")
            return (
                f'<image x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}" '
                f'height="{mark.height:.1f}" preserveAspectRatio="none" '
                f'href="data:image/png;base64,{data}"/>'
            )


def _line(line: Line) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.points)
    dashes = ' stroke-dasharray="5 4"' if line.is_dashed else ""
    return (
        f'<polyline points="{points}" fill="none" stroke-width="{line.width:g}"{dashes} '
        f'stroke-opacity="{line.opacity:g}" stroke-linejoin="round" stroke-linecap="round" '
        f'style="stroke:var(--{line.role})"/>'
    )


def _filled(start: str, name: str, role: str, opacity: float, tip: str) -> str:
    start = f'{start} fill-opacity="{opacity:g}" style="fill:var(--{role})"'
    return f"{start}><title>{escape(tip)}</title></{name}>" if tip else f"{start}/>"
