"""A Viventis light sheet behind the contract of a scope, through its JSON interface.

Port 16951, an int32 length before each message, `ComponentName`, `CommandName`, `Success`,
`ErrorMessage` and the fields of `ImageInfoGet` are documented by the vendor.
"""

import json
import math
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ScopeError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.scopes.bridge import Bridge
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.leica.link import TcpLink
from dystrack.scopes.protocols import Prescan, Scope, ScopeFacts, ScopeTraits
from dystrack.scopes.setting_rules import is_above_zero, is_host, is_not_negative, is_port

__all__ = ["STATUS", "ViventisScope", "ViventisSettings", "open_viventis"]

STATUS = (
    "emulated from public documentation; contains guesses: the length is little-endian; names and "
    "arguments of PositionGet, Move, Snap and ImageGet; pixels follow as a message of raw 16-bit "
    "values"
)
_NAME = "The Viventis microscope's software"
_LONGEST = 1 << 30
_SMALLEST_UM = 0.001
_LARGEST_UM = 100.0


@attrs.frozen(kw_only=True)
class ViventisSettings:
    """The keyword arguments of `open_viventis`, of that meaning."""

    prescan_settings: str = "prescan"
    main_settings: str = "main_scan"
    reach_z_um: float = attrs.field(default=0.0, validator=is_not_negative)
    host: str = attrs.field(default="localhost", validator=is_host)
    port: int = attrs.field(default=16951, validator=is_port)
    view: int = attrs.field(default=1, validator=is_above_zero)
    prescan_channel: int = attrs.field(default=1, validator=is_above_zero)
    answer_s: float = attrs.field(default=30.0, validator=is_above_zero)
    scan_s: float = attrs.field(default=3600.0, validator=is_above_zero)


