"""Prescans that are there at the start: which are answered now, and what is said of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dystrack.manager.events import PrescansFound, RunResumed
from dystrack.manager.record.pipeline_name import PipelineName
from dystrack.manager.record.replay import Summary
from dystrack.manager.record.resume import PastRun
from dystrack.manager.settings import Settings
from dystrack.manager.watching.image_names import PositionPattern

__all__ = ["Backlog", "describe_resume", "find_backlog", "found_at_start"]

_NAMES_TOLD = 10


@dataclass(frozen=True)
class Backlog:
    """Prescans that came while DySTrack was down, by their paths within the folder.

    Attributes
    ----------
    missed : list of str
        All of them, the oldest first.
    waiting : list of str
        Those to analyse; the others get a line without coordinates, since macros count lines.
    """

    missed: list[str]
    waiting: list[str]

    @property
    def left_out(self) -> list[str]:
        """Those that are not analysed."""
        chosen = set(self.waiting)
        return [name for name in self.missed if name not in chosen]


def find_backlog(
    names: Iterable[str], past: PastRun, settings: Settings, naming: PositionPattern
) -> Backlog:
    """Return what a resumed run has to catch up with.

    A prescan whose failure ended the run is analysed once more, unless its failure would end this
    one too.

    Parameters
    ----------
    names : iterable of str
        Prescans in the folder, oldest first.
    past : PastRun
        The run before.
    settings : Settings
        How to go on.
    naming : PositionPattern
        Tells a name's position.

    Returns
    -------
    Backlog
        What to analyse, what to leave out.
    """
    missed = [name for name in names if name not in past.summary.handled]
    given_up = set() if settings.img_err_fallback else set(past.summary.ended_by)
    wanted = [name for name in missed if name not in given_up]
    if settings.backlog == "newest":
        wanted = list({naming.label(name).position: name for name in wanted}.values())
    return Backlog(missed, wanted)


def found_at_start(
    names: Sequence[str], summary: Summary | None, folder: Path, pipeline: PipelineName
) -> list[PrescansFound]:
    """Return what there is to say of the prescans that a new run leaves alone.

    Parameters
    ----------
    names : sequence of str
        Prescans in the folder.
    summary : Summary or None
        What earlier runs in the folder came to.
    folder : Path
        The folder that is watched.
    pipeline : PipelineName
        The pipeline of the new run.

    Returns
    -------
    list of PrescansFound
        Those that a resume would answer, and the others.
    """
    unanswered: list[str] = []
    if summary is not None and PastRun(summary).is_of(folder, pipeline):
        unanswered = [name for name in names if name not in summary.handled]
    missed = set(unanswered)
    others = [name for name in names if name not in missed]
    return [
        PrescansFound(names=list(found[:_NAMES_TOLD]), count=len(found), unanswered=is_missed)
        for found, is_missed in ((unanswered, True), (others, False))
        if found
    ]


def describe_resume(past: PastRun, given: Mapping[str, Any], backlog: Backlog) -> RunResumed:
    """Return what there is to say of a run that is resumed."""
    return RunResumed(
        started=past.summary.start["at"],
        settings=past.taken_over(given),
        positions=list(past.summary.states),
        waiting=backlog.waiting[:_NAMES_TOLD],
        n_waiting=len(backlog.waiting),
        left_out=backlog.left_out,
    )
