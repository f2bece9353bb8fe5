"""Answer the phases of an experiment by different pipelines, chosen by the names of the prescans.

Copy this file, give the copy a name of your own, and change it to fit your experiment. Then start
it with the folder into which the microscope writes its prescans:

    python run_phases.py FOLDER

Whatever is not fixed below can be set behind the folder, for example `--track auto`.
`python run_phases.py --help` lists everything that can be set.
"""

import sys

from dystrack.manager.cmdline import run_via_cmdline
from dystrack.pipelines.phases import analyze_image

# What answers a prescan: the pipeline of its phase. Each phase of a position has its own memory.
image_analysis_func = analyze_image

# Settings of this pipeline. What is set here holds, and the command line no longer offers it.
analysis_kwargs = {
    # The word in the name of a prescan, and the pipeline for it: overview_3_pos_1.czi is answered
    # by `drift`, closeup_3_pos_1_point_2.czi by `nearest_object` with settings of its own. Instead
    # of a name, the path of a run file brings its settings along.
    "phases": {
        "overview": "drift",
        "closeup": ("nearest_object", {"min_size": 200, "gauss_sigma": 2.0}),
    },
    # "channel": 0,  # which channel to look at; leave it out if there is only one
    # "await_write": 2,  # how long a file has to rest in s where its format cannot tell
    # "warn_8bit": False,  # do not warn that the image was converted to 8 bit
    # "verbose": True,  # print more
}

# Values that the pipelines hand on from one time point to the next. They fill them by themselves.
analysis_cache = {}

# Settings of the manager, which watches the folder and answers the microscope.
manager_kwargs = {
    # Which files are prescans? Those whose names have a phase.
    "file_regex": r"(?i).*(overview|closeup).*\.(czi|tiff?|nd2)",
    #
    # How do coordinates reach the microscope?
    "answer_files": True,  # a file for each prescan; "<prescan>.targets.txt" has the extra targets
    #
    # Follow with memory: smooth, bridge gaps, doubt improbable answers, search.
    # "track": "auto",
    # "track_phases": "closeup",  # in these phases only
    #
    # What if an analysis fails after the first prescan?
    # "img_err_fallback": True,  # send the previous coordinates of that position and phase again
    # "img_err_fallback": "stay",  # stay where the stage is
    # "img_err_fallback": False,  # end the run with the error
    #
    # When does the run end, apart from Esc and Ctrl-C?
    # "max_triggers": 100,  # after so many prescans
}

# Started as a program, the file runs; read by another program, it only hands over its settings.
if __name__ == "__main__":
    run_via_cmdline(sys.argv, image_analysis_func, analysis_kwargs, analysis_cache, manager_kwargs)
