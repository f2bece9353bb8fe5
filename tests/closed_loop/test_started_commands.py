"""`dystrack run`, started as people start it, beside a microscope that this test plays."""

import subprocess
import sys

import numpy as np
import pytest
import tifffile

from dystrack.core.exchange.answer_file import read_answer, read_next
from dystrack.core.exchange.coords_file import wait_for
from dystrack.manager.record.journal import read_journal
from dystrack.manager.watching.image_names import JOURNAL_NAME
from pipelines.images import gaussian_body

SHAPE = (80, 120)
MIDDLE = np.array([39.5, 59.5])
LIMIT_S = 90.0


class Session:
    """A command on its way, and the stage of a microscope over one sample."""

    def __init__(self, folder, *words):
        self.folder = folder
        self.stage = np.zeros(2)
        self.process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-m", "dystrack", "run", *words, "--no-report"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self):
        journal = self.folder / JOURNAL_NAME
        self.wait(lambda: (journal.exists() and b"SessionStarted" in journal.read_bytes()) or None)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def wait(self, look):
        """Wait for something; a command that has ended will not bring it any more."""

        def look_while_it_runs():
            assert self.process.poll() is None, self.process.communicate()
            return look()

        return wait_for(look_while_it_runs, self.folder, timeout_s=LIMIT_S, poll_s=0.02)

    def scan(self, name, sample=None):
        """Take a prescan of a sample, or a black one, and return its answer."""
        image = np.full(SHAPE, 30.0)
        if sample is not None:
            for cell in sample.reshape(-1, 2):
                image += gaussian_body(SHAPE, MIDDLE + cell - self.stage, (4.0, 4.0), 150)
            image += np.random.default_rng(len(name)).normal(0, 2, SHAPE)
        path = self.folder / name
        unfinished = path.with_suffix(".part")
        tifffile.imwrite(unfinished, image.astype(np.uint8), photometric="minisblack")
        unfinished.replace(path)
        answer = self.wait(lambda: read_answer(path))
        return answer, read_next(path) or answer

    def finish(self):
        """Return what the command printed, once it has ended."""
        out, err = self.process.communicate(timeout=LIMIT_S)
        assert self.process.returncode == 0, err
        return out


def test_run_with_the_tracker_bridges_a_gap(tmp_path):
    words = ["--track", "auto", "--answer_files", "--max_triggers", "6", "--file_start", "prescan"]
    sample = np.array([6.0, 20.0])
    with Session(tmp_path, "center_of_mass", str(tmp_path), "--method", "otsu", *words) as session:
        messages = []
        for number in range(6):
            answer, then = session.scan(f"prescan_{number}.tif", None if number == 4 else sample)
            messages.append(answer.msg)
            session.stage = session.stage + np.array([then.y, then.x]) - MIDDLE
            assert np.abs(session.stage - sample).max() < 2.0
        session.finish()
    assert messages == ["OK"] * 4 + ["TRACKER:GAP", "OK"]
    journal, _ = read_journal(tmp_path / JOURNAL_NAME)
    answered = [one for one in journal if one["event"] == "Answered"]
    assert [one["predicted"] is not None for one in answered] == [False] + [True] * 5


def test_run_with_phases_answers_each_by_its_pipeline(tmp_path):
    run_file = tmp_path / "run_otsu.py"
    run_file.write_text(
        "from dystrack.pipelines.center_of_mass import analyze_image\n"
        "analysis_kwargs = {'method': 'otsu'}\n"
    )
    given = f"overview=drift, closeup={run_file}"
    with Session(
        tmp_path,
        *("phases", str(tmp_path), "--phases", given, "--answer_files", "--max_triggers", "4"),
    ) as session:
        sample = np.array([(4.0, 10.0), (-20.0, -30.0), (20.0, 21.0), (15.0, -35.0)])
        first, _ = session.scan("overview_1_pos_1.tif", sample)
        close, _ = session.scan("closeup_1_pos_1.tif", sample[:1])
        second, _ = session.scan("overview_2_pos_1.tif", sample + 6.0)
        again, _ = session.scan("closeup_2_pos_1.tif", sample[:1] + 6.0)
        session.finish()
    assert (first.y, first.x) == tuple(MIDDLE)
    assert (second.y, second.x) == pytest.approx(MIDDLE + 6.0, abs=0.5)
    assert (close.y, close.x) == pytest.approx(MIDDLE + sample[0], abs=0.5)
    assert (again.y, again.x) == pytest.approx(MIDDLE + sample[0] + 6.0, abs=0.5)
