# -*- coding: utf-8 -*-
"""ZEN Blue macro: follow living samples with DySTrack.

At each time point and position it takes a prescan, waits for DySTrack's answer, moves there, and
takes the main scan. It stays where it is if the answer is late, a failure, or too far away.

Status: emulated from public documentation; contains guesses: that AddSinglePosition takes z last,
in micrometres, and that a stack with one position lies around its z.

To use it:
1. In ZEN, make two experiments: a quick prescan (z-stack) with your samples as tile positions, and
   the main scan with tiles switched on. Both need the same objective.
2. Change the settings below.
3. Start DySTrack:  dystrack run PIPELINE FOLDER --file_start prescan --answer_files
4. Open this file in ZEN's macro editor (Alt+F11) and run it.

For a first run use a dead sample and a low objective, and watch whether it moves the right way.
"""

# ---- Settings ------------------------------------------------------------------------------------

FOLDER = r"D:\dystrack\experiment_1"  # the folder that DySTrack watches
PRESCAN_EXPERIMENT = "prescan"  # names of the two experiments, as ZEN shows them
MAIN_EXPERIMENT = "main_scan"
PRESCAN_NAME = "prescan"  # how their names begin; the word of their phase, if there are phases
# To go on with an experiment: one more than the last time point; and store the positions of your
# samples in the prescan's experiment anew, for they have moved.
FIRST_TIME_POINT = 1
TIME_POINTS = 100  # number of the last time point
INTERVAL_S = 300  # from the beginning of a time point to that of the next
ANSWER_FILES = True  # recommended; False: count lines, for a DySTrack without --answer_files
NEXT_PRESCAN = True  # go where the next prescan is wanted, if an answer file says so (--track auto)
LOOK_AGAIN = False  # while a lost sample is searched for, scan again at once, without main scans
TIMEOUT_S = 60  # how long to wait for an answer before staying where it is
# What to do at extra targets (<prescan>.targets.txt): for each beginning of their names, the
# experiment of a prescan there that is answered too ("" for none), and the experiment of the scan:
# TARGETS = [("cell", "closeup", "cell_scan"), ("leader", "", "activate")] for example.
TARGETS = []
MOST_TARGETS = 10  # for one prescan, the most urgent first
SIGN_X = 1  # -1 if the stage moves the wrong way along an axis
SIGN_Y = 1
SIGN_Z = 1
SWAP_XY = 0  # 1 if the stage's x runs along the image's y; the signs are those of the image's axes
LARGEST_MOVE = 1.0  # in frames (in z: stacks); a target further away is not followed

# ---- End of the settings -------------------------------------------------------------------------
# It runs in IronPython 2.7 and in Python 3. `Zen` and `ZenExperiment` are given by ZEN.

import io
import math
import os
import time

COORDS_FILE = "dystrack_coords.txt"
JOURNAL = "dystrack_journal.jsonl"
COLUMNS = ("Z", "Y", "X", "msg")
NEXT_COLUMNS = ("nextZ", "nextY", "nextX")
MOST_LOOKS = 15  # of a search at one time point
PRESCAN_ENDING = ".czi"
ANSWER_ENDING = ".answer.txt"
TARGETS_ENDING = ".targets.txt"
FAILURE = "Image analysis failed!"
POLL_S = 0.1


class Geometry(object):
    """Size of a prescan in pixels and in micrometres, along x, y and z."""

    def __init__(self, image):
        self.pixels = (image.Bounds.SizeX, image.Bounds.SizeY, image.Bounds.SizeZ)
        self.pixel_um = (image.Scaling.X, image.Scaling.Y, image.Scaling.Z)

    def offset_um(self, target):
        """Return how far a target in pixels lies from the centre, along x, y and z."""
        return [
            (at - (size - 1) / 2.0) * um for at, size, um in zip(target, self.pixels, self.pixel_um)
        ]

    def is_too_far(self, offset_um):
        """Say whether an offset is longer than the largest move."""
        return any(
            abs(offset) > LARGEST_MOVE * size * um
            for offset, size, um in zip(offset_um, self.pixels, self.pixel_um)
        )


class AnswerFiles(object):
    """A file for each prescan, which can hold no other prescan's answer."""

    def __init__(self, folder):
        self.folder = folder
        refuse_without(os.path.join(folder, JOURNAL))

    def expect(self, prescan):
        """Return the path of the file that will answer a prescan; an older one is removed."""
        path = os.path.join(self.folder, prescan + PRESCAN_ENDING + ANSWER_ENDING)
        if os.path.exists(path):
            os.remove(path)
        return path

    def look(self, path):
        """Return the columns of an answer by their names, or None while there is none."""
        try:
            with io.open(path, encoding="utf-8", errors="replace") as answer:
                header, line = answer.read().split("\n")[:2]
        except (IOError, OSError, ValueError):  # not there yet, or the share is away
            return None
        return dict(zip(header.split("\t"), line.split("\t")))


