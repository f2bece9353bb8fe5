"""Why a new file is not a prescan, told at once."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from dystrack.manager.events import Listener
from dystrack.manager.watching.folder import stat_image
from dystrack.manager.watching.ignored import IgnoredImages
from dystrack.manager.watching.image_names import NameFilter, natural_key
from dystrack.manager.watching.own_outputs import OwnOutputs
from dystrack.manager.watching.subfolders import Subfolders

__all__ = ["Screening", "with_slashes"]

_IN_SUBFOLDER = "lie in a subfolder, which only --recurse watches"
_ANSWERED_BEFORE = "are prescans that were answered already, under another name"
_OWN_OUTPUT = "were written by the pipeline beside its prescan"
_TOUCHED = "were written to again after their answer, with the same pixels"


class Screening:
    """Takes the names that are new in the folder, and lets through those of new prescans.

    Parameters
    ----------
    folder : Path
        The folder to watch.
    name_filter : NameFilter
        Says which file names are those of prescans.
    recurse : bool
        Whether subfolders are watched as well.
    was_answered : callable
        Says whether a file is a prescan that was answered under another name.
    tell : Listener
        Takes the events.
    """

    def __init__(
        self,
        folder: Path,
        name_filter: NameFilter,
        *,
        recurse: bool,
        was_answered: Callable[[os.stat_result], bool],
        tell: Listener,
    ) -> None:
        self._folder = folder
        self._name_filter = name_filter
        self._was_answered = was_answered
        self._ignored = IgnoredImages(tell)
        self._subfolders = None if recurse else Subfolders(folder, name_filter.matches)
        self.own_outputs = OwnOutputs()
        self.found_counter = 0

    def prescans(
        self,
        names: Iterable[str],
        is_waiting: Callable[[str, os.stat_result], bool],
        not_readable: Callable[[str], object],
    ) -> list[tuple[str, os.stat_result]]:
        """Return the new prescans among new names, by the time of writing, then by name.

        Parameters
        ----------
        names : iterable of str
            Paths within the folder.
        is_waiting : callable
            Says whether such a file is waited for already, be it under another name.
        not_readable : callable
            Takes the names behind which nothing stands, or nothing that can be looked at now.

        Returns
        -------
        list of tuple
            Name, and what the system says of the file.
        """
        found, others = {}, []
        for name in names:
            try:
                about = stat_image(self._folder / name)
            except OSError:
                not_readable(name)
                continue
            if about is None:
                others.append(name)
            else:
                found[name] = about
        in_order = sorted(found, key=lambda n: (found[n].st_mtime_ns, natural_key(n)))
        wanted = [n for n in in_order if self._is_candidate(n) and not is_waiting(n, found[n])]
        ignored: dict[str, list[str]] = {}
        prescans = []
        for name in wanted:
            self.found_counter += 1
            reason = self._reason_against(name, found[name])
            if reason:
                ignored.setdefault(reason, []).append(with_slashes(name))
            else:
                prescans.append((name, found[name]))
        for reason, listed in ignored.items():
            self._ignored.add(reason, listed)
        self._look_into_subfolders(others)
        return prescans

    def tell_touched(self, name: str) -> None:
        """Say that a prescan was written to again without becoming another image."""
        self._ignored.add(_TOUCHED, [with_slashes(name)])

    def _is_candidate(self, name: str) -> bool:
        return not self._name_filter.is_hidden(Path(name).name)

    def _reason_against(self, name: str, about: os.stat_result) -> str:
        base = Path(name).name
        if reason := self._name_filter.reason_against(base):
            return reason
        if self._was_answered(about):
            return _ANSWERED_BEFORE
        return _OWN_OUTPUT if self.own_outputs.is_one(name) else ""

    def _look_into_subfolders(self, new_names: Iterable[str]) -> None:
        """Say once that prescans are written into a subfolder that is not watched."""
        if self._subfolders is not None and _IN_SUBFOLDER not in self._ignored:
            targets = self._subfolders.new_targets(new_names)
            if targets:
                self._ignored.add(_IN_SUBFOLDER, targets)


def with_slashes(name: str) -> str:
    """Return a path within the folder as it is written in events, on every system."""
    return name.replace(os.sep, "/")
