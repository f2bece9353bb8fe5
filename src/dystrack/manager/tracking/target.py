"""A prescan on its path through a session, what came of it, and what is to be sent for it."""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from dystrack.core.analysis import Analysis
from dystrack.core.coordinates import PixelPosition, VoxelSize, centre_of
from dystrack.core.error_texts import describe_error
from dystrack.core.errors import TransmissionError
from dystrack.core.exchange.answer_file import NextPrescan
from dystrack.core.exchange.coords_file import FAILURE_MESSAGE, LATE_MARK
from dystrack.core.findings import ExtraTarget
from dystrack.core.limits import Offset
from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.outcomes import Gone, Ready
from dystrack.images.stack_axes import depth_of_stack
from dystrack.manager.events import Event
from dystrack.manager.tracking.positions import Position
from dystrack.manager.watching.image_names import ImageLabel
from dystrack.manager.watching.waiting_line import ArrivedImage

__all__ = ["Answer", "Ending", "Failure", "NotAnalysed", "Outcome", "Target"]


@dataclass(frozen=True)
class Target:
    """A prescan that is being dealt with.

    Attributes
    ----------
    image : ArrivedImage
        The file, and that it is complete or why it never became so.
    label : ImageLabel
        Position and time point that its name gives.
    position : Position
        What is known of that position.
    number : int
        Its number in the session, from 1.
    has_channel : bool, default False
        Whether the pipeline is asked for one channel of it.
    is_first : bool
        Whether none has been analysed before it, neither now nor in the run that is resumed.
    time_s : float
        When it was taken, on a clock that runs on over resumes.
    """

    image: ArrivedImage
    label: ImageLabel
    position: Position
    number: int
    has_channel: bool = False
    is_first: bool = False
    time_s: float = 0.0

    @property
    def path(self) -> str:
        """Return the path as text, for pipelines and events."""
        return str(self.image.path)

    @property
    def is_gone(self) -> bool:
        """Return whether there is no such file any more."""
        return isinstance(self.image.outcome, Gone)

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the image; empty where the file does not tell."""
        outcome = self.image.outcome
        return outcome.status.shape if isinstance(outcome, Ready) else ()

    @property
    def axes(self) -> str:
        """Return the names of the image's axes; empty where the file does not tell."""
        outcome = self.image.outcome
        return outcome.status.axes if isinstance(outcome, Ready) else ""

    @property
    def n_planes(self) -> int | None:
        """Return the number of planes; None where the file does not tell."""
        outcome = self.image.outcome
        return outcome.status.n_planes if isinstance(outcome, Ready) else None

    @property
    def voxel_size(self) -> VoxelSize | None:
        """Return the voxel size; None where the file does not tell."""
        outcome = self.image.outcome
        return outcome.status.voxel_size if isinstance(outcome, Ready) else None

    @property
    def shape_zyx(self) -> tuple[int, int, int] | None:
        """Return the size along Z, Y, X, Z being 1 in 2-D; None where the file does not tell.

        Channels and time points are no planes.
        """
        outcome = self.image.outcome
        status = outcome.status if isinstance(outcome, Ready) else ImageStatus(Verdict.UNKNOWN)
        sizes = dict(zip(status.axes, status.shape, strict=True))
        if not {"Y", "X"} <= sizes.keys():
            return None
        depth = depth_of_stack(sizes, axes_known=status.axes_known, has_channel=self.has_channel)
        return depth, sizes["Y"], sizes["X"]

    @property
    def centre(self) -> PixelPosition | None:
        """Return the centre of the image; None where the file does not tell its shape."""
        return None if self.shape_zyx is None else centre_of(self.shape_zyx)


@dataclass(frozen=True)
class Failure:
    """Why an analysis gave no answer.

    Attributes
    ----------
    error : Exception
        What was raised.
    error_type, message : str
        Its type and its text.
    traceback : str
        The pipeline's own lines of the traceback.
    is_black : bool
        Whether the image shows nothing at all, not even noise.
    """

    error: Exception
    error_type: str
    message: str
    traceback: str = ""
    is_black: bool = False

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """Return what an error says, whatever it is."""
        text = describe_error(error)
        return cls(error, text.type_name, text.message, text.traceback)


@dataclass(frozen=True)
class NotAnalysed:
    """The pipeline was not asked.

    Attributes
    ----------
    reason : str
        Why, as a sentence.
    """

    reason: str


Outcome: TypeAlias = Analysis | Failure | NotAnalysed
"""What came of a prescan before it is judged."""


@dataclass(frozen=True)
class Answer:
    """A decision: what is to be sent for a prescan.

    Attributes
    ----------
    coordinates : PixelPosition or None
        Where to go; None if nothing is known.
    position : Position
        The state of the position once this is sent.
    message : str
        Message to the microscope.
    error : Exception or None
        Why the analysis failed, if it did.
    stays : bool
        Whether the coordinates mean: do not move.
    events : tuple of Event
        What is to be told of the decision.
    next_coordinates : PixelPosition or None
        Where to take the next prescan, if that is another place.
    next_in_s : float or None
        When to take it after this one, 0 for at once; None for as usual.
    own : PixelPosition or None
        The pipeline's own answer, where a tracker runs.
    predicted : PixelPosition or None
        Where the tracker expected the sample in this image.
    sd_px : tuple of float or None
        Standard deviation of its place along z, y, x.
    targets : tuple of ExtraTarget
        Further places that may be gone to, the most urgent first.
    """

    coordinates: PixelPosition | None
    position: Position
    message: str
    error: Exception | None = None
    stays: bool = False
    events: tuple[Event, ...] = ()
    next_coordinates: PixelPosition | None = None
    next_in_s: float | None = None
    own: PixelPosition | None = None
    predicted: PixelPosition | None = None
    sd_px: Offset | None = None
    targets: tuple[ExtraTarget, ...] = ()

    @property
    def zyx(self) -> tuple[float | None, float | None, float | None]:
        """Return the three coordinates, None where there are none."""
        return self.coordinates or (None, None, None)

    @property
    def next_prescan(self) -> NextPrescan | None:
        """Return where and when the next prescan is wanted, if not where the main scan is."""
        then = self.next_coordinates
        return None if then is None else NextPrescan(*then, self.next_in_s)

    @property
    def besides(self) -> dict[str, Any]:
        """Return what the journal keeps of the tracker, and the further places."""
        return {
            "own": self.own,
            "predicted": self.predicted,
            "sd_px": self.sd_px,
            "next_zyx": self.next_coordinates,
            "next_in_s": self.next_in_s,
            "targets": [target.as_data() for target in self.targets],
        }

    def late(self) -> "Answer":
        """Return this answer, marked as late; a failure says already that nobody should move."""
        if self.message == FAILURE_MESSAGE:
            return self
        return replace(self, message=f"{LATE_MARK}{self.message}")

    def overtaken(self, centre: PixelPosition | None) -> "Answer":
        """Return what is left of this answer once a newer prescan is there: stay."""
        error = self.error or TransmissionError("The answer could not be sent in time.")
        return replace(
            self,
            coordinates=centre,
            message=FAILURE_MESSAGE,
            error=error,
            stays=True,
            next_coordinates=None,
            next_in_s=None,
            targets=(),
        )


@dataclass(frozen=True)
class Ending:
    """A decision: nothing is sent, the session ends.

    Attributes
    ----------
    error : Exception
        What it ends with.
    events : tuple of Event
        What is to be told of the decision.
    note : str
        What to add to the error.
    """

    error: Exception
    events: tuple[Event, ...] = ()
    note: str = ""