class CountedLines(object):
    """The lines of dystrack_coords.txt, each for the prescan to which it belongs.

    DySTrack writes one line for each prescan, in their order. So the lines are counted: one that
    comes late belongs to its own prescan and is never taken for the answer to the next.
    """

    def __init__(self, folder):
        self.path = os.path.join(folder, COORDS_FILE)
        refuse_without(self.path)
        self.size = 0
        self.lines = []  # the header is the first one
        self.next_line = len(self.read())

    def read(self):
        """Return the lines that are written to their end; only what is new is read."""
        try:
            with io.open(self.path, "rb") as coords:
                if coords.seek(0, os.SEEK_END) < self.size:  # another file stands there now
                    self.size, self.lines = 0, []
                coords.seek(self.size)
                new = coords.read()
        except (IOError, OSError):  # it is being written, or the share is away: look again later
            return self.lines
        new = new[: new.rfind(b"\n") + 1]
        self.size += len(new)
        self.lines += new.decode("utf-8", "replace").split("\n")[:-1]
        return self.lines

    def expect(self, _prescan):
        """Return the number of the line that will answer the prescan that is taken next."""
        surplus = len(self.read()) - self.next_line
        if surplus > 0:
            say("%d answers are for no prescan of this macro. Does anything else write?" % surplus)
        number = self.next_line + max(0, surplus)
        self.next_line = number + 1
        return number

    def look(self, number):
        """Return the columns of a line by their names, or None while there is none."""
        lines = self.read()
        return dict(zip(COLUMNS, lines[number].split("\t"))) if len(lines) > number else None


def refuse_without(path):
    """Refuse to start where DySTrack has not left a file yet."""
    if not os.path.exists(path):
        raise RuntimeError("There is no %s. Start DySTrack before this macro." % path)


def wait_for(answers, expected):
    """Return an answer, or None if it does not come in time."""
    end = time.time() + TIMEOUT_S
    while True:
        answer = answers.look(expected)
        if answer is not None or time.time() >= end:
            return answer
        time.sleep(POLL_S)


def say(text):
    """Print with the time."""
    print("%s  %s" % (time.strftime("%H:%M:%S"), text))


def name_of(kind, time_point, number):
    """Return the name of an image, without its ending."""
    return "%s_%d_pos_%d" % (kind, time_point, number)


def stored_positions():
    """Return x, y and z of the positions that are stored in the prescan's experiment."""
    experiment = ZenExperiment()
    experiment.Load(PRESCAN_EXPERIMENT)
    positions = [(p.X, p.Y, p.Z) for p in experiment.GetSinglePositionInfos(0)]
    if not positions:
        raise RuntimeError("The experiment %s has no positions." % PRESCAN_EXPERIMENT)
    return positions


def acquire(experiment_name, position, image_name):
    """Acquire an image at one position, have it saved, and return its geometry."""
    experiment = ZenExperiment()
    experiment.Load(experiment_name)
    experiment.SetActive()
    experiment.ClearTileRegionsAndPositions(0)
    experiment.AddSinglePosition(0, position[0], position[1], position[2])
    experiment.AutoSave.IsActivated = True
    experiment.AutoSave.StorageFolder = FOLDER
    experiment.AutoSave.Name = image_name
    image = Zen.Acquisition.Execute(experiment)
    geometry = Geometry(image)
    image.Close()
    return geometry


def target_of(answer):
    """Return x, y and z of an answer in pixels, or None, and what there is to say about it."""
    if answer is None:
        hint = "no answer within %g s. If DySTrack has ended, restart it with --resume" % TIMEOUT_S
        return None, hint + (" --answer_files" if ANSWER_FILES else "")
    message = answer.get("msg", "").strip("\r")
    try:
        z, y, x = [float(answer.get(name, "")) for name in "ZYX"]
    except ValueError:
        return None, "cannot read %r" % answer
    if message == FAILURE:
        return None, message
    if any(math.isnan(value) or math.isinf(value) for value in (z, y, x)):
        return None, "no coordinates (%s)" % message
    return (x, y, z), message


