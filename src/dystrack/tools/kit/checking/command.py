"""The command line of a check."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import rich.box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from dystrack.core.errors import ConfigurationError
from dystrack.core.hooks import phases_of
from dystrack.core.protocols import Pipeline
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.settings import SETTING_NAMES, Settings
from dystrack.manager.watching.image_names import PositionPattern
from dystrack.manager.wording import count, shortened
from dystrack.options.command_options import CommandOptions, command_options
from dystrack.options.command_parser import Request, parse_words
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.option_help import help_screen
from dystrack.options.pipeline_reference import LoadedPipeline
from dystrack.options.standard_output import printable
from dystrack.tools.kit.checking.answers import (
    AnsweredPrescan,
    answer_prescans,
    answer_remarks,
)
from dystrack.tools.kit.checking.contract import contract_remarks
from dystrack.tools.kit.checking.page import check_page
from dystrack.tools.kit.checking.prescans import (
    FoundPrescan,
    FoundPrescans,
    look_at_folder,
    prescan_remarks,
)
from dystrack.tools.kit.checking.trial import Trial, try_out
from dystrack.tools.kit.references import reference_to
from dystrack.tools.kit.remarks import Screen

__all__ = ["CheckSettings", "run_check"]

_HELP_WORDS = frozenset({"--help", "-h"})
_MEANT = frozenset(
    {
        *("file_start", "file_end", "file_regex", "recurse", "position_pattern", "timeout_s"),
        *("max_step_um", "max_step_px", "max_travel_um", "max_travel_px", "frame_margin_px"),
    }
)
"""Settings of a run that mean something here."""
_MOST_ROWS = 40
_MOST_TRIED = 2
_SHORTEST_PACE_S, _LONGEST_PACE_S = 1.0, 86_400.0


@dataclass(frozen=True)
class CheckSettings:
    """How a pipeline and prescans are checked.

    Attributes
    ----------
    interval : float or None, default None
        Time in s from one prescan to the next. If not given, the time between those in the folder.
    most : int, default 40
        How many of the prescans are analysed, evenly over all of them.
    page : str, default "dystrack_check.html"
        The page with a picture of each prescan and its target; none if empty.

    Raises
    ------
    ConfigurationError
        If the interval is no time, or if no prescan were left.
    """

    interval: float | None = None
    most: int = 40
    page: str = "dystrack_check.html"

    def __post_init__(self) -> None:
        if self.interval is not None and not 0 < self.interval < math.inf:
            msg = f"interval is {self.interval!r}. Give a number of seconds above 0."
            raise ConfigurationError(msg)
        if self.most < 1:
            msg = f"most is {self.most!r}. Give a whole number of 1 or more."
            raise ConfigurationError(msg)


_OWN = frozenset(field.name for field in fields(CheckSettings))


def run_check(
    reference: str,
    loaded: LoadedPipeline,
    words: Sequence[str],
    package: str,
    console: Console,
) -> bool:
    """Do what a command line asks for, and show what there is to say.

    Parameters
    ----------
    reference : str
        The pipeline, as it was typed.
    loaded : LoadedPipeline
        The same, with the settings of its file.
    words : sequence of str
        The words after the pipeline: perhaps a folder, and options.
    package : str
        Import name of the package with the shipped pipelines.
    console : rich.console.Console
        Where it is shown.

    Returns
    -------
    bool
        Whether all is ready.

    Raises
    ------
    ConfigurationError
        If something was asked for that cannot be done.
    """
    options = _check_options(loaded)
    if _HELP_WORDS & set(words):
        console.print(help_screen(f"dystrack check {reference}", options, "Check"))
        return True
    request = parse_words(options, words, is_complete=False)
    own = {n: v for n, v in request.manager_kwargs.items() if n in _OWN}
    wanted, checked = _wanted(loaded, request), CheckSettings(**own)
    screen = Screen(console)
    screen.say("The pipeline as it is written", contract_remarks(wanted.pipeline, wanted.set))
    found = None
    if request.target_dir:
        found = look_at_folder(Path(request.target_dir), wanted.settings, wanted.naming)
        told = prescan_remarks(found, wanted.settings, wanted.naming, wanted.options)
        screen.say(f"The prescans in {found.folder}", told)
    if screen.is_ready:
        _try(wanted, checked, package, found, screen)
        if found is not None:
            _answer(Path(reference).name, wanted, checked, found, screen)
    with_options = ", with the same options" if request.analysis_kwargs else ""
    where = request.target_dir or "FOLDER"
    screen.end(f"Next: dystrack rehearse {reference} {where}{with_options}")
    return screen.is_ready


@dataclass(frozen=True)
class _Wanted:
    """The run that is checked: a pipeline and all that is set for it."""

    pipeline: Pipeline
    options: Mapping[str, Any]
    cache: Mapping[str, Any]
    settings: Settings

    @property
    def set(self) -> Mapping[str, Any]:
        """All keyword arguments of its first call."""
        return {**self.options, **self.cache}

    @property
    def naming(self) -> PositionPattern:
        """How names of prescans tell their position."""
        return self.settings.naming(phases_of(self.pipeline, self.options))


def _wanted(loaded: LoadedPipeline, request: Request) -> _Wanted:
    given = {**loaded.manager_kwargs, **request.manager_kwargs}
    settings = Settings(**{n: v for n, v in given.items() if n in SETTING_NAMES})
    options = {**loaded.analysis_kwargs, **request.analysis_kwargs}
    return _Wanted(loaded.image_analysis_func, options, loaded.analysis_cache, settings)


def _check_options(loaded: LoadedPipeline) -> CommandOptions:
    """Return what the command line of a check offers."""
    options = command_options(
        loaded.image_analysis_func,
        run_dystrack_manager,
        loaded.analysis_kwargs,
        loaded.analysis_cache,
        loaded.manager_kwargs,
    )
    own = {argument.name: argument for argument in read_arguments(CheckSettings).offered}
    of_manager = {name: a for name, a in options.manager.items() if name in _MEANT}
    return replace(options, manager={**own, **of_manager})


def _try(
    wanted: _Wanted,
    checked: CheckSettings,
    package: str,
    found: FoundPrescans | None,
    screen: Screen,
) -> None:
    complete = [p for p in found.prescans if p.status.axes] if found else []
    real = tuple(p.path for p in complete[:_MOST_TRIED])
    reference = reference_to(wanted.pipeline, package)
    trial = Trial(reference, wanted.set, wanted.settings.timeout_s, checked.interval, real)
    with screen.console.status("Trying it on shifted, mirrored and empty prescans …"):
        remarks = list(try_out(trial))
    screen.say("The pipeline on shifted, mirrored and empty prescans", remarks)


def _answer(
    name: str, wanted: _Wanted, checked: CheckSettings, found: FoundPrescans, screen: Screen
) -> None:
    """Have the prescans analysed, and draw what came of them."""
    chosen = _evenly(found.prescans, checked.most)
    with screen.console.status(f"Analysing {count(len(chosen), 'prescan')} …"):
        answered = list(
            answer_prescans(chosen, wanted.pipeline, wanted.settings, wanted.options, wanted.cache)
        )
    interval_s = checked.interval or _pace_s(found.prescans)
    screen.say("Its answers", answer_remarks(answered, interval_s), _table(answered))
    if checked.page and answered:
        page = Path(checked.page).absolute()
        channel = wanted.options.get("channel")
        text = check_page(
            name,
            found.folder.name,
            answered,
            screen.remarks,
            channel if isinstance(channel, int) else 0,
        )
        page.write_text(text, "utf-8", newline="\n")
        screen.console.print(Text(f"Pictures with targets: {page}\n"), soft_wrap=True)


def _evenly(prescans: Sequence[FoundPrescan], most: int) -> Sequence[FoundPrescan]:
    """Return at most so many, evenly over all."""
    if len(prescans) <= most:
        return prescans
    return [prescans[round(i * (len(prescans) - 1) / max(most - 1, 1))] for i in range(most)]


def _pace_s(prescans: Sequence[FoundPrescan]) -> float | None:
    """Return the usual time between prescans; None where they tell none, as copies do."""
    times = [prescan.written_s for prescan in prescans]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    usual = median(pauses) if pauses else 0.0
    return usual if _SHORTEST_PACE_S < usual < _LONGEST_PACE_S else None


def _table(answered: Sequence[AnsweredPrescan]) -> RenderableType:
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Prescan", overflow="fold")
    for title in ("Position", "Time point", "Size", "Voxel"):
        table.add_column(title)
    for title in ("z / px", "y / px", "x / px"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Message", overflow="fold")
    for one in answered[:_MOST_ROWS]:
        prescan, target = one.prescan, one.target or ("", "", "")
        table.add_row(
            Text(printable(prescan.name)),
            Text(printable(prescan.label.position)),
            "" if prescan.label.time_point is None else str(prescan.label.time_point),
            prescan.axes_words,
            prescan.voxel_words,
            *(value if isinstance(value, str) else f"{value:.1f}" for value in target),
            Text(printable(shortened(one.message)), style="red" if one.failure else "green"),
        )
    return table
