"""Short real sessions over made-up prescans, for tests of what is told of them."""

import numpy as np

from dystrack.core.coordinates import VoxelSize
from dystrack.core.findings import FINDINGS_KEY
from dystrack.manager.manager import run_dystrack_manager
from dystrack.scopes.writing.writers import encode
from fakes import FakeClock

SHAPE = (5, 21, 41)  # its centre: 2, 10, 20
VOXEL_SIZE = VoxelSize(2.0, 0.5, 0.5)
NASTY = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


def made_up_run(folder, answers, *, n_positions=1, first=1, **settings):
    """Run a session whose pipeline gives these answers in turn; an exception is raised."""
    clock = FakeClock()
    folder.mkdir(exist_ok=True)
    for i in range(len(answers)):
        time_point, position = divmod(i, n_positions)
        path = folder / f"prescan_{time_point + first}_pos_{position + 1}.ome.tif"
        clock.plan(10.0 * i + 0.5, lambda path=path, i=i: path.write_bytes(a_prescan(i)))
    left = list(answers)

    def pipeline(target_path):
        answer = left.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        outline = [[5, 5], [9, 5], [9, 9], [5, 9]]
        return (*answer, "OK", {FINDINGS_KEY: {"confidence": 0.9, "outline": outline}})

    settings = {"max_checks": 10 * len(answers) + 5, "end_on_esc": False} | settings
    return run_dystrack_manager(folder, pipeline, clock=clock, progress=False, **settings)


def a_prescan(i):
    stack = np.full(SHAPE, 10, np.uint16)
    stack[:, 5:9, 5:9] = 500 + i
    return encode("ome_tiff", stack, VOXEL_SIZE)
