"""Recorded prescans in a folder: which they are, their order, and the pace at which they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.manager.watching.folder import is_image, list_names
from dystrack.manager.watching.image_names import NameFilter, is_own_name, natural_key

__all__ = ["LONGEST_GAP_S", "Recording", "Recordings", "find_recordings", "pauses_s"]

LONGEST_GAP_S = 5.0
"""Longest pause between two prescans at their recorded pace."""

_NAMES_SHOWN = 3


@dataclass(frozen=True)
class Recording:
    """A prescan that was recorded.

    Attributes
    ----------
    path : Path
        The file, or the folder of an OME-Zarr image.
    name : str
        Its path relative to the folder of the recordings.
    written_s : float
        When it was written, in s since the epoch.
    """

    path: Path
    name: str
    written_s: float


@dataclass(frozen=True)
class Recordings:
    """The prescans of a folder.

    Attributes
    ----------
    prescans : tuple of Recording
        In the order in which they were written.
    left_out : tuple of str
        Names of files that are no images, where no rule says which names are prescans.
    """

    prescans: tuple[Recording, ...]
    left_out: tuple[str, ...] = ()


def find_recordings(folder: Path, names: NameFilter, *, recurse: bool = False) -> Recordings:
    """Return the recorded prescans of a folder, which is only read.

    Parameters
    ----------
    folder : Path
        The folder.
    names : NameFilter
        Which names are prescans; if it has no rule, all images are.
    recurse : bool, default False
        Whether to look into subfolders as well.

    Returns
    -------
    Recordings
        The prescans, by their time of writing, then by natural name order.

    Raises
    ------
    FolderError
        If there is no such folder, or it cannot be read.
    ConfigurationError
        If there is no prescan in it.
    """
    found = _images_in(folder, recurse=recurse)
    chosen = [name for name in found if names.matches(Path(name).name)]
    left_out: list[str] = []
    if names == NameFilter():
        others = (name for name in found if name not in set(chosen))
        left_out = [name for name in others if not names.is_hidden(Path(name).name)]
    if not chosen:
        raise ConfigurationError(_why_none(folder, found, names))
    recordings = [Recording(folder / n, n, (folder / n).stat().st_mtime) for n in chosen]
    recordings.sort(key=lambda recording: (recording.written_s, natural_key(recording.name)))
    return Recordings(tuple(recordings), tuple(left_out))


def pauses_s(recordings: Sequence[Recording], interval_s: float | None) -> list[float]:
    """Return the pause before each recording, none before the first.

    All are `interval_s`; if it is None, those of the recorded pace, at most `LONGEST_GAP_S`.
    """
    if interval_s is not None:
        return [0.0, *(interval_s for _ in recordings[1:])]
    gaps = (later.written_s - earlier.written_s for earlier, later in pairwise(recordings))
    return [0.0, *(min(gap_s, LONGEST_GAP_S) for gap_s in gaps)]


def _images_in(folder: Path, *, recurse: bool) -> list[str]:
    """Return the relative names of what may be an image, in natural order."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise FolderError(f"{folder} {what}. Give the folder with the recorded prescans.")
    try:
        names = list_names(folder, recurse=recurse)
    except OSError as error:
        msg = f"The folder {folder} cannot be read: {error}. Check its rights."
        raise FolderError(msg) from error
    is_own = {name for name in names if is_own_name(Path(name).name)}
    return sorted((n for n in names - is_own if is_image(folder / n)), key=natural_key)


def _why_none(folder: Path, found: Sequence[str], names: NameFilter) -> str:
    if not found:
        return f"There are no files in {folder}. Give the folder with the recorded prescans."
    shown = ", ".join(found[:_NAMES_SHOWN]) + (", …" if len(found) > _NAMES_SHOWN else "")
    if names == NameFilter():
        return (
            f"None of the {len(found)} files in {folder} is an image that DySTrack knows ({shown})."
            " Say with --file_end how the names of your prescans end."
        )
    rules = {"file_start": names.start, "file_end": names.end, "file_regex": names.regex}
    given = ", ".join(f"{name} {rule!r}" for name, rule in rules.items() if rule)
    return (
        f"None of the {len(found)} files in {folder} is a prescan by {given} ({shown})."
        " Correct the rule, or give another folder."
    )
