"""The main scans of a run: an OME-Zarr for each position, readable up to the last plane."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ScopeError
from dystrack.scopes.geometry import PositionUm

__all__ = ["MainSeries"]


class MainSeries:
    """Appends stacks to one OME-Zarr for each position, with times and stage positions.

    Parameters
    ----------
    began_s : float
        Time of the run's beginning, from which times are counted.
    """

    def __init__(self, began_s: float) -> None:
        self._began_s = began_s
        self._streams: dict[Path, Any] = {}

    def append(
        self,
        path: Path,
        stack: NDArray[np.integer],
        voxel_size: VoxelSize,
        *,
        channels: Sequence[str],
        time_s: float,
        stage_um: PositionUm,
    ) -> Path:
        """Append a stack.

        Parameters
        ----------
        path : Path
            The series; if there is one from an earlier run, a number is added to its name.
        stack : ndarray of shape (C, Z, Y, X)
            The images.
        voxel_size : VoxelSize
            Distance between voxels.
        channels : sequence of str
            Names of the channels.
        time_s : float
            When it was taken.
        stage_um : PositionUm
            Where the stage was.

        Returns
        -------
        Path
            The series that it is in.

        Raises
        ------
        ScopeError
            If it cannot be written.
        """
        try:
            if path not in self._streams:
                self._streams[path] = _open(_free(path), stack, voxel_size, channels)
            where, stream = self._streams[path]
            depth = stack.shape[1]
            for index, plane in enumerate(stack.reshape(-1, *stack.shape[-2:])):
                from_middle = index % depth - (depth - 1) / 2
                stream.append(
                    plane,
                    frame_metadata={
                        "delta_t": time_s - self._began_s,
                        "position_x": stage_um.x,
                        "position_y": stage_um.y,
                        "position_z": stage_um.z + from_middle * voxel_size.z_um,
                    },
                )
        except (OSError, ValueError, RuntimeError) as error:
            msg = f"The main scan could not be added to {path}: {error}. Is the disk full?"
            raise ScopeError(msg) from error
        found: Path = where
        return found

    def close(self) -> None:
        """Complete all series."""
        for _, stream in self._streams.values():
            stream.close()
        self._streams.clear()


def _free(path: Path) -> Path:
    """Return a name that no earlier run has taken."""
    stem = path.name.removesuffix(".ome.zarr")
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{stem}_run_{number}.ome.zarr")
    return found


def _open(
    path: Path, stack: NDArray[np.integer], voxel_size: VoxelSize, channels: Sequence[str]
) -> tuple[Path, Any]:
    import ome_writers as ow  # noqa: PLC0415 - heavy

    sizes = zip("zyx", stack.shape[1:], voxel_size, strict=True)
    settings = ow.AcquisitionSettings(
        root_path=str(path),
        dimensions=(
            ow.Dimension(name="t", count=None, type="time", chunk_size=1, unit="second"),
            ow.Dimension(name="c", count=len(stack), type="channel", coords=list(channels)),
            *(
                ow.Dimension(name=axis, count=n, type="space", scale=um or 1.0, unit="micrometer")
                for axis, n, um in sizes
            ),
        ),
        dtype=stack.dtype.name,
        format=ow.OmeZarrFormat(backend="tensorstore"),
    )
    return path, ow.create_stream(settings)
