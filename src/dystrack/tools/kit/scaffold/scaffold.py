"""`dystrack new NAME`: a folder with a pipeline, its test, and an experiment that runs it."""

import inspect
import keyword
import re
import sys
import sysconfig
from collections.abc import Mapping, Sequence
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
_PLAIN = ("pipeline.txt", "test_of_new.txt")
_EXTERNAL = ("external_pipeline.txt", "test_of_new.txt", "external_program.txt")
_MODEL = ("onnx_pipeline.txt", "test_of_onnx.txt")
_COPY = ("test_of_copy.txt",)
_SCENE_OF = {scene.pipeline: name for name, scene in SCENES.items()}
_SCENE_OF_ANY = "organoid"


@dataclass(frozen=True)
class NewPipeline:
    """The files of a new pipeline.

    Attributes
    ----------
    pipeline, test, experiment : Path
        What finds the target, what tests it, and what a run is made of.
    program : Path or None
        The program that finds the target in another environment.
    """

    pipeline: Path
    test: Path
    experiment: Path
    program: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder in which they are."""
        return self.pipeline.parent


def write_new_pipeline(
    name: str,
    parent: Path,
    package: str,
    *,
    like: str = "",
    external: bool = False,
    onnx: str = "",
    others: Mapping[str, type] = {},
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
    external : bool, default False
        Whether a program, which may be of another environment or language, finds the target.
    onnx : str, default ""
        Path of a trained model that finds it.
    others : mapping of str to type, default {}
        What further sections of the experiment can hold, as `read_experiment` takes them.

    Returns
    -------
    NewPipeline
        The files.

    Raises
    ------
    ConfigurationError
        If the name cannot be that of a module, if there is no such pipeline or model to start from,
        if several are given, or if one of the files exists.
    FolderError
        If the folder cannot be made.
    """
    module = _module_name(name)
    if sum(map(bool, (like, external, onnx))) > 1:
        msg = "Give one of --like, --external and --onnx: a pipeline has one beginning."
        raise ConfigurationError(msg)
    folder = parent / module
    new = NewPipeline(
        folder / f"{module}.py",
        folder / f"test_{module}.py",
        folder / EXPERIMENT_NAME,
        folder / f"{module}_program.py" if external else None,
    )
    if like:
        texts = _like(module, like, package)
    elif onnx:
        texts = _around_model(module, onnx)
    else:
        texts = _from_templates(module, _EXTERNAL if external else _PLAIN)
    _make(folder, new)
    for path, text in zip((new.pipeline, new.test, new.program), texts, strict=False):
        if path is not None:
            write_new(path, text)
    loaded = LoadedPipeline(load_pipeline(str(new.pipeline)))
    experiment = experiment_text(loaded, new.pipeline.name, new.experiment.name, others)
    write_new(new.experiment, experiment)
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


def _from_templates(module: str, names: Sequence[str]) -> tuple[str, ...]:
    texts = ((_TEMPLATES / name).read_text("utf-8") for name in names)
    return tuple(text.replace("NAME", module) for text in texts)


def _around_model(module: str, onnx: str) -> tuple[str, ...]:
    model = Path(onnx).expanduser().absolute()
    if not model.is_file():
        msg = f"There is no file {model}. Give the path of a model, an .onnx file, with --onnx."
        raise ConfigurationError(msg)
    pipeline, test = _from_templates(module, _MODEL)
    return pipeline.replace("MODEL_PATH", repr(str(model))), test


def _like(module: str, like: str, package: str) -> tuple[str, ...]:
    """Return the source of a shipped pipeline, and a test in the scene that it is made for."""
    pipeline = load_pipeline(like, package)
    source = Path(inspect.getfile(pipeline)).read_text("utf-8")
    shipped = pipeline.__module__.rpartition(".")[2]
    scene = _SCENE_OF.get(shipped, _SCENE_OF_ANY)
    (test,) = _from_templates(module, _COPY)
    return source, test.replace("SIMULATED", scene)


def _make(folder: Path, new: NewPipeline) -> None:
    files = (new.pipeline, new.test, new.experiment, new.program)
    there = [path for path in files if path is not None and path.exists()]
    if there:
        msg = f"There is {there[0]} already. Choose another name, or move that away."
        raise ConfigurationError(msg)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"The folder {folder} cannot be made: {error}. Choose another place with --folder."
        raise FolderError(msg) from error
