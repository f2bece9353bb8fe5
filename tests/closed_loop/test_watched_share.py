"""The session runs on another computer, which sees the microscope's folder as a share.

Stands in for a network share: two folders of this computer, and a thread that copies what is new
from one to the other by listing, late and in pieces, without any notice of the file system. It has
not been tried with a real share.
"""

import contextlib
import shutil
import threading
import time

import pytest

from dystrack.manager.events import Answered, FolderLost, FolderReturned, SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.pipelines.utilities.loading import load_stack
from fakes import Recorder, write_prescan

LONGEST_S = 60.0
ANSWERS = "dystrack_coords.txt"


def tell_number(target_path):
    """Answer with the number of a prescan, which only its last plane tells."""
    return 2.0, 5.0, float(load_stack(target_path)[-1].max()) - 100, "OK", {}


class Share:
    """Shows a folder elsewhere: each file late, first a third of it, then all; answers go back."""

    def __init__(self, microscope, session):
        self.microscope, self.session = microscope, session
        self.is_away = False
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._mirror, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()

    def go(self):
        """The network is down: nobody sees the other side any more."""
        self.is_away = True
        self.session.rename(self.session.with_name("away"))

    def come_back(self):
        self.session.with_name("away").rename(self.session)
        self.is_away = False

    def _mirror(self):
        while not self._is_over.wait(0.05):
            with contextlib.suppress(OSError):  # it went in the middle
                self._copy()

    def _copy(self):
        if self.is_away:
            return
        for source in sorted(self.microscope.glob("*.tif")):
            copy = self.session / source.name
            if not copy.exists():
                data = source.read_bytes()
                with copy.open("wb") as file:
                    file.write(data[: len(data) // 3])
                    file.flush()
                    time.sleep(0.15)
                    file.write(data[len(data) // 3 :])
        part = self.microscope / "answers.part"
        shutil.copyfile(self.session / ANSWERS, part)
        part.replace(self.microscope / ANSWERS)


class Session(threading.Thread):
    """`dystrack run` on the share."""

    def __init__(self, folder, n_prescans):
        super().__init__(daemon=True)
        self.folder, self.n_prescans = folder, n_prescans
        self.told = Recorder()

    def run(self):
        run_dystrack_manager(
            self.folder, tell_number, max_triggers=self.n_prescans, delay=0.2, end_on_esc=False,
            progress=False, on_event=self.told,
        )  # fmt: skip

    def until(self, is_so):
        end_s = time.monotonic() + LONGEST_S
        while not is_so():
            assert time.monotonic() < end_s, self.told.events
            time.sleep(0.01)


@pytest.mark.parametrize("drops_out", [False, True])
def test_each_prescan_on_a_share_is_answered_once_and_complete(tmp_path, drops_out):
    microscope, mounted = tmp_path / "microscope", tmp_path / "share"
    microscope.mkdir()
    mounted.mkdir()
    session = Session(mounted, 6)
    session.start()
    session.until(lambda: session.told.of(SessionStarted))
    with Share(microscope, mounted) as share:
        for number in range(1, 7):
            part = write_prescan(tmp_path / "part", value=number)
            part.rename(microscope / f"prescan_{number}_pos_1.tif")
            if drops_out and number == 3:
                share.go()
                session.until(lambda: session.told.of(FolderLost))
                share.come_back()
                session.until(lambda: session.told.of(FolderReturned))
            session.until(lambda n=number: len(answers(microscope)) == n)
        lines = answers(microscope)
    session.join(LONGEST_S)
    assert len(session.told.of(Answered)) == 6
    assert lines == [f"2.0000\t5.0000\t{number}.0000\tOK" for number in range(1, 7)]


def answers(folder):
    path = folder / ANSWERS
    return path.read_text("utf-8").splitlines()[1:] if path.exists() else []
