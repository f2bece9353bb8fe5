"""What example prescans tell of an experiment, so that it need not be asked."""

import re
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dystrack.core.errors import DyStrackError
from dystrack.images.readers import read_image
from dystrack.images.stack_axes import channel_index
from dystrack.manager.settings import Settings
from dystrack.manager.watching.naming_advice import offered_pattern
from dystrack.pipelines.utilities.objects.labelled import objects_in
from dystrack.pipelines.utilities.preparation import to_uint8
from dystrack.pipelines.utilities.smoothing import smooth
from dystrack.pipelines.utilities.thresholds import otsu_threshold
from dystrack.tools.kit.checking.prescans import FoundPrescan

__all__ = ["Examples"]

_MOST_COMPARED = 20
_STEP_SHARES = {"Z": 0.25, "Y": 0.35, "X": 0.35}
_SMOOTHING_PX = 2.0
_SIMILAR = 0.3  # of the largest object: so large is another one of its kind
_LEAST_START = 3
_ONE, _SEVERAL = "center_of_mass", "nearest_object"


@dataclass(frozen=True)
class Examples:
    """Example prescans.

    Attributes
    ----------
    prescans : tuple of FoundPrescan
        Those in a folder; none if there is no folder.
    """

    prescans: tuple[FoundPrescan, ...] = ()

    @property
    def n_channels(self) -> int:
        """How many channels they have."""
        return self._sizes().get("C", 1)

    @property
    def name_start(self) -> str:
        """How all names begin, up to their first number; empty if that says nothing."""
        names = [prescan.path.name for prescan in self.prescans]
        starts = {match[0] for name in names if (match := re.match(r"\D*", name))}
        start = starts.pop() if len(starts) == 1 and len(names) > 1 else ""
        return start if len(start) >= _LEAST_START else ""

    @property
    def name_end(self) -> str:
        """How all names end, if it is the same suffix."""
        suffixes = {prescan.path.suffix for prescan in self.prescans}
        return suffixes.pop() if len(suffixes) == 1 else ""

    @property
    def position_pattern(self) -> str:
        """A pattern for the position, where the usual one finds none; empty if there is none."""
        naming = Settings().naming()
        untold = [p.name for p in self.prescans if not naming.fits(p.name)][:_MOST_COMPARED]
        offers = (offered_pattern(a, b, naming) for a, b in combinations(untold, 2))
        return next(filter(None, offers), "")

    @property
    def step_setting(self) -> str:
        """The setting in which a step is limited: in µm where all prescans tell their scale."""
        has_scale = all(p.status.voxel_size is not None for p in self.prescans)
        return "max_step_um" if has_scale and self.prescans else "max_step_px"

    @property
    def largest_step(self) -> list[float] | None:
        """A step along z, y, x that is a good part of the field, but not all of it."""
        sizes = self._sizes()
        if not {"Y", "X"} <= sizes.keys():
            return None
        in_um = self.step_setting == "max_step_um"
        size = self._deepest().status.voxel_size if in_um else None
        scale = size or (1.0, 1.0, 1.0)
        step = [
            share * sizes.get(axis, 0) * um
            for (axis, share), um in zip(_STEP_SHARES.items(), scale, strict=True)
        ]
        return [float(f"{value:.2g}") for value in step]

    def proposed_pipeline(self, channel: int | None = None) -> str:
        """Return a shipped pipeline that may fit: for one bright object, or for several."""
        n_objects = [_n_objects(prescan, channel) for prescan in self.prescans[:2]]
        return _SEVERAL if n_objects and min(n_objects) > 1 else _ONE

    def _deepest(self) -> FoundPrescan:
        return max(self.prescans, key=lambda prescan: prescan.status.n_planes or 0)

    def _sizes(self) -> dict[str, int]:
        if not self.prescans:
            return {}
        status = self._deepest().status
        return dict(zip(status.axes, status.shape, strict=False))


def _n_objects(prescan: FoundPrescan, channel: int | None) -> int:
    """Return how many objects of about the same size stand out."""
    try:
        image = read_image(prescan.path)
        index = channel_index(image.sizes, channel) if image.axes_known else channel
    except (DyStrackError, OSError):
        return 1
    pixels = image.pixels if index is None else image.pixels[index]
    if pixels.ndim not in (2, 3) or pixels.min() == pixels.max():
        return 1
    smoothed = smooth(to_uint8(pixels, warn_8bit=False), _SMOOTHING_PX)
    if smoothed.min() == smoothed.max():
        return 1
    objects, _ = objects_in(smoothed >= otsu_threshold(smoothed))
    sizes = np.array([found.n_voxels for found in objects])
    return int(np.sum(sizes >= _SIMILAR * sizes.max(initial=0)))
