"""Stand-ins for ZEN's objects in Python 2.7: runs the macro under Jython, in place of IronPython.

A prescan is a text file with where the sample is, in pixels. What the stage and the sample were at
each main scan goes into the log.
"""

import os
import sys

SIZE = (40, 36, 9)  # x, y, z
STEP = (2.5, 2.5, 4.0)
DRIFT_UM = (-3.0, 2.0, 0.4)
START = (2000.0, 1005.0, 803.0)


class Thing:
    def __init__(self, **given):
        self.__dict__.update(given)


class Image:
    Bounds = Thing(SizeX=SIZE[0], SizeY=SIZE[1], SizeZ=SIZE[2])
    Scaling = Thing(X=STEP[0], Y=STEP[1], Z=STEP[2])

    def Close(self):
        pass


class Experiment:
    def __init__(self):
        self.AutoSave = Thing(IsActivated=False, StorageFolder="", Name="")
        self.positions = [START]

    def Load(self, name):
        self.name = name

    def SetActive(self):
        pass

    def GetSinglePositionInfos(self, block):
        return [Thing(X=x, Y=y, Z=z) for x, y, z in self.positions]

    def ClearTileRegionsAndPositions(self, block):
        self.positions = []

    def AddSinglePosition(self, block, x, y, z):
        self.positions.append((x, y, z))


class Sample:
    at = [2003.0, 1002.0, 803.0]


def execute(experiment):
    (place,) = experiment.positions
    save = experiment.AutoSave
    if experiment.name == "prescan":
        pixels = [
            (at - here) / step + (size - 1) / 2.0
            for at, here, step, size in zip(Sample.at, place, STEP, SIZE)
        ]
        path = os.path.join(save.StorageFolder, save.Name + ".czi")
        with open(path + ".part", "w") as image:
            image.write("%r %r %r" % tuple(pixels))
        os.rename(path + ".part", path)
    else:
        with open(os.path.join(save.StorageFolder, "log.txt"), "a") as log:
            log.write("%r %r %r %r %r %r\n" % (tuple(place) + tuple(Sample.at)))
        Sample.at = [at + drift for at, drift in zip(Sample.at, DRIFT_UM)]
    return Image()


given = {
    "ZenExperiment": Experiment,
    "Zen": Thing(
        Acquisition=Thing(Execute=execute),
        Application=Thing(Documents=Thing(RemoveAll=lambda: None)),
    ),
    "__name__": "__main__",
}
execfile(sys.argv[1], given)  # noqa: F821 - Python 2
