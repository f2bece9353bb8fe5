"""Overview of a layer, close-ups of the cells that have left it, and back: an experiment in phases.

At each time point the overview is kept where it is by comparing it with the first one. Objects
apart from the layer are cells that have left it; each keeps its number, and is an extra target. The
microscope goes to each of them, takes a close-up, is told where the cell is exactly, takes its
scan, and returns. How to set this up step by step: docs/experiments.md.

Copy this file, give the copy a name of your own, and change it to fit your experiment. Then start
it with the folder into which the microscope writes its images:

    python run_cells_leaving_layer.py FOLDER
"""

import math
import sys

from dystrack.core.findings import FINDINGS_KEY
from dystrack.manager.cmdline import run_via_cmdline
from dystrack.pipelines import drift
from dystrack.pipelines.phases import analyze_image
from dystrack.pipelines.utilities.loading import load_stack
from dystrack.pipelines.utilities.objects.labelled import objects_in
from dystrack.pipelines.utilities.preparation import prepare_image
from dystrack.pipelines.utilities.smoothing import smooth
from dystrack.pipelines.utilities.thresholds import otsu_threshold


def overview(
    target_path,
    channel=None,
    min_size=40,
    max_size=5000,
    reach_px=25.0,
    *,
    cells=(),
    n_named=0,
    findings=False,
    **of_drift,
):
    """Keep a layer of cells in the middle, and name the cells that have left it.

    Parameters
    ----------
    target_path : str
        Path of the overview.
    channel : int, optional, default None
        Index of the channel to use. If not given, the image must have a single channel.
    min_size, max_size : int, optional
        Voxels of the smallest and of the largest object that is a cell.
    reach_px : float, optional, default 25.0
        How far a cell moves at most from one overview to the next in pixels.

    Other Parameters
    ----------------
    cells, n_named : sequence, int
        Handed on: number and place of each cell, from the middle of the next overview; how many
        were named.
    findings : bool
        Whether to say what was found; sessions ask for it.
    of_drift : mapping
        What the pipeline `drift` hands on.
    """
    z, y, x, msg, cache = drift.analyze_image(
        target_path, channel, warn_8bit=False, findings=findings, **of_drift
    )
    image = smooth(prepare_image(load_stack(target_path, channel), warn_8bit=False), 1.0)
    objects, _ = objects_in(image >= otsu_threshold(image), min_size)
    named = []
    for other in objects[1:]:  # the largest one is the layer
        if other.n_voxels <= max_size:
            place = [at - middle for at, middle in zip(other.centre, (z, y, x), strict=True)]
            free = [cell for cell in cells if cell[0] not in [number for number, *_ in named]]
            nearest = min(free, key=lambda cell: math.dist(cell[2:], place[1:]), default=None)
            if nearest is None or math.dist(nearest[2:], place[1:]) > reach_px:
                n_named += 1
                nearest = [n_named]
            named.append([nearest[0], *place])
    if findings:
        cache[FINDINGS_KEY]["targets"] = [
            {"name": f"cell_{number}", "z": z + dz, "y": y + dy, "x": x + dx}
            for number, dz, dy, dx in named
        ]
    return z, y, x, msg, {**cache, "cells": named, "n_named": n_named}


# What answers an image: the pipeline of its phase. Each phase of a position has its own memory.
image_analysis_func = analyze_image

analysis_kwargs = {
    # overview_3_pos_1.czi is answered by the function above, closeup_3_pos_1_point_2.czi, the
    # close-up of cell 2, by `nearest_object`.
    "phases": {
        "overview": (f"{__file__}:overview", {"min_size": 40}),
        "closeup": ("nearest_object", {"min_size": 200, "warn_8bit": False}),
    },
    # "channel": 0,  # which channel to look at; leave it out if there is only one
}

# Values that the pipelines hand on from one time point to the next. They fill them by themselves.
analysis_cache = {}

manager_kwargs = {
    "file_regex": r"(?i)(overview|closeup)_.*\.(czi|tiff?|nd2)",  # no scans of the main kind
    "answer_files": True,
    "max_step_um": "20,400,400",  # no target further from the middle of its image than this
    # "max_triggers": 1000,  # end after so many images, apart from Esc and Ctrl-C
}

# Started as a program, the file runs; read by another program, it only hands over its settings.
if __name__ == "__main__":
    run_via_cmdline(sys.argv, image_analysis_func, analysis_kwargs, analysis_cache, manager_kwargs)
