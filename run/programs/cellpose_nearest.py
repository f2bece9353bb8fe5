"""A deep-learning environment that external_process keeps running: the model is loaded once.

In an environment of its own: conda create -n cells python=3.11, conda activate cells,
pip install cellpose tifffile. Then

    dystrack run external_process FOLDER
        --command "conda run -n cells --no-capture-output python -u cellpose_nearest.py"

It follows the cell that is nearest to where it was; at first, to the middle.
"""

import json
import sys

import numpy as np
import tifffile
from cellpose import models

model = models.CellposeModel(gpu=True)


def find_target(path, memory):
    stack = tifffile.imread(path)
    plane = stack.max(axis=0) if stack.ndim == 3 else stack
    labels = model.eval(plane)[0]
    numbers = [n for n in np.unique(labels) if n]
    if not numbers:
        return {"not_found": "the model finds no cell"}
    middle = (np.array(plane.shape) - 1) / 2
    centres = {n: np.argwhere(labels == n).mean(axis=0) for n in numbers}
    size = memory.get("size")
    sizes = {n: int((labels == n).sum()) for n in numbers}

    def distance(n):
        change = abs(np.log(sizes[n] / size)) if size else 0.0
        return np.hypot(*(centres[n] - middle)) + change * 0.25 * plane.shape[1]

    best = min(numbers, key=distance)
    z = (stack.shape[0] - 1) / 2 if stack.ndim == 3 else 0.0
    y, x = map(float, centres[best])
    return {"z": z, "y": y, "x": x, "memory": {"size": sizes[best]}}


print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = find_target(request["path"], request.get("memory", {}))
    except Exception as error:  # whatever happens to one prescan, the next one is answered
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
