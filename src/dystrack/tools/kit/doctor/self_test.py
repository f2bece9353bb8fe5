"""A run of a few prescans that DySTrack makes up, from the file to the answer, timed."""

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dystrack.core.coordinates import VoxelSize
from dystrack.core.error_texts import safe_text
from dystrack.manager.events import Answered, Event, SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.options.pipeline_reference import load_pipeline
from dystrack.scopes.writing.writers import write_ome_tiff
from dystrack.tools.kit.remarks import Remark, good, note, problem

__all__ = ["self_test_remarks"]

_PIPELINE = "center_of_mass"
_N_PRESCANS = 4
_SHAPE = (21, 200, 500)
_CENTRE, _WIDTHS = (10.0, 95.0, 260.0), (3.0, 15.0, 30.0)
_TOLERANCE_PX = 1.0
_SLOW_S = 1.0
_LIMIT_S = 120.0


def self_test_remarks(package: str) -> Iterator[Remark]:
    """Yield whether made-up prescans are answered rightly, and how fast.

    Parameters
    ----------
    package : str
        Import name of the package with the shipped pipelines.

    Yields
    ------
    Remark
        The time from a file to its answer, with the pipeline in a process of its own.
    """
    answers: list[Answered] = []
    with tempfile.TemporaryDirectory(
        prefix="dystrack_doctor_", ignore_cleanup_errors=True
    ) as folder:
        try:
            _run(Path(folder), package, answers)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is to be told
            yield problem(
                f"A run of made-up prescans failed: {type(error).__name__}: {safe_text(error)}"
            )
            return
    if len(answers) < _N_PRESCANS:
        yield problem(f"Of {_N_PRESCANS} made-up prescans, {len(answers)} were answered.")
        return
    off = max(_distance(answer) for answer in answers)
    if off > _TOLERANCE_PX:
        yield problem(f"Made-up prescans were answered {off:.1f} px off their target.")
        return
    later = sorted(answer.total_s for answer in answers[1:])
    usual_s = later[len(later) // 2]
    told = (
        f"{_N_PRESCANS} made-up prescans of {' × '.join(map(str, _SHAPE))} pixels were answered"  # noqa: RUF001
        f" rightly: the first in {answers[0].total_s:.2g} s, the others in {usual_s:.2g} s"
    )
    yield good(f"{told}.") if usual_s < _SLOW_S else note(f"{told}. That is slow: is it busy?")


def _run(folder: Path, package: str, answers: list[Answered]) -> None:
    """Run a session that sees prescans come."""
    has_answered = threading.Event()
    writer = threading.Thread(target=_write, args=(folder, has_answered), daemon=True)

    def listen(event: Event) -> None:
        if isinstance(event, SessionStarted):
            writer.start()
        if isinstance(event, Answered):
            answers.append(event)
            has_answered.set()

    run_dystrack_manager(
        folder,
        load_pipeline(_PIPELINE, package),
        max_triggers=_N_PRESCANS,
        max_checks=int(_LIMIT_S),
        end_on_esc=False,
        img_kwargs={"method": "otsu"},
        isolate=True,
        progress=False,
        previews=False,
        on_event=listen,
    )
    has_answered.set()
    writer.join()


def _write(folder: Path, has_answered: threading.Event) -> None:
    """Write one prescan after the other, each once the last one is answered."""
    grid = zip(np.indices(_SHAPE), _CENTRE, _WIDTHS, strict=True)
    body = 200 * np.exp(-0.5 * sum(((i - c) / w) ** 2 for i, c, w in grid))
    noise = np.random.default_rng(0).integers(0, 12, _SHAPE)
    image = (body + noise).astype(np.uint8)
    for number in range(1, _N_PRESCANS + 1):
        write_ome_tiff(folder / f"prescan_{number}_pos_1.ome.tif", image, VoxelSize(2.0, 0.5, 0.5))
        has_answered.wait(_LIMIT_S)
        has_answered.clear()


def _distance(answer: Answered) -> float:
    off = (
        abs(float(value) - centre) if value is not None else float("inf")
        for value, centre in zip((answer.y, answer.x), _CENTRE[1:], strict=True)
    )
    return max(off)
