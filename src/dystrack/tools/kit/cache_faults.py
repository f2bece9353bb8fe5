"""What a session cannot do with a cache that a pipeline hands on."""

import inspect
from collections.abc import Mapping
from typing import Any

from dystrack.core.protocols import Pipeline
from dystrack.manager.record.encoding import NotStorableError, encode
from dystrack.manager.workers.plain_data import is_plain_data, packed

__all__ = ["cache_fault"]


def cache_fault(pipeline: Pipeline, cache: Mapping[str, Any]) -> str:
    """Return what is wrong with a cache, as a sentence that says what to do; empty if nothing is.

    Parameters
    ----------
    pipeline : callable
        The pipeline.
    cache : mapping
        What it handed on, without its findings.

    Returns
    -------
    str
        That the pipeline does not take it, that it does not get out of a process, or that no
        resumed run would have it.
    """
    unknown = _not_taken(pipeline, cache)
    if unknown:
        return (
            f"it hands on {', '.join(unknown)}, which is none of its own parameters, so that the"
            " next call fails. Add a parameter of that name, or leave it out."
        )
    if not _gets_out(cache):
        return (
            f"{_kinds(cache)} cannot get from one process to another, so that the next call"
            " fails. Hand on numbers, texts, lists, dictionaries and numpy arrays."
        )
    try:
        encode(dict(cache))
    except NotStorableError as error:
        return (
            f"{error}, so that a run that is resumed starts without it. Hand on numbers, texts and"
            " small arrays if it should be kept."
        )
    return ""


def _not_taken(pipeline: Pipeline, cache: Mapping[str, Any]) -> list[str]:
    try:
        parameters = inspect.signature(pipeline).parameters.values()
    except (TypeError, ValueError):  # nothing is known of it
        return []
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return []
    names = {parameter.name for parameter in parameters}
    return [name for name in cache if name not in names]


def _gets_out(cache: Mapping[str, Any]) -> bool:
    try:
        return is_plain_data(packed(dict(cache)))
    except Exception:  # noqa: BLE001 - pickling runs code of the user's types
        return False


def _kinds(cache: Mapping[str, Any]) -> str:
    bad = [
        f"{name} ({type(value).__name__})"
        for name, value in cache.items()
        if not _gets_out({name: value})
    ]
    return ", ".join(bad) or "the cache"
