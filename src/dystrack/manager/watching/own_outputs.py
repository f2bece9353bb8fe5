"""Files that the pipeline itself writes beside its input are not prescans."""

import re

from dystrack.manager.watching.image_names import stem_of

__all__ = ["OwnOutputs"]


class OwnOutputs:
    """Tells a pipeline's files by their names and by the time at which they appear.

    A file is the pipeline's own if it appeared while the pipeline ran on a prescan, if its name is
    that prescan's with some word behind and the same suffix, and if no prescan before was named
    like it.
    """

    def __init__(self) -> None:
        self._analysed: set[str] = set()
        self._shapes: set[str] = set()

    def note_analysed(self, name: str) -> None:
        """Take note that the pipeline ran on a prescan of this name."""
        self._analysed.add(name)

    def note_listed(self) -> None:
        """Take note that all files that appeared meanwhile have been seen."""
        self._analysed.clear()

    def is_one(self, name: str) -> bool:
        """Return whether a file that is new is the pipeline's; if not, it is a prescan's name."""
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
