"""What DySTrack understands of the prescans in a folder, from their names and headers."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import FolderError
from dystrack.images.image_file import ImageStatus, Verdict, inspect_image
from dystrack.manager.settings import Settings, check_folder
from dystrack.manager.watching.folder import is_image, list_names
from dystrack.manager.watching.image_names import ImageLabel, PositionPattern, natural_key
from dystrack.manager.watching.naming_advice import offered_pattern
from dystrack.manager.wording import count
from dystrack.tools.kit.remarks import Remark, good, note, problem

__all__ = ["FoundPrescan", "FoundPrescans", "look_at_folder", "prescan_remarks", "size_words"]

_NAMES_SHOWN = 3
_MOST_COMPARED = 20
_LEAST_ROOM = 1000  # prescans
_SPATIAL = frozenset("ZYX")
_LIMITS_UM = ("max_step_um", "max_travel_um")


@dataclass(frozen=True)
class FoundPrescan:
    """A prescan that would be answered.

    Attributes
    ----------
    path : Path
        The file.
    name : str
        Its name within the folder.
    label : ImageLabel
        What the name says.
    status : ImageStatus
        What the header says.
    n_bytes : int
        Its size.
    written_s : float
        When it was written, in s since the epoch.
    """

    path: Path
    name: str
    label: ImageLabel
    status: ImageStatus
    n_bytes: int
    written_s: float

    @property
    def format(self) -> str:
        """The format, as its suffix names it."""
        return self.path.suffix.lstrip(".").upper()

    @property
    def axes_words(self) -> str:
        """The axes with their lengths, such as ``Z 21, Y 200, X 500``."""
        pairs = zip(self.status.axes, self.status.shape, strict=False)
        return ", ".join(f"{axis} {size}" for axis, size in pairs) or "?"

    @property
    def voxel_words(self) -> str:
        """The voxel size with its unit."""
        return voxel_words(self.status.voxel_size)


@dataclass(frozen=True)
class FoundPrescans:
    """The files of a folder.

    Attributes
    ----------
    folder : Path
        The folder.
    prescans : tuple of FoundPrescan
        Those that would be answered, in the order of their writing.
    ignored : mapping of str to tuple of str
        The names of others, by what keeps them from being prescans.
    """

    folder: Path
    prescans: tuple[FoundPrescan, ...]
    ignored: Mapping[str, tuple[str, ...]]


def look_at_folder(folder: Path, settings: Settings, naming: PositionPattern) -> FoundPrescans:
    """Look at the files of a folder as a session would that saw them come.

    Parameters
    ----------
    folder : Path
        The folder, which is only read.
    settings : Settings
        Which names are prescans.
    naming : PositionPattern
        How they tell their position.

    Returns
    -------
    FoundPrescans
        What is there.

    Raises
    ------
    FolderError
        If there is no such folder, or it cannot be read.
    """
    if not folder.is_dir():
        msg = f"The folder {folder} does not exist. Give the folder with prescans."
        raise FolderError(msg)
    try:
        names = sorted(list_names(folder, recurse=settings.recurse), key=natural_key)
    except OSError as error:
        msg = f"The folder {folder} cannot be read: {error}. Check its rights."
        raise FolderError(msg) from error
    wanted = settings.name_filter
    ignored: dict[str, list[str]] = {}
    prescans: list[FoundPrescan] = []
    for name in names:
        base, path = Path(name).name, folder / name
        if wanted.is_hidden(base) or not (path.is_file() or is_image(path)):
            continue
        if reason := wanted.reason_against(base):
            ignored.setdefault(reason, []).append(name)
        else:
            prescans.append(_prescan(path, name, naming))
    prescans.sort(key=lambda prescan: prescan.written_s)
    return FoundPrescans(folder, tuple(prescans), {r: tuple(n) for r, n in ignored.items()})


def _prescan(path: Path, name: str, naming: PositionPattern) -> FoundPrescan:
    return FoundPrescan(
        path=path,
        name=name,
        label=naming.label(name),
        status=inspect_image(path),
        n_bytes=_size(path),
        written_s=path.stat().st_mtime,
    )


def prescan_remarks(
    found: FoundPrescans, settings: Settings, naming: PositionPattern, options: Mapping[str, Any]
) -> Iterator[Remark]:
    """Yield what is to be said of prescans.

    Parameters
    ----------
    found : FoundPrescans
        What is in the folder.
    settings : Settings
        The settings of the run.
    naming : PositionPattern
        How names tell their position.
    options : mapping
        The options of the pipeline.

    Yields
    ------
    Remark
        What would be answered and what not, and why; what is missing for that.
    """
    n = len(found.prescans)
    if n:
        yield good(f"{count(n, 'file')} would be answered.")
    else:
        yield problem(f"No file would be answered. {_why_none(found)}")
    for reason, names in found.ignored.items():
        yield note(f"{count(len(names), 'file')} would be ignored: they {reason} ({_some(names)}).")
    yield from _about_files(found.prescans)
    yield from _about_axes(found.prescans, options)
    yield from _about_voxels(found.prescans, settings)
    yield from _about_positions(found.prescans, naming)
    yield from _about_disk(found)


def voxel_words(size: VoxelSize | None) -> str:
    """Return a voxel size in words."""
    if size is None:
        return "?"
    return f"{', '.join(f'{um:.3g}' for um in size if um)} µm"


def size_words(n_bytes: float) -> str:
    """Return a number of bytes in the unit that fits."""
    for unit in ("bytes", "kB", "MB"):
        if n_bytes < 1000:  # noqa: PLR2004
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:,.0f} GB" if n_bytes >= 10 else f"{n_bytes:.1f} GB"  # noqa: PLR2004


def _why_none(found: FoundPrescans) -> str:
    if not found.ignored:
        return "The folder has no files that could be prescans."
    return "Correct file_start, file_end or file_regex, or the folder."


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:_NAMES_SHOWN]) + (", …" if len(listed) > _NAMES_SHOWN else "")


def _about_files(prescans: Iterable[FoundPrescan]) -> Iterator[Remark]:
    by_reason: dict[tuple[Verdict, str], list[str]] = {}
    for prescan in prescans:
        key = prescan.status.verdict, prescan.status.reason
        by_reason.setdefault(key, []).append(prescan.name)
    for (verdict, reason), names in by_reason.items():
        if verdict is Verdict.INCOMPLETE:
            yield problem(f"Not complete, so never answered: {_some(names)}. {reason}.")
        elif verdict is Verdict.SUSPECT:
            yield note(
                f"Waited for a few seconds, as they look unfinished: {_some(names)}. {reason}."
            )


def _about_axes(prescans: Iterable[FoundPrescan], options: Mapping[str, Any]) -> Iterator[Remark]:
    has_channel = isinstance(options.get("channel"), int)
    kinds: dict[str, list[FoundPrescan]] = {}
    for prescan in prescans:
        kinds.setdefault(_fault_of_axes(prescan.status, has_channel=has_channel), []).append(
            prescan
        )
    for fault, those in kinds.items():
        if fault:
            weight = note if fault.startswith("They do not say") else problem
            first = f" (first: {those[0].axes_words})" if those[0].status.axes else ""
            yield weight(f"{fault} {_some(p.name for p in those)}{first}.")


def _fault_of_axes(status: ImageStatus, *, has_channel: bool) -> str:
    if status.is_colour:
        return "Colour pictures. Let the microscope save raw channels:"
    others = set(status.axes) - _SPATIAL
    if "C" in others and not has_channel:
        return "Several channels. Say which one to look at with channel, counted from 0:"
    if others - {"C"}:
        return "Further axes, such as time points. Save a file for each prescan:"
    if status.axes and not status.axes_known and len(status.axes) > 2:  # noqa: PLR2004
        return "They do not say what their axes are; the first is taken for z:"
    return ""


def _about_voxels(prescans: Iterable[FoundPrescan], settings: Settings) -> Iterator[Remark]:
    without = [prescan.name for prescan in prescans if prescan.status.voxel_size is None]
    if not without:
        return
    set_um = [name for name in _LIMITS_UM if getattr(settings, name) is not None]
    if set_um:
        yield problem(
            f"No voxel size, so that {set_um[0]} cannot be judged and nothing would be sent:"
            f" {_some(without)}. Give the limit in pixels, or save prescans with their scaling."
        )
    else:
        yield note(f"No voxel size, so that limits can only be given in pixels: {_some(without)}.")


def _about_positions(
    prescans: tuple[FoundPrescan, ...], naming: PositionPattern
) -> Iterator[Remark]:
    if not prescans:
        return
    positions = Counter(prescan.label.position for prescan in prescans)
    untold = [p.name for p in prescans if not naming.fits(p.name)]
    if untold and not naming.is_off:
        yield note(f"Tell no position, so they are taken for the same: {_some(untold)}.")
        yield from _advice(untold[:_MOST_COMPARED], naming)
    else:
        listed = ", ".join(f"{p} ({n})" for p, n in list(positions.items())[:10])
        yield good(f"{count(len(positions), 'position')} by their names: {listed}.")
    yield from _twice(prescans)
    yield from _changed_shapes(prescans)


def _advice(names: list[str], naming: PositionPattern) -> Iterator[Remark]:
    for first, second in combinations(names, 2):
        pattern = offered_pattern(first, second, naming)
        if pattern:
            yield note(
                f"If {first} and {second} are two positions, set position_pattern = '{pattern}'."
            )
            return


def _twice(prescans: Iterable[FoundPrescan]) -> Iterator[Remark]:
    first: dict[tuple[str, int], str] = {}
    for prescan in prescans:
        if prescan.label.time_point is None:
            continue
        key = prescan.label.position, prescan.label.time_point
        if key in first:
            yield note(
                f"{first[key]} and {prescan.name} are both position {key[0]}, time point {key[1]}."
                " If they are two positions, set position_pattern."
            )
            return
        first[key] = prescan.name


def _changed_shapes(prescans: Iterable[FoundPrescan]) -> Iterator[Remark]:
    first: dict[str, FoundPrescan] = {}
    for prescan in prescans:
        before = first.setdefault(prescan.label.position, prescan)
        if before.status.shape != prescan.status.shape:
            yield note(
                f"{before.name} ({before.axes_words}) and {prescan.name} ({prescan.axes_words}) are"
                " of one position, but of two shapes. Were the prescan's settings changed?"
            )
            return


def _about_disk(found: FoundPrescans) -> Iterator[Remark]:
    free = shutil.disk_usage(found.folder).free
    if found.prescans:
        mean = sum(p.n_bytes for p in found.prescans) / len(found.prescans)
        n_fit = int(free / max(mean, 1))
        room = f"{size_words(free)} are free: room for {n_fit:,} such prescans"
        weight = good if n_fit >= _LEAST_ROOM else problem
        yield weight(f"{room} of {size_words(mean)}, without the main scans.")
    try:
        check_folder(found.folder)
    except FolderError as error:
        yield note(str(error))
