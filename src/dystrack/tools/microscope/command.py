"""The words after `dystrack scope run SCOPE`: a pipeline, a folder, and options."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import attrs

from dystrack.core.errors import CalibrationError, FolderError
from dystrack.manager.manager import run_dystrack_manager
from dystrack.options.command_options import CommandOptions, command_options
from dystrack.options.command_parser import parse_words
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.pipeline_reference import LoadedPipeline
from dystrack.scopes.calibration.store import calibration_folder, find_calibration
from dystrack.scopes.catalogue import TRIALS, Opener, find_opener
from dystrack.scopes.driver import ImageAxes, run_driver
from dystrack.scopes.protocols import Scope
from dystrack.tools.afterwards.report_at_end import report_at_end
from dystrack.tools.microscope.running import Experiment, prepare_experiment, run_experiment
from dystrack.tools.microscope.settings import ScopeSettings

__all__ = [
    "ScopeRequest",
    "axes_of",
    "complete_words",
    "opener_keywords",
    "opener_options",
    "read_request",
    "run_on_scope",
    "run_options",
]

_OWN = frozenset(attrs.fields_dict(ScopeSettings))
_FORCED = frozenset({"answer_files", "tra_method", "max_triggers", "recurse", "position_pattern"})

_TRIAL_FOLDER = "dystrack_trial"


@dataclass(frozen=True)
class ScopeRequest:
    """What a command line asked for.

    Attributes
    ----------
    opener : Opener
        Connects to the microscope.
    opener_kwargs : mapping
        Its keywords.
    settings : ScopeSettings
        What the experiment is to do.
    loaded : LoadedPipeline
        The pipeline, with all settings of the session.
    folder : Path
        Where prescans go.
    """

    opener: Opener
    opener_kwargs: Mapping[str, Any]
    settings: ScopeSettings
    loaded: LoadedPipeline
    folder: Path


def complete_words(scope_name: str, words: Sequence[str]) -> list[str]:
    """Return the words with a pipeline and a new folder, where a microscope can be tried so."""
    has_pipeline = bool(words) and not words[0].startswith("-")
    if has_pipeline or scope_name not in TRIALS:
        return list(words)
    names = (f"{_TRIAL_FOLDER}_{number}" for number in itertools.count(1))
    folder = next(name for name in names if not Path(name).exists())
    return [TRIALS[scope_name], folder, *words]


def axes_of(
    scope: Scope, settings: ScopeSettings, calibrations: Path, say: Callable[[str], object]
) -> ImageAxes:
    """Return how a stage lies to its images.

    Parameters
    ----------
    scope : Scope
        The bridge.
    settings : ScopeSettings
        What a person says of it.
    calibrations : Path
        Where calibrations are kept.
    say : callable
        Takes what a person should read.

    Returns
    -------
    ImageAxes
        What the person says, else what the bridge knows, else what was measured.

    Raises
    ------
    CalibrationError
        If nobody knows, or if only other objectives were calibrated.
    """
    known = settings.stage_axes or scope.traits.axes
    if known is not None:
        return known
    try:
        calibration, note = find_calibration(scope.facts(), calibrations)
    except CalibrationError as error:
        msg = (
            f"{error} Measure how the stage lies to the image: dystrack calibrate "
            f"{scope.traits.name}. Or say it, such as --axes=z,-x,y."
        )
        raise CalibrationError(msg) from None
    say(f"Calibrated on {calibration.measured}. {note}".rstrip())
    return calibration


def run_options(scope_name: str, loaded: LoadedPipeline) -> CommandOptions:
    """Return what the command line of an experiment offers.

    Parameters
    ----------
    scope_name : str
        The microscope.
    loaded : LoadedPipeline
        The pipeline, with the settings of its file.

    Returns
    -------
    CommandOptions
        Those of the experiment and of the microscope, then those of the session.

    Raises
    ------
    ConfigurationError
        If there is no such microscope, or if the settings of the file cannot be.
    """
    options = command_options(
        loaded.image_analysis_func,
        run_dystrack_manager,
        loaded.analysis_kwargs,
        loaded.analysis_cache,
        loaded.manager_kwargs,
    )
    own = [*read_arguments(ScopeSettings).offered, *read_arguments(find_opener(scope_name)).offered]
    of_manager = {name: a for name, a in options.manager.items() if name not in _FORCED}
    return replace(options, manager={a.name: a for a in own} | of_manager)


def opener_keywords(opener: Opener, words: Sequence[str]) -> dict[str, Any]:
    """Return keywords of an opener from words.

    Raises
    ------
    ConfigurationError
        If a word is not understood.
    """
    return parse_words(opener_options(opener), [".", *words]).manager_kwargs


def opener_options(opener: Opener) -> CommandOptions:
    """Return what the command line of a microscope alone offers."""
    return CommandOptions({}, {a.name: a for a in read_arguments(opener).offered})


def read_request(scope_name: str, loaded: LoadedPipeline, words: Sequence[str]) -> ScopeRequest:
    """Return what a command line asks for.

    Parameters
    ----------
    scope_name : str
        The microscope.
    loaded : LoadedPipeline
        The pipeline, with the settings of its file.
    words : sequence of str
        A folder and options.

    Returns
    -------
    ScopeRequest
        What was asked for.

    Raises
    ------
    ConfigurationError
        If something cannot be done.
    """
    opener = find_opener(scope_name)
    of_opener = {argument.name for argument in read_arguments(opener).offered}
    request = parse_words(run_options(scope_name, loaded), words)
    typed = request.manager_kwargs
    in_file = loaded.sections.get("microscope", ScopeSettings())
    session = {n: v for n, v in typed.items() if n not in _OWN and n not in of_opener}
    return ScopeRequest(
        opener,
        {name: value for name, value in typed.items() if name in of_opener},
        attrs.evolve(in_file, **{n: v for n, v in typed.items() if n in _OWN}),
        replace(
            loaded,
            analysis_kwargs={**loaded.analysis_kwargs, **request.analysis_kwargs},
            manager_kwargs={**loaded.manager_kwargs, **session},
        ),
        Path(request.target_dir),
    )


def run_on_scope(request: ScopeRequest, *, writes_report: bool, say: Callable[[str], None]) -> None:
    """Run an experiment, and say how it went.

    Parameters
    ----------
    request : ScopeRequest
        What was asked for.
    writes_report : bool
        Whether to write a report at the end.
    say : callable
        Takes what a person should read.

    Raises
    ------
    Exception
        What ended the run early.
    """
    _make(request.folder)
    with request.opener(**request.opener_kwargs) as scope:
        say(f"{scope.traits.name}: {scope.traits.status}.")
        resume = bool(request.loaded.manager_kwargs.get("resume", False))
        axes = axes_of(scope, request.settings, calibration_folder(), say)
        experiment = prepare_experiment(
            scope, request.settings, axes, request.folder.absolute(), resume=resume
        )
        try:
            if request.settings.drive_only:
                run_driver(experiment.driver)
            else:
                _track(request, experiment, writes_report=writes_report)
        finally:
            say(experiment.summary)


def _track(request: ScopeRequest, experiment: Experiment, *, writes_report: bool) -> None:
    loaded = request.loaded
    with report_at_end(loaded.manager_kwargs, is_wanted=writes_report) as keywords:
        on_event = keywords.pop("on_event", None)
        given = {
            **keywords,
            "img_kwargs": dict(loaded.analysis_kwargs),
            "img_cache": dict(loaded.analysis_cache),
        }
        run_experiment(experiment, loaded.image_analysis_func, given, on_event)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"The folder {folder} cannot be made: {error}. Choose another one."
        raise FolderError(msg) from error
