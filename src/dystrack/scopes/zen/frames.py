"""Planes that ZEN streams while it scans, put together to a stack."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ScopeError
from dystrack.scopes.geometry import PositionUm

__all__ = ["FrameCollector", "StreamedStack"]

_TYPES = {"PIXEL_TYPE_GRAY8": "<u1", "PIXEL_TYPE_GRAY16": "<u2"}
_UM_PER_M = 1_000_000.0
_SMALLEST_PIXEL_UM = 0.001
_LARGEST_PIXEL_UM = 100.0


@dataclass(frozen=True)
class StreamedStack:
    """A stack of which every plane has come.

    Attributes
    ----------
    pixels : ndarray of shape (Z, Y, X), uint8 or uint16
        The planes.
    voxel_size : VoxelSize
        Distance between voxels.
    stage_um : PositionUm or None
        Its middle, as stage and focus read it; None where ZEN did not say all of it.
    """

    pixels: NDArray[Any]
    voxel_size: VoxelSize
    stage_um: PositionUm | None


class FrameCollector:
    """Takes the planes of one experiment from a stream, in a thread of its own.

    Parameters
    ----------
    responses : iterable of Message
        What the stream brings, until it is broken.
    experiment_id : str
        Whose planes count.
    channel : int
        Which channel counts.
    n_planes : int
        How many planes a stack has.
    z_step_um : float
        Distance between them.
    """

    def __init__(
        self,
        responses: Iterable[Any],
        experiment_id: str,
        *,
        channel: int,
        n_planes: int,
        z_step_um: float,
    ) -> None:
        self._experiment_id = experiment_id
        self._channel = channel
        self._n_planes = n_planes
        self._z_step_um = z_step_um
        self._planes: dict[int, Any] = {}
        self._has_all = threading.Event()
        threading.Thread(target=self._collect, args=(responses,), daemon=True).start()

    def stack(self, timeout_s: float) -> StreamedStack | None:
        """Return the stack, if all its planes come in time.

        Parameters
        ----------
        timeout_s : float
            How long to wait for the last ones.

        Returns
        -------
        StreamedStack or None
            None where planes are missing: they are lost when nobody listens.

        Raises
        ------
        ScopeError
            If they cannot be one stack, or their scaling cannot be true.
        """
        if not self._has_all.wait(timeout_s):
            return None
        frames = [self._planes[z] for z in sorted(self._planes)]
        return StreamedStack(
            np.stack([_pixels(frame) for frame in frames]),
            VoxelSize(self._z_step_um, *_pixel_size_um(frames[0].scaling)),
            _middle_um(frames),
        )

    def _collect(self, responses: Iterable[Any]) -> None:
        for response in responses:
            frame = response.frame_data
            where = frame.frame_position
            is_wanted = (frame.experiment_id, where.c) == (self._experiment_id, self._channel)
            if is_wanted and 0 <= where.z < self._n_planes:
                self._planes[where.z] = frame
            if len(self._planes) == self._n_planes:
                self._has_all.set()
                return


def _pixels(frame: Any) -> NDArray[Any]:
    data = frame.pixel_data
    kinds = data.DESCRIPTOR.fields_by_name["pixel_type"].enum_type.values_by_number
    kind = kinds[data.pixel_type].name
    size = (frame.frame_size.height, frame.frame_size.width)
    if kind not in _TYPES or len(data.raw_data) != size[0] * size[1] * int(_TYPES[kind][-1]):
        msg = (
            f"ZEN streams {len(data.raw_data)} bytes of {kind} for a plane of {size} pixels, which "
            "is no complete grey image. Set the prescan's camera or detector to 8 or 16 bits grey."
        )
        raise ScopeError(msg)
    return np.frombuffer(data.raw_data, _TYPES[kind]).reshape(size)


def _pixel_size_um(scaling: Any) -> tuple[float, float]:
    y_um, x_um = scaling.y * _UM_PER_M, scaling.x * _UM_PER_M
    if not all(_SMALLEST_PIXEL_UM < value < _LARGEST_PIXEL_UM for value in (y_um, x_um)):
        msg = (
            f"ZEN says that a pixel of the prescan is {y_um:g} by {x_um:g} µm, which cannot be. "
            "Nothing is moved. Check the objective and the scaling in ZEN."
        )
        raise ScopeError(msg)
    return y_um, x_um


def _middle_um(frames: list[Any]) -> PositionUm | None:
    """Return the mean of where the planes were taken; None if a value was left out."""
    places = [frame.frame_stage_position for frame in frames]
    if not all(place.HasField(axis) for place in places for axis in "zyx"):
        return None
    means = (
        _UM_PER_M * float(np.mean([getattr(place, axis).value for place in places]))
        for axis in "zyx"
    )
    return PositionUm(*means)
