"""LAS X behind the contract of a scope, through its CAM interface."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from dystrack.core.errors import ConfigurationError, ScopeError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.scopes.bridge import Bridge
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.leica.cam import CamConnection, Words
from dystrack.scopes.leica.link import TcpLink
from dystrack.scopes.leica.planes import local_path, plane_files, read_planes
from dystrack.scopes.protocols import Prescan, Scope, ScopeFacts, ScopeTraits
from dystrack.scopes.setting_rules import is_above_zero, is_host, is_not_negative, is_port

__all__ = ["STATUS", "LasXScope", "LasXSettings", "open_las_x"]

STATUS = (
    "emulated from public documentation; contains guesses: each command is echoed; scanstatus "
    "reads eScanIdle; load takes a template's path; each plane is an OME-TIFF of its own with its "
    "pixel size"
)
_UM_PER = {"meter": 1_000_000.0, "microns": 1.0}
_IDLE = "eScanIdle"
_POLL_S = 0.1
_LATE_S = 2.0
_AT_REST_UM = 0.05


@attrs.frozen(kw_only=True)
class LasXSettings:
    """The keyword arguments of `open_las_x`, of that meaning."""

    image_folder: str = ""
    prescan_template: str = "{ScanningTemplate}prescan"
    main_template: str = "{ScanningTemplate}main_scan"
    planes: int = attrs.field(default=1, validator=is_above_zero)
    z_step_um: float = attrs.field(default=1.0, validator=is_above_zero)
    prescan_channel: int = attrs.field(default=0, validator=is_not_negative)
    host: str = attrs.field(default="localhost", validator=is_host)
    port: int = attrs.field(default=8895, validator=is_port)
    answer_s: float = attrs.field(default=30.0, validator=is_above_zero)
    scan_s: float = attrs.field(default=3600.0, validator=is_above_zero)


class LasXScope(Bridge):
    """A microscope that runs under LAS X.

    Parameters
    ----------
    settings : LasXSettings
        Where it is, and what to run.
    clock : Clock, optional
        The time.

    Raises
    ------
    ScopeError
        If LAS X cannot be reached.
    """

    def __init__(self, settings: LasXSettings, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._settings = settings
        link = TcpLink(
            settings.host, settings.port, "LAS X (its CAM server)", clock, settings.answer_s
        )
        self._cam = CamConnection(link, clock, settings.answer_s)
        self._read: set[Path] = set()

    @property
    def traits(self) -> ScopeTraits:
        """What the bridge can do."""
        half_um = (self._settings.planes - 1) * self._settings.z_step_um / 2
        reach_um = PositionUm(half_um, 0.0, 0.0)
        return ScopeTraits("las_x", STATUS, delivers_pixels=True, reach_um=reach_um)

    def facts(self) -> ScopeFacts:
        """Return where it is; CAM tells little more."""
        return ScopeFacts(f"LAS X at {self._settings.host}", version="")

    def position_um(self) -> PositionUm:
        """Return what stage and focus read."""
        stage, focus = self._cam.ask("stage"), self._cam.ask("zdrive")
        return PositionUm(_um(focus, "zpos"), _um(stage, "ypos"), _um(stage, "xpos"))

    def drive_stage(self, y_um: float, x_um: float) -> None:
        """Move the stage and return when it rests."""
        self._set_position("stage", xpos=f"{x_um:.6f}", ypos=f"{y_um:.6f}")

    def drive_focus(self, z_um: float) -> None:
        """Move the focus and return when it rests."""
        self._set_position("zdrive", zpos=f"{z_um:.6f}")

    def prescan(self, stem: Path) -> Prescan:
        """Take a prescan where the stage is; its planes are put together."""
        del stem
        self._scan(self._settings.prescan_template)
        files = self._new_planes()
        deadline_s = self._clock.monotonic() + _LATE_S
        while len(files) < self._settings.planes and self._clock.monotonic() < deadline_s:
            self._clock.sleep(_POLL_S)
            files = self._new_planes()
        self._read.update(files.values())
        return read_planes(files, self._settings.planes, self._settings.z_step_um, self._clock)

    def main_scan(self, stem: Path) -> Path | None:
        """Take the main scan where the stage is; LAS X names its files."""
        del stem
        if self._settings.main_template:
            self._scan(self._settings.main_template)
        return None

    def stop(self) -> None:
        """Stop the scan."""
        self._cam.command("stopscan")

    def close(self) -> None:
        """Close the connection."""
        self._cam.close()

    def _set_position(self, device: str, **axes: str) -> None:
        self._cam.command("setposition", typ="absolute", dev=device, unit="microns", **axes)
        before = self.position_um()
        deadline_s = self._clock.monotonic() + self._settings.answer_s
        while self._clock.monotonic() < deadline_s:
            self._clock.sleep(_POLL_S)
            here = self.position_um()
            if here.minus(before).length() < _AT_REST_UM:
                return
            before = here
        msg = f"The {device} has not come to rest within {self._settings.answer_s:g} s."
        raise ScopeError(msg)

    def _scan(self, template: str) -> None:
        """Load a template, scan, and wait for the end."""
        self._wait_until_idle()
        self._cam.command("load", fil=template)
        self._cam.forget()  # announcements of earlier scans
        self._cam.command("startscan")
        self._cam.wait_for(
            lambda heard: heard.get("inf") == "scanfinished", "the scan", self._settings.scan_s
        )
        self._wait_until_idle()

    def _wait_until_idle(self) -> None:
        deadline_s = self._clock.monotonic() + self._settings.scan_s
        while (status := self._cam.ask("scanstatus").get("scanstatus")) != _IDLE:
            if self._clock.monotonic() >= deadline_s:
                msg = f"LAS X has been in the state {status!r} for {self._settings.scan_s:g} s."
                raise ScopeError(msg)
            self._clock.sleep(_POLL_S)

    def _new_planes(self) -> dict[int, Path]:
        """Return the planes that were announced, or else lie beside one that was."""
        folder = Path(self._settings.image_folder)
        announced = {local_path(folder, text) for text in self._cam.kept("relpath")} - self._read
        files = plane_files(announced, self._settings.prescan_channel)
        if files and len(files) < self._settings.planes:  # an announcement got lost
            beside = next(iter(files.values())).parent.iterdir()
            files = plane_files(set(beside) - self._read, self._settings.prescan_channel)
        return files


def _um(words: Words, key: str) -> float:
    """Return a coordinate in µm; LAS X writes a comma where the computer's language does."""
    unit, text = words.get("unit", ""), words.get(key, "")
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if unit not in _UM_PER or not math.isfinite(value):
        msg = (
            f"LAS X says {key} is {text!r} in the unit {unit!r}, which is no position in meter or "
            "microns. Nothing is moved."
        )
        raise ScopeError(msg)
    return value * _UM_PER[unit]


