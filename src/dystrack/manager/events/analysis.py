"""What becomes of a prescan until there is an answer."""

from dataclasses import dataclass, field
from typing import Any

from dystrack.manager.events.base import Event

__all__ = ["AnalysisFailed", "AnalysisStarted", "AnalysisSucceeded", "AnsweredTooEarly"]


@dataclass(frozen=True, kw_only=True)
class AnalysisStarted(Event):
    """A complete prescan goes to the pipeline.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    time_point : int or None
        Time point that its name gives.
    shape : tuple of int
        Shape of the image; empty when the file does not tell.
    wait_s : float
        Time from the notice of its name until it was complete, in s.
    axes : str
        Names of the image's axes, as its file calls them.
    centre : tuple of float or None
        Its centre along z, y, x in pixels; None when the file does not tell.
    voxel_size : tuple of float or None
        Its voxel size along z, y, x in µm; None when the file does not tell.
    """

    path: str
    position: str
    time_point: int | None
    shape: tuple[int, ...]
    wait_s: float
    axes: str = ""
    centre: tuple[float, float, float] | None = None
    voxel_size: tuple[float, float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class AnalysisSucceeded(Event):
    """The pipeline answered in time and in form; whether its target may be sent is judged next.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    analysis_s : float
        How long it took in s.
    findings : dict
        What the pipeline found besides, see `dystrack.core.findings.Findings`.
    """

    path: str
    position: str
    analysis_s: float
    findings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AnalysisFailed(Event):
    """No answer that may be sent came of a prescan.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    error : str
        Type and message of what went wrong.
    fallback : str
        What is sent instead; ``"nothing"`` when the session ends.
    error_type : str
        Its type alone.
    traceback : str
        The lines of the user's own code that led to it, outermost first; empty if it was not
        raised there.
    """

    path: str
    position: str
    error: str
    fallback: str
    error_type: str = ""
    traceback: str = ""


@dataclass(frozen=True, kw_only=True)
class AnsweredTooEarly(Event):
    """A prescan went on growing after it was read: its answer comes from an unfinished image.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    planes_read, planes_now : int or None
        Its number of planes when it was read, and by now; None where it is not known.
    """

    path: str
    position: str
    planes_read: int | None
    planes_now: int | None
