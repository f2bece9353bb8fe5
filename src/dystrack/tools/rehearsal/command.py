"""The command line of a rehearsal: its options are those of the run, and a few of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from statistics import median
from typing import Any

import rich.box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.watching.image_names import REPORT_NAME
from dystrack.manager.wording import count, shortened
from dystrack.options.command_options import CommandOptions, command_options
from dystrack.options.command_parser import parse_words
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.option_help import help_screen
from dystrack.options.pipeline_reference import LoadedPipeline
from dystrack.options.standard_output import printable
from dystrack.tools.rehearsal.recordings import LONGEST_GAP_S, Recordings
from dystrack.tools.rehearsal.rehearse import (
    FORCED,
    Rehearsal,
    RehearsalSettings,
    instead_of_tracker,
    rehearse,
)
from dystrack.tools.rehearsal.replay import Replayed

__all__ = ["rehearsal_options", "rehearsal_table", "run_rehearsal"]

_HELP_WORDS = frozenset({"--help", "-h"})
_MEANINGLESS = frozenset({*FORCED, "backlog", "tra_err_resume", "max_checks"})
_OWN = frozenset(field.name for field in fields(RehearsalSettings))
_WITHOUT_TRACKER = (
    "The tracker is left out: nobody knows how the stage moved between recorded prescans. What "
    "follows are the answers of the pipeline alone; dystrack demo --track auto shows the tracker."
)
_MS_PER_S = 1000.0
_NAMES_SHOWN = 3
_MOST_REPORTS = 1000


def run_rehearsal(
    program: str,
    loaded: LoadedPipeline,
    words: Sequence[str],
    show: Callable[[RenderableType], None],
) -> None:
    """Do what a command line asks for, and show what came of each prescan.

    Parameters
    ----------
    program : str
        How the command is started, with the pipeline.
    loaded : LoadedPipeline
        The pipeline, with the settings of its file.
    words : sequence of str
        The words after the pipeline: a folder and options.
    show : callable
        Shows what rich can render, such as the method ``print`` of its console.

    Raises
    ------
    ConfigurationError
        If something was asked for that cannot be done.
    Exception
        What ended the session early.
    """
    options = rehearsal_options(loaded)
    if _HELP_WORDS & set(words):
        show(help_screen(program, options))
        return
    request = parse_words(options, words)
    own = {name: value for name, value in request.manager_kwargs.items() if name in _OWN}
    settings = RehearsalSettings(**own)
    given = {name: value for name, value in request.manager_kwargs.items() if name not in _OWN}
    manager_kwargs = {**loaded.manager_kwargs, **given}
    folder = Path(request.target_dir)
    rehearsal = rehearse(
        folder,
        loaded.image_analysis_func,
        settings,
        img_kwargs={**loaded.analysis_kwargs, **request.analysis_kwargs},
        img_cache=loaded.analysis_cache,
        manager_kwargs=manager_kwargs,
        on_start=lambda found: show(_describe_start(folder, found, settings, manager_kwargs)),
        report_to=_report_path(settings),
    )
    show(rehearsal_table(rehearsal))
    if rehearsal.report is not None:
        show(Text(f"The report is {rehearsal.report}"))
    if rehearsal.error is not None:
        raise rehearsal.error


def rehearsal_options(loaded: LoadedPipeline) -> CommandOptions:
    """Return what the command line of a rehearsal offers.

    Parameters
    ----------
    loaded : LoadedPipeline
        The pipeline, with the settings of its file.

    Returns
    -------
    CommandOptions
        The options of a run that mean something here, after those of the rehearsal itself.

    Raises
    ------
    ConfigurationError
        If the settings of the file cannot be.
    """
    options = command_options(
        loaded.image_analysis_func,
        run_dystrack_manager,
        loaded.analysis_kwargs,
        loaded.analysis_cache,
        loaded.manager_kwargs,
    )
    own = {argument.name: argument for argument in read_arguments(RehearsalSettings).offered}
    of_manager = {n: a for n, a in options.manager.items() if n not in _MEANINGLESS}
    return replace(options, manager={**own, **of_manager})


def rehearsal_table(rehearsal: Rehearsal) -> RenderableType:
    """Return what came of each prescan, for a console to print.

    Parameters
    ----------
    rehearsal : Rehearsal
        How it went.

    Returns
    -------
    rich.console.RenderableType
        A table, with what is to be said of a prescan below it, and a summary.
    """
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Prescan", overflow="fold")
    table.add_column("Position")
    for title in ("z / px", "y / px", "x / px", "Latency / ms"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Message", overflow="fold")
    for replayed in rehearsal.replayed:
        table.add_row(*_row(replayed))
    return Group(table, *_notes(rehearsal), Text(_summary(rehearsal.replayed)))


def _report_path(settings: RehearsalSettings) -> Path | None:
    """Return where the report goes: into a folder that stays, and over no other report."""
    if not settings.report:
        return None
    if settings.into:
        return Path(settings.into).absolute() / REPORT_NAME
    numbers = ("", *(f"_{number}" for number in range(2, _MOST_REPORTS)))
    paths = (Path(f"dystrack_rehearsal{number}.html").absolute() for number in numbers)
    return next((path for path in paths if not path.exists()), None)


def _describe_start(
    folder: Path, found: Recordings, settings: RehearsalSettings, manager_kwargs: Mapping[str, Any]
) -> Text:
    """Say what will be replayed, and what will not."""
    pace = f"one every {settings.interval:g} s" if settings.interval else "one after the other"
    if settings.interval is None:
        pace = f"at their recorded pace, with pauses of at most {LONGEST_GAP_S:g} s"
    what = f"Replaying {count(len(found.prescans), 'prescan')} of {folder}, {pace}"
    lines = [f"{what}, written as {settings.behaviour}. No microscope is asked to move."]
    if found.left_out:
        listed = ", ".join(found.left_out[:_NAMES_SHOWN])
        more = ", …" if len(found.left_out) > _NAMES_SHOWN else ""
        left_out = f"Left out, as they are no images: {listed}{more}."
        advice = "A run takes every new file for a prescan, without --file_start or --file_end."
        lines += [f"{left_out} {advice}"]
    if instead_of_tracker(manager_kwargs):
        lines += [_WITHOUT_TRACKER]
    return Text("\n".join(map(printable, lines)))


def _row(replayed: Replayed) -> tuple[Text | str, ...]:
    name, answer = Text(printable(replayed.name)), replayed.answer
    if answer is None:
        return (name, "", "", "", "", "", Text("not answered", style="bold red"))
    style = "green" if replayed.is_tracked else "red"
    return (
        name,
        Text(printable(answer.position)),
        *("nan" if value is None else f"{value:.2f}" for value in (answer.z, answer.y, answer.x)),
        f"{replayed.latency_s * _MS_PER_S:.0f}",
        Text(printable(shortened(answer.msg)), style=style),
    )


def _notes(rehearsal: Rehearsal) -> Iterator[Text]:
    """Yield what is to be said, each thing once with the prescans that it concerns.

    What ended the rehearsal is left out, since it is raised below the table.
    """
    names: dict[str, list[str]] = {}
    for replayed in rehearsal.replayed:
        for note in replayed.notes:
            names.setdefault(note, []).append(replayed.name)
    last_word = "" if rehearsal.error is None else str(rehearsal.error)
    for note, (first, *others) in names.items():
        if last_word and last_word in note:
            continue
        more = f" and {len(others)} more" if others else ""
        heading = "" if first in note else f"{first}{more}: "
        yield Text.assemble(("! ", "bold yellow"), (printable(heading), "bold"), printable(note))


def _summary(all_replayed: Sequence[Replayed]) -> str:
    n_answered = sum(replayed.answer is not None for replayed in all_replayed)
    n_tracked = sum(replayed.is_tracked for replayed in all_replayed)
    n_notes = sum(len(replayed.notes) for replayed in all_replayed)
    counts = (
        f"{count(len(all_replayed), 'prescan')}, {n_answered} answered, {n_tracked} of them from "
        f"their own image. Warnings and failures: {n_notes}."
    )
    latencies_ms = [r.latency_s * _MS_PER_S for r in all_replayed if r.answer is not None]
    if not latencies_ms:
        return counts
    return (
        f"{counts} From the last byte to the answer: median {median(latencies_ms):.0f} ms, "
        f"worst {max(latencies_ms):.0f} ms."
    )
