"""One prescan under one stress: what a pipeline answers, and whether that is right.

This is what runs in worker processes; only plain values come back.
"""

import inspect
import math
import os
import tempfile
import time
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dystrack.core import hooks
from dystrack.core.coordinates import PixelPosition
from dystrack.core.error_texts import safe_text
from dystrack.core.findings import FINDINGS_KEY
from dystrack.core.protocols import Pipeline
from dystrack.images.image_file import Verdict, inspect_image
from dystrack.manager.watching.image_names import stem_of
from dystrack.manager.workers.asking import ask
from dystrack.options.pipeline_reference import load_pipeline
from dystrack.tools.kit.cache_faults import cache_fault
from dystrack.tools.kit.evaluation.prescan_files import LoadedPrescan, load_prescan, write_prescan
from dystrack.tools.kit.evaluation.stress_table import stressed
from dystrack.tools.kit.evaluation.stresses import Prescan
from dystrack.tools.kit.side_effects import noting_side_effects

__all__ = ["SHIPPED", "Case", "answer_of_case", "prescan_of", "run_case", "warm_up"]

SHIPPED = "dystrack.pipelines"
"""The package of the shipped pipelines."""

_CHANNEL = "channel"
_warmed: set[tuple[str, str]] = set()
_without_memory: set[str] = set()  # pipelines that hand nothing on
_UNREADY = (Verdict.INCOMPLETE, Verdict.OPEN)
_NOT_HANDED_OVER = "IncompleteImageError: a session does not give it to a pipeline."


@dataclass(frozen=True)
class Case:
    """What is asked of a pipeline.

    Attributes
    ----------
    reference : str
        The pipeline, as `load_pipeline` takes it.
    path : str
        The prescan.
    sample : str
        What the prescan is called in tables.
    stress : str
        Name of the stress.
    options : mapping
        Keyword arguments for the pipeline.
    target : tuple of float or None
        z, y, x of the target in the prescan as it is; None if that is not known.
    other : str or None
        Another sample's prescan.
    """

    reference: str
    path: str
    sample: str
    stress: str
    options: Mapping[str, Any] = field(default_factory=dict)
    target: tuple[float, float, float] | None = None
    other: str | None = None

    @property
    def key(self) -> str:
        """Return what tells this case from all others, also of other files of the same name."""
        files = [self.path, self.reference] + ([self.other] if self.other else [])
        stamps = [(s.st_size, s.st_mtime_ns) for f in files if (s := _stat(f)) is not None]
        told = repr((sorted(asdict(self).items(), key=lambda item: item[0]), stamps))
        return f"{zlib.crc32(told.encode()):08x}{zlib.adler32(told.encode()):08x}"


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - a reference need not be a path
    except OSError:
        return None


def answer_of_case(target_path: str, /, **kwargs: Any) -> tuple[float, float, float, str, Any]:
    """Return a case's row as the answer of a pipeline, so that a worker process can run it."""
    del target_path
    row = run_case(kwargs["case"])
    return 0.0, 0.0, 0.0, "OK", {"row": row, FINDINGS_KEY: {"confidence": 1.0}}


def warm_up(*, case: Case) -> None:
    """Do everything that the pipeline of a case does only once, so that no case takes longer."""
    what = (case.reference, repr(case.options))
    if what not in _warmed:
        hooks.warm_up(load_pipeline(case.reference, SHIPPED), case.options)
        _warmed.add(what)


def run_case(case: Case) -> dict[str, Any]:
    """Ask a pipeline, and return what came of it.

    Parameters
    ----------
    case : Case
        What is asked.

    Returns
    -------
    dict
        A row of plain values: ``z``, ``y``, ``x``, ``msg``, ``error``, ``confidence``,
        ``analysis_s``, where the target is (``target_z`` and so on), whether there is one, the
        shape of the prescan, and the side effects that were noticed.
    """
    warm_up(case=case)
    pipeline = load_pipeline(case.reference, SHIPPED)
    row: dict[str, Any] = {"key": case.key, "sample": case.sample, "stress": case.stress}
    loaded, prescan = prescan_of(case)
    if prescan is None or not _can_be_asked(pipeline, loaded, prescan):
        return {**row, "skipped": True}
    return {**row, **_about(loaded, prescan), **_asked(pipeline, case, loaded, prescan)}


def prescan_of(case: Case) -> tuple[LoadedPrescan, Prescan | None]:
    """Return the prescan of a case, and what its stress makes of it, if it can happen to it."""
    loaded = load_prescan(
        Path(case.path),
        case.options.get(_CHANNEL),
        target=PixelPosition(*case.target) if case.target else None,
        other=Path(case.other) if case.other else None,
        seed=zlib.crc32(f"{case.sample} {case.stress}".encode()),
    )
    return loaded, stressed(loaded.prescan, case.stress)


