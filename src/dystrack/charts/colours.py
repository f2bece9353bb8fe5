"""Colours by the role of what they colour, so that a page can be light or dark."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["colour", "colour_styles"]

_LIGHT_AND_DARK: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "page": ("#ffffff", "#12161c"),
        "panel": ("#f3f5f8", "#1b212a"),
        "ink": ("#1b2430", "#e6eaef"),
        "muted": ("#5c6672", "#9ea9b6"),
        "grid": ("#e1e6ec", "#2b333e"),
        "still": ("#8a95a1", "#77828f"),
        "good": ("#1a8f6f", "#3ecfa4"),
        "bad": ("#d9314d", "#ff7b8d"),
        "held": ("#b25e09", "#f2a65a"),
        "target": ("#d9730d", "#f2a65a"),
        "stage": ("#2466c8", "#6ea8ff"),
        "third": ("#8250df", "#b795f5"),
    }
)


def colour(role: str) -> str:
    """Return what stands for a colour in a figure; ``figures.js`` and CSS know the rest."""
    if role not in _LIGHT_AND_DARK:
        raise KeyError(role)
    return f"var(--{role})"


def colour_styles(*, by_attribute: bool = False) -> str:
    """Return the CSS that defines all colours, for light and for dark screens.

    Parameters
    ----------
    by_attribute : bool, default False
        Whether ``data-theme`` of the page may say ``light`` or ``dark``, whatever the screen is.

    Returns
    -------
    str
        Rules for the root of a page.
    """
    light = "".join(f"--{role}:{pair[0]};" for role, pair in _LIGHT_AND_DARK.items())
    dark = "".join(f"--{role}:{pair[1]};" for role, pair in _LIGHT_AND_DARK.items())
    chosen = (
        f":root[data-theme=light]{{color-scheme:light;{light}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
    )
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media(prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f"{chosen if by_attribute else ''}"
    )
