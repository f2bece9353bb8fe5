"""The word by which a pipeline can be loaded again, in another process or from a file."""

import inspect
import os
import sys
from pathlib import Path

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import Pipeline
from dystrack.options.pipeline_reference import DEFAULT_FUNCTION, is_module_of_file

__all__ = ["path_from", "reference_to"]


def reference_to(pipeline: Pipeline, package: str, folder: Path | None = None) -> str:
    """Return what `dystrack.options.pipeline_reference.load_pipeline` takes for a pipeline.

    Parameters
    ----------
    pipeline : callable
        The pipeline.
    package : str
        Import name of the package with the shipped pipelines.
    folder : Path or None, default None
        The folder from which a file is named; its complete path if not given.

    Returns
    -------
    str
        ``lateral_line``, or ``path/to/file.py:function``.

    Raises
    ------
    ConfigurationError
        If no name leads to it.
    """
    module = sys.modules.get(getattr(pipeline, "__module__", ""))
    name = getattr(pipeline, "__qualname__", "")
    if module is None or not name.isidentifier() or getattr(module, name, None) is not pipeline:
        msg = (
            f"The pipeline is {pipeline!r}, which no name leads to. Make it a function of a"
            " module, with def."
        )
        raise ConfigurationError(msg)
    parent, _, stem = module.__name__.rpartition(".")
    if parent == package and not is_module_of_file(module.__name__):
        return stem if name == DEFAULT_FUNCTION else f"{stem}:{name}"
    path = Path(inspect.getfile(module)).resolve()
    return f"{path if folder is None else path_from(folder, path)}:{name}"


def path_from(folder: Path, path: Path) -> str:
    """Return a path as seen from a folder, with slashes; complete if it is on another drive."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_posix()
