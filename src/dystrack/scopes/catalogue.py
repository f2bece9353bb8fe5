"""Every microscope that DySTrack can drive, by its name on the command line."""

import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.scopes.protocols import Scope

__all__ = ["SCOPES", "TRIALS", "Opener", "find_opener"]

Opener = Callable[..., AbstractContextManager[Scope]]
"""Connects to a microscope and gives it back at the end.

A function with keyword arguments only, of which each has a default, a type that begins with bool,
int, float or str, and a line in its numpydoc docstring: its command line is made from them.
"""

# A new bridge is one line here. The module is imported when it is asked for.
SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "simulator": "dystrack.scopes.simulated.scope:open_simulator",
        "micromanager": "dystrack.scopes.micromanager.opening:open_micromanager",
        "zen": "dystrack.scopes.zen.scope:open_zen",
        "nis": "dystrack.scopes.nis.scope:open_nis",
        "las_x": "dystrack.scopes.leica.las_x:open_las_x",
        "viventis": "dystrack.scopes.leica.viventis:open_viventis",
    }
)
"""Where the opener of each microscope is."""

TRIALS: Mapping[str, str] = MappingProxyType({"simulator": "center_of_mass"})
"""Microscopes that can be tried with nothing but their name, and the pipeline for that."""


def find_opener(name: str) -> Opener:
    """Return what connects to a microscope of that name.

    Raises
    ------
    ConfigurationError
        If there is no such microscope.
    """
    if name not in SCOPES:
        msg = f"There is no microscope {name!r}. Choose {', '.join(SCOPES)}."
        raise ConfigurationError(msg)
    module, _, function = SCOPES[name].partition(":")
    opener: Any = getattr(importlib.import_module(module), function)
    found: Opener = opener
    return found
