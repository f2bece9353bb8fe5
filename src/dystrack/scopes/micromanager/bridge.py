"""The bridge to Micro-Manager: MMCore moves stage and focus, and takes the scans of two recipes."""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pymmcore_plus.core import iter_sequenced_events

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError, ScopeError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.micromanager.engine import StrictEngine
from dystrack.scopes.micromanager.recipe import Recipe
from dystrack.scopes.micromanager.series import MainSeries
from dystrack.scopes.protocols import Prescan, ScopeFacts, ScopeTraits, ZOwner

if TYPE_CHECKING:
    import useq
    from pymmcore_plus import CMMCorePlus

__all__ = ["MicroManagerScope"]

_STATUS = (
    "run on real software (MMCore 12.5 with the demonstration devices on Linux, 2026-11-24), not "
    "yet on a real microscope; contains guesses: how real stages, cameras and focus locks behave"
)
_LOCK_LIMIT_S = 3.0
_LOCK_POLL_S = 0.05
_MODE_THAT_FOLLOWS = "Fluorescent Beads"
_DTYPES = ("uint8", "uint16")


class MicroManagerScope:
    """A microscope that MMCore drives.

    Parameters
    ----------
    core : CMMCorePlus
        The core, with its configuration loaded.
    prescan : Recipe
        Scan that is analysed.
    main_scan : Recipe or None, optional
        Scan that the user wants; none is taken if not given.
    z_owner : ZOwner, optional
        Who decides about z.
    settle_s : float, optional
        How long to wait after a move.
    pixel_size_um : float or None, optional
        Pixel size of the prescan, where the configuration does not know it.
    clock : Clock, optional
        Time.

    Raises
    ------
    ScopeError
        If there is no camera, stage or focus, or if a focus lock is on that nobody asked for.
    """

    def __init__(
        self,
        core: "CMMCorePlus",
        prescan: Recipe,
        main_scan: Recipe | None = None,
        *,
        z_owner: ZOwner = ZOwner.FOCUS_DRIVE,
        settle_s: float = 0.0,
        pixel_size_um: float | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.core = core
        self.clock = clock
        self._prescan = prescan
        self._main_scan = main_scan
        self._z_owner = z_owner
        self._settle_s = settle_s
        self._pixel_size_um = pixel_size_um
        _check_devices(core, z_owner)
        self._focus = core.getFocusDevice()
        self.engine = StrictEngine(core)
        core.mda.set_engine(self.engine)
        self.series = MainSeries(clock.time())

    @property
    def traits(self) -> ScopeTraits:
        """What it can do."""
        reach_um = max(r.reach_um for r in (self._prescan, self._main_scan or self._prescan))
        moves_focus = self._z_owner is ZOwner.FOCUS_DRIVE
        return ScopeTraits(
            name="micromanager",
            status=_STATUS,
            z_owner=self._z_owner,
            delivers_pixels=True,
            reach_um=PositionUm(reach_um if moves_focus else 0.0, 0.0, 0.0),
        )

    def facts(self) -> ScopeFacts:
        """Return what MMCore says of the microscope."""
        core = self.core
        objective = next(iter(core.guessObjectiveDevices()), "")
        devices = (core.getCameraDevice(), core.getXYStageDevice(), core.getFocusDevice())
        return ScopeFacts(
            microscope="/".join(f"{core.getDeviceLibrary(name)}-{name}" for name in devices),
            version=f"{core.getVersionInfo()}, {core.getAPIVersionInfo()}",
            objective=core.getStateLabel(objective) if objective else "",
            pixel_size_um=self._known_pixel_size_um(),
            more={name: core.getDeviceDescription(name) for name in core.getLoadedDevices()},
            no_calibration=_why_not_calibrated(core),
        )

    def position_um(self) -> PositionUm:
        """Return what stage and focus read; the focus lock's offset where that is what moves."""
        x, y = self.core.getXYPosition()
        return PositionUm(self._z_um(), y, x)

    def marked_um(self) -> list[PositionUm]:
        """Return nothing: MMCore has no list of positions."""
        return []

    def limits_um(self) -> None:
        """Return nothing: MMCore does not show the limits of its devices."""

    def drive_stage(self, y_um: float, x_um: float) -> None:
        """Move the stage and wait for it."""
        self.core.setXYPosition(x_um, y_um)
        self.core.waitForDevice(self.core.getXYStageDevice())

    def drive_focus(self, z_um: float) -> None:
        """Move the focus, or the offset of its lock, and wait for it."""
        if self._z_owner is ZOwner.OFFSET:
            self.core.setAutoFocusOffset(z_um)
            return
        self.core.setPosition(self._focus, z_um)
        self.core.waitForDevice(self._focus)

    def settle(self) -> None:
        """Wait for all devices, for the time that was asked for, and for the focus lock."""
        self.core.waitForSystem()
        if self._settle_s:
            self.clock.sleep(self._settle_s)
        if self._z_owner is not ZOwner.FOCUS_DRIVE:
            self._wait_for_lock()

    def prescan(self, stem: Path) -> Prescan:
        """Take a prescan; its pixels are delivered."""
        del stem
        self._run(self._prescan)
        return self.taken_prescan()

    def main_scan(self, stem: Path) -> Path | None:
        """Take the main scan, and add it to the series of its position."""
        if self._main_scan is None:
            return None
        self._run(self._main_scan)
        return self.keep_main_scan(stem)

    def stop(self) -> None:
        """Stop the scan, the stage and the focus."""
        core = self.core
        core.mda.cancel()
        for device in (core.getXYStageDevice(), self._focus):
            with suppress(RuntimeError):  # one that has no stop
                core.stop(device)

    @contextmanager
    def scanning(self, recipe: Recipe) -> Iterator[list["useq.MDAEvent"]]:
        """Prepare a scan where the stage is, and bring the focus back after it.

        Planes that the hardware can take on its own are one event.

        Parameters
        ----------
        recipe : Recipe
            The scan.

        Yields
        ------
        list of MDAEvent
            Its events, to be run within.
        """
        core, is_locked = self.core, self.core.isContinuousFocusEnabled()
        if recipe.binning:
            core.setProperty(core.getCameraDevice(), "Binning", recipe.binning)
        if is_locked and recipe.planes > 1:
            core.enableContinuousFocus(False)  # it would fight the stack
        if recipe.planes > 1:
            z_um = core.getPosition(self._focus)
            self.engine.at_end(lambda: self._bring_back(z_um, is_locked=is_locked))
        self.engine.frames.clear()
        try:
            yield list(iter_sequenced_events(core, recipe.events(core.getPosition(self._focus))))
        finally:
            self.engine.put_back()

    def taken_prescan(self) -> Prescan:
        """Return the prescan that was just run, with its pixels.

        Raises
        ------
        ScopeError
            If planes are missing, or are of a kind that cannot be written.
        """
        stack, voxel_size = self._taken(self._prescan)
        return Prescan(stack=stack if len(stack) > 1 else stack[0], voxel_size=voxel_size)

    def _taken(self, recipe: Recipe) -> tuple[NDArray[np.integer], VoxelSize]:
        """Return the images of a scan as (C, Z, Y, X)."""
        frames, wanted = self.engine.frames, recipe.n_channels * recipe.planes
        if len(frames) != wanted:
            msg = f"{len(frames)} of {wanted} planes came from the camera. The scan was given up."
            raise ScopeError(msg)
        stack = np.stack(frames)
        if stack.ndim != 3 or stack.dtype.name not in _DTYPES:  # noqa: PLR2004 - planes of Y, X
            msg = (
                f"The camera gives images of shape {frames[0].shape} and type {stack.dtype}. Set "
                "it to grey values of 8 or 16 bits."
            )
            raise ScopeError(msg)
        size_um = self._known_pixel_size_um()
        if size_um is None:
            msg = (
                "Micro-Manager does not know the pixel size of this objective. Set it in its "
                "Pixel Size Calibration, or give --pixel_size_um."
            )
            raise ScopeError(msg)
        z_um = recipe.step_um if recipe.planes > 1 else 0.0
        shape = (recipe.n_channels, recipe.planes, *stack.shape[1:])
        return stack.reshape(shape), VoxelSize(z_um, size_um, size_um)

    def keep_main_scan(self, stem: Path) -> Path:
        """Add the main scan that was just run to the series of its position.

        Parameters
        ----------
        stem : Path
            Path of the scan without a suffix; it ends with the position.

        Returns
        -------
        Path
            The series.
        """
        recipe = self._main_scan or self._prescan
        stack, voxel_size = self._taken(recipe)
        name = f"main_pos_{stem.name.rpartition('_')[2]}.ome.zarr"
        return self.series.append(
            stem.with_name(name),
            stack,
            voxel_size,
            channels=[channel.preset for channel in recipe.channels] or ["camera"],
            time_s=self.clock.time(),
            stage_um=self.position_um(),
        )

    def recipe_of(self, *, is_main: bool) -> Recipe | None:
        """Return the recipe of a scan; None where no main scan is wanted."""
        return self._main_scan if is_main else self._prescan

    def _run(self, recipe: Recipe) -> None:
        with self.scanning(recipe) as events:
            self.core.mda.run(iter(events))

    def _bring_back(self, z_um: float, *, is_locked: bool) -> None:
        """Bring the focus back to the middle of a stack."""
        self.core.setPosition(self._focus, z_um)
        self.core.waitForDevice(self._focus)
        if is_locked:
            self.core.enableContinuousFocus(True)
            self._wait_for_lock()

    def _z_um(self) -> float:
        if self._z_owner is ZOwner.OFFSET:
            return float(self.core.getAutoFocusOffset())
        return float(self.core.getPosition(self._focus))

    def _known_pixel_size_um(self) -> float | None:
        size_um = self._pixel_size_um or self.core.getPixelSizeUm()
        return size_um if size_um > 0 and math.isfinite(size_um) else None

    def _wait_for_lock(self) -> None:
        core, limit_s = self.core, self.clock.monotonic() + _LOCK_LIMIT_S
        while not core.isContinuousFocusLocked():
            if self.clock.monotonic() > limit_s:
                msg = (
                    f"The focus lock did not lock within {_LOCK_LIMIT_S:g} s. Bring the sample "
                    "into its range, or choose --z_owner drive."
                )
                raise ScopeError(msg)
            self.clock.sleep(_LOCK_POLL_S)


def _why_not_calibrated(core: "CMMCorePlus") -> str:
    """Return what to do about a demonstration camera whose images do not follow the stage."""
    camera = core.getCameraDevice()
    if core.getDeviceLibrary(camera) != "DemoCamera" or not core.hasProperty(camera, "Mode"):
        return ""
    mode = core.getProperty(camera, "Mode")
    if mode == _MODE_THAT_FOLLOWS:
        return ""
    return (
        f"The demonstration camera is in the mode {mode}, whose images do not follow the stage. "
        f"Copy {core.systemConfigurationFile()}, add the line "
        f"Property,{camera},Mode,{_MODE_THAT_FOLLOWS} at its end, and give the copy as --config."
    )


def _check_devices(core: "CMMCorePlus", z_owner: ZOwner) -> None:
    """Refuse a configuration with which nothing can be tracked."""
    roles = {
        "camera": core.getCameraDevice(),
        "XY stage": core.getXYStageDevice(),
        "focus drive": core.getFocusDevice(),
    }
    for role, device in roles.items():
        if not device:
            msg = (
                f"The configuration has no {role}. Choose one as the default in Micro-Manager's "
                "Hardware Configuration Wizard, and save it."
            )
            raise ConfigurationError(msg)
    has_lock = bool(core.getAutoFocusDevice()) and core.isContinuousFocusEnabled()
    if z_owner is ZOwner.FOCUS_DRIVE and has_lock:
        msg = (
            "The focus lock is on and would fight every correction of z. Switch it off, or leave z "
            "to it: --z_owner lock; or move its offset: --z_owner offset."
        )
        raise ConfigurationError(msg)
    if z_owner is not ZOwner.FOCUS_DRIVE and not has_lock:
        msg = "The focus lock is off. Engage it in focus, or choose --z_owner drive."
        raise ConfigurationError(msg)
