"""`dystrack convert`: a run file → an experiment file that does the same."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.pipeline_reference import LoadedPipeline, load_with_settings
from dystrack.tools.kit.experiment.reading import read_experiment
from dystrack.tools.kit.experiment.writing import experiment_text
from dystrack.tools.kit.references import path_from, reference_to

__all__ = ["convert_run_file", "with_paths_from", "write_new"]


def convert_run_file(
    run_file: Path, to: Path, package: str, others: Mapping[str, type] = {}
) -> Path:
    """Write an experiment file that runs as a run file does.

    Parameters
    ----------
    run_file : Path
        The run file, which is left as it is.
    to : Path
        The experiment file to write, which must not exist.
    package : str
        Import name of the package with the shipped pipelines.
    others : mapping of str to type, default {}
        What further sections can hold, as `read_experiment` takes them.

    Returns
    -------
    Path
        The experiment file, which has been read again.

    Raises
    ------
    ConfigurationError
        If the run file cannot be used, if it sets what only Python can say, or if the experiment
        file exists.
    """
    loaded = load_with_settings(str(run_file), package)
    reference = reference_to(loaded.image_analysis_func, package, to.absolute().parent)
    loaded = with_paths_from(to.absolute().parent, loaded)
    write_new(to, experiment_text(loaded, reference, to.name, others))
    try:
        read_experiment(to, package, others)
    except ConfigurationError:
        to.unlink()  # nobody should start what is not the same
        raise
    return to


def with_paths_from(folder: Path, loaded: LoadedPipeline) -> LoadedPipeline:
    """Return a pipeline whose options that are paths are seen from a folder, not from here."""
    offered = read_arguments(loaded.image_analysis_func, n_positional=1).offered
    paths = {argument.name for argument in offered if argument.is_path}

    def seen(options: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: path_from(folder, Path(value)) if name in paths and value else value
            for name, value in options.items()
        }

    given, cache = seen(loaded.analysis_kwargs), seen(loaded.analysis_cache)
    return replace(loaded, analysis_kwargs=given, analysis_cache=cache)


def write_new(path: Path, text: str) -> None:
    """Write a text file that must not be there before.

    Raises
    ------
    ConfigurationError
        If there is a file of this name, or if it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        msg = f"There is a file {path} already. Move it away, or choose another name."
        raise ConfigurationError(msg) from None
    except OSError as error:
        msg = f"{path} cannot be written: {error}. Choose another place."
        raise ConfigurationError(msg) from error
