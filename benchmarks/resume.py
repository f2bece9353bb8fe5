"""How long a resumed run takes to its first answer, with a long journal and many waiting prescans.

::

    python benchmarks/resume.py [WAITING] [ANSWERED]

Parts of the journal's side are shown by themselves, then the time of the complete start.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from dystrack.core.protocols import SYSTEM_CLOCK
from dystrack.manager.events import Answered, Answering, ImageNoticed, SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.record.backlog import find_backlog
from dystrack.manager.record.journal import JournalWriter
from dystrack.manager.record.pipeline_name import pipeline_name
from dystrack.manager.record.resume import PastRun, read_replay
from dystrack.manager.record.states import position_record, settings_record
from dystrack.manager.settings import Settings
from dystrack.manager.tracking.positions import Position


def answer_at_once(
    target_path: str, track: object = None
) -> tuple[float, float, float, str, dict[str, Any]]:
    """Answer without a look at the prescan."""
    del target_path, track
    return 0.0, 1.0, 2.0, "OK", {}


def write_journal(folder: Path, n_answered: int) -> None:
    """Write the journal of a run that was killed after so many prescans."""
    (folder / "dystrack_coords.txt").write_text("Z\tY\tX\tmsg\n" + "0\t1\t2\tOK\n" * n_answered)
    name = pipeline_name(answer_at_once)
    with JournalWriter(folder, SYSTEM_CLOCK) as journal:
        journal(
            SessionStarted(
                folder=str(folder),
                pipeline=name.shown,
                pipeline_path=name.path,
                settings=settings_record(Settings())[0],
                versions={},
                existing=[f"before_{i}.tif" for i in range(1000)],
                resumed=False,
            )
        )
        for i in range(n_answered):
            path, position = str(folder / f"prescan_{i}_pos_{i % 20}.tif"), str(i % 20)
            what = {"path": path, "position": position, "target": i, "msg": "OK"}
            xyz = {"z": 0.0, "y": 1.0, "x": 2.0}
            state = position_record(Position(position, cache={"track": list(range(50))}))
            journal(ImageNoticed(path=path))
            journal(Answering(**what, **xyz, state=state, coords_size=13 + 10 * i))
            journal(Answered(**what, **xyz, time_point=i, outcome="ok", sent=True, total_s=0.1))


def timed(what: str, action: Callable[[], Any]) -> Any:
    """Do something, print how long it took and what of it on a core, and return what it gave."""
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    result = action()
    took_s, took_cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
    print(f"{what:60s} {took_s:6.2f} s, on a core {took_cpu_s:6.2f} s", flush=True)
    return result


def main(n_waiting: int = 100_000, n_answered: int = 20_000) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_journal(folder, n_answered)
        tifffile.imwrite(folder / "prescan.part", np.full((4, 8), 7, np.uint8))
        content = (folder / "prescan.part").read_bytes()
        names = [f"prescan_{n_answered + i}_pos_{i % 20}.tif" for i in range(n_waiting)]
        for waiting in names:
            (folder / waiting).write_bytes(content)
        (folder / "prescan.part").unlink()
        print(f"{n_waiting} waiting, {n_answered} answered before")
        replay = timed("Read the journal", lambda: read_replay(folder / "dystrack_journal.jsonl"))
        past = timed("Sum it up", lambda: PastRun(replay.summary(b"")))
        timed("Find the backlog", lambda: find_backlog(names, past, Settings()))
        newest = Settings(backlog="newest")
        timed("Find the newest of each position", lambda: find_backlog(names, past, newest))
        timed(
            "From the call of a resumed run to its first answer and end",
            lambda: run_dystrack_manager(
                folder, answer_at_once, max_triggers=1, progress=False, resume=True
            ),
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
