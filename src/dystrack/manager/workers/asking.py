"""Ask a pipeline where to go, and judge beside it whether the prescan shows a sample at all."""

import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from dystrack.core.analysis import Analysis
from dystrack.core.findings import asking_for_findings
from dystrack.core.protocols import Pipeline
from dystrack.images.waiting import vouch_for
from dystrack.manager.workers.answers import check_answer
from dystrack.manager.workers.written_files import written_files

__all__ = ["Asking", "ask"]

_LARGEST_LOOKED_AT_BYTES = 64_000_000  # more would take more than a few ms to read once more


class Asking:
    """A pipeline that is asked about one prescan after the other.

    What a prescan shows is judged where the pipeline does not say itself how sure it is: in a
    thread, while a pipeline runs that did not say so the last time.

    Parameters
    ----------
    pipeline : Pipeline
        The user's function.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._says_how_sure = True

    def __call__(
        self, path: str, img_kwargs: Mapping[str, Any], img_cache: Mapping[str, Any]
    ) -> Analysis:
        """Run the pipeline on a complete prescan.

        Parameters
        ----------
        path : str
            The prescan.
        img_kwargs, img_cache : mapping
            Its keyword arguments.

        Returns
        -------
        Analysis
            Its checked answer, with what the image shows where it does not say itself how sure it
            is.

        Raises
        ------
        InvalidAnswerError
            If the answer breaks the contract.
        Exception
            What the pipeline raises.
        """
        image = Path(path), img_kwargs.get("channel")
        judging = None if self._says_how_sure else _Judging(*image)
        with vouch_for(image[0]), written_files() as written:
            kwargs = {**self._for_findings, **img_kwargs}
            analysis = check_answer(self._pipeline(path, **kwargs, **img_cache))
        self._says_how_sure = analysis.findings.confidence is not None
        evidence = None
        if not self._says_how_sure:
            evidence = _judged(*image) if judging is None else judging.result()
        return analysis._replace(written=tuple(sorted(written)), evidence=evidence)

    @cached_property
    def _for_findings(self) -> dict[str, Any]:
        return asking_for_findings(self._pipeline)


def ask(
    pipeline: Pipeline, path: str, img_kwargs: Mapping[str, Any], img_cache: Mapping[str, Any]
) -> Analysis:
    """Ask a pipeline about a single prescan, as `Asking` does."""
    return Asking(pipeline)(path, img_kwargs, img_cache)


class _Judging(threading.Thread):
    """Finds out, beside the pipeline, what an image shows."""

    def __init__(self, path: Path, channel: object) -> None:
        super().__init__(name="dystrack-judging", daemon=True)
        self._image = path, channel
        self._evidence: float | None = None
        self.start()

    def run(self) -> None:
        """Judge the image."""
        self._evidence = _judged(*self._image)

    def result(self) -> float | None:
        """Return what the image shows, once that is known."""
        self.join()
        return self._evidence


def _judged(path: Path, channel: object) -> float | None:
    """Return what an image shows; None where that takes too long or cannot be told."""
    try:
        return _evidence(path, channel)
    except Exception:  # noqa: BLE001 - the answer stands, whatever is the matter with the image
        return None


def _evidence(path: Path, channel: object) -> float | None:
    from dystrack.images.evidence import evidence_of_pattern  # noqa: PLC0415 - not at the start
    from dystrack.images.readers import read_image  # noqa: PLC0415

    if path.stat().st_size > _LARGEST_LOOKED_AT_BYTES:
        return None
    image = read_image(path)
    if image.axes.startswith("C") and isinstance(channel, int):
        return evidence_of_pattern(image.pixels[channel])
    return evidence_of_pattern(image.pixels)
