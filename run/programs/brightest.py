"""A program that external_process keeps running: the plainest there is.

    dystrack run external_process FOLDER --command "python brightest.py"

It may run in another environment, such as "C:\\envs\\cells\\python.exe brightest.py".
"""

import json
import sys

import numpy as np
import tifffile


def find_target(path):
    stack = tifffile.imread(path).astype(float)
    stack = stack.reshape((-1, *stack.shape[-2:]))
    bright = np.argwhere(stack > stack.mean() + 3 * stack.std())
    if len(bright) < 20:
        return {"not_found": "fewer than 20 voxels stand out"}
    z, y, x = bright.mean(axis=0)
    return {"z": z, "y": y, "x": x}


print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = find_target(request["path"])
    except Exception as error:  # whatever happens to one prescan, the next one is answered
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
