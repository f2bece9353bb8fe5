"""What the README shows works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
PIPELINE, RUN = BLOCKS


@pytest.fixture
def bright_spot(tmp_path):
    stack = np.zeros((3, 20, 30), np.uint8)
    stack[1, 4:7, 10:13] = 200
    path = tmp_path / "prescan.tif"
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYX"})
    return path


def test_the_pipeline(bright_spot):
    names = {}
    exec(PIPELINE, names)  # noqa: S102 - it is our own README
    assert names["analyze_image"](bright_spot) == (1.0, 5.0, 11.0, "OK", {})
    with pytest.raises(Exception, match="Lower `threshold`"):
        names["analyze_image"](bright_spot, threshold=255)


def test_the_pipeline_is_as_short_as_promised():
    assert len([line for line in PIPELINE.splitlines() if line.strip()]) <= 20


def test_the_command_line_offers_its_option(bright_spot, tmp_path):
    file = tmp_path / "my_pipeline.py"
    file.write_text(PIPELINE, encoding="utf-8")
    command = [sys.executable, "-m", "dystrack", "run", str(file), "--help"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "--threshold" in shown


def test_the_call_from_python(tmp_path):
    (tmp_path / "prescans").mkdir()
    (tmp_path / "run.py").write_text(RUN, encoding="utf-8")
    subprocess.run([sys.executable, "run.py"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "prescans" / "dystrack_coords.txt").exists()
