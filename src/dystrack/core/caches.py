"""What pipelines hand on from call to call."""

import copy
from collections.abc import Mapping
from typing import Any

__all__ = ["copied"]


def copied(cache: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deep copy of a cache; what cannot be copied, such as a model, is shared.

    Parameters
    ----------
    cache : mapping
        Keyword arguments of a pipeline.

    Returns
    -------
    dict
        The copy.
    """
    copies = {}
    for name, value in cache.items():
        try:
            copies[name] = copy.deepcopy(value)
        except Exception:  # noqa: BLE001 - copying runs the user's code
            copies[name] = value
    return copies
