# A Fiji script (Jython) that external_process starts for each prescan, without a window.
#
#   dystrack run external_process FOLDER --command
#     "/opt/Fiji.app/ImageJ-linux64 --headless --run fiji_brightest.py path='{path}'"
#
# On Windows the program is ImageJ-win64.exe. Starting Fiji takes seconds; where that is too long,
# let the script read lines in a loop, as brightest.py does.
#
# @ String path

import json

from ij import IJ
from ij.measure import Measurements
from ij.plugin import ZProjector
from ij.plugin.filter import ThresholdToSelection
from ij.process import AutoThresholder, ImageStatistics


def find(image):
    """Return the answer for an image; no menu command is used, since those need a window."""
    if image is None:
        return {"error": "ImageJ cannot open that file; Bio-Formats may"}
    middle_z = (image.getNSlices() - 1) / 2.0
    projection = ZProjector.run(image, "max") if image.getNSlices() > 1 else image
    processor = projection.getProcessor()
    processor.blurGaussian(3)
    processor.setAutoThreshold(AutoThresholder.Method.Otsu, True)
    roi = ThresholdToSelection().convert(processor)
    if roi is None:
        return {"not_found": "nothing is above the threshold"}
    processor.setRoi(roi)
    found = ImageStatistics.getStatistics(processor, Measurements.CENTER_OF_MASS, None)
    # ImageJ counts from the corner of the first pixel, DySTrack from its centre.
    return {"z": middle_z, "y": found.yCenterOfMass - 0.5, "x": found.xCenterOfMass - 0.5}


print(json.dumps(find(IJ.openImage(path))))
