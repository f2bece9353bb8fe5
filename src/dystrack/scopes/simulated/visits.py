"""The record of a simulated run: what happened at each visit, and how well it went."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from dystrack.core.errors import ConfigurationError
from dystrack.core.exchange.coords_file import CoordsLine
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.writing.writers import Stack

__all__ = ["Summary", "Thumbnail", "Visit", "projection", "summarise"]

Thumbnail = NDArray[np.uint8]
"""A small picture of shape (Y, X)."""

_WIDEST_PX = 250


@dataclass(frozen=True)
class Visit:
    """One visit of the microscope to a position.

    Attributes
    ----------
    time_point, position : int
        Numbers of the time point and of the position, from 1.
    time_s : float
        When the main scan began, in simulated seconds since the beginning of the run.
    stage_before_um, stage_after_um : PositionUm
        What the stage read at the prescan and at the main scan.
    camera_um : PositionUm
        Middle of the main scan in the world.
    target_um : PositionUm
        Where that middle should have been.
    position_um : PositionUm
        Where the sample's point was that a pipeline looks for.
    in_view : bool
        Whether the complete sample was seen in the main scan; never in a black one.
    untracked_in_view : bool
        Whether it would have been, had the stage never moved.
    moved : bool
        Whether the answer was a target; otherwise the stage stayed.
    reached : bool
        Whether the stage got where it was sent; false where its travel ended.
    line : CoordsLine
        The answer.
    prescan_path : Path
        The prescan.
    writing_s, latency_s : float
        How long writing the prescan took, and then the answer.
    image, untracked_image : ndarray of shape (Y, X), uint8, or None
        Small projection of the main scan, and of what would have been seen, had the stage never
        moved; None if no pictures are kept.
    prescan_in_view : bool
        Whether the complete sample was in the prescan when that began.
    searching : bool
        Whether no main scan was taken, because the sample was being searched for.
    """

    time_point: int
    position: int
    time_s: float
    stage_before_um: PositionUm
    stage_after_um: PositionUm
    camera_um: PositionUm
    target_um: PositionUm
    position_um: PositionUm
    in_view: bool
    untracked_in_view: bool
    moved: bool
    reached: bool
    line: CoordsLine
    prescan_path: Path
    writing_s: float
    latency_s: float
    image: Thumbnail | None = field(default=None, repr=False, compare=False)
    untracked_image: Thumbnail | None = field(default=None, repr=False, compare=False)
    prescan_in_view: bool = True
    searching: bool = False

    @property
    def message(self) -> str:
        """Message of the answer."""
        return self.line.msg

    @property
    def error_um(self) -> PositionUm:
        """How far the middle of the main scan lay from where it should have been."""
        return self.camera_um.minus(self.target_um)

    @property
    def distance_um(self) -> float:
        """Length of the error."""
        return self.error_um.length()


@dataclass(frozen=True)
class Summary:
    """How well a run went.

    Attributes
    ----------
    n_visits : int
        Number of visits.
    in_view_share, untracked_in_view_share : float
        Share of the visits with the complete sample in view, and what it would have been without
        tracking.
    median_distance_um, worst_distance_um : float
        Distance of the camera from where it should have been.
    travelled_um : float
        Greatest distance of a sample from its first place.
    median_latency_s, worst_latency_s : float
        From the end of writing a prescan to its answer.
    n_stayed : int
        Number of visits without a target.
    """

    n_visits: int
    in_view_share: float
    untracked_in_view_share: float
    median_distance_um: float
    worst_distance_um: float
    travelled_um: float
    median_latency_s: float
    worst_latency_s: float
    n_stayed: int


def summarise(visits: Sequence[Visit]) -> Summary:
    """Return how well a run went.

    Parameters
    ----------
    visits : sequence of Visit
        Visits in their order, of one position or of several.

    Returns
    -------
    Summary
        Shares, distances and times.

    Raises
    ------
    ConfigurationError
        If there are no visits.
    """
    if not visits:
        msg = "There are no visits to summarise. Run the microscope for at least one time point."
        raise ConfigurationError(msg)
    distances_um = [visit.distance_um for visit in visits]
    latencies_s = [visit.latency_s for visit in visits]
    first = {visit.position: visit.position_um for visit in reversed(visits)}
    return Summary(
        n_visits=len(visits),
        in_view_share=sum(visit.in_view for visit in visits) / len(visits),
        untracked_in_view_share=sum(visit.untracked_in_view for visit in visits) / len(visits),
        median_distance_um=median(distances_um),
        worst_distance_um=max(distances_um),
        travelled_um=max(v.position_um.minus(first[v.position]).length() for v in visits),
        median_latency_s=median(latencies_s),
        worst_latency_s=max(latencies_s),
        n_stayed=sum(not visit.moved for visit in visits),
    )


def projection(stack: Stack) -> Thumbnail:
    """Return a small picture of a stack: the mean of the brightest third along z, in 8 bits.

    Parameters
    ----------
    stack : ndarray of shape (Z, Y, X) or (Y, X), uint8 or uint16
        Image; one of 16 bits holds the 12 bits of a digitiser.

    Returns
    -------
    ndarray of shape (Y, X), uint8
        At most 250 pixels wide and high.
    """
    planes = stack.reshape(-1, *stack.shape[-2:])
    step = -(-max(planes.shape[1:]) // _WIDEST_PX)
    small = planes[:, ::step, ::step]
    n_dim = len(small) - max(1, len(small) // 3)
    flat = np.partition(small, n_dim, axis=0)[n_dim:].mean(axis=0)
    thumbnail: Thumbnail = (flat if stack.dtype == np.uint8 else flat / 16).astype(np.uint8)
    return thumbnail