def follow(position, geometry, answer):
    """Return the position that an answer leads to; the same if there is no good one."""
    target, message = target_of(answer)
    if target is None:
        return position, "stays: %s" % message
    offset_um = geometry.offset_um(target)
    if geometry.is_too_far(offset_um):
        what = "stays: the target is too far away (x %.0f, y %.0f, z %.0f um)"
        return position, what % tuple(offset_um)
    moves = tuple(sign * um for sign, um in zip((SIGN_X, SIGN_Y, SIGN_Z), offset_um))
    if SWAP_XY:
        moves = (moves[1], moves[0], moves[2])
    moved = tuple(at + move for at, move in zip(position, moves))
    return moved, "moves by x %.1f, y %.1f, z %.1f um: " % moves + message


def place_of_next(position, geometry, answer):
    """Return where the next prescan is wanted, or None where an answer does not say it."""
    if not (NEXT_PRESCAN and answer and target_of(answer)[0]):
        return None
    columns = [answer.get(name, "") for name in NEXT_COLUMNS]
    return place_of(position, geometry, dict(zip("ZYX", columns)))


def place_of(position, geometry, columns):
    """Return where coordinates lead to, or None where that is nowhere, or too far away."""
    target = target_of(columns)[0]
    if target is None or geometry.is_too_far(geometry.offset_um(target)):
        return None
    return follow(position, geometry, columns)[0]


def extra_targets(position, geometry, prescan, answer):
    """Return what to do at the extra targets of a prescan, their numbers, and where they are."""
    path = os.path.join(FOLDER, prescan + PRESCAN_ENDING + TARGETS_ENDING)
    if not (TARGETS and target_of(answer)[0] and os.path.exists(path)):
        return []
    with io.open(path, encoding="utf-8") as lines:
        rows = lines.read().split("\n")[:-1]
    header, found = rows[0].split("\t"), []
    for index, row in enumerate(rows[1 : MOST_TARGETS + 1]):
        columns = dict(zip(header, row.split("\t")))
        place = place_of(position, geometry, columns)
        for beginning, closeup, scan in TARGETS:
            if place is not None and columns["name"].startswith(beginning):
                found.append((closeup, scan, number_in(columns["name"], index + 1), place))
    return found


def number_in(name, otherwise):
    """Return the number at the end of a name."""
    digits = name[len(name.rstrip("0123456789")) :]
    return int(digits) if digits else otherwise


def is_searching(answer):
    """Say whether a lost sample is searched for, which is to be looked for again at once."""
    try:
        return LOOK_AGAIN and answer is not None and float(answer.get("nextInS", "nan")) == 0
    except ValueError:
        return False


def visit(answers, position, time_point, number):
    """Search if that is wanted, take the main scan; return where to take the next prescan."""
    name = name_of(PRESCAN_NAME, time_point, number)
    answer, main, then, extra = look(answers, position, name)
    for again in range(2, MOST_LOOKS + 1):
        if not is_searching(answer):
            break
        answer, main, then, extra = look(answers, then, "%s_again_%d" % (name, again))
    acquire(MAIN_EXPERIMENT, main, name_of("job", time_point, number))
    for closeup, scan, point, wanted in extra:
        behind, place = "_point_%d" % point, wanted
        if closeup:
            prescan = name_of(closeup, time_point, number) + behind
            place = look(answers, wanted, prescan, closeup)[1]
        acquire(scan, place, name_of("job_" + scan, time_point, number) + behind)
    return then


def look(answers, position, prescan, experiment=PRESCAN_EXPERIMENT):
    """Take a prescan; return its answer, where main scan and next prescan are wanted, and more."""
    expected = answers.expect(prescan)
    geometry = acquire(experiment, position, prescan)
    answer = wait_for(answers, expected)
    main, what = follow(position, geometry, answer)
    say("%s %s" % (prescan, what))
    then = place_of_next(position, geometry, answer) or main
    return answer, main, then, extra_targets(position, geometry, prescan, answer)


def check_names():
    """Refuse to mix two experiments in one folder."""
    first = name_of(PRESCAN_NAME, FIRST_TIME_POINT, 1) + PRESCAN_ENDING
    if os.path.exists(os.path.join(FOLDER, first)):
        raise RuntimeError(
            "%s is in %s already. Choose another FOLDER, or another FIRST_TIME_POINT."
            % (first, FOLDER)
        )


def run():
    """Follow all positions until the last time point."""
    check_names()
    answers = (AnswerFiles if ANSWER_FILES else CountedLines)(FOLDER)
    positions = stored_positions()
    next_start = time.time()
    for time_point in range(FIRST_TIME_POINT, TIME_POINTS + 1):
        Zen.Application.Documents.RemoveAll()
        while time.time() < next_start:
            time.sleep(POLL_S)
        next_start = time.time() + INTERVAL_S
        for index, position in enumerate(positions):
            positions[index] = visit(answers, position, time_point, index + 1)
    say("Done.")


run()
