"""The `dystrack` command; the only place that puts parts together.

Each command is one small function. What it needs is imported when it is called, so that every
command starts at once.
"""

import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, TextIO

from dystrack import __version__
from dystrack.core.errors import ConfigurationError, DyStrackError
from dystrack.options.standard_output import replace_unknown_letters

if TYPE_CHECKING:
    import cyclopts

    from dystrack.options.pipeline_reference import LoadedPipeline

__all__ = ["main"]

_PIPELINES = "dystrack.pipelines"
_FILE_WIDTH = 140  # of a table that no terminal shows
_NO_REPORT = "--no-report"
_EXIT_FAILED = 1
_EXIT_USAGE = 2
_EXIT_INTERRUPTED = 130
_RUN_HELP = """\
Usage: dystrack run PIPELINE FOLDER [--option value ...]

Watch FOLDER for prescans and answer each with coordinates for the microscope.

PIPELINE is one of {names};
or path/to/file.py:function for one of your own (function: analyze_image if not given);
or a run file, whose settings are then used.

At the end, a report of the run is written into FOLDER, unless --no-report.

What can be set for a pipeline:  dystrack run PIPELINE --help
"""

_REHEARSE_HELP = """\
Usage: dystrack rehearse PIPELINE FOLDER [--option value ...]

Replay the prescans that were recorded in FOLDER into a session, without any microscope: at their
recorded pace, or one every so many seconds with --interval; written as the software of a microscope
does, see --behaviour. FOLDER is only read. At the end it says for each prescan what the answer was,
how long it took, and what there was to warn of.

PIPELINE is one of {names};
or path/to/file.py:function for one of your own (function: analyze_image if not given);
or a run file, whose settings are then used.

What can be set for a pipeline:  dystrack rehearse PIPELINE --help
"""


def main(words: Sequence[str] | None = None) -> None:
    """Run the `dystrack` command.

    Parameters
    ----------
    words : sequence of str or None, default None
        The words after ``dystrack``; those that the process was started with if not given.

    Raises
    ------
    SystemExit
        With code 2 if something was asked for that cannot be done, 1 if a run failed, 130 after
        Ctrl-C outside of a run; each with one message on standard error.
    """
    tokens = list(sys.argv[1:] if words is None else words)
    replace_unknown_letters()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            _call_command(tokens)
    except ConfigurationError as error:
        _leave(str(error), _EXIT_USAGE)
    except DyStrackError as error:
        _leave(f"{type(error).__name__}: {error}", _EXIT_FAILED)
    except KeyboardInterrupt:
        _leave("Stopped.", _EXIT_INTERRUPTED)


def _call_command(tokens: list[str]) -> None:
    """Call the command that the words ask for."""
    if tokens == ["--version"]:  # before anything else is imported
        sys.stdout.write(f"{__version__}\n")
        return
    import cyclopts  # noqa: PLC0415  (0.13 s)

    try:
        command, bound, _ = _app().parse_args(tokens, exit_on_error=False, print_error=False)
    except cyclopts.CycloptsError as error:
        error.verbose = False
        message = f"{error} What there is: dystrack --help"
        raise ConfigurationError(message) from None
    command(*bound.args, **bound.kwargs)


def _app() -> "cyclopts.App":
    """Return the commands; a new one is one more line here."""
    import cyclopts  # noqa: PLC0415

    app = cyclopts.App(
        name="dystrack", help="A microscope that follows its living sample.", version=__version__
    )
    app.command(
        _run,
        name="run",
        help_flags=[],
        version_flags=[],
        end_of_options_delimiter="",
        default_parameter=cyclopts.Parameter(allow_leading_hyphen=True),
    )
    app.command(_pipelines, name="pipelines")
    app.command(_demo, name="demo")
    app.command(_report, name="report")
    app.command(
        _rehearse,
        name="rehearse",
        help_flags=[],
        version_flags=[],
        end_of_options_delimiter="",
        default_parameter=cyclopts.Parameter(allow_leading_hyphen=True),
    )
    return app


def _run(*words: str) -> None:
    """Watch a folder and answer each prescan with coordinates for the microscope."""
    from dystrack.options.pipeline_reference import load_with_settings, pipeline_names  # noqa: PLC0415

    if words[:1] in {("--help",), ("-h",)}:
        sys.stdout.write(_RUN_HELP.format(names=", ".join(pipeline_names(_PIPELINES))))
        return
    if not words or words[0].startswith("-"):
        found = words[0] if words else "missing"
        raise ConfigurationError(
            f"The first word after 'dystrack run' is the pipeline; it is {found}."
            " Write dystrack run PIPELINE FOLDER [--option value ...]."
        )
    reference, *rest = words
    loaded = load_with_settings(reference, _PIPELINES)
    from dystrack.manager.cmdline import run_via_cmdline  # noqa: PLC0415
    from dystrack.tools.afterwards.report_at_end import report_at_end  # noqa: PLC0415

    if _wants_isolation(rest, loaded):
        rest.insert(0, "--isolate=True")
    options = [word for word in rest if word != _NO_REPORT]
    with report_at_end(loaded.manager_kwargs, is_wanted=_NO_REPORT not in rest) as manager_kwargs:
        run_via_cmdline(
            [f"dystrack run {reference}", *options],
            loaded.image_analysis_func,
            loaded.analysis_kwargs,
            loaded.analysis_cache,
            manager_kwargs,
        )


