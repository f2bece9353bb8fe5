"""From what a user types to a pipeline: the name of a module, or ``path/to/file.py:function``.

A file is loaded once for each process, as a module with a name of its own that depends on nothing
but its path. So the same reference gives the same function in a worker process, and a function
that was loaded there can be found by its module and name. As when Python runs the file, modules
that lie beside it can be imported by it.
"""

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from dystrack.core.errors import ConfigurationError
from dystrack.core.protocols import Pipeline
from dystrack.options.nearest import did_you_mean, nearest

__all__ = [
    "DEFAULT_FUNCTION",
    "LoadedPipeline",
    "is_module_of_file",
    "load_pipeline",
    "load_with_settings",
    "pipeline_names",
]

DEFAULT_FUNCTION = "analyze_image"
_MODULE_PREFIX = "dystrack_file_"
_RUN_FILE_FUNCTION = "image_analysis_func"
_SETTINGS = ("analysis_kwargs", "analysis_cache", "manager_kwargs")


@dataclass(frozen=True)
class LoadedPipeline:
    """A pipeline and the settings that its file brings along.

    Attributes
    ----------
    image_analysis_func : callable
        The pipeline.
    analysis_kwargs, analysis_cache, manager_kwargs : Mapping
        Settings of a run file, as `dystrack.manager.cmdline.run_via_cmdline` takes them; empty
        where the file has none.
    sections : Mapping of str to object
        Settings of what else belongs to a run, such as alerts, by the name of their section.
    """

    image_analysis_func: Pipeline
    analysis_kwargs: Mapping[str, Any] = field(default_factory=dict)
    analysis_cache: Mapping[str, Any] = field(default_factory=dict)
    manager_kwargs: Mapping[str, Any] = field(default_factory=dict)
    sections: Mapping[str, Any] = field(default_factory=dict)


def pipeline_names(package: str) -> list[str]:
    """List the public modules of a package in alphabetical order: each is a pipeline."""
    path = importlib.import_module(package).__path__
    modules = (module for module in pkgutil.iter_modules(path) if not module.ispkg)
    return sorted(module.name for module in modules if not module.name.startswith("_"))


def load_pipeline(reference: str, package: str | None = None) -> Pipeline:
    """Return the pipeline that a reference names.

    Parameters
    ----------
    reference : str
        ``path/to/file.py:function``, or ``path/to/file.py``, whose function is then
        ``image_analysis_func`` (as in a run file) or ``analyze_image``; or the name of a module
        of `package`, in which hyphens stand for underscores.
    package : str or None, default None
        Import name of the package whose modules can be named; none if not given.

    Returns
    -------
    callable
        The pipeline. The same reference gives the same object.

    Raises
    ------
    ConfigurationError
        If there is no such module, file or function, if the function cannot be called, or if the
        file cannot be imported; the message says what is there and what is close.
    """
    return load_with_settings(reference, package).image_analysis_func


def load_with_settings(reference: str, package: str | None = None) -> LoadedPipeline:
    """Return the pipeline that a reference names, with the settings of its file.

    Parameters
    ----------
    reference : str
        As `load_pipeline` takes it.
    package : str or None, default None
        As `load_pipeline` takes it.

    Returns
    -------
    LoadedPipeline
        The pipeline; its settings are those that a run file defines.

    Raises
    ------
    ConfigurationError
        As in `load_pipeline`, and if a setting is no dictionary.
    """
    target, function_name = _split(reference)
    if _is_file_path(target):
        module = _module_of_file(Path(target))
        settings = {name: _setting(module, name) for name in _SETTINGS if hasattr(module, name)}
        return LoadedPipeline(_function_of(module, function_name, target), **settings)
    module = _module_of_package(target, package)
    return LoadedPipeline(_function_of(module, function_name, target))


def is_module_of_file(module_name: str) -> bool:
    """Return whether a module was loaded here, from a path, so that its name means nothing."""
    return module_name.startswith(_MODULE_PREFIX) and module_name in sys.modules


def _split(reference: str) -> tuple[str, str]:
    """Split at the colon before the function, leaving a Windows drive alone."""
    if _is_file_path(reference) and reference.lower().endswith(".py"):
        return reference, ""
    target, colon, function_name = reference.rpartition(":")
    is_drive = len(target) == 1 and function_name[:1] in {"\\", "/"}
    return (target, function_name) if colon and not is_drive else (reference, "")


