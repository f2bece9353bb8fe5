"""Have a pipeline do beforehand what would delay its first prescan, and refuse bad options."""

import inspect
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import Pipeline

__all__ = ["warm_up"]

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
    module = sys.modules.get(getattr(pipeline, "__module__", ""))
    function: Callable[..., object] | None = getattr(module, "warm_up", None)
    if not callable(function):
        return
    kwargs = img_kwargs if _takes(function, img_kwargs) else {}
    try:
        function(**kwargs)
    except ConfigurationError:
        raise
    except Exception:  # noqa: BLE001 - the first prescan will show what is wrong, if anything is
        _log.warning("warm_up of %s failed", module, exc_info=True)


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
