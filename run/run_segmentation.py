"""Follow what a trained model in the ONNX format finds. Needs pip install "dystrack[onnx]".

Copy this file, give the copy a name of your own, and change it to fit your experiment. Then start
it with the folder into which the microscope writes its prescans:

    python run_segmentation.py FOLDER

Whatever is not fixed below can be set behind the folder, for example `--probability 0.6`.
`python run_segmentation.py --help` lists everything that can be set.
"""

import sys

from dystrack.manager.cmdline import run_via_cmdline
from dystrack.pipelines.segmentation import analyze_image

# What finds the target in a prescan: a model of your own.
image_analysis_func = analyze_image

# Settings of this pipeline. Remove the "# " in front of a setting to fix it: its value then always
# holds, and the command line no longer offers it. The values shown are examples.
analysis_kwargs = {
    # "model": r"D:\models\nuclei.onnx",  # the model; it has to be set here or behind the folder
    # "output": "labels",  # what it gives: "probability", "labels" or "points"
    # "channel": 0,  # which channel to look at; leave it out if there is only one
    # "probability": 0.5,  # from where on a voxel belongs to an object
    # "min_size": 50,  # the smallest object, in voxels
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
