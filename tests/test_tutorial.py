"""The tutorial, command by command, as it stands there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

TUTORIAL = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text("utf-8")
MOST_COMMANDS = 8
LIMIT_S = 240
_, OWN, NO_CODE, _ = re.split(r"^## ", TUTORIAL, flags=re.MULTILINE)


def commands_in(section):
    return re.findall(r"^    dystrack (.+)$", section, flags=re.MULTILINE)


def start(folder, command):
    return subprocess.Popen(
        [sys.executable, "-X", "utf8", "-m", "dystrack", *shlex.split(command)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


def run(folder, command):
    """Run one command of the tutorial, and return what it prints."""
    process = start(folder, command)
    try:
        shown, _ = process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
    assert process.returncode == 0, f"{command}\n{shown}"
    return shown


def run_while_prescans_come(folder, command):
    """Run the last command, and copy the prescans once it watches, as the tutorial says."""
    (folder / "today").mkdir()
    process = start(folder, command)
    try:
        for line in process.stdout:
            if "It ends" in line:
                break
        for path in sorted((folder / "prescans").glob("*.tif")):
            shutil.copy(path, folder / "today")
            time.sleep(0.1)
        shown, _ = process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
    assert process.returncode == 0, shown
    coords = (folder / "today" / "dystrack_coords.txt").read_text("utf-8").splitlines()
    assert len([line for line in coords if "\tOK" in line]) == 2, coords
    assert (folder / "today" / "dystrack_report.html").exists()


def edit_three_lines(pipeline, new_lines):
    lines = pipeline.read_text("utf-8").splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if "# EDIT: " in line]
    assert len(places) == len(new_lines) == 3
    for place, line in zip(places, new_lines, strict=True):
        assert lines[place].partition("=")[0] == line.partition("=")[0]
        lines[place] = f"{line}\n"
    pipeline.write_text("".join(lines), "utf-8")


def test_with_a_pipeline_of_ones_own(tmp_path):
    new, check, evaluate, rehearse, last = commands_in(OWN)
    assert "Written:" in run(tmp_path, new)
    (block,) = re.findall(r"```python\n(.*?)```", OWN, flags=re.DOTALL)
    edit_three_lines(tmp_path / "my_sample" / "my_sample.py", block.rstrip().split("\n"))
    assert "Ready." in run(tmp_path, check)
    shown = run(tmp_path, evaluate)
    assert "Always right: as it is" in shown
    assert (tmp_path / "dystrack_evaluation_my_sample" / "evaluation.html").exists()
    assert "2 prescans, 2 answered, 2 of them from their own image" in run(tmp_path, rehearse)
    run_while_prescans_come(tmp_path, last)


def test_the_swap_that_it_suggests_is_found(tmp_path):
    new, check, *_ = commands_in(OWN)
    run(tmp_path, new)
    pipeline = tmp_path / "my_sample" / "my_sample.py"
    text = pipeline.read_text("utf-8").replace("target.y, target.x", "target.x, target.y")
    pipeline.write_text(text, "utf-8")
    process = start(tmp_path, check)
    shown, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 1
    assert "Axes swapped" in shown


def test_without_programming(tmp_path):
    simulate, init, check, rehearse, last = commands_in(NO_CODE)
    run(tmp_path, simulate)
    assert "Written: experiment.toml" in run(tmp_path, init)
    shown = run(tmp_path, check)
    assert "Ready" in shown
    assert "2 files would be answered" in shown
    assert (tmp_path / "dystrack_check.html").exists()
    assert "2 answered" in run(tmp_path, rehearse)
    run_while_prescans_come(tmp_path, last)


@pytest.mark.parametrize("section", [OWN, NO_CODE])
def test_it_is_as_short_as_promised(section):
    assert len(commands_in(section)) + 1 <= MOST_COMMANDS  # and pip install
