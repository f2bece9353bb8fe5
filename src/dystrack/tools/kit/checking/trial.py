"""A pipeline tried on a few prescans that are shifted, mirrored, empty and so on."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dystrack.core.coordinates import VoxelSize
from dystrack.scopes.writing.writers import write_ome_tiff
from dystrack.tools.kit.evaluation.evaluate import Evaluation, Plan, evaluate
from dystrack.tools.kit.evaluation.kept_rows import KeptRows, Row
from dystrack.tools.kit.evaluation.report.faults import faults_of
from dystrack.tools.kit.remarks import Remark, good, note, problem

__all__ = ["Trial", "try_out"]

_AS_IT_IS = "as it is"
_STRESSES = (
    _AS_IT_IS,
    "shifted x -10 %",
    "shifted x +10 %",
    "shifted y -10 %",
    "shifted y +10 %",
    "mirrored x",
    "mirrored y",
    "empty",
    "noise",
    "black",
    "as 16 bit",
)
_OTHER_TYPE = "as 16 bit"
_BROKEN_CONTRACT = ("InvalidAnswerError", "TypeError", "WorkerError", "ModuleNotFoundError")
_TOO_SLOW_S = 5.0
_SHAPE = (15, 120, 160)
_VOXEL_SIZE = VoxelSize(2.0, 0.5, 0.5)
_BODIES = (((7.0, 55.0, 76.0), (2.0, 9.0, 12.0)), ((7.5, 63.0, 84.0), (2.5, 11.0, 8.0)))
_PEAK, _NOISE = 180.0, 12


@dataclass(frozen=True)
class Trial:
    """What is tried.

    Attributes
    ----------
    reference : str
        The pipeline, as `load_pipeline` takes it.
    options : mapping
        Keyword arguments for it.
    timeout_s : float
        How long one analysis may take in s.
    interval_s : float or None
        Time from one prescan to the next, if that was given.
    prescans : tuple of Path
        Real prescans, of one folder; if there are none, some are made up.
    """

    reference: str
    options: Mapping[str, Any]
    timeout_s: float
    interval_s: float | None = None
    prescans: tuple[Path, ...] = ()


def try_out(trial: Trial) -> Iterator[Remark]:
    """Yield what a pipeline does with prescans that are shifted, mirrored, empty and so on.

    Parameters
    ----------
    trial : Trial
        What is tried.

    Yields
    ------
    Remark
        Its faults; or that it has none that a few prescans show.
    """
    with tempfile.TemporaryDirectory(prefix="dystrack_check_") as folder:
        own = trial.prescans or _made_up(Path(folder), trial.options.get("channel"))
        kept = KeptRows(Path(folder) / "cases.jsonl")
        plan = Plan(
            trial.reference,
            own[0].parent,
            tuple(path.name for path in own),
            trial.options,
            stresses=(_AS_IT_IS,),
            timeout_s=trial.timeout_s,
        )
        first = evaluate(replace(plan, samples=plan.samples[:1]), kept).rows
        slow_s = _analysis_s(first[0]) if first else 0.0
        if slow_s > _TOO_SLOW_S:
            yield from map(problem, faults_of(first))
            yield note("As it is so slow, nothing else was tried. dystrack evaluate does that.")
            return
        if trial.interval_s is not None and slow_s > trial.interval_s:
            yield problem(
                f"An analysis takes {slow_s:.2g} s, more than the {trial.interval_s:g} s between"
                " prescans. Answers would come later and later."
            )
        evaluation = evaluate(replace(plan, stresses=_STRESSES), kept)
        yield from _remarks_on(evaluation, is_real=bool(trial.prescans))


def _analysis_s(row: Row) -> float:
    """Return how long an analysis took; one that was stopped took too long."""
    if "took longer than" in row["error"]:
        return float("inf")
    return float(row.get("analysis_s", 0.0))


def _remarks_on(evaluation: Evaluation, *, is_real: bool) -> Iterator[Remark]:
    rows = evaluation.rows
    faults = faults_of(rows)
    yield from map(problem, faults)
    at_rest = [row for row in rows if row["stress"] == _AS_IT_IS]
    failed = [row for row in at_rest if row["error"]]
    if len(failed) == len(at_rest):
        yield _about_failures(str(failed[0]["error"]), is_real=is_real)
    else:
        yield from _about_other_type(rows)
        if not faults:
            yield good(
                "The answer moves with the sample, is the same in a mirror, and is none where there"
                " is nothing. No side effects."
            )


def _about_failures(error: str, *, is_real: bool) -> Remark:
    """Return that nothing could be tried; a made-up body need not be what a pipeline looks for."""
    if is_real or error.startswith(_BROKEN_CONTRACT):
        return problem(f"It fails, so that nothing else could be tried: {error}")
    return note(
        f"It finds no target in the round bright bodies that DySTrack made up ({error}), so that"
        " nothing else could be tried. Give a folder with prescans."
    )


def _about_other_type(rows: tuple[Row, ...]) -> Iterator[Remark]:
    failed = [row for row in rows if row["stress"] == _OTHER_TYPE and row["error"]]
    if failed:
        yield note(f"It fails with 16-bit prescans: {failed[0]['error']}")


def _made_up(folder: Path, channel: object) -> tuple[Path, ...]:
    """Write prescans of round bright bodies, and return their paths."""
    paths = []
    for number, (centre, widths) in enumerate(_BODIES, 1):
        squares = [
            ((i - c) / w) ** 2 for i, c, w in zip(np.indices(_SHAPE), centre, widths, strict=True)
        ]
        noise = np.random.default_rng(number).integers(0, _NOISE, _SHAPE)
        image = (_PEAK * np.exp(-0.5 * sum(squares)) + noise).astype(np.uint8)
        if isinstance(channel, int):
            image = np.stack([image] * max(2, channel + 1))
        path = folder / f"prescan_{number}.ome.tif"
        write_ome_tiff(path, image, _VOXEL_SIZE)
        os.utime(path, (0, 0))  # nobody doubts that an old file is complete
        paths.append(path)
    return tuple(paths)
