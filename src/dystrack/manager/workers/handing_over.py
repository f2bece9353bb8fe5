"""What a session hands to a process of the pipeline's own, and what it makes of the reply."""

import importlib.machinery
import pickle
import sys
import warnings
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from dystrack.core.analysis import Analysis
from dystrack.core.caches import ClosedCache
from dystrack.core.errors import ConfigurationError
from dystrack.core.findings import findings_from_data
from dystrack.core.protocols import Pipeline
from dystrack.manager.workers.errors_from_elsewhere import error_from_data
from dystrack.manager.workers.plain_data import packed, unpacked
from dystrack.manager.workers.worker_process import Reply

__all__ = ["HandedOver", "handed_over", "pickled_arguments", "request_for", "result_of"]


class HandedOver(NamedTuple):
    """A pipeline as another process can get it.

    Attributes
    ----------
    file_reference : str or None
        The file that has it, and its name there, if it cannot be found by a module's name.
    pickled : bytes
        Its module and name; empty if the file tells enough.
    """

    file_reference: str | None
    pickled: bytes

    @classmethod
    def of(cls, pipeline: Pipeline) -> "HandedOver":
        """Hand a pipeline over, or raise `ConfigurationError` if it cannot be."""
        return cls(_file_reference(pipeline), handed_over(pipeline, "The pipeline"))


def request_for(
    path: str, img_kwargs: Mapping[str, object], img_cache: Mapping[str, object]
) -> bytes:
    """Return a prescan, its keyword arguments and its cache as a request for a worker process."""
    return packed((path, *pickled_arguments(img_kwargs, img_cache)))


def pickled_arguments(
    img_kwargs: Mapping[str, object], img_cache: Mapping[str, object]
) -> tuple[bytes, bytes]:
    """Return keyword arguments and a cache as bytes that a worker process can open."""
    if isinstance(img_cache, ClosedCache):
        cache = img_cache.pickled
    else:
        cache = handed_over(dict(img_cache), "The pipeline's cache")
    kwargs = handed_over(dict(img_kwargs), "A keyword argument of the pipeline")
    return kwargs, cache


def result_of(reply: Reply) -> Analysis:
    """Return the answer in a reply, or raise its error; repeat the pipeline's warnings here."""
    for message in reply.warnings:
        warnings.warn(message, UserWarning, stacklevel=3)
    if reply.kind == "error":
        raise error_from_data(reply.content)
    z, y, x, message, pickled, is_plain, findings, *others = reply.content
    cache = unpacked(pickled) if is_plain else ClosedCache(pickled)
    return Analysis(z, y, x, message, cache, findings_from_data(findings), *others)


def _file_reference(pipeline: Pipeline) -> str | None:
    """Return the file to load first, for a function whose module cannot be found by its name."""
    module = sys.modules.get(getattr(pipeline, "__module__", ""))
    file = getattr(module, "__file__", None)
    if module is not None and module.__name__ == "__main__" and file is None:
        _refuse("The pipeline", pipeline, "it was typed in, so that no other process can import it")
    if module is None or file is None or module.__name__ == "__main__":
        return None
    if importlib.machinery.PathFinder.find_spec(module.__name__.partition(".")[0]) is not None:
        return None
    return f"{file}:{getattr(pipeline, '__name__', '')}"


def handed_over(value: object, what: str) -> bytes:
    """Return a value as bytes, or raise `ConfigurationError` that says what it is."""
    try:
        return pickle.dumps(value)
    except Exception as error:  # noqa: BLE001 - pickling runs the user's code as well
        _refuse(what, value, error)


def _refuse(what: str, value: object, reason: object) -> NoReturn:
    msg = (
        f"{what} cannot be handed to a process of its own: {value!r:.200}: {reason}. Define it at "
        "the top level of a file, or set isolate=False."
    )
    raise ConfigurationError(msg)
