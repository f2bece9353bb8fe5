"""A session that kills its own process at its second prescan, and one that resumes: FOLDER MOMENT."""

import os
import signal
import sys
from pathlib import Path

from dystrack.core.exchange.coords_file import COORDS_FILE_NAME, read_lines
from dystrack.manager import transmitters
from dystrack.manager.events import Answering, SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from fakes import write_prescan

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # what Windows calls SIGTERM cannot be refused


def main(folder, moment):
    """Answer three prescans, of which the first two come now unless nothing is to be killed."""
    append_line = transmitters.append_line

    def die_if(now, name):
        if now == moment and "second" in name:
            os.kill(os.getpid(), KILL)

    def analyse(target_path):
        die_if("analysing", target_path)
        return 1.0, 2.0, 3.0, Path(target_path).name, {}

    def append_and_die(path, line, precision):
        append_line(path, line, precision)
        die_if("sent", line.msg)

    def listen(event):
        match event:
            case SessionStarted():
                for name in ("first.tif", "second.tif") if moment else ("third.tif",):
                    write_prescan(folder / name)
            case Answering(path=path):
                die_if("sending", path)

    transmitters.append_line = append_and_die
    run_dystrack_manager(
        folder,
        analyse,
        max_checks=300,
        delay=0.1,
        resume=not moment,
        progress=False,
        on_event=listen,
        should_stop=lambda: len(read_lines(folder / COORDS_FILE_NAME)) >= 3,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
