"""Which axes of a prescan are Z, Y and X: the rules that pipelines and the manager share."""

from collections.abc import Mapping
from typing import Final

from dystrack.core.errors import UnsupportedImageError

__all__ = ["channel_index", "check_is_plane", "depth_of_stack", "described"]

_STACK_AXES: Final = frozenset("CZYX")


def described(sizes: Mapping[str, int]) -> str:
    """Return the axes and their lengths as text, such as ``"T = 3, Z = 21, Y = 200, X = 500"``."""
    return ", ".join(f"{axis} = {size}" for axis, size in sizes.items())


def check_is_plane(sizes: Mapping[str, int]) -> None:
    """Raise `UnsupportedImageError` if an image is a line or a point, in which nothing can move."""
    if not {"Y", "X"} <= sizes.keys():
        raise UnsupportedImageError(
            f"The image is {sizes.get('Y', 1)} px high and {sizes.get('X', 1)} px wide. Let the "
            "microscope scan a frame, not a line or a point."
        )


def channel_index(sizes: Mapping[str, int], channel: int | None) -> int | None:
    """Return which channel of an image with known axes is meant.

    Parameters
    ----------
    sizes : mapping of str to int
        Length of each axis by its letter.
    channel : int or None
        What the user asked for; negative numbers count from the last channel.

    Returns
    -------
    int or None
        Index along C; None if the image has no such axis.

    Raises
    ------
    UnsupportedImageError
        If there are axes besides C, Z, Y and X, if there is no such channel, or if there are
        several and none was asked for.
    """
    if not {"Y", "X"} <= sizes.keys() <= _STACK_AXES:
        raise UnsupportedImageError(
            f"The image has the axes {described(sizes)}. A stack (Z, Y, X) or a plane (Y, X) of "
            "one or more channels is needed: let the microscope save each time point, position "
            "and view as a file of its own."
        )
    n_channels = sizes.get("C", 1)
    if channel is None and n_channels > 1:
        raise UnsupportedImageError(
            f"The image has the axes {described(sizes)}. "
            f"Choose a channel: `channel` 0 to {n_channels - 1}."
        )
    if channel is not None and not -n_channels <= channel < n_channels:
        there = f"channels 0 to {n_channels - 1}" if n_channels > 1 else "only channel 0"
        raise UnsupportedImageError(
            f"`channel` is {channel}, but the image with the axes {described(sizes)} has {there}."
        )
    return channel if "C" in sizes else None


def depth_of_stack(sizes: Mapping[str, int], *, axes_known: bool, has_channel: bool) -> int:
    """Return the number of planes that a pipeline sees; channels and time points are none.

    Of three axes without names, a channel that was asked for takes the first.
    """
    is_plane_of_stack = not axes_known and has_channel and len(sizes) == 3  # noqa: PLR2004
    return 1 if is_plane_of_stack else sizes.get("Z", 1)
