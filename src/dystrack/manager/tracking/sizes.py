"""Whether what a pipeline found has the size that it used to have at this position.

Another sample, or a background in its place, seldom has. A sample that really has changed counts
as usual a few looks later.
"""

import math
from dataclasses import dataclass, replace

from dystrack.core.analysis import Analysis
from dystrack.manager.tracking.positions import UsualSize
from dystrack.manager.tracking.target import Target

__all__ = ["is_usual_size", "usual_size_after"]

_MOST_CHANGE = math.log(1.35)
_WEIGHT_OF_THE_NEWEST = 0.3


@dataclass(frozen=True)
class _Size:
    """Sizes along z, y, x, 0.0 where not measured; whether the border may have cut them.

    Along z it always may: stacks are shallow.
    """

    unit: str
    lengths: tuple[float, float, float]
    is_cut: tuple[bool, bool, bool]

    def changes_from(self, usual: UsualSize) -> list[float]:
        """Return the logarithms of the changes that count: what is cut cannot be too small."""
        triples = zip(self.lengths, usual[1:], self.is_cut, strict=True)
        changes = ((math.log(now / old) if now and old else 0.0, cut) for now, old, cut in triples)
        return [max(0.0, change) if cut else change for change, cut in changes]


def is_usual_size(target: Target, result: Analysis) -> bool:
    """Return whether what was found has about the usual size; the first one always has.

    Parameters
    ----------
    target : Target
        The prescan, with what is known of its position.
    result : Analysis
        What the pipeline says, its extent with it if it knows that.

    Returns
    -------
    bool
        False if it is 1.35 times as large, or as small, along an axis or all together. What the
        border cuts may be smaller.
    """
    size, usual = _size(target, result), _usual(target)
    if size is None or usual is None or usual[0] != size.unit:
        return True
    return math.hypot(*size.changes_from(usual)) <= _MOST_CHANGE


def usual_size_after(target: Target, result: Analysis) -> UsualSize | None:
    """Return the usual size with one more answer, if that is a plain one to a complete sample."""
    size, usual = _size(target, result), _usual(target)
    if size is None or any(size.is_cut[1:]) or result.img_msg != "OK":
        return usual
    if usual is None or usual[0] != size.unit:
        return (size.unit, *size.lengths)
    changes = size.changes_from(usual)
    z, y, x = (
        old * math.exp(_WEIGHT_OF_THE_NEWEST * change) if old else now
        for now, old, change in zip(size.lengths, usual[1:], changes, strict=True)
    )
    return (size.unit, z, y, x)


def _usual(target: Target) -> UsualSize | None:
    """Return the usual size, if the images before had the same shape."""
    position = target.position
    return position.usual_size if position.shape == target.shape else None


def _size(target: Target, result: Analysis) -> _Size | None:
    """Return the size of what was found, in µm where the file tells its voxel size."""
    extent, voxel, shape = result.findings.extent_zyx_px, target.voxel_size, target.shape_zyx
    if extent is None or shape is None or min(extent[1:]) <= 0:
        return None
    y_cut, x_cut = (
        not 0 <= place - size / 2 <= place + size / 2 <= n - 1
        for place, size, n in zip(result[1:3], extent[1:], shape[1:], strict=True)
    )
    in_px = _Size("px", extent, (True, y_cut, x_cut))
    if voxel is None or min(voxel.y_um, voxel.x_um) <= 0:
        return in_px
    z, y, x = (size * um for size, um in zip(extent, voxel, strict=True))
    return replace(in_px, unit="um", lengths=(z, y, x))
