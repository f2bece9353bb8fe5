"""LAS X: follow living samples with DySTrack, through the CAM interface.

Status: emulated from public documentation; contains guesses: those of `dystrack scope check las_x`,
which this script stands on.

LAS X runs no scripts of its own, so this one runs beside it, in the Python in which DySTrack is
installed, on the same computer or another. `dystrack scope run las_x` does the same with less to
set up; take this script if you want to change the loop.

To use it:
1. In LAS X, switch on CAM (Configuration > CAM), save two scanning templates, and export images
   automatically as OME-TIFF, one file a plane.
2. Change the settings below; POSITIONS are what the stage reads at your samples.
3. Start DySTrack:  dystrack run PIPELINE FOLDER --file_start prescan --answer_files
4. python dystrack_las_x.py

For a first run use a dead sample and a low objective, and watch whether it moves the right way.
"""

# ---- Settings ------------------------------------------------------------------------------------

FOLDER = r"D:\dystrack\experiment_1"  # the folder that DySTrack watches; an empty one
LAS_X = {
    "image_folder": r"D:\leica_export",  # where LAS X exports its images
    "prescan_template": "{ScanningTemplate}prescan",
    "main_template": "{ScanningTemplate}main_scan",
    "planes": 21,  # of a prescan
    "z_step_um": 2.0,
}
POSITIONS = [(0.0, 30000.0, 60000.0)]  # z, y, x in micrometres
TIME_POINTS = 100
INTERVAL_S = 300  # from the beginning of a time point to that of the next
TIMEOUT_S = 60  # how long to wait for an answer before staying where it is
SIGNS = {"z_sign": 1, "y_sign": 1, "x_sign": 1}  # -1 if the stage moves the wrong way
SWAP_XY = 0  # 1 if the stage's x runs along the image's y; the signs are those of the image's axes
ROOM_UM = (100.0, 2000.0, 2000.0)  # z, y, x: how far from the positions the stage may ever go
LARGEST_STEP_UM = (50.0, 500.0, 500.0)

# ---- End of the settings -------------------------------------------------------------------------

from pathlib import Path

from dystrack.core.protocols import SYSTEM_CLOCK
from dystrack.scopes.box import Box
from dystrack.scopes.driver import Driver, Plan, run_driver
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.guard import Guard, GuardRules
from dystrack.scopes.hand_off import FolderHandOff
from dystrack.scopes.leica.las_x import open_las_x
from dystrack.scopes.stage import StageAxes
from dystrack.scopes.visit_record import VisitRecord


def main():
    """Visit all positions: take the prescan, wait for its answer file, move, take the main scan."""
    folder = Path(FOLDER)
    if not (folder / "dystrack_journal.jsonl").exists():
        message = "Start DySTrack before this script, in %s." % folder
        raise SystemExit(message)
    places = [PositionUm(*place) for place in POSITIONS]
    rules = GuardRules(Box.around(places, PositionUm(*ROOM_UM)), PositionUm(*LARGEST_STEP_UM))
    record = VisitRecord(folder)
    with open_las_x(**LAS_X) as scope:
        driver = Driver(
            Guard(scope, rules, print),
            Plan(places, TIME_POINTS, INTERVAL_S, obeys_intervals=True),
            StageAxes(**SIGNS, swaps_yx=bool(SWAP_XY)),
            folder,
            FolderHandOff(folder, TIMEOUT_S, answer_files=True),
            SYSTEM_CLOCK,
            record=record.add,
            tell=print,
            progress=record.progress(),
        )
        run_driver(driver)


if __name__ == "__main__":
    main()
