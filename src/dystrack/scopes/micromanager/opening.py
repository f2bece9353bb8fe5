"""Load a Micro-Manager configuration, and let go of the hardware at the end."""

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from dystrack.core.errors import ConfigurationError
from dystrack.scopes.micromanager.recipe import Recipe, parse_channels
from dystrack.scopes.protocols import Scope, ZOwner

if TYPE_CHECKING:
    from pymmcore_plus import CMMCorePlus

__all__ = ["loaded_core", "open_micromanager"]

_DEMO = "MMConfig_demo.cfg"
_TIMEOUT_MS = 30_000
_Z_OWNERS = MappingProxyType(
    {"drive": ZOwner.FOCUS_DRIVE, "lock": ZOwner.FOCUS_LOCK, "offset": ZOwner.OFFSET}
)


@contextmanager
def open_micromanager(
    *,
    config: str = _DEMO,
    prescan_channels: str = "",
    main_channels: str = "",
    prescan_planes: int = 21,
    main_planes: int = 0,
    prescan_step_um: float = 2.0,
    main_step_um: float = 1.0,
    prescan_exposure_ms: float = 10.0,
    main_exposure_ms: float = 50.0,
    prescan_binning: str = "",
    main_binning: str = "",
    objective: str = "",
    z_owner: str = "drive",
    settle_s: float = 0.1,
    pixel_size_um: float = 0.0,
) -> Iterator[Scope]:
    """Open the hardware of a Micro-Manager configuration.

    Parameters
    ----------
    config : str, default "MMConfig_demo.cfg"
        The configuration file, as Micro-Manager Studio uses it; Studio itself must be closed. By
        default the demonstration devices.
    prescan_channels, main_channels : str, default ""
        Presets between commas, with their group before them if that is not Channel, and their
        exposure in ms behind: "DAPI, Lasers/488@20". The light path as it is if not given.
    prescan_planes, main_planes : int
        Number of planes, around where the focus is; 0 for no main scan.
    prescan_step_um, main_step_um : float
        Distance between planes in µm.
    prescan_exposure_ms, main_exposure_ms : float
        Exposure time of channels without one of their own in ms.
    prescan_binning, main_binning : str, default ""
        Binning, as the camera's property says it, such as 2 or 2x2; as it is if not given.
    objective : str, default ""
        Label of the objective, put in place once, before the run; as it is if not given.
    z_owner : str, {"drive", "lock", "offset"}, default "drive"
        Who decides about z: the focus drive, moved by DySTrack; the focus lock alone; or the
        offset of the focus lock, moved by DySTrack.
    settle_s : float, default 0.1
        How long to wait after a move in s.
    pixel_size_um : float, default 0.0
        Pixel size of the prescan in µm, where the configuration does not know it.

    Yields
    ------
    Scope
        The microscope.

    Raises
    ------
    ConfigurationError
        If the configuration cannot be loaded, lacks a device, or if a number makes no sense.
    """
    if z_owner not in _Z_OWNERS:
        msg = f"z_owner is {z_owner!r}. Choose {', '.join(_Z_OWNERS)}."
        raise ConfigurationError(msg)
    if not (math.isfinite(settle_s) and settle_s >= 0 and pixel_size_um >= 0):
        msg = f"settle_s is {settle_s!r}, pixel_size_um {pixel_size_um!r}. Give 0 or more."
        raise ConfigurationError(msg)
    prescan = Recipe(
        prescan_planes,
        prescan_step_um,
        prescan_exposure_ms,
        parse_channels(prescan_channels),
        prescan_binning,
    )
    main_scan = None
    if main_planes:
        channels = parse_channels(main_channels)
        main_scan = Recipe(main_planes, main_step_um, main_exposure_ms, channels, main_binning)
    with loaded_core(config) as core:
        for recipe in filter(None, (prescan, main_scan)):
            _check_recipe(core, recipe)
        _put_in_place(core, objective)
        from dystrack.scopes.micromanager.bridge import MicroManagerScope  # noqa: PLC0415 - heavy

        scope = MicroManagerScope(
            core,
            prescan,
            main_scan,
            z_owner=_Z_OWNERS[z_owner],
            settle_s=settle_s,
            pixel_size_um=pixel_size_um or None,
        )
        try:
            yield scope
        finally:
            scope.series.close()
            del scope


@contextmanager
def loaded_core(config: str) -> Iterator["CMMCorePlus"]:
    """Load a configuration into a core of its own, and end it cleanly.

    Parameters
    ----------
    config : str
        The configuration file, or the name of one that comes with Micro-Manager.

    Yields
    ------
    CMMCorePlus
        The core.

    Raises
    ------
    ConfigurationError
        If Micro-Manager is not installed, or if the configuration cannot be loaded.
    """
    try:
        from pymmcore_plus import CMMCorePlus  # noqa: PLC0415 - heavy, and an extra
    except ImportError as error:
        msg = 'Micro-Manager is driven by one more package: pip install "dystrack[micromanager]"'
        raise ConfigurationError(msg) from error
    core = CMMCorePlus()
    try:
        _load(core, config)
        core.setTimeoutMs(_TIMEOUT_MS)
        yield core
    finally:
        # In this order: an interpreter that ends with devices loaded, or while the core's own
        # thread tells of an event, is aborted now and then.
        core.unloadAllDevices()
        super(CMMCorePlus, core).registerCallback(None)
        del core
        gc.collect()


def _load(core: "CMMCorePlus", config: str) -> None:
    is_path = Path(config).name != config or Path(config).exists()
    if is_path and not Path(config).is_file():
        msg = f"There is no configuration {config}. Give the .cfg file that Micro-Manager uses."
        raise ConfigurationError(msg)
    try:
        core.loadSystemConfiguration(config)
    except (OSError, RuntimeError, ValueError) as error:
        msg = (
            f"The configuration {config} could not be loaded: {str(error).strip()} Close "
            "Micro-Manager Studio and other programs that use the microscope, switch all devices "
            "on, and see that their adapters are installed: mmcore install."
        )
        raise ConfigurationError(msg) from error


def _check_recipe(core: "CMMCorePlus", recipe: Recipe) -> None:
    """Refuse a scan with presets or a binning that the configuration does not have."""
    for channel in recipe.channels:
        has_group = channel.group in core.getAvailableConfigGroups()
        presets = core.getAvailableConfigs(channel.group) if has_group else ()
        if channel.preset not in presets:
            msg = (
                f"There is no preset {channel.preset!r} in the group {channel.group!r}. It has: "
                f"{', '.join(presets) or 'none'}."
            )
            raise ConfigurationError(msg)
    camera = core.getCameraDevice()
    if not (recipe.binning and camera):
        return
    known = core.getAllowedPropertyValues(camera, "Binning")
    if known and recipe.binning not in known:
        msg = f"The camera has no binning {recipe.binning!r}. Choose one of {', '.join(known)}."
        raise ConfigurationError(msg)


def _put_in_place(core: "CMMCorePlus", objective: str) -> None:
    """Turn the turret to an objective, if one is wanted."""
    if not objective:
        return
    turrets = core.guessObjectiveDevices()
    known = {str(label): turret for turret in turrets for label in core.getStateLabels(turret)}
    if objective not in known:
        msg = f"There is no objective {objective!r}. Choose one of {', '.join(known) or 'none'}."
        raise ConfigurationError(msg)
    core.setStateLabel(known[objective], objective)
    core.waitForDevice(known[objective])
