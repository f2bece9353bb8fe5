"""`dystrack evaluate --annotate`: clicks on prescans → the table of their targets."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import ConfigurationError
from dystrack.manager.wording import count
from dystrack.tools.kit.evaluation.truth import read_truth, write_truth
from dystrack.tools.kit.training.marked import Pictures

__all__ = ["AnnotationSession"]

_HINT = (
    "Click where the microscope should go. Arrow keys go to the next prescan (left, right) and "
    "plane (up, down). In the view of all planes, the brightest plane at the click is its depth."
)
_NEAR_PX = 3


class AnnotationSession:
    """Where a person says that the targets are.

    Parameters
    ----------
    folder : Path
        The prescans; it is only read.
    table : Path
        Where the targets are kept, after each click; those in it are taken up.
    channel : int or None, default None
        The channel that is looked at.
    """

    def __init__(self, folder: Path, table: Path, channel: int | None = None) -> None:
        self._pictures, self._table = Pictures(folder, channel), table
        self._truth: dict[str, PixelPosition] = dict(read_truth(table)) if table.exists() else {}

    @property
    def about(self) -> Mapping[str, Any]:
        """Return what the page has to know."""
        described = self._pictures.described()
        return {"title": "Mark the targets", "hint": _HINT, "paints": False, "prescans": described}

    def plane(self, name: str, z: int) -> bytes:
        """Return a plane of a prescan as PNG."""
        return self._pictures.plane(name, z)

    def overlay(self, name: str, z: int) -> bytes | None:
        """Return nothing: nothing is learnt here."""
        del name, z
        return None

    def marks(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the target of a prescan."""
        target = self._truth.get(name)
        return [] if target is None else [{"z": round(target.z), "points": [list(target[1:])]}]

    def mark(self, name: str, mark: Mapping[str, Any] | None) -> str:
        """Keep the target of a prescan, or forget it.

        Raises
        ------
        ConfigurationError
            If the click lies outside.
        """
        if mark is None:
            self._truth.pop(name, None)
        else:
            self._truth[name] = self._place(name, mark)
        if self._truth or self._table.exists():
            write_truth(self._table, self._truth)
        names = self._pictures.names
        n_marked = len(set(names) & set(self._truth))
        return f"Marked: {n_marked} of {count(len(names), 'prescan')}. Kept in {self._table}."

    def act(self, action: str) -> Sequence[str]:
        """Refuse: there is nothing to be done."""
        msg = f"There is no action {action!r}."
        raise ConfigurationError(msg)

    def _place(self, name: str, mark: Mapping[str, Any]) -> PixelPosition:
        pixels = self._pictures.pixels(name)
        stack = pixels.reshape(-1, *pixels.shape[-2:])
        try:
            y, x = (float(value) for value in mark["points"][0])
            z = int(mark["z"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            msg = f"That is no place: {error}."
            raise ConfigurationError(msg) from error
        if not (0 <= y <= stack.shape[1] - 1 and 0 <= x <= stack.shape[2] - 1):
            msg = f"y {y}, x {x} lies outside of {name}."
            raise ConfigurationError(msg)
        if not 0 <= z < len(stack):
            near = (slice(max(0, round(c) - _NEAR_PX), round(c) + _NEAR_PX + 1) for c in (y, x))
            z = int(stack[(slice(None), *near)].mean(axis=(1, 2)).argmax())
        return PixelPosition(float(z), y, x)
