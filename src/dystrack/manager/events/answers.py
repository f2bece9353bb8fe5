"""What is sent for a prescan, and whether it arrived."""

from dataclasses import dataclass, field
from typing import Any

from dystrack.manager.events.base import Event

__all__ = ["Answered", "AnsweredLate", "Answering", "TransmissionFailed", "TransmissionRecovered"]


@dataclass(frozen=True, kw_only=True)
class Answering(Event):
    """Coordinates are about to be sent; lets a resumed session tell sent from unsent.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    target : int
        Number of the prescan in this session, from 1.
    z, y, x : float or None
        What is to be sent, in pixels.
    msg : str
        Message that goes with it.
    state : dict
        State of the position once this is sent.
    coords_size : int or None
        Size of the coordinates file in bytes; None where there is none.
    own : tuple of float or None
        The pipeline's own answer, where a tracker runs.
    predicted : tuple of float or None
        Where the tracker expected the sample in this image, along z, y, x in pixels.
    sd_px : tuple of float or None
        Standard deviation of its place after this look.
    next_zyx : tuple of float or None
        Where to take the next prescan, if that is another place.
    next_in_s : float or None
        When to take it after this one, 0 for at once; None for as usual.
    targets : list of dict
        Further places, the most urgent first (`dystrack.core.findings.ExtraTarget`).
    """

    path: str
    position: str
    target: int
    z: float | None
    y: float | None
    x: float | None
    msg: str
    state: dict[str, Any]
    coords_size: int | None
    own: tuple[float, float, float] | None = None
    predicted: tuple[float, float, float] | None = None
    sd_px: tuple[float, float, float] | None = None
    next_zyx: tuple[float, float, float] | None = None
    next_in_s: float | None = None
    targets: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class TransmissionFailed(Event):
    """Coordinates could not be sent: told at the first attempt, and when it is given up.

    Attributes
    ----------
    path : str
        The prescan.
    attempt : int
        Which attempt it was, from 1.
    error : str
        Type and message of what went wrong.
    final : bool
        Whether it was the last attempt for now.
    """

    path: str
    attempt: int
    error: str
    final: bool


@dataclass(frozen=True, kw_only=True)
class TransmissionRecovered(Event):
    """Coordinates could be sent after all.

    Attributes
    ----------
    path : str
        The prescan.
    attempt : int
        Which attempt it was, from 1.
    after_s : float
        Time since the first attempt in s.
    """

    path: str
    attempt: int
    after_s: float


@dataclass(frozen=True, kw_only=True)
class AnsweredLate(Event):
    """An answer that had been given up has left: as it was, or as *stay* if it was overtaken.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    target : int
        Number of the prescan in this session, from 1.
    z, y, x : float or None
        What was sent, in pixels.
    msg : str
        Message that went with it.
    state : dict or None
        State of the position, if the coordinates of its analysis were sent.
    late_s : float
        Time since the first attempt in s.
    """

    path: str
    position: str
    target: int
    z: float | None
    y: float | None
    x: float | None
    msg: str
    state: dict[str, Any] | None
    late_s: float


@dataclass(frozen=True, kw_only=True)
class Answered(Event):
    """A prescan has been dealt with; each has one line of the coordinates file.

    Attributes
    ----------
    path : str
        The prescan.
    position : str
        Position to which it belongs.
    time_point : int or None
        Time point that its name gives.
    target : int
        Number of the prescan in this session, from 1.
    z, y, x : float or None
        What was sent, in pixels.
    msg : str
        Message that went with it.
    outcome : {"ok", "fallback"}
        Whether the coordinates come from this image.
    sent : bool
        Whether the microscope was reached.
    total_s : float
        Time from the notice of the prescan's name until now, in s.
    step_um : tuple of float or None
        From the centre of the image to the coordinates along z, y, x in µm; None where the file
        does not tell its voxel size.
    own : tuple of float or None
        The pipeline's own answer, where a tracker runs.
    predicted : tuple of float or None
        Where the tracker expected the sample in this image, along z, y, x in pixels.
    sd_px : tuple of float or None
        Standard deviation of its place after this look.
    next_zyx : tuple of float or None
        Where to take the next prescan, if that is another place.
    next_in_s : float or None
        When to take it after this one, 0 for at once; None for as usual.
    targets : list of dict
        Further places, the most urgent first (`dystrack.core.findings.ExtraTarget`).
    """

    path: str
    position: str
    time_point: int | None
    target: int
    z: float | None
    y: float | None
    x: float | None
    msg: str
    outcome: str
    sent: bool
    total_s: float
    step_um: tuple[float, float, float] | None = None
    own: tuple[float, float, float] | None = None
    predicted: tuple[float, float, float] | None = None
    sd_px: tuple[float, float, float] | None = None
    next_zyx: tuple[float, float, float] | None = None
    next_in_s: float | None = None
    targets: list[dict[str, Any]] = field(default_factory=list)
