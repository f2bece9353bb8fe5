"""The figures of the published pipelines, through a running manager and its text file."""

import importlib
import itertools
import json
import shutil
import threading

import pytest

from dystrack.core.exchange.coords_file import read_lines
from dystrack.manager.events import SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.record.journal import read_journal
from fakes import SHARED_PRESCANS

EXPECTED = SHARED_PRESCANS / "expected.json"
pytestmark = pytest.mark.skipif(
    not EXPECTED.exists(), reason="the real prescans lie beside a checkout, not in it"
)


def runs():
    """Return the expected rows, grouped into what one run of the manager can do."""
    rows = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else []

    def setting(row):
        return row["pipeline"], json.dumps(row["kwargs"])

    return [list(group) for _, group in itertools.groupby(sorted(rows, key=setting), setting)]


@pytest.mark.filterwarnings("ignore:z was limited:UserWarning")
@pytest.mark.parametrize(
    "rows", runs(), ids=lambda rows: f"{rows[0]['pipeline']} {rows[0]['kwargs']}"
)
def test_row_by_row(tmp_path, rows):
    def copy_prescans():
        for row in rows:
            shutil.copy(SHARED_PRESCANS / row["file"], tmp_path)

    microscope = threading.Thread(target=copy_prescans)

    def start_microscope(event):
        if isinstance(event, SessionStarted):
            microscope.start()

    pipeline = importlib.import_module(f"dystrack.pipelines.{rows[0]['pipeline']}")
    run_dystrack_manager(
        tmp_path,
        pipeline.analyze_image,
        max_triggers=len(rows),
        img_kwargs={**rows[0]["kwargs"], "warn_8bit": False},
        img_err_fallback=False,
        progress=False,
        on_event=start_microscope,
    )
    microscope.join()
    records, _ = read_journal(tmp_path / "dystrack_journal.jsonl")
    answered = [r["path"] for r in records if r["event"] == "Answered"]
    lines = dict(zip(answered, read_lines(tmp_path / "dystrack_coords.txt"), strict=True))
    tolerance_px = 1e-2 if rows[0]["pipeline"] == "chick_node" else 1e-3
    for row in rows:
        line = lines[str(tmp_path / row["file"])]
        expected = (row["z"], row["y"], row["x"])
        assert (line.z, line.y, line.x) == pytest.approx(expected, abs=tolerance_px)
        assert line.msg == row["msg"]
