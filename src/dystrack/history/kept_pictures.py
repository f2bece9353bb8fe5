"""Where the small picture of a prescan lies, wherever its folder lies now."""

from pathlib import Path, PurePosixPath, PureWindowsPath

from dystrack.manager.record.previews import preview_name
from dystrack.manager.watching.image_names import PREVIEWS_NAME

__all__ = ["picture_path"]


def picture_path(folder: Path, watched: str, prescan: str) -> Path:
    """Return where the picture of a prescan is: among pictures, whatever the journal says.

    The run lies in `folder` now; while it went on, that was `watched`, as its journal has it.
    """
    return folder / PREVIEWS_NAME / Path(preview_name(_relative(prescan, watched))).name


def _relative(path: str, folder: str) -> str:
    """Return a path within the folder of the run, whichever system wrote it."""
    kind = PureWindowsPath if "\\" in folder else PurePosixPath
    try:
        return kind(path).relative_to(kind(folder)).as_posix()
    except ValueError:
        return kind(path).name
