"""Prescans that are written into a subfolder while only the folder itself is watched."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from dystrack.manager.watching.folder import is_folder_image

__all__ = ["Subfolders"]

_MOST = 32


class Subfolders:
    """Finds new prescans one level below the watched folder, so that they can be told.

    Parameters
    ----------
    folder : Path
        The folder.
    is_target : callable
        Says whether a file name is that of a prescan.
    """

    def __init__(self, folder: Path, is_target: Callable[[str], bool]) -> None:
        self._folder = folder
        self._is_target = is_target
        self._known: dict[str, tuple[int, frozenset[str]]] = {}
        with os.scandir(folder) as entries:
            found = (e.name for e in entries if e.is_dir() and not is_folder_image(e.name))
            for name in found:
                if len(self._known) == _MOST:
                    break
                self._names_in(name)

    def new_targets(self, new_names: Iterable[str]) -> list[str]:
        """Return prescans that are new in a subfolder.

        Parameters
        ----------
        new_names : iterable of str
            Names of subfolders that are new themselves.

        Returns
        -------
        list of str
            Their paths within the folder.
        """
        for name in new_names:
            if len(self._known) < _MOST:
                self._known.setdefault(name, (0, frozenset()))
        targets = []
        for name in list(self._known):
            _, before = self._known[name]
            new = self._names_in(name) - before
            targets += [f"{name}/{file}" for file in sorted(new) if self._is_target(file)]
        return targets

    def _names_in(self, name: str) -> frozenset[str]:
        """Return the names in a subfolder; it is listed only if its time has changed."""
        time_ns, names = self._known.get(name, (0, frozenset()))
        try:
            now_ns = (self._folder / name).stat().st_mtime_ns
            if now_ns != time_ns:
                names = frozenset(os.listdir(self._folder / name))  # noqa: PTH208 - on every check
        except OSError:  # deleted, or not ours to read
            return names
        self._known[name] = (now_ns, names)
        return names
