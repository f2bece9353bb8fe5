# -*- coding: utf-8 -*-
"""NIS-Elements: follow living samples with DySTrack, inside a JOB (NIS 6.10 and newer).

Status: emulated from public documentation; contains guesses: that calibration is in the order of
size (x, y, z); that XY_Move and Z_Move return when the stage has stopped; that a z-stack lies
around where the focus was before it.

To use it, make this JOB (JOBS Explorer > Create New Job); POSITIONS must be the number of points:

    Time loop
        Point loop (your samples)
            Python Script       this file, without input images: goes to where the sample was left
            Z-stack > Capture   the quick prescan; leave its saving off
            Python Script       this file, with the prescan as its only input image
            Z-stack > Capture   your main scan

Switch "Execute in the main thread" off in both, so that you can abort. Change the settings below in
both, then start DySTrack:  dystrack run PIPELINE FOLDER --file_start prescan --answer_files

For a first run use a dead sample and a low objective, and watch whether it moves the right way.
"""

# ---- Settings ------------------------------------------------------------------------------------

FOLDER = r"D:\dystrack\experiment_1"  # the folder that DySTrack watches; an empty one
POSITIONS = 1  # number of points in the JOB's point loop
NEXT_PRESCAN = True  # go where the next prescan is wanted, if an answer says so (--track auto)
TIMEOUT_S = 60  # how long to wait for an answer before staying where it is
SIGN_X = 1  # -1 if the stage moves the wrong way along an axis
SIGN_Y = 1
SIGN_Z = 1
SWAP_XY = 0  # 1 if the stage's x runs along the image's y; the signs are those of the image's axes
LARGEST_MOVE = 1.0  # in frames (in z: stacks); a target further away is not followed

# ---- End of the settings -------------------------------------------------------------------------
# NIS gives XY_Move, XY_GetPosition, Z_Move and Z_GetPosition, all in micrometres.

import json
import math
import os
import struct
import time

import limjob  # noqa: F401 - NIS wants it imported, like this

STATE = "dystrack_nis_positions.json"
JOURNAL = "dystrack_journal.jsonl"
FAILURE = "Image analysis failed!"
POLL_S = 0.1
NEAR_UM = 0.05  # nearer than this it is there already


def run(imgs, Job, macro, ctx):  # noqa: N803, ARG001 - what NIS calls
    """Go to a position if there is no image; otherwise hand over the prescan, and follow."""
    if not os.path.exists(os.path.join(FOLDER, JOURNAL)):
        raise RuntimeError("There is no %s in %s. Start DySTrack first." % (JOURNAL, FOLDER))
    state = read_state()
    number = state["visits"] % POSITIONS + 1
    if len(imgs) == 0:
        go_to(state["next"].get(str(number)))
        state["here"] = position()  # of the prescan; after it the focus may be elsewhere
        write_state(state)
        return
    time_point = state["visits"] // POSITIONS + 1
    here = state.pop("here", None) or position()
    state["visits"] += 1
    write_state(state)  # before anything else, so that no name is used twice
    name = "prescan_%d_pos_%d.tif" % (time_point, number)
    write_tiff(imgs[0], name)
    answer = wait_for(name, ctx)
    main, what = follow(here, imgs[0], answer)
    say("Time point %d, position %d %s" % (time_point, number, what))
    state["next"][str(number)] = place_of_next(here, imgs[0], answer) or main
    write_state(state)
    go_to(main)


# ---- The stage


def position():
    """Return x, y and z of the stage in micrometres."""
    x, y = XY_GetPosition()
    return [x, y, Z_GetPosition()]


def go_to(place):
    """Move where that is not where the stage is already."""
    if place is None:
        return
    here = position()
    if math.hypot(place[0] - here[0], place[1] - here[1]) > NEAR_UM:
        XY_Move(float(place[0]), float(place[1]))
    if abs(place[2] - here[2]) > NEAR_UM:
        Z_Move(float(place[2]))


def read_state():
    """Return how many visits there were, and where to take the next prescan of each position."""
    try:
        with open(os.path.join(FOLDER, STATE), encoding="utf-8") as state:
            return json.load(state)
    except FileNotFoundError:
        return {"visits": 0, "next": {}}


