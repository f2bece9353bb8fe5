"""Several pipelines in one session, chosen by the names of the prescans.

An experiment may have phases: an overview that finds cells, a close-up of each of them. Each has a
pipeline of its own, with settings and a memory of its own.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from dystrack.core import hooks
from dystrack.core.errors import ConfigurationError, ImageError
from dystrack.core.findings import FINDINGS_KEY
from dystrack.core.phases import phase_in
from dystrack.core.protocols import Pipeline
from dystrack.options.pipeline_reference import load_with_settings
from dystrack.pipelines.utilities.reporting import report

__all__ = ["analyze_image", "phases", "warm_up"]

_SHIPPED = "dystrack.pipelines"
_N_VALUES = 5
_NOTHING: Mapping[str, Any] = {}


def analyze_image(
    target_path: str | Path,
    channel: int | None = None,
    phases: str | Mapping[str, Any] = "",
    await_write: float = 2,
    warn_8bit: bool = True,
    verbose: bool = False,
    *,
    memory: Mapping[str, Mapping[str, Any]] = _NOTHING,
    findings: bool = False,
) -> Any:
    """Have each prescan analysed by the pipeline of its phase.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan. The word in its name that stands for a phase says which pipeline.
    channel : int, optional, default None
        Index of the channel to use, in all phases whose settings say nothing else.
    phases : str, optional, default ""
        Words in names of prescans and the pipelines for them, such as
        "overview=drift, closeup=nearest_object". Instead of the name of a pipeline, the path of a
        run file, whose settings are then used, or file.py:function, without its settings. In a run
        file also a dictionary, with a pair of name and settings where there are any.
    await_write : float, optional, default 2
        For how many seconds a file must have been left alone before it is read, where its format
        cannot tell whether it is complete.
    warn_8bit : bool, optional, default True
        If True, a warning is issued if the image is not 8-bit and so is converted.
    verbose : bool, optional, default False
        If True, more information is printed.

    Returns
    -------
    AnalysisResult
        What the pipeline of the phase answers; the cache keeps its cache under the name of the
        phase.

    Other Parameters
    ----------------
    memory : mapping
        Handed on from prescan to prescan: the cache of each phase.
    findings : bool
        Whether to add to the cache what was found; sessions ask for it (`dystrack.core.findings`).

    Raises
    ------
    ImageError
        If the name of the prescan tells no phase.
    ConfigurationError
        If `phases` says none that can be.
    Exception
        What the pipeline of the phase raises.
    """
    parts = _parts(phases)
    phase = phase_in(Path(target_path).name, parts)
    if not phase:
        raise ImageError(
            f"The name {Path(target_path).name} tells none of the phases {', '.join(parts)}. "
            "Have the microscope name prescans by their phase; `file_regex` leaves out other files."
        )
    report(verbose, f"{target_path}: phase {phase}")
    part = parts[phase]
    common = {
        **({} if channel is None else {"channel": channel}),
        "await_write": await_write,
        "warn_8bit": warn_8bit,
        "verbose": verbose,
        "findings": findings,
    }
    cache = memory.get(phase, part.first_cache)
    answer: Any = part.pipeline(
        str(target_path), **{**part.taking(common), **part.settings, **cache}
    )
    if not isinstance(answer, tuple | list) or len(answer) != _N_VALUES:
        return answer  # the session says what is wrong with it
    *target_and_message, its_cache = answer
    kept = dict(its_cache)
    found = {FINDINGS_KEY: kept.pop(FINDINGS_KEY)} if FINDINGS_KEY in kept else {}
    return (*target_and_message, {"memory": {**memory, phase: kept}, **found})


@dataclass(frozen=True)
class _Part:
    """The pipeline of a phase, its settings, and the cache that it starts with."""

    pipeline: Pipeline
    settings: Mapping[str, Any] = field(default_factory=dict)
    first_cache: Mapping[str, Any] = field(default_factory=dict)

    def taking(self, common: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the common settings that it has a parameter for."""
        try:
            known = inspect.signature(self.pipeline).parameters
        except (TypeError, ValueError):  # a callable that does not tell its parameters
            return {}
        return {name: value for name, value in common.items() if name in known}


def _parts(given: str | Mapping[str, Any]) -> dict[str, _Part]:
    """Return the pipeline of each phase.

    Raises
    ------
    ConfigurationError
        If there is none, or if one cannot be loaded.
    """
    pairs = _pairs(given) if isinstance(given, str) else dict(given)
    if not pairs:
        raise ConfigurationError(
            "`phases` is empty. Say which pipeline each phase has, such as "
            "--phases 'overview=drift, closeup=nearest_object'."
        )
    return {phase: _part(phase, value) for phase, value in pairs.items()}


def _pairs(text: str) -> dict[str, str]:
    pairs = {}
    for entry in filter(None, map(str.strip, text.split(","))):
        phase, equals, reference = map(str.strip, entry.partition("="))
        if not (phase and equals and reference) or phase in pairs:
            raise ConfigurationError(
                f"`phases` has {entry!r}. Write each phase once, as WORD=PIPELINE, and a comma "
                "between two of them."
            )
        pairs[phase] = reference
    return pairs


def _part(phase: str, value: Any) -> _Part:
    reference, settings = value if isinstance(value, tuple | list) else (value, {})
    if callable(reference):
        return _Part(reference, settings)
    if not (phase and isinstance(reference, str) and isinstance(settings, Mapping)):
        raise ConfigurationError(
            f"The phase {phase!r} is {value!r:.80}. Give the name of a pipeline, or that and a "
            "dictionary of its settings."
        )
    loaded = _loaded(reference)
    return _Part(loaded.pipeline, {**loaded.settings, **settings}, loaded.first_cache)


@lru_cache(maxsize=32)
def _loaded(reference: str) -> _Part:
    """Return a pipeline with the settings of its run file; it is loaded once."""
    loaded = load_with_settings(reference, _SHIPPED)
    if not reference.lower().endswith(".py"):  # the settings of a run file are for its pipeline
        return _Part(loaded.image_analysis_func)
    return _Part(loaded.image_analysis_func, loaded.analysis_kwargs, loaded.analysis_cache)


def phases(phases: str | Mapping[str, Any] = "", **_others: Any) -> tuple[str, ...]:
    """Return the words for which sessions look in names, each phase having its own state."""
    return tuple(_parts(phases))


def warm_up(
    phases: str | Mapping[str, Any] = "", channel: int | None = None, **_others: Any
) -> None:
    """Do everything that is done only once, for each phase, and refuse settings that cannot be."""
    common = {} if channel is None else {"channel": channel}
    for part in _parts(phases).values():
        hooks.warm_up(part.pipeline, {**part.taking(common), **part.settings})
