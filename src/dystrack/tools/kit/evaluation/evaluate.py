"""Evaluates a pipeline on many prescans: each as it is, and under every stress."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.manager.watching.folder import is_image, list_names
from dystrack.manager.watching.image_names import NameFilter, is_own_name, natural_key
from dystrack.tools.kit.evaluation.case import Case
from dystrack.tools.kit.evaluation.cluster import cluster_processes
from dystrack.tools.kit.evaluation.kept_rows import KeptRows
from dystrack.tools.kit.evaluation.local import Runner, local_processes
from dystrack.tools.kit.evaluation.scoring import Condition, conditions_of, scored
from dystrack.tools.kit.evaluation.stress_table import STRESSES
from dystrack.tools.kit.evaluation.truth import Truth

__all__ = [
    "Evaluation",
    "Plan",
    "Progress",
    "evaluate",
    "find_prescans",
    "stresses_named",
]

Progress = Callable[[int, int], None]
"""Is told how many cases are done, of how many."""

_AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Plan:
    """What is evaluated, and how.

    Attributes
    ----------
    reference : str
        The pipeline, as `load_pipeline` takes it.
    folder : Path
        Where the prescans are; it is only read.
    samples : tuple of str
        Their names in it.
    options : mapping
        Keyword arguments for the pipeline.
    option_names : tuple of str
        All that the pipeline has.
    truth : mapping of str to PixelPosition or None
        Targets by names; None for the pipeline's own answers, so that a prescan that is shifted
        must give an answer that is shifted.
    stresses : tuple of str
        Names of the stresses.
    tolerance_px : float
        How far an answer may be off; 0 for 4 % of the smaller side of the field.
    n_workers : int
        Number of processes.
    scheduler : str
        Address of a Dask scheduler; empty for processes of this computer.
    timeout_s : float
        How long one analysis may take in s.
    """

    reference: str
    folder: Path
    samples: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    option_names: tuple[str, ...] = ()
    truth: Truth | None = None
    stresses: tuple[str, ...] = tuple(STRESSES)
    tolerance_px: float = 0.0
    n_workers: int = 1
    scheduler: str = ""
    timeout_s: float = 60.0


@dataclass(frozen=True)
class Evaluation:
    """What came of an evaluation.

    Attributes
    ----------
    plan : Plan
        What was evaluated.
    rows : tuple of mapping
        One for each prescan under each stress, with its outcome.
    conditions : tuple of Condition
        The same by stress.
    cases : mapping of str to Case
        What was asked, by the keys of the rows.
    """

    plan: Plan
    rows: tuple[Mapping[str, Any], ...]
    conditions: tuple[Condition, ...]
    cases: Mapping[str, Case]


def find_prescans(folder: Path) -> tuple[str, ...]:
    """Return the names of the images in a folder, in natural order.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    tuple of str
        Their names.

    Raises
    ------
    FolderError
        If there is no such folder, or it cannot be read.
    ConfigurationError
        If there is no image in it.
    """
    if not folder.is_dir():
        msg = f"{folder} is not a folder. Give the folder with the prescans."
        raise FolderError(msg)
    try:
        names = list_names(folder, recurse=False)
    except OSError as error:
        msg = f"The folder {folder} cannot be read: {error}. Check its rights."
        raise FolderError(msg) from error
    is_wanted = NameFilter().matches
    found = [
        name
        for name in names
        if is_wanted(name) and not is_own_name(name) and is_image(folder / name)
    ]
    if not found:
        msg = f"There is no image in {folder}. Give the folder with the prescans."
        raise ConfigurationError(msg)
    return tuple(sorted(found, key=natural_key))


def stresses_named(words: str) -> tuple[str, ...]:
    """Return the stresses that are meant.

    Parameters
    ----------
    words : str
        ``all``, ``none``, or names and families with commas between them, such as
        ``dimmed,empty``.

    Returns
    -------
    tuple of str
        Their names; the prescan as it is always comes first.

    Raises
    ------
    ConfigurationError
        If there is no such stress.
    """
    if words == "all":
        return tuple(STRESSES)
    wanted = {word.strip() for word in words.split(",") if word.strip() not in ("", "none")}
    families = {part for s in STRESSES.values() for part in (s.name, s.family)}
    families |= {family.split()[0] for family in families}
    unknown = wanted - families
    if unknown:
        msg = (
            f"There is no stress {', '.join(sorted(unknown))!r}. Choose all, none, or some of "
            f"{', '.join(dict.fromkeys(s.family.split()[0] for s in STRESSES.values()))}."
        )
        raise ConfigurationError(msg)
    return tuple(
        name
        for name, s in STRESSES.items()
        if name == _AS_IT_IS or {name, s.family, s.family.split()[0]} & wanted
    )


def evaluate(
    plan: Plan,
    kept: KeptRows,
    tell: Progress = lambda *_: None,
    *,
    run: Runner | None = None,
) -> Evaluation:
    """Evaluate a pipeline; what has a row already is not asked again.

    Parameters
    ----------
    plan : Plan
        What is evaluated.
    kept : KeptRows
        Where rows are kept.
    tell : callable, optional
        Is told of the progress.
    run : callable or None, default None
        Runs cases; in processes or on a cluster, as the plan says, if not given.

    Returns
    -------
    Evaluation
        What came of it.
    """
    rests = _cases(plan, plan.truth or {}, [_AS_IT_IS])
    total = len(plan.samples) * len(plan.stresses)
    with _processes(plan) if run is None else nullcontext(run) as ask:
        _run(rests, kept, lambda n: tell(n, total), ask)
        truth = plan.truth if plan.truth is not None else _own_answers(kept, rests)
        cases = rests + _cases(plan, truth, [s for s in plan.stresses if s != _AS_IT_IS])
        _run(cases, kept, lambda n: tell(n, total), ask)
    rows = _with_targets(kept.of(case.key for case in cases), truth)
    told = scored(rows, plan.tolerance_px)
    asked = {case.key: case for case in cases}
    return Evaluation(plan, tuple(told), tuple(conditions_of(told)), asked)


def _cases(plan: Plan, truth: Truth, stresses: Iterable[str]) -> list[Case]:
    """Return one case a prescan and stress; those of the same prescan come together."""
    base = Case(plan.reference, "", "", "", plan.options)
    names = list(stresses)
    cases = []
    for sample, other in zip(plan.samples, _others(plan.samples), strict=True):
        target = truth.get(sample)
        for name in names:
            background = str(plan.folder / other) if other and name == "other background" else None
            cases.append(
                replace(
                    base,
                    path=str(plan.folder / sample),
                    sample=sample,
                    stress=name,
                    target=None if target is None else (target.z, target.y, target.x),
                    other=background,
                )
            )
    return cases


def _others(samples: Sequence[str]) -> list[str | None]:
    """Return another prescan for each: the next one, and the first after the last."""
    if len(samples) < 2:  # noqa: PLR2004 - there is no other
        return [None for _ in samples]
    return [*samples[1:], samples[0]]


def _processes(plan: Plan) -> AbstractContextManager[Runner]:
    if plan.scheduler:
        return cluster_processes(plan.scheduler, plan.timeout_s)
    return local_processes(plan.n_workers, plan.timeout_s)


def _run(cases: Sequence[Case], kept: KeptRows, tell: Callable[[int], None], ask: Runner) -> None:
    """Ask for the rows that are not there yet, and keep each as it comes."""
    missing = [case for case in cases if case.key not in kept]
    n_done = len(cases) - len(missing)
    tell(n_done)
    for row in ask(missing):
        kept.add(row)
        n_done += 1
        tell(n_done)


def _own_answers(kept: KeptRows, rests: Sequence[Case]) -> dict[str, PixelPosition]:
    """Return what the pipeline answers to the prescans as they are."""
    rows = kept.of(case.key for case in rests)
    return {
        row["sample"]: PixelPosition(row["z"], row["y"], row["x"])
        for row in rows
        if not row.get("error") and not row.get("skipped")
    }


def _with_targets(rows: Iterable[Mapping[str, Any]], truth: Truth) -> list[dict[str, Any]]:
    """Return rows in which a prescan as it is has its target, where only the answers tell it."""
    targeted = []
    for row in rows:
        target = truth.get(row["sample"])
        own = dict(row)
        if row["stress"] == _AS_IT_IS and target is not None and "height" in row:
            own |= {f"target_{axis}": value for axis, value in zip("zyx", target, strict=True)}
        targeted.append(own)
    return targeted
