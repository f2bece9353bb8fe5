"""What the module of a pipeline may offer beside it.

``warm_up(**img_kwargs)`` does beforehand what would delay the first prescan.
``phases(**img_kwargs)`` returns the words by which names of prescans tell the phases of an
experiment apart.
"""

import inspect
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import Pipeline

__all__ = ["phases_of", "warm_up"]

_log = logging.getLogger(__name__)


def warm_up(pipeline: Pipeline, img_kwargs: Mapping[str, Any]) -> None:
    """Check a pipeline's options, and call its module's function ``warm_up`` if it has one.

    Parameters
    ----------
    pipeline : Pipeline
        The user's function.
    img_kwargs : mapping
        The keyword arguments that it will get with each prescan; `warm_up` gets them as well,
        where its signature takes them.

    Raises
    ------
    ConfigurationError
        If the pipeline refuses its keyword arguments.
    """
    _check_names(pipeline, img_kwargs)
    function = _hook(pipeline, "warm_up")
    if function is None:
        return
    kwargs = img_kwargs if _takes(function, img_kwargs) else {}
    try:
        function(**kwargs)
    except ConfigurationError:
        raise
    except Exception:  # noqa: BLE001 - the first prescan will show what is wrong, if anything is
        _log.warning("warm_up of %s failed", function.__module__, exc_info=True)


def phases_of(pipeline: Pipeline, img_kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the phases of an experiment that a pipeline tells apart.

    Parameters
    ----------
    pipeline : Pipeline
        The user's function.
    img_kwargs : mapping
        Its keyword arguments.

    Returns
    -------
    tuple of str
        Words in the names of prescans; none if its module has no function ``phases``.

    Raises
    ------
    ConfigurationError
        If the keyword arguments say no phases that can be.
    """
    function = _hook(pipeline, "phases")
    if function is None or not _takes(function, img_kwargs):
        return ()
    return tuple(map(str, function(**img_kwargs)))  # type: ignore[call-overload]


def _hook(pipeline: Pipeline, name: str) -> Callable[..., object] | None:
    """Return a function of the pipeline's module."""
    module = sys.modules.get(getattr(pipeline, "__module__", ""))
    function = getattr(module, name, None)
    return function if callable(function) else None


def _check_names(pipeline: Pipeline, img_kwargs: Mapping[str, Any]) -> None:
    """Refuse keyword arguments that a pipeline does not have."""
    try:
        signature = inspect.signature(pipeline)
    except (TypeError, ValueError):  # not everything that can be called says how
        return
    try:
        signature.bind_partial("prescan", **img_kwargs)
    except TypeError as error:
        msg = f"The pipeline does not take its options: {error}. Check `img_kwargs`."
        raise ConfigurationError(msg) from None


def _takes(function: Callable[..., object], kwargs: Mapping[str, Any]) -> bool:
    try:
        inspect.signature(function).bind(**kwargs)
    except (TypeError, ValueError):
        return False
    return True