class ViventisScope(Bridge):
    """A Viventis light sheet.

    Parameters
    ----------
    settings : ViventisSettings
        Where it is, and what to run.
    clock : Clock, optional
        The time.

    Raises
    ------
    ScopeError
        If it cannot be reached.
    """

    def __init__(self, settings: ViventisSettings, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._settings = settings
        where = (settings.host, settings.port)
        self._link = TcpLink(*where, _NAME, clock, settings.answer_s)

    @property
    def traits(self) -> ScopeTraits:
        """What the bridge can do."""
        reach_um = PositionUm(self._settings.reach_z_um, 0.0, 0.0)
        return ScopeTraits("viventis", STATUS, delivers_pixels=True, reach_um=reach_um)

    def facts(self) -> ScopeFacts:
        """Return where it is, once it has answered."""
        self._ask("STAGE", "Ping")
        return ScopeFacts(f"Viventis at {self._settings.host}", version="")

    def position_um(self) -> PositionUm:
        """Return what the stage reads; a value left out is refused."""
        found = self._ask("STAGE", "PositionGet")
        return PositionUm(*(_number(found, axis) for axis in "ZYX"))

    def drive_stage(self, y_um: float, x_um: float) -> None:
        """Move the stage across and return when it is ready."""
        self._move(Y=y_um, X=x_um)

    def drive_focus(self, z_um: float) -> None:
        """Move the stage along z and return when it is ready."""
        self._move(Z=z_um)

    def prescan(self, stem: Path) -> Prescan:
        """Take a prescan where the stage is, and fetch its planes."""
        del stem
        before = self._shown()
        self._snap(self._settings.prescan_settings)
        info = self._ask("CAM", "ImageInfoGet")
        if _image_number(info) == before:
            msg = "The microscope still shows the image before. Nothing is moved. Look at it."
            raise ScopeError(msg)
        planes = [self._plane(info, z) for z in range(1, int(_number(info, "Planes")) + 1)]
        return Prescan(stack=np.stack(planes), voxel_size=_voxel_size(info))

    def main_scan(self, stem: Path) -> Path | None:
        """Take the main scan where the stage is; the microscope keeps its files."""
        del stem
        if self._settings.main_settings:
            self._snap(self._settings.main_settings)
        return None

    def stop(self) -> None:
        """Stop the scan."""
        self._ask("TimeLapseController", "Stop")

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def _move(self, **axes: float) -> None:
        self._ask("STAGE", "Move", **axes)
        self._ask("STAGE", "WaitReady", timeout_s=self._settings.scan_s)

    def _snap(self, settings: str) -> None:
        self._ask("TimeLapseController", "Snap", timeout_s=self._settings.scan_s, Settings=settings)

    def _shown(self) -> object:
        """Return the number of the image that is shown; None before the first one."""
        try:
            return _image_number(self._ask("CAM", "ImageInfoGet"))
        except ScopeError:
            return None

    def _plane(self, info: Mapping[str, Any], plane: int) -> NDArray[np.uint16]:
        deadline_s = self._clock.monotonic() + self._settings.answer_s
        where = {
            "View": self._settings.view,
            "Channel": self._settings.prescan_channel,
            "Plane": plane,
        }
        self._ask("CAM", "ImageGet", **where)
        data = self._message(deadline_s, f"plane {plane}")
        size = (int(_number(info, "Height")), int(_number(info, "Width")))
        if len(data) != 2 * size[0] * size[1]:
            self._link.close()
            msg = f"Plane {plane} came with {len(data)} bytes, which are not {size} pixels."
            raise ScopeError(msg)
        return np.frombuffer(data, "<u2").reshape(size)

    def _ask(
        self, component: str, command: str, timeout_s: float | None = None, **arguments: object
    ) -> dict[str, Any]:
        """Send a command and return its response, if it was done."""
        deadline_s = self._clock.monotonic() + (timeout_s or self._settings.answer_s)
        request = {"ComponentName": component, "CommandName": command, **arguments}
        data = json.dumps(request).encode()
        self._link.send(struct.pack("<i", len(data)) + data)
        text = self._message(deadline_s, command)
        try:
            response = json.loads(text)
        except ValueError:
            response = None
        if not isinstance(response, dict):
            response = {"ErrorMessage": text[:80].decode("utf-8", "replace")}
        if response.get("Success") is not True:
            said = response.get("ErrorMessage")
            msg = (
                f"The microscope refused {command} of {component}: {said or 'it did not say why'}. "
                "The stage stays where it is. Look at it in the microscope's software."
            )
            raise ScopeError(msg)
        return response

    def _message(self, deadline_s: float, what: str) -> bytes:
        """Return the next message; after a failure nobody could tell which one comes next."""
        try:
            return self._link.exactly(_length(self._link.exactly(4, deadline_s)), deadline_s)
        except TimeoutError:
            self._link.close()
            msg = (
                f"The microscope did not answer {what} in time. The stage stays where it is. Look "
                "whether a message box waits in its software for a click."
            )
            raise ScopeError(msg) from None
        except ScopeError:
            self._link.close()
            raise


def _image_number(info: Mapping[str, Any]) -> object:
    return info.get("TimePoint"), info.get("Settings")


def _length(data: bytes) -> int:
    """Return the length that stands before a message."""
    (length,) = struct.unpack("<i", data)
    if not 0 <= length <= _LONGEST:
        msg = f"The microscope announces a message of {length} bytes, which cannot be."
        raise ScopeError(msg)
    return int(length)


def _number(found: Mapping[str, Any], key: str) -> float:
    value = found.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = f"The microscope says {key} is {value!r}, which is no number. Nothing is moved."
        raise ScopeError(msg)
    return float(value)


def _voxel_size(info: Mapping[str, Any]) -> VoxelSize:
    sizes = {axis: info.get(f"Voxel{axis}") for axis in "ZYX"}
    if sizes["Z"] is None and info.get("Planes") == 1:
        sizes["Z"] = 1.0  # a single plane has no depth
    values = [_number(sizes, axis) for axis in "ZYX"]
    if not all(_SMALLEST_UM < value < _LARGEST_UM for value in values):
        msg = f"The microscope says that voxels are {values} µm, which cannot be. Nothing is moved."
        raise ScopeError(msg)
    return VoxelSize(*values)


@contextmanager
def open_viventis(
    *,
    prescan_settings: str = "prescan",
    main_settings: str = "main_scan",
    reach_z_um: float = 0.0,
    host: str = "localhost",
    port: int = 16951,
    view: int = 1,
    prescan_channel: int = 1,
    answer_s: float = 30.0,
    scan_s: float = 3600.0,
) -> Iterator[Scope]:
    """Connect to a Viventis light sheet.

    Parameters
    ----------
    prescan_settings : str, default "prescan"
        Name of the imaging settings of the prescan.
    main_settings : str, default "main_scan"
        Name of those of the main scan; no main scans are taken if it is empty.
    reach_z_um : float, default 0.0
        How far a scan moves to either side along z: half of the deeper stack.
    host : str, default "localhost"
        The computer on which the microscope's software runs.
    port : int, default 16951
        Its port.
    view : int, default 1
        Which view is analysed, from 1.
    prescan_channel : int, default 1
        Which channel of the prescan is fetched, from 1.
    answer_s : float, default 30.0
        How long to wait for an answer.
    scan_s : float, default 3600.0
        How long a scan may take.

    Yields
    ------
    Scope
        The microscope.

    Raises
    ------
    ScopeError
        If it cannot be reached.
    """
    scope = ViventisScope(ViventisSettings(**locals()))
    try:
        yield scope
    finally:
        scope.close()