def write_state(state):
    """Keep that, complete or not at all."""
    path = os.path.join(FOLDER, STATE)
    with open(path + ".part", "w", encoding="utf-8") as unfinished:
        json.dump(state, unfinished)
    os.replace(path + ".part", path)


# ---- The answer


def wait_for(name, ctx):
    """Return the columns of a prescan's answer file, or None if it does not come in time."""
    path = os.path.join(FOLDER, name + ".answer.txt")
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end and not ctx.shouldAbort():
        try:
            with open(path, encoding="utf-8", errors="replace") as answer:
                header, line = answer.read().split("\n")[:2]
            return dict(zip(header.split("\t"), line.split("\t")))
        except (OSError, ValueError):  # not there yet
            time.sleep(POLL_S)
    return None


def target_of(answer, names, message):
    """Return x, y and z in pixels, or None, and what there is to say about it."""
    if answer is None:
        return None, "no answer within %g s. If DySTrack has ended, restart it" % TIMEOUT_S
    try:
        z, y, x = [float(answer.get(name, "")) for name in names]
    except ValueError:
        return None, "cannot read %r" % answer
    if message == FAILURE or not all(map(math.isfinite, (z, y, x))):
        return None, message
    return (x, y, z), message


def follow(here, image, answer, names=("Z", "Y", "X")):
    """Return the place that an answer leads to; the same if there is no good one."""
    message = answer.get("msg", "") if answer else ""
    target, message = target_of(answer, names, message)
    if target is None:
        return here, "stays: %s" % message
    sizes, steps = image.size, image.calibration
    offsets = [(at - (size - 1) / 2) * um for at, size, um in zip(target, sizes, steps)]
    if any(abs(o) > LARGEST_MOVE * n * um for o, n, um in zip(offsets, sizes, steps)):
        return here, "stays: the target is too far away (x %.0f, y %.0f, z %.0f)" % tuple(offsets)
    moves = [sign * offset for sign, offset in zip((SIGN_X, SIGN_Y, SIGN_Z), offsets)]
    if SWAP_XY:
        moves = [moves[1], moves[0], moves[2]]
    place = [at + move for at, move in zip(here, moves)]
    return place, "moves by x %.1f, y %.1f, z %.1f um: %s" % (*moves, message)


def place_of_next(here, image, answer):
    """Return where the next prescan is wanted, or None where an answer does not say it."""
    if not NEXT_PRESCAN or answer is None or "nextX" not in answer:
        return None
    place, _ = follow(here, image, answer, ("nextZ", "nextY", "nextX"))
    return None if place is here else place


def say(text):
    """Print with the time."""
    print("%s  %s" % (time.strftime("%H:%M:%S"), text))


# ---- The prescan, as an ImageJ TIFF with its scaling: a header, and all planes one after the other


def write_tiff(image, name):
    """Put a prescan in place, complete."""
    stack = image.array()[:, :, :, 0]
    depth, height, width = stack.shape
    um_x, um_y, um_z = image.calibration
    bits = 8 * stack.dtype.itemsize
    text = "ImageJ=1.11a\nimages=%d\nslices=%d\nspacing=%r\nunit=um\n\0" % (depth, depth, um_z)
    offset = 8 + 2 + 13 * 12 + 4 + 16 + len(text)
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, bits),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (270, 2, len(text), offset - len(text)),
        (273, 4, 1, offset),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, height * width * bits // 8),
        (282, 5, 1, offset - len(text) - 16),
        (283, 5, 1, offset - len(text) - 8),
        (296, 3, 1, 1),
    ]
    path = os.path.join(FOLDER, name)
    with open(path + ".part", "wb") as unfinished:
        unfinished.write(struct.pack("<2sHIH", b"II", 42, 8, len(tags)))
        unfinished.write(b"".join(struct.pack("<HHII", *tag) for tag in tags))
        unfinished.write(struct.pack("<I", 0))
        resolution = [struct.pack("<II", 1000000, round(um * 1000000)) for um in (um_x, um_y)]
        unfinished.write(b"".join(resolution))  # pixels in a micrometre
        unfinished.write(text.encode("ascii"))
        unfinished.write(stack.astype("<u%d" % stack.dtype.itemsize).tobytes())
    os.replace(path + ".part", path)
