"""Files that the pipeline itself writes beside its input are not prescans."""

import re
from pathlib import Path

from dystrack.manager.watching.image_names import stem_of

__all__ = ["OwnOutputs"]


class OwnOutputs:
    """Tells a pipeline's files: it was seen to write them, or their names and time tell.

    What Python's own means did not write tells by its name. It is the pipeline's if it appeared
    while the pipeline ran on a prescan, if its name is that prescan's with some word behind and the
    same suffix, and if no prescan before was named like it.
    """

    def __init__(self) -> None:
        self._analysed: set[str] = set()
        self._shapes: set[str] = set()
        self._written: set[str] = set()

    def note_written(self, relative: Path) -> None:
        """Take note that the pipeline wrote a file, perhaps one of an image that is a folder."""
        self._written.update(map(str, (relative, *relative.parents)))

    def note_analysed(self, name: str) -> None:
        """Take note that the pipeline ran on a prescan of this name."""
        self._analysed.add(name)

    def note_listed(self) -> None:
        """Take note that all files that appeared meanwhile have been seen."""
        self._analysed.clear()
        self._written.clear()

    def is_one(self, path: str) -> bool:
        """Return whether a file that is new is the pipeline's; if not, it is a prescan's name."""
        if path in self._written:
            return True
        name = Path(path).name
        shape = re.sub(r"\d+", "#", stem_of(name))
        if shape not in self._shapes and any(_is_named_after(name, one) for one in self._analysed):
            return True
        self._shapes.add(shape)
        return False


def _is_named_after(name: str, prescan: str) -> bool:
    """Return whether a name continues a prescan's, but not just with a further number."""
    stem, former = stem_of(name), stem_of(prescan)
    is_alike = stem.startswith(former) and name[len(stem) :] == prescan[len(former) :]
    return is_alike and re.search(r"[^\W\d_]", stem[len(former) :]) is not None
