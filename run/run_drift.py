"""Keep in view whatever the first prescan was centred on.

Copy this file, give the copy a name of your own, and change it to fit your experiment. Then start
it with the folder into which the microscope writes its prescans:

    python run_drift.py FOLDER

Whatever is not fixed below can be set behind the folder, for example `--min_confidence 3`.
`python run_drift.py --help` lists everything that can be set.
"""

import sys

from dystrack.manager.cmdline import run_via_cmdline
from dystrack.pipelines.drift import analyze_image

# What finds the target in a prescan: the shift against the first prescan. Nothing is segmented.
image_analysis_func = analyze_image

# Settings of this pipeline. Remove the "# " in front of a setting to fix it: its value then always
# holds, and the command line no longer offers it. The values shown are examples.
analysis_kwargs = {
    # "min_confidence": 2.0,  # how clearly a match must stand out to be believed
    # "channel": 0,  # which channel to look at; leave it out if there is only one
    # "reference": r"D:\data\reference.tif",  # compare with this image instead of the first prescan
    # "reanchor_fract": 0.5,  # when to take a new reference, as the sample changes its looks
    # "ignore_background": True,  # leave out what does not move with the sample
    # "invert": True,  # dark is taken for bright, for transmitted light
    # "await_write": 2,  # how long a file has to rest in s where its format cannot tell
    # "warn_8bit": False,  # do not warn that the image was converted to 8 bit
    # "verbose": True,  # print more
}

# Values that the pipeline hands on from one time point to the next. It fills them by itself.
analysis_cache = {}

# Settings of the manager, which watches the folder and answers the microscope.
manager_kwargs = {
    # Which files are prescans? A rule that is left out lets every name pass.
    # "file_start": "prescan_",  # how their names start
    # "file_end": ".czi",  # how their names end
    # "file_regex": r"prescan_\d+_pos_\d+\.czi",  # or an expression for the whole name
    # "recurse": True,  # look into subfolders too
    #
    # What if an analysis fails after the first prescan?
    # "img_err_fallback": True,  # send the previous coordinates of that position again
    # "img_err_fallback": "stay",  # stay where the stage is
    # "img_err_fallback": False,  # end the run with the error
    #
    # How do coordinates reach the microscope?
    # "tra_method": "txt",  # as a line in dystrack_coords.txt, in the same folder
    # "tra_method": "MyPiC",  # through the Windows registry, for ZEN Black
    #
    # When does the run end, apart from Esc and Ctrl-C?
    # "max_triggers": 100,  # after so many prescans
}

# Started as a program, the file runs; read by another program, it only hands over its settings.
if __name__ == "__main__":
    run_via_cmdline(sys.argv, image_analysis_func, analysis_kwargs, analysis_cache, manager_kwargs)
