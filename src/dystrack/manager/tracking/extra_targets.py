"""Which of the further places that a pipeline names may be gone to."""

from collections.abc import Callable, Iterable

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import RefusedMoveError
from dystrack.core.findings import ExtraTarget

__all__ = ["allowed_targets"]


def allowed_targets(
    targets: Iterable[ExtraTarget],
    check: Callable[[PixelPosition], object],
    check_corner: Callable[[PixelPosition], object],
) -> tuple[tuple[ExtraTarget, ...], list[str]]:
    """Return the targets that may be gone to, the most urgent first, and why others may not.

    Parameters
    ----------
    targets : iterable of ExtraTarget
        What a pipeline named.
    check : callable
        Raises `RefusedMoveError` for a place where the stage may not go.
    check_corner : callable
        The same for the corner of a region, to which the stage does not go.

    Returns
    -------
    allowed : tuple of ExtraTarget
        Those that may be sent.
    refused : list of str
        A sentence for each of the others.
    """
    allowed, refused = [], []
    for target in sorted(targets, key=lambda one: -one.priority):
        try:
            check(target.place)
            for y, x in target.region:
                check_corner(PixelPosition(target.z, y, x))
        except RefusedMoveError as refusal:
            refused.append(f"The extra target {target.name!r} was left out. {refusal}")
        else:
            allowed.append(target)
    return tuple(allowed), refused
