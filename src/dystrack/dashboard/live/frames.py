"""What is drawn into the picture of a prescan: target, centre, outline, trail, predicted place."""

from collections.abc import Sequence
from typing import Any

from dystrack.charts.rows import Row, Zyx
from dystrack.history.entries import Entry
from dystrack.history.track import Track

__all__ = ["frame_of"]

_MOST_OUTLINE = 80
_TRAIL = 16
_Axes = tuple[float, float, float]


def frame_of(entry: Entry, rows: Sequence[Row], track: Track) -> dict[str, Any] | None:
    """Return marks in pixels of a prescan, along z, y, x.

    Parameters
    ----------
    entry : Entry
        The prescan.
    rows : sequence of Row
        The rows of its position, up to its own.
    track : Track
        Its position's path.

    Returns
    -------
    dict or None
        ``size`` and places; None where the prescan does not tell its size.
    """
    size = _size_zyx(entry)
    if size is None:
        return None
    answered, findings = entry.answered, entry.succeeded.get("findings", {})
    target = [answered["z"], answered["y"], answered["x"]]
    outline = list(findings.get("outline", ()))
    voxel = entry.started.get("voxel_size")
    return {
        "size": size,
        "centre": entry.started.get("centre"),
        "target": None if None in target else target,
        "own": answered.get("own"),
        "predicted": answered.get("predicted"),
        "next": answered.get("next_zyx"),
        "outline": outline[:: -(-len(outline) // _MOST_OUTLINE) or 1],
        "confidence": findings.get("confidence"),
        "voxel_um": voxel,
        "trail": _trail(rows, track, entry.started.get("centre"), voxel),
    }


def _size_zyx(entry: Entry) -> list[int] | None:
    sizes = dict(zip(entry.started.get("axes", ""), entry.started.get("shape", ()), strict=False))
    if not {"Y", "X"} <= sizes.keys():
        return None
    return [int(sizes.get("Z", 1)), int(sizes["Y"]), int(sizes["X"])]


def _trail(
    rows: Sequence[Row], track: Track, centre: _Axes | None, voxel: _Axes | None
) -> list[list[float]]:
    """Return where the sample was at the prescans before, as this one shows the world."""
    if not rows or rows[-1].stage is None or centre is None:
        return []
    scale = voxel if track.knows_um and voxel else (1.0, 1.0, 1.0)
    return [
        _in_frame(row.target, rows[-1].stage, centre, scale)
        for row in rows[-_TRAIL:]
        if row.target is not None
    ]


def _in_frame(place: Zyx, stage: Zyx, centre: _Axes, scale: _Axes) -> list[float]:
    parts = zip(place, stage, centre, scale, strict=True)
    return [
        round(middle + (there - here) / (size or 1.0), 1) for there, here, middle, size in parts
    ]
