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
from ij.process import ImageStatistics

image = IJ.openImage(path)
middle_z = (image.getNSlices() - 1) / 2.0
projection = ZProjector.run(image, "max") if image.getNSlices() > 1 else image
IJ.run(projection, "Gaussian Blur...", "sigma=3")
IJ.setAutoThreshold(projection, "Otsu dark")
IJ.run(projection, "Create Selection", "")
roi = projection.getRoi()
if roi is None:
    print(json.dumps({"not_found": "nothing is above the threshold"}))
else:
    processor = projection.getProcessor()
    processor.setRoi(roi)
    found = ImageStatistics.getStatistics(processor, Measurements.CENTER_OF_MASS, None)
    # ImageJ counts from the corner of the first pixel, DySTrack from its centre.
    y, x = found.yCenterOfMass - 0.5, found.xCenterOfMass - 0.5
    print(json.dumps({"z": middle_z, "y": y, "x": x}))
