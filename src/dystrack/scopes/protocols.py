"""What DySTrack asks of a microscope: the contract that every bridge implements.

A bridge says what it can do in its `ScopeTraits`, and does what it is told, one thing at a time::

    facts ─ position ─ marked ─ limits          reading changes nothing
    drive_stage, drive_focus ─► settle          only `dystrack.scopes.guard` may call the first two
    prescan ─► main_scan                        where the stage is; both leave it where it was
    stop                                        at any time, from any thread

Positions are what the microscope's own stage and focus read, in µm. A bridge never limits, rounds,
retries or corrects a move: what may be asked is decided in the guard, in one place. It raises
`ScopeError` if something was not done, with what happened, the value, and what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dystrack.core.coordinates import VoxelSize
from dystrack.core.protocols import Clock
from dystrack.scopes.box import Box
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.stage import StageAxes

__all__ = ["Prescan", "Scope", "ScopeFacts", "ScopeTraits", "ZOwner"]

_NOTHING = PositionUm(0.0, 0.0, 0.0)


class ZOwner(StrEnum):
    """Who decides about z; there is never more than one."""

    FOCUS_DRIVE = "the focus drive, which DySTrack moves"
    OFFSET = "the offset of the focus lock, which DySTrack moves"
    FOCUS_LOCK = "the focus lock of the microscope; DySTrack leaves z alone"


@dataclass(frozen=True)
class ScopeTraits:
    """What a bridge can do, and how far it has been tried.

    Attributes
    ----------
    name : str
        Its name on the command line.
    status : str
        How far it has been tried: on real software (version, date), emulated from public
        documentation, or with guesses (which).
    z_owner : ZOwner
        Who decides about z. With `ZOwner.OFFSET`, z of all positions is the offset.
    stays : bool
        Whether a main scan can be taken without a move before it.
    delivers_pixels : bool
        Whether a prescan comes as pixels, which DySTrack writes into the folder; otherwise as a
        file that the microscope writes.
    reach_um : PositionUm
        How far a scan itself moves stage and focus to either side, such as half of a z-stack.
    axes : StageAxes or None
        How the stage lies to the image, where that is certain, as in a simulation; None where it
        has to be measured.
    """

    name: str
    status: str
    z_owner: ZOwner = ZOwner.FOCUS_DRIVE
    stays: bool = True
    delivers_pixels: bool = False
    reach_um: PositionUm = _NOTHING
    axes: StageAxes | None = None


@dataclass(frozen=True)
class ScopeFacts:
    """What a microscope says of itself.

    Attributes
    ----------
    microscope : str
        Which one it is, always the same for the same stand; part of a calibration's name.
    version : str
        Its software and version.
    objective : str
        The objective in place, as the software calls it; empty if it does not tell.
    pixel_size_um : float or None
        Pixel size of the prescan; None if it does not tell.
    more : mapping of str to str
        Whatever else helps to find a fault.
    no_calibration : str
        Why its images cannot be calibrated now, and what to do; empty if nothing speaks against it.
    """

    microscope: str
    version: str
    objective: str = ""
    pixel_size_um: float | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    no_calibration: str = ""


@dataclass(frozen=True)
class Prescan:
    """A prescan that is complete.

    Attributes
    ----------
    path : Path or None
        The file that the microscope wrote; None if it delivers pixels.
    stack : ndarray of shape (Z, Y, X) or (C, Z, Y, X), or None
        The pixels; None if it writes files.
    voxel_size : VoxelSize or None
        Distance between voxels; None if only the file tells.
    stage_um : PositionUm or None
        What stage and focus read when it was taken, the focus in the middle of the stack; None
        for what they read just before.
    """

    path: Path | None = None
    stack: NDArray[np.integer] | None = None
    voxel_size: VoxelSize | None = None
    stage_um: PositionUm | None = None


class Scope(Protocol):
    """A microscope, as its bridge shows it."""

    @property
    def traits(self) -> ScopeTraits:
        """What the bridge can do."""
        ...

    @property
    def clock(self) -> Clock:
        """The time in which it lives: `SYSTEM_CLOCK`, but for simulations."""
        ...

    def facts(self) -> ScopeFacts:
        """Return what the microscope says of itself; asking changes nothing."""
        ...

    def position_um(self) -> PositionUm:
        """Return what stage and focus read now; asking changes nothing."""
        ...

    def marked_um(self) -> Sequence[PositionUm]:
        """Return the positions that a person has marked in its software; none if it has no list."""
        ...

    def limits_um(self) -> Box | None:
        """Return the limits that the microscope itself has; None if it does not tell."""
        ...

    def drive_stage(self, y_um: float, x_um: float) -> None:
        """Move the stage and return when it has stopped. Only the guard calls this."""
        ...

    def drive_focus(self, z_um: float) -> None:
        """Move the focus and return when it has stopped. Only the guard calls this."""
        ...

    def settle(self) -> None:
        """Wait after a move until an image is sharp, for the focus lock too."""
        ...

    def prescan(self, stem: Path) -> Prescan:
        """Take a prescan where the stage is, and return it complete.

        A bridge whose microscope writes files takes `stem`, a path without a suffix, for its name
        if it may choose that.
        """
        ...

    def main_scan(self, stem: Path) -> Path | None:
        """Take the main scan where the stage is; return its file where the bridge knows it.

        A microscope that scans by itself goes on even if this process dies; the next call then
        waits for it.
        """
        ...

    def stop(self) -> None:
        """Stop what moves or scans, at once; may be called from another thread, and twice."""
        ...
