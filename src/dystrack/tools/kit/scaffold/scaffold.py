"""`dystrack new NAME`: a folder with a pipeline, its test, and an experiment that runs it."""

import inspect
import keyword
import re
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.options.pipeline_reference import LoadedPipeline, load_pipeline
from dystrack.scopes.samples.scenes import SCENES
from dystrack.tools.kit.experiment.conversion import write_new
from dystrack.tools.kit.experiment.writing import experiment_text

__all__ = ["NewPipeline", "write_new_pipeline"]

EXPERIMENT_NAME = "experiment.toml"

_TEMPLATES = Path(__file__).with_name("templates")
_SCENE_OF = {scene.pipeline: name for name, scene in SCENES.items()}
_SCENE_OF_ANY = "organoid"


@dataclass(frozen=True)
class NewPipeline:
    """The files of a new pipeline.

    Attributes
    ----------
    pipeline, test, experiment : Path
        What finds the target, what tests it, and what a run is made of.
    """

    pipeline: Path
    test: Path
    experiment: Path

    @property
    def folder(self) -> Path:
        """The folder in which they are."""
        return self.pipeline.parent


def write_new_pipeline(
    name: str, parent: Path, package: str, *, like: str = "", others: Mapping[str, type] = {}
) -> NewPipeline:
    """Write the files of a new pipeline into a folder of its name.

    Parameters
    ----------
    name : str
        What it is called; hyphens and spaces become underscores.
    parent : Path
        Where the folder is made.
    package : str
        Import name of the package with the shipped pipelines.
    like : str, default ""
        The shipped pipeline to start from; if empty, a short one whose lines are explained.
    others : mapping of str to type, default {}
        What further sections of the experiment can hold, as `read_experiment` takes them.

    Returns
    -------
    NewPipeline
        The files.

    Raises
    ------
    ConfigurationError
        If the name cannot be that of a module, if there is no such pipeline to start from, or if
        one of the files exists.
    FolderError
        If the folder cannot be made.
    """
    module = _module_name(name)
    source, test = _like(module, like, package) if like else _from_templates(module)
    folder = parent / module
    new = NewPipeline(
        folder / f"{module}.py", folder / f"test_{module}.py", folder / EXPERIMENT_NAME
    )
    _make(folder, new)
    write_new(new.pipeline, source)
    write_new(new.test, test)
    loaded = LoadedPipeline(load_pipeline(str(new.pipeline)))
    text = experiment_text(loaded, new.pipeline.name, new.experiment.name, others)
    write_new(new.experiment, text)
    return new


def _module_name(name: str) -> str:
    """Return the name as Python can import it, if that leads to this module and no other."""
    module = re.sub(r"[\s-]+", "_", name.strip()).lower()
    if not module.isidentifier() or not module.isascii() or keyword.iskeyword(module):
        msg = (
            f"{name!r} cannot be the name of a pipeline. Use a to z, digits and underscores, and"
            " begin with one of a to z."
        )
        raise ConfigurationError(msg)
    installed = PathFinder.find_spec(module, [sysconfig.get_path("purelib")])
    if installed is not None or module in sys.stdlib_module_names:
        msg = f"There is a Python module {module!r} already. Choose a name such as {module}_1."
        raise ConfigurationError(msg)
    return module


def _from_templates(module: str) -> tuple[str, str]:
    names = ("pipeline.txt", "test_of_new.txt")
    pipeline, test = ((_TEMPLATES / name).read_text("utf-8") for name in names)
    return pipeline.replace("NAME", module), test.replace("NAME", module)


def _like(module: str, like: str, package: str) -> tuple[str, str]:
    """Return the source of a shipped pipeline, and a test in the scene that it is made for."""
    pipeline = load_pipeline(like, package)
    source = Path(inspect.getfile(pipeline)).read_text("utf-8")
    shipped = pipeline.__module__.rpartition(".")[2]
    scene = _SCENE_OF.get(shipped, _SCENE_OF_ANY)
    test = (_TEMPLATES / "test_of_copy.txt").read_text("utf-8")
    return source, test.replace("NAME", module).replace("SIMULATED", scene)


def _make(folder: Path, new: NewPipeline) -> None:
    there = [path for path in (new.pipeline, new.test, new.experiment) if path.exists()]
    if there:
        msg = f"There is {there[0]} already. Choose another name, or move that away."
        raise ConfigurationError(msg)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"The folder {folder} cannot be made: {error}. Choose another place with --folder."
        raise FolderError(msg) from error
