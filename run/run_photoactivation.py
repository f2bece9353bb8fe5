"""Follow a migrating tissue, and photo-activate its leader at every nth time point.

The pipeline is `lateral_line`. When it is time, the message says ACTIVATE behind its own, and the
leading part of the tissue is an extra target with a region. How to set this up step by step:
docs/experiments.md.

Copy this file, give the copy a name of your own, and change it to fit your experiment. Then start
it with the folder into which the microscope writes its prescans:

    python run_photoactivation.py FOLDER --every 5
"""

import sys

from dystrack.core.findings import FINDINGS_KEY, take_findings
from dystrack.manager.cmdline import run_via_cmdline
from dystrack.pipelines import lateral_line


def analyze_image(
    target_path,
    channel=None,
    every=5,
    leader_px=60,
    gauss_sigma=3.0,
    blank_fract=0.2,
    verbose=False,
    *,
    n_since=0,
    findings=False,
):
    """Follow the leading edge, and ask for photo-activation at every nth prescan.

    Parameters
    ----------
    target_path : str
        Path of the prescan.
    channel : int, optional, default None
        Index of the channel to use. If not given, the prescan must have a single channel.
    every : int, optional, default 5
        Number of prescans from one activation to the next. Where the leading edge is not seen, it
        waits for the next prescan.
    leader_px : int, optional, default 60
        Length of the leading part in pixels.
    gauss_sigma : float, optional, default 3.0
        Sigma of the Gaussian filter in pixels.
    blank_fract : float, optional, default 0.2
        Share of the width to leave free in front of the leading edge.
    verbose : bool, optional, default False
        If True, more information is printed.

    Other Parameters
    ----------------
    n_since : int
        Handed on: prescans since the last activation.
    findings : bool
        Whether to say what was found; sessions ask for it.
    """
    z, y, x, msg, cache = lateral_line.analyze_image(
        target_path,
        channel,
        gauss_sigma,
        blank_fract=blank_fract,
        warn_8bit=False,
        verbose=verbose,
        findings=True,
    )
    found = take_findings(cache)[1].as_data()
    n_since += 1
    if n_since >= every and msg == "OK":
        front = max(column for _, column in found["outline"])
        leader = [corner for corner in found["outline"] if corner[1] >= front - leader_px]
        middle = [sum(values) / len(leader) for values in zip(*leader, strict=True)]
        found["targets"] = [
            {"name": "leader", "z": z, "y": middle[0], "x": middle[1], "region": leader}
        ]
        msg, n_since = "OK ACTIVATE", 0
    return z, y, x, msg, {"n_since": n_since, **({FINDINGS_KEY: found} if findings else {})}


image_analysis_func = analyze_image

# Settings of this pipeline. Remove the "# " in front of a setting to fix it.
analysis_kwargs = {
    # "every": 5,  # number of prescans from one activation to the next
    # "leader_px": 60,  # length of the leading part
    # "channel": 0,  # which channel to look at; leave it out if there is only one
}

# Values that the pipeline hands on from one time point to the next. It fills them by itself.
analysis_cache = {}

manager_kwargs = {
    "file_start": "prescan",
    "answer_files": True,
    "track": "auto",  # no noise shakes the stage, gaps are bridged
    # "tra_method": "MyPiC",  # ZEN Black: its macro bleaches the region itself
    # "tra_kwargs": {"roiAim": "bleach"},
}

# Started as a program, the file runs; read by another program, it only hands over its settings.
if __name__ == "__main__":
    run_via_cmdline(sys.argv, image_analysis_func, analysis_kwargs, analysis_cache, manager_kwargs)
