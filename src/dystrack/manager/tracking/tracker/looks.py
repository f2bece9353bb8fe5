"""What a tracker is told of a prescan, what it keeps, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np

from dystrack.core.coordinates import PixelPosition, VoxelSize, centre_of
from dystrack.manager.tracking.tracker.motion import Axes, Bank, Bounds

__all__ = ["Doubt", "Failure", "Look", "TrackState", "Tracked", "plain_of", "state_of"]


class Failure(StrEnum):
    """Why a prescan has no answer that can be used."""

    BLACK = "black"
    UNREADABLE = "unreadable"
    NO_TARGET = "no target"
    REFUSED = "refused"
    WRONG = "wrong"


@dataclass(frozen=True)
class Look:
    """One prescan and its answer.

    Attributes
    ----------
    time_s : float
        When it was taken; any clock that runs steadily.
    shape : tuple of int
        Size of the image along Z, Y, X; Z is 1 in 2-D.
    voxel_size : VoxelSize or None
        None where the file does not tell: lengths are then in pixels.
    place : PixelPosition or None
        The pipeline's answer; None where there is none.
    message : str
        Its message.
    failure : Failure or None
        Why it has no answer that can be used, if so.
    moves : tuple of tuple of float
        All moves of the stage since the last prescan along z, y, x, in the unit of this look.
    """

    time_s: float
    shape: tuple[int, int, int]
    voxel_size: VoxelSize | None
    place: PixelPosition | None
    message: str = ""
    failure: Failure | None = None
    moves: tuple[Axes, ...] = ()

    @property
    def answer(self) -> PixelPosition | None:
        """The place if it can be used."""
        return self.place if self.failure is None else None

    @property
    def unit(self) -> str:
        """Unit of lengths: "um", or "px" where the file does not tell the voxel size."""
        return "px" if self._voxel is None else "um"

    @property
    def scale(self) -> Axes:
        """Size of a pixel in that unit."""
        return self._voxel or (1.0, 1.0, 1.0)

    @property
    def _voxel(self) -> Axes | None:
        """Voxel size if it can be used; a single plane counts as 1 thick."""
        if self.voxel_size is None:
            return None
        z, y, x = self.voxel_size
        voxel = (1.0 if self.shape[0] == 1 else z, y, x)
        return voxel if min(voxel) > 0 else None

    @property
    def frame(self) -> Axes:
        """Size of the image in that unit."""
        z, y, x = (n * size for n, size in zip(self.shape, self.scale, strict=True))
        return z, y, x

    def offset_of(self, position: PixelPosition) -> Axes:
        """Return how far a pixel lies from the centre of the image."""
        ends = zip(position, centre_of(self.shape), self.scale, strict=True)
        z, y, x = ((value - middle) * size for value, middle, size in ends)
        return z, y, x

    def pixel_at(self, offset: Axes) -> PixelPosition:
        """Return the pixel that lies so far from the centre of the image."""
        ends = zip(offset, centre_of(self.shape), self.scale, strict=True)
        return PixelPosition(*(value / size + middle for value, middle, size in ends))


@dataclass(frozen=True)
class Doubt:
    """An answer that was not believed yet.

    Attributes
    ----------
    time_s : float
        When it was seen.
    place : tuple of float
        Where.
    bounds : tuple of {0, 1, -1, None}
        What it says along each axis.
    surprise : tuple of float
        How far that was from where the sample was expected.
    """

    time_s: float
    place: Axes
    bounds: Bounds
    surprise: Axes


@dataclass(frozen=True)
class TrackState:
    """What is known of one position between two looks, in plain values.

    Attributes
    ----------
    mode : {"off", "smooth", "auto", "lead"}
        What is made of the answers.
    bank : Bank or None
        Place and speed; None before the first answer.
    unit : str
        Unit of all lengths.
    time_s : float
        When the last look was.
    camera : tuple of float
        Middle of its image; the first look's is the origin.
    interval_s : float
        Usual time between two looks; 0 before the second look.
    proposed_s : float or None
        Time to the next look that was proposed last; None if none was.
    obeyed : bool
        Whether the last proposal was followed.
    seen : tuple of float
        Where the sample was when last it was seen.
    doubts : tuple of Doubt
        Answers that wait for a second look.
    n_real, n_wrong : float
        How many doubtful answers turned out to be right, and wrong; old ones count less.
    repeats : tuple of str and int
        The last message, and how often it came in a row.
    n_missed : int
        Looks in a row that showed an image without the sample.
    is_gap : bool
        Whether the sample was not seen at the last look.
    visited : tuple of tuple of float
        Time and y, x of the images in which a search has not found it.
    shape, voxel_size : tuple or None
        Those of the last image.
    """

    mode: str = "off"
    bank: Bank | None = None
    unit: str = ""
    time_s: float = 0.0
    camera: Axes = (0.0, 0.0, 0.0)
    interval_s: float = 0.0
    proposed_s: float | None = None
    obeyed: bool = False
    seen: Axes = (0.0, 0.0, 0.0)
    doubts: tuple[Doubt, ...] = ()
    n_real: float = 0.0
    n_wrong: float = 0.0
    repeats: tuple[str, int] = ("", 0)
    n_missed: int = 0
    is_gap: bool = False
    visited: tuple[tuple[float, float, float], ...] = ()
    shape: tuple[int, int, int] | None = None
    voxel_size: VoxelSize | None = None


@dataclass(frozen=True)
class Tracked:
    """What comes of a look. Places are in pixels of its image.

    Attributes
    ----------
    state : TrackState
        What to keep for the next look.
    main : PixelPosition or None
        Where to take the main scan: the smoothed place of now. None if nothing is known.
    next : PixelPosition or None
        Where to take the next prescan: the predicted place, as far as the mode leads.
    only : PixelPosition or None
        Where to go if one target has to serve both.
    next_in_s : float or None
        When to take the next prescan after this one, 0 for at once; None for as usual.
    in_view_until_s : float or None
        Until when after this look the sample stays in view with 95 %; None if not known.
    predicted : PixelPosition or None
        Where the sample was expected in this image.
    sd : tuple of float
        Standard deviation of its place along z, y, x in `state.unit`.
    messages : tuple of str
        What was done, such as "TRACKER:GAP".
    """

    state: TrackState
    main: PixelPosition | None
    next: PixelPosition | None
    only: PixelPosition | None
    next_in_s: float | None = None
    in_view_until_s: float | None = None
    predicted: PixelPosition | None = None
    sd: Axes = (0.0, 0.0, 0.0)
    messages: tuple[str, ...] = ()


def plain_of(state: TrackState) -> dict[str, Any]:
    """Return a state as plain values and one array, which a journal can keep."""
    values = {field.name: getattr(state, field.name) for field in fields(state)}
    values["bank"] = None if state.bank is None else np.array(state.bank.filters)
    values["voxel_size"] = state.voxel_size and tuple(state.voxel_size)
    values["doubts"] = tuple(
        tuple(getattr(doubt, field.name) for field in fields(doubt)) for doubt in state.doubts
    )
    return values


def state_of(values: Mapping[str, Any]) -> TrackState:
    """Return the state that `plain_of` was given."""
    bank, voxel_size = values["bank"], values.get("voxel_size")
    filters = None if bank is None else tuple(tuple(map(tuple, rows)) for rows in bank.tolist())
    return TrackState(
        **{
            **values,
            "bank": None if filters is None else Bank(filters),
            "voxel_size": voxel_size and VoxelSize(*voxel_size),
            "doubts": tuple(Doubt(*doubt) for doubt in values["doubts"]),
        }
    )
