"""Answers prescans as a session does, from a thread, for macros that run in their own time."""

import threading
import time

from dystrack.core.exchange.answer_file import NextPrescan, answer_path, write_answer
from dystrack.core.exchange.coords_file import CoordsLine
from dystrack.images.readers import read_image
from dystrack.images.waiting import vouch_for
from dystrack.pipelines.center_of_mass import analyze_image


def find_in(path):
    """Return where the sample is in a prescan."""
    with vouch_for(path):
        z, y, x, msg, _ = analyze_image(str(path), gauss_sigma=1.0, method="otsu", warn_8bit=False)
    return CoordsLine(z, y, x, msg), None


class Answering:
    """A folder in which each new prescan is answered, until it is left."""

    def __init__(self, folder, find=find_in, pattern="prescan*.tif"):
        self.folder = folder
        self.find = find
        self.pattern = pattern
        self.images = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._answer_all, daemon=True)
        (folder / "dystrack_journal.jsonl").touch()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()

    def _answer_all(self):
        while not self._is_over.is_set():
            for path in sorted(self.folder.glob(self.pattern)):
                if path.name not in self.images:
                    self.images[path.name] = None
                    answer = self.find(path)
                    if answer is not None:
                        write_answer(path, *answer)
            time.sleep(0.005)


__all__ = ["Answering", "CoordsLine", "NextPrescan", "answer_path", "find_in", "read_image"]