@contextmanager
def open_las_x(
    *,
    image_folder: str = "",
    prescan_template: str = "{ScanningTemplate}prescan",
    main_template: str = "{ScanningTemplate}main_scan",
    planes: int = 1,
    z_step_um: float = 1.0,
    prescan_channel: int = 0,
    host: str = "localhost",
    port: int = 8895,
    answer_s: float = 30.0,
    scan_s: float = 3600.0,
) -> Iterator[Scope]:
    """Connect to LAS X through its CAM server.

    Parameters
    ----------
    image_folder : str, default ""
        Folder into which LAS X exports, as this computer sees it; it must be given.
    prescan_template : str, default "{ScanningTemplate}prescan"
        Scanning template of the prescan.
    main_template : str, default "{ScanningTemplate}main_scan"
        Scanning template of the main scan; no main scans are taken if it is empty.
    planes : int, default 1
        Number of planes of a prescan.
    z_step_um : float, default 1.0
        Distance between them.
    prescan_channel : int, default 0
        Index of the prescan's channel that is fetched.
    host : str, default "localhost"
        The computer on which LAS X runs.
    port : int, default 8895
        Port of the CAM server.
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
    ConfigurationError
        If the image folder is not there.
    ScopeError
        If LAS X cannot be reached.
    """
    if not Path(image_folder).is_dir() or not image_folder:
        msg = f"image_folder is {image_folder!r}. Give the folder into which LAS X exports images."
        raise ConfigurationError(msg)
    scope = LasXScope(LasXSettings(**locals()))
    try:
        yield scope
    finally:
        scope.close()
