"""`dystrack run PIPELINE FOLDER`."""

from collections.abc import Sequence

from dystrack.cli.pipeline_words import load_first_word, said_help
from dystrack.options.pipeline_reference import LoadedPipeline

__all__ = ["run"]

_PURPOSE = """\
Watch FOLDER for prescans and answer each with coordinates for the microscope. At the end, a report
of the run is written into FOLDER, unless --no-report."""
_NO_REPORT = "--no-report"


def run(*words: str) -> None:
    """Watch a folder and answer each prescan with coordinates for the microscope."""
    if said_help("run", _PURPOSE, words):
        return
    loaded = load_first_word("run", words)
    from dystrack.manager.cmdline import run_via_cmdline  # noqa: PLC0415 - a typing mistake comes first
    from dystrack.tools.afterwards.report_at_end import report_at_end  # noqa: PLC0415

    reference, *rest = (word for word in words if word != _NO_REPORT)
    with report_at_end(loaded.manager_kwargs, is_wanted=_NO_REPORT not in words) as manager_kwargs:
        run_via_cmdline(
            [f"dystrack run {reference}", *rest],
            loaded.image_analysis_func,
            loaded.analysis_kwargs,
            loaded.analysis_cache,
            manager_kwargs,
            manager_defaults={"isolate": not _shows_figures(rest, loaded)},
        )


def _shows_figures(words: Sequence[str], loaded: LoadedPipeline) -> bool:
    """Return whether the pipeline is to open windows, for which it stays in this process."""
    in_file = bool(loaded.analysis_kwargs.get("show", False))
    return in_file or any(word.startswith("--show") for word in words)
