"""Files that the pipeline itself writes beside its input are not prescans."""

import re

from dystrack.manager.watching.image_names import stem_of

__all__ = ["OwnOutputs"]


class OwnOutputs:
    """Tells a pipeline's files by their names and by the time at which they appear.

    A file is the pipeline's own if it appeared while the pipeline ran on a prescan, if its name is
    that prescan's with some word behind, and if no prescan before was named like it.
    """

    def __init__(self) -> None:
        self._stems: set[str] = set()
        self._shapes: set[str] = set()

    def note_analysed(self, name: str) -> None:
        """Take note that the pipeline ran on a prescan of this name."""
        self._stems.add(stem_of(name))

    def note_listed(self) -> None:
        """Take note that all files that appeared meanwhile have been seen."""
        self._stems.clear()

    def is_one(self, name: str) -> bool:
        """Return whether a file that is new is the pipeline's; if not, it is a prescan's name."""
        stem = stem_of(name)
        shape = re.sub(r"\d+", "#", stem)
        if shape not in self._shapes and any(_is_named_after(stem, one) for one in self._stems):
            return True
        self._shapes.add(shape)
        return False


def _is_named_after(stem: str, prescan: str) -> bool:
    """Return whether a name continues a prescan's, but not just with a further number."""
    return stem.startswith(prescan) and re.search(r"[^\W\d_]", stem[len(prescan) :]) is not None
