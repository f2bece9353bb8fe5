"""`dystrack run PIPELINE FOLDER`."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any

from dystrack.cli.pipeline_words import load_first_word, said_help
from dystrack.core.errors import ConfigurationError
from dystrack.options.pipeline_reference import LoadedPipeline

__all__ = ["run"]

_PURPOSE = """\
Watch FOLDER for prescans and answer each with coordinates for the microscope. At the end, a report
of the run is written into FOLDER, unless --no-report. With --dashboard there is a page of the run
in a browser; --dashboard=0.0.0.0:8765 lets other computers in, with a token, and
--dashboard_certificate=cert.pem --dashboard_key=key.pem lets nobody in between read along. With
--alerts people are told of troubles, by the services that DYSTRACK_ALERTS names."""
_NO_REPORT = "--no-report"
_DASHBOARD = "--dashboard"
_OF_THE_PAGE = ("certificate", "key", "name")
_ALERTS = "--alerts"


def run(*words: str) -> None:
    """Watch a folder and answer each prescan with coordinates for the microscope."""
    if said_help("run", _PURPOSE, words):
        return
    loaded = load_first_word("run", words)
    from dystrack.manager.cmdline import run_via_cmdline  # noqa: PLC0415 - a typing mistake comes first
    from dystrack.tools.afterwards.report_at_end import report_at_end  # noqa: PLC0415

    own, (reference, *rest) = _own_words(words)
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


def _own_words(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the options of this command and their values, and all other words.

    Raises
    ------
    ConfigurationError
        If an option of the page lacks its value.
    """
    own, rest = {}, []
    with_value = {f"{_DASHBOARD}_{name}" for name in _OF_THE_PAGE}
    coming = iter(words)
    for word in coming:
        name, has_value, value = word.partition("=")
        name = f"--{name[2:].replace('-', '_')}" if name.startswith(_DASHBOARD) else name
        if name in with_value:
            own[name] = value if has_value else next(coming, "")
            if not own[name] or own[name].startswith("--"):
                msg = f"{name} lacks its value. Give it as {name}=VALUE."
                raise ConfigurationError(msg)
        elif name == _DASHBOARD or word in {_NO_REPORT, _ALERTS}:
            own[name] = value
        else:
            rest.append(word)
    return own, rest


def _page(
    manager_kwargs: Mapping[str, Any], own: Mapping[str, str], sections: Mapping[str, Any]
) -> AbstractContextManager[dict[str, Any]]:
    """Have a page started beside the run, if a word or the experiment asks for one."""
    is_asked = any(word.startswith(_DASHBOARD) for word in own)
    alerts = sections.get("alerts")
    if not is_asked and _ALERTS not in own and not {"dashboard", "alerts"} & sections.keys():
        return nullcontext(dict(manager_kwargs))
    from dystrack.dashboard.alerts.settings import AlertSettings  # noqa: PLC0415 - only if wanted
    from dystrack.dashboard.beside import page_beside  # noqa: PLC0415

    if _ALERTS in own and alerts is None:
        alerts = AlertSettings()
    return page_beside(manager_kwargs, _page_settings(own, sections.get("dashboard")), alerts)


def _page_settings(own: Mapping[str, str], given: Any) -> Any:
    """Return where the page is served: at the address that a word may give."""
    import attrs  # noqa: PLC0415 - only if a page is wanted

    from dystrack.dashboard.settings import DashboardSettings  # noqa: PLC0415

    settings = given or DashboardSettings()
    host, _, port = own.get(_DASHBOARD, "").rpartition(":")
    if not host and not port.isdecimal():
        host, port = port, ""
    more = {name: own.get(f"{_DASHBOARD}_{name}", "") for name in _OF_THE_PAGE}
    return attrs.evolve(
        settings,
        host=host.strip("[]") or settings.host,
        port=int(port) if port.isdecimal() else settings.port,
        **{name: value for name, value in more.items() if value},
    )


def _shows_figures(words: Sequence[str], loaded: LoadedPipeline) -> bool:
    """Return whether the pipeline is to open windows, for which it stays in this process."""
    in_file = bool(loaded.analysis_kwargs.get("show", False))
    return in_file or any(word.startswith("--show") for word in words)
