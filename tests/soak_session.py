"""One session of the soak test, in a process that can be killed: FOLDER N_PRESCANS."""

import random
import sys
from pathlib import Path

import tifffile

from dystrack.core.exchange.coords_file import COORDS_FILE_NAME
from dystrack.manager.manager import run_dystrack_manager

_FAULTS = ("raise", "nan", "far", "four")
_SHARE_OF_FAULTS = 0.1


def fault_of(name):
    """Return what goes wrong with a prescan of this name: the same at each try."""
    chance = random.Random(name)
    if name.startswith("prescan_0_") or chance.random() >= _SHARE_OF_FAULTS:
        return ""
    return chance.choice(_FAULTS)


def analyse(target_path, seen=0):
    """Answer with the grey value of the prescan, unless something goes wrong.

    Parameters
    ----------
    target_path : str
        The prescan.
    seen : int
        Cached count of good answers at this position.
    """
    name = Path(target_path).name
    match fault_of(name):
        case "raise":
            raise RuntimeError(name)
        case "nan":
            return float("nan"), 0.0, 0.0, name, {}
        case "far":
            return 0.0, 0.0, 1e9, name, {}
        case "four":
            return 0.0, 0.0, 0.0, name
    value = int(tifffile.imread(target_path)[0, 0])
    return 0.0, seen % 8, value % 8, f"{name} {seen} {value}", {"seen": seen + 1}


def resident_kib():
    """Return the memory that the process occupies."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def main(folder, n_prescans):
    """Track until there is a line for each prescan; print the memory at 20 % and at the end."""
    coords = folder / COORDS_FILE_NAME
    memory = []

    def should_stop():
        n_lines = coords.read_bytes().count(b"\n") - 1
        if not memory and n_lines >= 0.6 * n_prescans:
            memory.append(resident_kib())
        return n_lines >= n_prescans

    run_dystrack_manager(
        folder,
        analyse,
        end_on_esc=False,
        max_checks=10**9,
        delay=0.2,
        resume=True,
        progress=False,
        should_stop=should_stop,
    )
    print(*memory, resident_kib())  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
