"""Which options a command line offers for a pipeline and the manager.

An option stands for a keyword of the pipeline, of the manager, or of both where they share a
name: then both get the value. What a run file fixes is not offered.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.options.docstring_arguments import Argument, Arguments, Withheld, read_arguments
from dystrack.options.nearest import nearest

__all__ = ["CommandOptions", "command_options"]

_TARGET_DIR = "target_dir"
_GIVEN_BY_US = frozenset({"image_analysis_func", "img_kwargs", "img_cache"})
_RESERVED = frozenset({_TARGET_DIR, "help", "h"})


@dataclass(frozen=True)
class CommandOptions:
    """The options for one pipeline.

    Attributes
    ----------
    analysis, manager : Mapping of str to Argument
        Options that set a keyword of the pipeline, of the manager; a name may be in both.
    fixed : Mapping of str to object
        Keywords that the run file has set, with their values.
    withheld : tuple of Withheld
        Keywords of the pipeline that neither the run file sets nor the command line can.
    python_only : frozenset of str
        All keywords that can only be set in a run file.
    summary : str
        First line of the pipeline's docstring.
    """

    analysis: Mapping[str, Argument]
    manager: Mapping[str, Argument]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    withheld: tuple[Withheld, ...] = ()
    python_only: frozenset[str] = frozenset()
    summary: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all options: those of the pipeline, then the others of the manager."""
        return tuple(dict.fromkeys([*self.analysis, *self.manager]))

    def arguments_of(self, name: str) -> list[Argument]:
        """Return the keywords that an option sets; two where pipeline and manager share a name."""
        return [side[name] for side in (self.analysis, self.manager) if name in side]


def command_options(
    image_analysis_func: Callable[..., Any],
    manager_func: Callable[..., Any],
    analysis_kwargs: Mapping[str, Any],
    analysis_cache: Mapping[str, Any],
    manager_kwargs: Mapping[str, Any],
) -> CommandOptions:
    """Find the options of a pipeline and of the manager that a run file leaves open.

    Parameters
    ----------
    image_analysis_func : callable
        The pipeline.
    manager_func : callable
        The manager.
    analysis_kwargs, analysis_cache : Mapping
        Keywords of the pipeline that the run file sets.
    manager_kwargs : Mapping
        Keywords of the manager that the run file sets.

    Returns
    -------
    CommandOptions
        The options.

    Raises
    ------
    ConfigurationError
        If the run file sets a keyword that does not exist, or one twice, or leaves out one that
        the pipeline needs and that cannot be typed.
    """
    analysis = read_arguments(image_analysis_func, n_positional=1)
    manager = read_arguments(manager_func)
    _check_known("analysis_kwargs", analysis_kwargs, analysis)
    _check_known("analysis_cache", analysis_cache, analysis)
    _check_known("manager_kwargs", manager_kwargs, manager)
    _check_not_ours(manager_kwargs)
    _check_set_once(analysis_kwargs, analysis_cache)
    fixed_analysis = {**analysis_kwargs, **analysis_cache}
    offered, withheld = _left_open(analysis, fixed_analysis, _RESERVED)
    _check_needed(withheld)
    of_manager, manager_withheld = _left_open(manager, manager_kwargs, _GIVEN_BY_US | _RESERVED)
    withheld_names = {item.name for item in (*withheld, *manager_withheld)}
    return CommandOptions(
        analysis=offered,
        manager=of_manager,
        fixed={**fixed_analysis, **manager_kwargs},
        withheld=withheld,
        python_only=frozenset(withheld_names - _GIVEN_BY_US - {_TARGET_DIR}),
        summary=analysis.summary,
    )


def _left_open(
    arguments: Arguments, fixed: Mapping[str, Any], reserved: frozenset[str]
) -> tuple[dict[str, Argument], tuple[Withheld, ...]]:
    """Return what can be offered, and what can be set neither here nor by the run file."""
    offered = {a.name: a for a in arguments.offered if a.name not in fixed}
    taken = [
        Withheld(name, "the command line uses this name itself", offered.pop(name).required)
        for name in sorted(reserved & set(offered))
    ]
    withheld = [item for item in arguments.withheld if item.name not in fixed]
    return offered, (*withheld, *taken)


def _check_known(setting: str, given: Mapping[str, Any], arguments: Arguments) -> None:
    for name in given:
        if name not in arguments.names and not arguments.takes_any:
            meant = nearest(name, arguments.names)
            hint = f" Did you mean {meant!r}?" if meant else ""
            raise ConfigurationError(
                f"{setting} sets {name!r}, which is not a keyword there.{hint}"
            )


def _check_not_ours(manager_kwargs: Mapping[str, Any]) -> None:
    for name in manager_kwargs:
        if name in _GIVEN_BY_US or name == _TARGET_DIR:
            raise ConfigurationError(
                f"manager_kwargs sets {name!r}, which run_via_cmdline gives to the manager itself."
                " Take it out; the pipeline's settings belong into analysis_kwargs and"
                " analysis_cache, the folder on the command line."
            )


def _check_set_once(analysis_kwargs: Mapping[str, Any], analysis_cache: Mapping[str, Any]) -> None:
    for name in analysis_kwargs:
        if name in analysis_cache:
            raise ConfigurationError(
                f"{name!r} is set in analysis_kwargs and in analysis_cache. Keep one of them."
            )


def _check_needed(withheld: Iterable[Withheld]) -> None:
    for item in withheld:
        if item.required:
            raise ConfigurationError(
                f"The pipeline needs {item.name!r}, which cannot be typed on a command line:"
                f" {item.reason}. Set it in analysis_kwargs of a run file."
            )
