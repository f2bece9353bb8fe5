"""A prescan on its way through a session, and what is to be sent for it."""

from dataclasses import dataclass

from dystrack.core.coordinates import PixelPosition, VoxelSize, centre_of
from dystrack.images.image_file import ImageStatus, Verdict
from dystrack.images.readiness import Ready
from dystrack.images.stack_axes import depth_of_stack
from dystrack.manager.tracking.positions import Position
from dystrack.manager.watching.image_names import ImageLabel
from dystrack.manager.watching.watcher import ArrivedImage

__all__ = ["Answer", "Target"]


@dataclass(frozen=True)
class Target:
    """A prescan that is being dealt with.

    Attributes
    ----------
    image : ArrivedImage
        The file, and that it is whole or why it never became so.
    label : ImageLabel
        Position and time point that its name gives.
    position : Position
        What is known of that position.
    number : int
        Its number in the session, from 1.
    has_channel : bool, default False
        Whether the pipeline is asked for one channel of it.
    """

    image: ArrivedImage
    label: ImageLabel
    position: Position
    number: int
    has_channel: bool = False

    @property
    def path(self) -> str:
        """Return the path as text, for pipelines and events."""
        return str(self.image.path)

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
class Answer:
    """What is to be sent for a prescan.

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
    """

    coordinates: PixelPosition | None
    position: Position
    message: str
    error: Exception | None = None
    stays: bool = False

    @property
    def zyx(self) -> tuple[float | None, float | None, float | None]:
        """Return the three coordinates, None where there are none."""
        return self.coordinates or (None, None, None)