def _is_file_path(target: str) -> bool:
    return target.lower().endswith(".py") or "/" in target or "\\" in target


def _module_of_package(name: str, package: str | None) -> ModuleType:
    names = pipeline_names(package) if package else []
    module_name = name.replace("-", "_").lower()
    if module_name in names:
        return importlib.import_module(f"{package}.{module_name}")
    known = f" The pipelines are {_listed(names)}." if names else ""
    raise ConfigurationError(
        f"There is no pipeline {name!r}.{did_you_mean(module_name, names)}{known}"
        f" For one of your own write path/to/file.py:function."
    )


def _module_of_file(path: Path) -> ModuleType:
    """Import a file once, under a name that its path determines."""
    resolved = path.expanduser().resolve()
    if resolved.is_dir():
        raise ConfigurationError(
            f"{resolved} is a folder. Name the pipeline first, then the folder to watch."
        )
    if not resolved.is_file():
        raise ConfigurationError(f"There is no file {resolved}.{_neighbours(resolved)}")
    digest = hashlib.blake2b(str(resolved).encode(), digest_size=6).hexdigest()
    stem = re.sub(r"\W", "_", resolved.stem)
    name = f"{_MODULE_PREFIX}{stem}_{digest}"
    if name not in sys.modules:
        _import_file(resolved, name)
    return sys.modules[name]


def _import_file(path: Path, name: str) -> None:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} is not a Python file. Its name has to end with .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        del sys.modules[name]
        raise
    except BaseException as error:  # user code may raise anything, SystemExit too
        del sys.modules[name]
        raise ConfigurationError(_why_not_imported(path, error)) from error


def _why_not_imported(path: Path, error: BaseException) -> str:
    """Summarise a traceback by the last place in the file itself."""
    if isinstance(error, SystemExit):
        return (
            f"{path} ended the program while it was imported. Put what it runs under "
            f'if __name__ == "__main__":'
        )
    cause = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    if frames:
        place = f" line {frames[-1].lineno}: {frames[-1].line}\n "
    else:
        line = error.lineno if isinstance(error, SyntaxError) else None
        place = f" line {line}:" if line else ""
    return f"{path} cannot be imported.{place} {cause}"


def _function_of(module: ModuleType, function_name: str, target: str) -> Pipeline:
    if not function_name:
        has_run_name = hasattr(module, _RUN_FILE_FUNCTION)
        function_name = _RUN_FILE_FUNCTION if has_run_name else DEFAULT_FUNCTION
    function = getattr(module, function_name, None)
    if function is None:
        there = _functions_of(module)
        known = f" Its functions are {_listed(there)}." if there else " It defines no function."
        raise ConfigurationError(
            f"There is no function {function_name!r} in {target}."
            f"{did_you_mean(function_name, there)}{known}"
        )
    if not callable(function):
        raise ConfigurationError(
            f"{function_name} in {target} is a {type(function).__name__}, which cannot be called."
            " Name a function that takes the path of a prescan."
        )
    return cast("Pipeline", function)


def _functions_of(module: ModuleType) -> list[str]:
    """List the functions that a module defines itself."""

    def is_own(item: object) -> bool:
        return inspect.isfunction(item) and item.__module__ == module.__name__

    return [name for name, _ in inspect.getmembers(module, is_own) if not name.startswith("_")]


def _setting(module: ModuleType, name: str) -> Mapping[str, Any]:
    setting = getattr(module, name)
    if not isinstance(setting, Mapping):
        raise ConfigurationError(
            f"{name} in {module.__file__} is a {type(setting).__name__}. Make it a dictionary."
        )
    return setting


def _neighbours(path: Path) -> str:
    """Say which Python files lie where a missing one was looked for."""
    if not path.parent.is_dir():
        return f" There is no folder {path.parent} either."
    meant = nearest(path.name, sorted(neighbour.name for neighbour in path.parent.glob("*.py")))
    return f" Did you mean {path.with_name(meant)}?" if meant else ""


def _listed(names: list[str]) -> str:
    return ", ".join(names)