def _wants_isolation(words: Sequence[str], loaded: "LoadedPipeline") -> bool:
    """Return whether to give the pipeline a process of its own: unless told, or to show figures."""
    has_said = any(word.startswith(("--isolate", "--no-isolate", "--show")) for word in words)
    asks_for_help = not {"--help", "-h", "--version"}.isdisjoint(words)
    in_file = "isolate" in loaded.manager_kwargs or loaded.analysis_kwargs.get("show", False)
    return not (has_said or asks_for_help or in_file)


def _demo(  # a command line has its options as parameters
    scene: str = "organoid",
    *,
    difficulty: str = "normal",
    positions: int = 1,
    time_points: int = 40,
    seconds: float = 20.0,
    speed: float = 1.0,
    seed: int = 0,
    folder: str = "dystrack_demo",
    report: bool = True,
    keep_prescans: bool = False,
) -> None:
    """Track a simulated sample, live, and write a report.

    Parameters
    ----------
    scene
        organoid, primordium, node or dividing_cells.
    difficulty
        easy, normal or hard.
    positions
        Number of samples.
    time_points
        Number of times that each is visited.
    seconds
        How long the show takes, if the computer is fast enough.
    speed
        How many times their usual velocity the samples have.
    seed
        Another number gives other samples.
    folder
        Where the report goes; if there is one already, a number is added to the name.
    report
        Whether to write a report.
    keep_prescans
        Whether to keep the prescans beside the report, for example for dystrack rehearse.
    """
    from pathlib import Path  # noqa: PLC0415

    from dystrack.tools.demo.session import DemoSettings  # noqa: PLC0415
    from dystrack.tools.demo.show import show_demo  # noqa: PLC0415

    settings = DemoSettings(
        scene=scene,
        difficulty=difficulty,
        n_positions=positions,
        n_time_points=time_points,
        duration_s=seconds,
        speed=speed,
        seed=seed,
        keeps_pictures=report,
    )
    has_folder = report or keep_prescans
    text = show_demo(
        settings,
        Path(folder) if has_folder else None,
        writes_report=report,
        keeps_prescans=keep_prescans,
    )
    sys.stdout.write(f"\n{text}\n")


def _report(folder: str, *, to: str = "") -> None:
    """Write a report of the last run in a folder, also of one that still goes on or was killed.

    Parameters
    ----------
    folder
        The folder that was watched. A folder that holds only coordinates will do, too.
    to
        The page to write; dystrack_report.html in that folder if not given.
    """
    from pathlib import Path  # noqa: PLC0415

    from dystrack.tools.afterwards.report import write_report  # noqa: PLC0415

    page = write_report(Path(folder), Path(to) if to else None)
    sys.stdout.write(f"The report is {page}\n")


def _rehearse(*words: str) -> None:
    """Replay recorded prescans into a session, without any microscope."""
    from dystrack.options.pipeline_reference import load_with_settings, pipeline_names  # noqa: PLC0415

    if words[:1] in {("--help",), ("-h",)}:
        sys.stdout.write(_REHEARSE_HELP.format(names=", ".join(pipeline_names(_PIPELINES))))
        return
    if not words or words[0].startswith("-"):
        found = words[0] if words else "missing"
        raise ConfigurationError(
            f"The first word after 'dystrack rehearse' is the pipeline or run file; it is {found}."
            " Write dystrack rehearse PIPELINE FOLDER [--option value ...]."
        )
    reference, *rest = words
    loaded = load_with_settings(reference, _PIPELINES)
    from rich.console import Console  # noqa: PLC0415

    from dystrack.tools.rehearsal.command import run_rehearsal  # noqa: PLC0415

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    run_rehearsal(f"dystrack rehearse {reference}", loaded, rest, console.print)


def _pipelines() -> None:
    """List the shipped pipelines and their options."""
    from rich.console import Console  # noqa: PLC0415
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from dystrack.options.docstring_arguments import read_arguments  # noqa: PLC0415
    from dystrack.options.option_help import option_table  # noqa: PLC0415
    from dystrack.options.pipeline_reference import load_pipeline, pipeline_names  # noqa: PLC0415

    console = Console(highlight=False)
    for name in pipeline_names(_PIPELINES):
        arguments = read_arguments(load_pipeline(name, _PIPELINES), n_positional=1)
        console.print(Text.assemble((name, "bold"), "  ", arguments.summary))
        console.print(Padding(option_table(arguments.offered), (0, 0, 0, 2)))
        console.print()
    console.print("Start one with: dystrack run PIPELINE FOLDER [--option value ...]")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Write what a warning says, without the place in the program that says it."""
    del category, filename, lineno, line
    (file or sys.stderr).write(f"Note: {message}\n")


def _leave(message: str, code: int) -> NoReturn:
    sys.stderr.write(f"dystrack: {message}\n")
    raise SystemExit(code)
