"""The small pictures that a session has kept of its prescans, as a report shows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dystrack.charts.pictures import Picture
from dystrack.charts.rows import Row
from dystrack.history.entries import Entry
from dystrack.history.kept_pictures import picture_path
from dystrack.manager.record.grey_png import Preview, read_preview
from dystrack.tools.afterwards.run_record import evenly

__all__ = ["Thumbnails"]

_PICTURES, _PICTURES_IN_ALL = 12, 120
_FAILURES_SHOWN = 6
_MOST_FAILURE_PICTURES = 40

_Yx = tuple[float, float]


class Thumbnails:
    """Finds pictures, and draws into them where the pipeline aimed.

    Parameters
    ----------
    folder : Path
        The folder of the run, where it lies now.
    watched : str
        The same, where it lay during the run.
    n_positions : int
        Number of positions; of many, fewer pictures of each are shown.
    """

    def __init__(self, folder: Path, watched: str, n_positions: int) -> None:
        self._folder = folder
        self._watched = watched
        self._most = max(2, min(_PICTURES, _PICTURES_IN_ALL // max(1, n_positions)))
        self._n_failures = 0

    def of(self, row: Row, entry: Entry) -> Picture | None:
        """Return the picture of a failed prescan, of the first ones that have any."""
        if self._n_failures >= _MOST_FAILURE_PICTURES:
            return None
        picture = self._picture(row, entry)
        self._n_failures += picture is not None
        return picture

    def some_of(self, seen: Mapping[Row, Entry]) -> tuple[Picture, ...]:
        """Return pictures from the first prescan to the last, some of its failures among them."""
        rows = [row for row in seen if self._path(seen[row]).exists()]
        failed = evenly([row for row in rows if row.outcome != "tracked"], _FAILURES_SHOWN // 2)
        chosen = {row.number: row for row in [*evenly(rows, self._most - len(failed)), *failed]}
        pictures = (self._picture(chosen[n], seen[chosen[n]]) for n in sorted(chosen))
        return tuple(picture for picture in pictures if picture is not None)

    def _picture(self, row: Row, entry: Entry) -> Picture | None:
        try:
            preview = read_preview(self._path(entry))
        except OSError:
            return None
        answered, voxel_size = entry.answered, entry.started.get("voxel_size")
        aim = (answered["y"], answered["x"]) if row.outcome == "tracked" else (None, None)
        centre = entry.started.get("centre")
        return Picture(
            preview.pixels,
            number=row.number,
            outcome=row.outcome,
            tip=f"{row.name}: {row.message}",
            um_per_px=voxel_size[-1] * preview.reduction if voxel_size else None,
            target=None if None in aim else _reduced(aim, preview),
            centre=None if centre is None else _reduced(centre[1:], preview),
            outline=[_reduced(point, preview) for point in _outline(entry)],
        )

    def _path(self, entry: Entry) -> Path:
        return picture_path(self._folder, self._watched, entry.answered["path"])


def _reduced(point: Sequence[Any], preview: Preview) -> _Yx:
    y, x = point
    return y / preview.reduction, x / preview.reduction


def _outline(entry: Entry) -> Sequence[_Yx]:
    """Return what the pipeline found, as y and x around it, in pixels of the prescan."""
    outline: Sequence[_Yx] = entry.succeeded.get("findings", {}).get("outline", ())
    return outline
