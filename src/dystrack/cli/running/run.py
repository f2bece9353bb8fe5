"""`dystrack run PIPELINE FOLDER`."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any

from dystrack.cli.pipeline_words import load_first_word, said_help
from dystrack.options.pipeline_reference import LoadedPipeline

__all__ = ["run"]

_PURPOSE = """\
Watch FOLDER for prescans and answer each with coordinates for the microscope. At the end, a report
of the run is written into FOLDER, unless --no-report. With --dashboard there is a page of the run
in a browser; --dashboard=0.0.0.0:8765 lets other computers in, with a token. With --alerts people
are told of troubles, by the services that DYSTRACK_ALERTS names."""
_NO_REPORT = "--no-report"
_DASHBOARD = "--dashboard"
_ALERTS = "--alerts"


def run(*words: str) -> None:
    """Watch a folder and answer each prescan with coordinates for the microscope."""
    if said_help("run", _PURPOSE, words):
        return
    loaded = load_first_word("run", words)
    from dystrack.manager.cmdline import run_via_cmdline  # noqa: PLC0415 - a typing mistake comes first
    from dystrack.tools.afterwards.report_at_end import report_at_end  # noqa: PLC0415

    own = [word for word in words if word in {_NO_REPORT, _ALERTS} or word.startswith(_DASHBOARD)]
    reference, *rest = (word for word in words if word not in own)
    with ExitStack() as stack:
        manager_kwargs = stack.enter_context(
            report_at_end(loaded.manager_kwargs, is_wanted=_NO_REPORT not in own)
        )
        sections = loaded.sections
        manager_kwargs = stack.enter_context(_page(manager_kwargs, own, sections))
        run_via_cmdline(
            [f"dystrack run {reference}", *rest],
            loaded.image_analysis_func,
            loaded.analysis_kwargs,
            loaded.analysis_cache,
            manager_kwargs,
            manager_defaults={"isolate": not _shows_figures(rest, loaded)},
        )


def _page(
    manager_kwargs: Mapping[str, Any], own: Sequence[str], sections: Mapping[str, Any]
) -> AbstractContextManager[dict[str, Any]]:
    """Have a page started beside the run, if a word or the experiment asks for one."""
    asked = [word for word in own if word.startswith(_DASHBOARD)]
    alerts = sections.get("alerts")
    if not asked and _ALERTS not in own and not {"dashboard", "alerts"} & sections.keys():
        return nullcontext(dict(manager_kwargs))
    from dystrack.dashboard.alerts.settings import AlertSettings  # noqa: PLC0415 - only if wanted
    from dystrack.dashboard.beside import page_beside  # noqa: PLC0415

    if _ALERTS in own and alerts is None:
        alerts = AlertSettings()
    return page_beside(manager_kwargs, _page_settings(asked, sections.get("dashboard")), alerts)


def _page_settings(asked: Sequence[str], given: Any) -> Any:
    """Return where the page is served: at the address that a word may give."""
    import attrs  # noqa: PLC0415 - only if a page is wanted

    from dystrack.dashboard.settings import DashboardSettings  # noqa: PLC0415

    settings = given or DashboardSettings()
    for word in asked:
        host, _, port = word.removeprefix(_DASHBOARD).removeprefix("=").rpartition(":")
        if not host and not port.isdecimal():
            host, port = port, ""
        settings = attrs.evolve(
            settings,
            host=host.strip("[]") or settings.host,
            port=int(port) if port.isdecimal() else settings.port,
        )
    return settings


def _shows_figures(words: Sequence[str], loaded: LoadedPipeline) -> bool:
    """Return whether the pipeline is to open windows, for which it stays in this process."""
    in_file = bool(loaded.analysis_kwargs.get("show", False))
    return in_file or any(word.startswith("--show") for word in words)