def _can_be_asked(pipeline: Pipeline, loaded: LoadedPrescan, prescan: Prescan) -> bool:
    """Return whether a pipeline can be told of the channel, where there is one more."""
    if not prescan.channels:
        return True
    return loaded.channel is None and _CHANNEL in inspect.signature(pipeline).parameters


def _about(loaded: LoadedPrescan, prescan: Prescan) -> dict[str, Any]:
    depth, height, width = (1, *prescan.pixels.shape)[-3:]
    row: dict[str, Any] = {"depth": depth, "height": height, "width": width}
    row["has_target"] = prescan.has_target
    for axis, value in zip("zyx", prescan.target or (None,) * 3, strict=True):
        row[f"target_{axis}"] = value
    for axis, um in zip("zyx", loaded.voxel_size or (None,) * 3, strict=True):
        row[f"{axis}_um"] = um
    return row


def _asked(
    pipeline: Pipeline, case: Case, loaded: LoadedPrescan, prescan: Prescan
) -> dict[str, Any]:
    """Write the prescan, have it analysed, and watch what happens besides."""
    with tempfile.TemporaryDirectory(prefix="dystrack_") as folder:
        path = Path(folder) / f"{Path(case.sample).stem}.ome.tif"
        more = write_prescan(path, loaded, prescan)
        if prescan.cut_file_at < 1 and inspect_image(path).verdict in _UNREADY:
            return {"error": _NOT_HANDED_OVER, "msg": "", "effects": ""}
        kwargs = {**_quiet(pipeline), **case.options, **more}
        is_first = prescan is loaded.prescan
        cache = {} if is_first else _cache_before(pipeline, case, loaded, Path(folder) / "before")
        there = set(path.parent.iterdir())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with noting_side_effects() as effects:
                began_s = time.perf_counter()
                row = _answer(pipeline, str(path), kwargs, cache)
                row["analysis_s"] = round(time.perf_counter() - began_s, 4)
        effects += [f"writes {name} beside the prescan" for name in _new_beside(path, there)]
        row["warnings"] = " ".join(dict.fromkeys(safe_text(w.message) for w in caught))
        row["effects"] = "; ".join(effects)
        return row


def _new_beside(path: Path, there: set[Path]) -> list[str]:
    """Return what is new beside a prescan, by names in which its own does not matter."""
    new = (other.name for other in path.parent.iterdir() if other not in there)
    return sorted(name.replace(stem_of(path.name), "NAME") for name in new)


def _quiet(pipeline: Pipeline) -> dict[str, Any]:
    names = inspect.signature(pipeline).parameters
    quiet = {"warn_8bit": False, "show": False, "verbose": False, "await_write": 0}
    return {name: value for name, value in quiet.items() if name in names}


def _cache_before(
    pipeline: Pipeline, case: Case, loaded: LoadedPrescan, folder: Path
) -> Mapping[str, Any]:
    """Return what the pipeline hands on from the prescan as it is, which comes before a stress.

    That lies in a folder of its own, for the pipeline may look at it again.
    """
    if case.reference in _without_memory:
        return {}
    folder.mkdir()
    path = folder / f"{Path(case.sample).stem}.ome.tif"
    kwargs = {
        **_quiet(pipeline),
        **case.options,
        **write_prescan(path, loaded, loaded.prescan),
    }
    with warnings.catch_warnings(), noting_side_effects():  # which the case itself tells
        warnings.simplefilter("ignore")
        try:
            cache = ask(pipeline, str(path), kwargs, {}).img_cache
        except Exception:  # noqa: BLE001 - the case of the prescan as it is tells it
            return {}
    if not cache:
        _without_memory.add(case.reference)
    return {} if cache_fault(pipeline, cache) else cache


def _answer(
    pipeline: Pipeline, path: str, kwargs: Mapping[str, Any], cache: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        analysis = ask(pipeline, path, kwargs, cache)
    except Exception as error:  # noqa: BLE001 - a boundary with the user's code
        text = " ".join(safe_text(error).split())
        return {"error": f"{type(error).__name__}: {text}", "msg": ""}
    confidence = analysis.findings.confidence
    is_far = max(map(abs, analysis[:3])) > 1e9  # noqa: PLR2004 - no image is that large
    row = {
        axis: math.inf if is_far else value for axis, value in zip("zyx", analysis, strict=False)
    }
    sure = analysis.evidence if confidence is None else confidence
    told = {"msg": analysis.img_msg, "error": "", "confidence": sure}
    return {**row, **told, "cache_fault": cache_fault(pipeline, analysis.img_cache)}
