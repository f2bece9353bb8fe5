"""The last check before a stage moves: how far it may go at once, and in all."""

from collections.abc import Sequence
from dataclasses import dataclass

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError, RefusedMoveError

__all__ = ["AxisLimits", "Limits", "Offset", "Travel", "parse_axis_limits"]

Offset = tuple[float, float, float]
AxisLimits = tuple[float, float, float]

_N_AXES = 3


@dataclass(frozen=True)
class Travel:
    """How far a position has been moved from its start.

    Attributes
    ----------
    px : tuple of float
        Sum of all steps along z, y, x in pixels.
    um : tuple of float or None
        The same in µm; None if a prescan in between had no voxel size.
    """

    px: Offset = (0.0, 0.0, 0.0)
    um: Offset | None = (0.0, 0.0, 0.0)

    def after(self, step_px: Offset, voxel_size: VoxelSize | None) -> "Travel":
        """Return the travel after one more step."""
        um = None
        if self.um is not None and voxel_size is not None:
            um = _sum(self.um, _to_um(step_px, voxel_size))
        return Travel(_sum(self.px, step_px), um)


@dataclass(frozen=True)
class Limits:
    """Greatest moves along z, y, x; None where there is no limit.

    A step leads from the centre of a prescan to its target, because that is what the stage moves.
    Travel is the sum of all steps of a position since its start.

    Attributes
    ----------
    step_px, step_um : tuple of float or None
        Greatest step.
    travel_px, travel_um : tuple of float or None
        Greatest travel.
    """

    step_px: AxisLimits | None = None
    step_um: AxisLimits | None = None
    travel_px: AxisLimits | None = None
    travel_um: AxisLimits | None = None

    def check(self, step_px: Offset, travel: Travel, voxel_size: VoxelSize | None) -> None:
        """Refuse a step that goes too far.

        Parameters
        ----------
        step_px : tuple of float
            Step along z, y, x in pixels.
        travel : Travel
            How far the position has come before this step.
        voxel_size : VoxelSize or None
            Voxel size of the prescan; None where the file does not tell.

        Raises
        ------
        RefusedMoveError
            If a limit is exceeded, or if one is given in µm and cannot be judged.
        """
        after = travel.after(step_px, voxel_size)
        if (self.step_um and voxel_size is None) or (self.travel_um and after.um is None):
            msg = (
                "A limit in µm cannot be judged, because the prescan does not tell its voxel "
                "size. Nothing of it was sent. Give the limit in pixels, or save the prescan with "
                "its scaling."
            )
            raise RefusedMoveError(msg)
        _check_each("step", "px", step_px, self.step_px)
        _check_each("travel from the start", "px", after.px, self.travel_px)
        if voxel_size is not None:
            _check_each("step", "µm", _to_um(step_px, voxel_size), self.step_um)
        if after.um is not None:
            _check_each("travel from the start", "µm", after.um, self.travel_um)


def parse_axis_limits(name: str, value: object) -> AxisLimits | None:
    """Return limits for z, y, x from what a user gave.

    Parameters
    ----------
    name : str
        Name of the setting, for the message.
    value : float, str, sequence of float, or None
        One number for all axes, or three for z, y and x, as a sequence or as text such as
        ``"5,20,20"``; ``inf`` leaves an axis free.

    Returns
    -------
    tuple of float or None
        Limits along z, y, x.

    Raises
    ------
    ConfigurationError
        If it is anything else.
    """
    if value is None or value == "":
        return None
    parts: Sequence[object] = [] if isinstance(value, bool) else [value]
    if isinstance(value, str):
        parts = value.split(",")
    elif isinstance(value, Sequence):
        parts = value
    try:
        numbers = [float(part) for part in parts]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) == 1:
        numbers *= _N_AXES
    if len(numbers) != _N_AXES or not all(number >= 0 for number in numbers):
        msg = f"{name} is {value!r}. Give one number of 0 or more, or three for z, y, x: '5,20,20'."
        raise ConfigurationError(msg)
    z, y, x = numbers
    return z, y, x


def _check_each(what: str, unit: str, values: Offset, limits: AxisLimits | None) -> None:
    for axis, value, limit in zip("zyx", values, limits or (), strict=bool(limits)):
        if abs(value) > limit:
            msg = (
                f"The {what} along {axis} would be {value:.2f} {unit}, the limit is {limit:g} "
                f"{unit}. Nothing of it was sent. Check the image, the settings, and the limit."
            )
            raise RefusedMoveError(msg)


def _to_um(step_px: Offset, voxel_size: VoxelSize) -> Offset:
    z, y, x = (step * size for step, size in zip(step_px, voxel_size, strict=True))
    return z, y, x


def _sum(first: Offset, second: Offset) -> Offset:
    z, y, x = (a + b for a, b in zip(first, second, strict=True))
    return z, y, x
