"""The four scenes of the simulated microscope, each easy, normal or hard."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ConfigurationError
from dystrack.scopes.geometry import PositionUm, ScanSettings
from dystrack.scopes.samples.bodies import Body, DividingCells, Node, Organoid, Primordium
from dystrack.scopes.samples.imaging import Imaging
from dystrack.scopes.samples.layers import Debris, Layer, PasserBy, Skin
from dystrack.scopes.samples.motion import Motion, SpeedChange
from dystrack.scopes.samples.sample import Sample

__all__ = ["DIFFICULTIES", "SCENES", "Difficulty", "Scene", "make_sample"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Difficulty:
    """How hard a sample is to follow.

    Attributes
    ----------
    speed_changes : tuple of SpeedChange
        Changes of speed.
    jitter_um : float
        Standard deviation of the smooth wandering.
    z_drift_um_per_s : float
        How fast everything sinks out of focus.
    jump_um, jump_every_s : float
        Length of sudden jumps, and the time between them.
    clutter : float
        Brightness of skin and debris, relative to that of the scene.
    passer_by : float
        Brightness of what crosses the field from time to time; 0 for nothing.
    imaging : Imaging
        Detector.
    """

    speed_changes: tuple[SpeedChange, ...] = ()
    jitter_um: float = 0.3
    z_drift_um_per_s: float = 0.0005
    jump_um: float = 0.0
    jump_every_s: float = math.inf
    clutter: float = 0.3
    passer_by: float = 0.0
    imaging: Imaging = field(default_factory=Imaging)


DIFFICULTIES: Mapping[str, Difficulty] = MappingProxyType(
    {
        "easy": Difficulty(imaging=Imaging(photons=300.0)),
        "normal": Difficulty(
            speed_changes=(SpeedChange(3600, 1), SpeedChange(1800, 1.8), SpeedChange(1800, 0.2)),
            jitter_um=1.0,
            z_drift_um_per_s=0.002,
            clutter=1.0,
            passer_by=0.5,
            imaging=Imaging(
                brightness=1.2,
                photons=100.0,
                read_noise=0.015,
                bleaching_s=300_000.0,
                vibration_um=0.1,
            ),
        ),
        "hard": Difficulty(
            speed_changes=(SpeedChange(2400, 1), SpeedChange(1200, 2.5), SpeedChange(1800, 0)),
            jitter_um=2.0,
            z_drift_um_per_s=0.004,
            jump_um=10.0,
            jump_every_s=7200.0,
            clutter=1.5,
            passer_by=0.9,
            imaging=Imaging(
                brightness=1.3,
                photons=40.0,
                read_noise=0.03,
                bleaching_s=150_000.0,
                dropout_every_s=9000.0,
                dropout_length_s=300.0,
                vibration_um=0.3,
            ),
        ),
    }
)
"""Difficulties by their name."""


@dataclass(frozen=True)
class Scene:
    """A kind of sample, and how it is usually looked at.

    Attributes
    ----------
    body : callable
        Makes the body from a seed.
    velocity_um_per_s : PositionUm
        Usual velocity of the body.
    surroundings : callable
        Makes the surroundings from their relative brightness and a seed.
    pipeline : str
        Name of the pipeline that is made for it.
    pipeline_options : mapping
        Keyword arguments for that pipeline.
    prescan, main_scan : ScanSettings
        How its images are taken.
    black_level : float
        Grey value of the dark as a share of full scale; users of photomultipliers often hide the
        background below 0.
    interval_s : float
        Time from one time point to the next in seconds.
    """

    body: Callable[[int], Body]
    velocity_um_per_s: PositionUm
    surroundings: Callable[[float, int], tuple[Layer, ...]]
    pipeline: str
    pipeline_options: Mapping[str, Any]
    prescan: ScanSettings
    main_scan: ScanSettings
    black_level: float = -0.03
    interval_s: float = 300.0


def _skin(brightness: float, seed: int) -> tuple[Layer, ...]:
    return (Skin(brightness=0.08 + 0.04 * brightness, seed=seed),)


def _debris(brightness: float, seed: int) -> tuple[Layer, ...]:
    return (Debris(brightness=0.15 * brightness, seed=seed),)


def _finer(scan: ScanSettings, factor: float) -> ScanSettings:
    """Return a scan of the same field with smaller pixels."""
    depth, height, width = scan.shape_zyx
    z_um, y_um, x_um = scan.voxel_size
    shape = (depth, round(height * factor), round(width * factor))
    size = VoxelSize(z_um, y_um / factor, x_um / factor)
    return ScanSettings(shape, size, scan.bit_depth, scan.duration_s * factor**2)


_PRIMORDIUM_SCAN = ScanSettings((21, 200, 500), VoxelSize(2.0, 0.42, 0.42))
_ORGANOID_SCAN = ScanSettings((25, 200, 200), VoxelSize(1.5, 0.64, 0.64))
_NODE_SCAN = ScanSettings((21, 256, 256), VoxelSize(4.0, 1.6, 1.6))
_CELLS_SCAN = ScanSettings((21, 128, 128), VoxelSize(1.5, 0.5, 0.5))

SCENES: Mapping[str, Scene] = MappingProxyType(
    {
        "primordium": Scene(
            body=lambda seed: Primordium(seed=seed),
            velocity_um_per_s=PositionUm(0.0, 0.0, 0.018),
            surroundings=_skin,
            pipeline="lateral_line",
            pipeline_options={},
            prescan=_PRIMORDIUM_SCAN,
            main_scan=_finer(_PRIMORDIUM_SCAN, 1.5),
        ),
        "organoid": Scene(
            body=lambda seed: Organoid(seed=seed),
            velocity_um_per_s=PositionUm(0.0, 0.003, 0.006),
            surroundings=_debris,
            pipeline="center_of_mass",
            pipeline_options={"method": "intensity"},
            prescan=_ORGANOID_SCAN,
            main_scan=_finer(_ORGANOID_SCAN, 1.5),
        ),
        "node": Scene(
            body=lambda seed: Node(seed=seed),
            velocity_um_per_s=PositionUm(0.0, 0.0, -0.02),
            surroundings=_debris,
            pipeline="chick_node",
            pipeline_options={},
            prescan=_NODE_SCAN,
            main_scan=_finer(_NODE_SCAN, 1.5),
            black_level=0.03,
        ),
        "dividing_cells": Scene(
            body=lambda seed: DividingCells(seed=seed),
            velocity_um_per_s=PositionUm(0.0, -0.003, 0.003),
            surroundings=_debris,
            pipeline="center_of_mass",
            pipeline_options={"method": "otsu"},
            prescan=_CELLS_SCAN,
            main_scan=_finer(_CELLS_SCAN, 1.5),
        ),
    }
)
"""Scenes by their name."""


def make_sample(
    scene: str,
    difficulty: str = "normal",
    *,
    seed: int = 0,
    speed: float = 1.0,
    start: PositionUm | None = None,
    noise_seed: int | None = None,
) -> Sample:
    """Make the sample of a scene.

    Parameters
    ----------
    scene : {'primordium', 'organoid', 'node', 'dividing_cells'}
        Kind of sample.
    difficulty : {'easy', 'normal', 'hard'}, optional, default 'normal'
        How hard it is to follow.
    seed : int, optional, default 0
        Equal seeds give equal samples on equal paths.
    speed : float, optional, default 1.0
        How many times its usual velocity it has.
    start : PositionUm, optional
        Where it is at time 0 in the world; the origin if not given.
    noise_seed : int, optional
        Equal ones give equal noise; as `seed` if not given.

    Returns
    -------
    Sample
        The sample.

    Raises
    ------
    ConfigurationError
        If there is no such scene or difficulty.
    """
    kind = _known(scene, SCENES, "scene")
    level = _known(difficulty, DIFFICULTIES, "difficulty")
    motion = Motion(
        start=start or PositionUm(0.0, 0.0, 0.0),
        velocity_um_per_s=kind.velocity_um_per_s.times(speed),
        speed_changes=level.speed_changes,
        drift_um_per_s=PositionUm(level.z_drift_um_per_s, 0.0, 0.0),
        jitter_um=PositionUm(0.5 * level.jitter_um, level.jitter_um, level.jitter_um),
        jump_um=level.jump_um,
        jump_every_s=level.jump_every_s,
        seed=seed,
    )
    surroundings = kind.surroundings(level.clutter, seed)
    if level.passer_by:
        surroundings += (PasserBy(brightness=level.passer_by),)
    imaging = replace(level.imaging, black_level=kind.black_level)
    noise = seed if noise_seed is None else noise_seed
    return Sample(kind.body(seed), motion, surroundings, imaging, noise)


def _known(name: str, table: Mapping[str, _T], what: str) -> _T:
    if name not in table:
        msg = f"There is no {what} {name!r}. Choose one of {', '.join(table)}."
        raise ConfigurationError(msg)
    return table[name]
