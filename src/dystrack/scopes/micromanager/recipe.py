"""A recipe for a scan: channels, exposure, planes, binning; and its events for Micro-Manager."""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dystrack.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import useq

__all__ = ["ChannelRecipe", "Recipe", "parse_channels"]

_CHANNEL = re.compile(r"(?:(?P<group>[^/@]+)/)?(?P<preset>[^/@]+)(?:@(?P<ms>[\d.]+))?")


@dataclass(frozen=True)
class ChannelRecipe:
    """One channel of a scan.

    Attributes
    ----------
    preset : str
        Name of the preset.
    group : str
        Configuration group that it belongs to.
    exposure_ms : float or None
        Exposure time; that of the recipe if None.
    """

    preset: str
    group: str = "Channel"
    exposure_ms: float | None = None


def parse_channels(text: str) -> tuple[ChannelRecipe, ...]:
    """Return channels from text.

    Parameters
    ----------
    text : str
        Presets between commas, each with its group before it if that is not Channel, and its
        exposure in ms behind it, such as ``"DAPI, Lasers/488@20"``.

    Returns
    -------
    tuple of ChannelRecipe
        None for an empty text: the light path stays as it is.

    Raises
    ------
    ConfigurationError
        If it is anything else.
    """
    channels = []
    for part in filter(None, map(str.strip, text.split(","))):
        found = _CHANNEL.fullmatch(part)
        try:
            exposure_ms = float(found["ms"]) if found and found["ms"] else None
        except ValueError:
            found = None
        if found is None:
            msg = (
                f"The channel {part!r} is not understood. Write a preset, such as DAPI, or with "
                "its group and exposure in ms: Lasers/488@20."
            )
            raise ConfigurationError(msg)
        group = (found["group"] or "Channel").strip()
        channels.append(ChannelRecipe(found["preset"].strip(), group, exposure_ms))
    return tuple(channels)


@dataclass(frozen=True)
class Recipe:
    """How a scan is taken.

    Attributes
    ----------
    planes : int
        Number of planes, around where the focus is.
    step_um : float
        Distance between them.
    exposure_ms : float
        Exposure time of channels that have none of their own.
    channels : tuple of ChannelRecipe
        Channels, each a complete stack; none for the light path as it is.
    binning : str
        Binning of the camera as its property says it; as it is if empty.

    Raises
    ------
    ConfigurationError
        If a number makes no sense.
    """

    planes: int = 1
    step_um: float = 1.0
    exposure_ms: float = 10.0
    channels: tuple[ChannelRecipe, ...] = ()
    binning: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be scanned."""
        for name, value in (("planes", self.planes), ("step_um", self.step_um)):
            if not (value > 0 and math.isfinite(value)):
                msg = f"{name} of a scan is {value!r}. Give a number above 0."
                raise ConfigurationError(msg)
        for exposure_ms in (self.exposure_ms, *(c.exposure_ms for c in self.channels)):
            if exposure_ms is not None and not (exposure_ms > 0 and math.isfinite(exposure_ms)):
                msg = f"The exposure of a scan is {exposure_ms!r} ms. Give a number above 0."
                raise ConfigurationError(msg)

    @property
    def n_channels(self) -> int:
        """Number of stacks."""
        return max(1, len(self.channels))

    @property
    def reach_um(self) -> float:
        """How far it goes to either side of the focus."""
        return (self.planes - 1) / 2 * self.step_um

    def events(self, z_um: float) -> "Iterator[useq.MDAEvent]":
        """Return the events of a scan, in an order in which each stack can be triggered.

        Parameters
        ----------
        z_um : float
            Focus in the middle of the stack.

        Yields
        ------
        MDAEvent
            One plane. It has no x and y: the stage is there already, and stays.
        """
        import useq  # noqa: PLC0415 - heavy

        for c, channel in enumerate(self.channels or (None,)):
            own_ms = channel.exposure_ms if channel else None
            light = {"config": channel.preset, "group": channel.group} if channel else None
            for z in range(self.planes):
                yield useq.MDAEvent.model_validate(
                    {
                        "index": {"c": c, "z": z},
                        "channel": light,
                        "exposure": own_ms or self.exposure_ms,
                        "z_pos": z_um + z * self.step_um - self.reach_um
                        if self.planes > 1
                        else None,
                    }
                )
