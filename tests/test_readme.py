"""What the README shows works as it stands there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from dystrack.core.errors import TargetNotFoundError, UnsupportedImageError
from pipelines.images import gaussian_body, noise

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
PIPELINE, RUN = BLOCKS
CENTRE = (9.6, 40.3, 61.7)


@pytest.fixture
def analyze_image():
    names = {}
    exec(PIPELINE, names)  # noqa: S102 - it is our own README
    return names["analyze_image"]


def write(folder, stack, axes):
    path = folder / "prescan.tif"
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": axes})
    return path


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_the_pipeline_finds_a_body(dtype, analyze_image, tmp_path):
    brightness = 1 if dtype == "u1" else 200
    body = gaussian_body((20, 90, 110), CENTRE, (2.0, 6.0, 8.0)) + noise((20, 90, 110), 8)
    stack = (body * brightness).astype(dtype)
    *position, message, cache = analyze_image(write(tmp_path, stack, "ZYX"))
    assert position == pytest.approx(CENTRE, abs=0.5)
    assert (message, cache) == ("OK", {})
    *position, _, _ = analyze_image(write(tmp_path, stack[10], "YX"))
    assert position == pytest.approx((0.0, *CENTRE[1:]), abs=0.5)


def test_the_pipeline_cannot_misread_axes(analyze_image, tmp_path):
    stack = np.stack([noise((21, 40, 50), 9), noise((21, 40, 50), 9)], axis=1)
    stack[14, 1, 10:20, 30:40] = 200
    path = write(tmp_path, stack, "ZCYX")
    with pytest.raises(UnsupportedImageError, match="C = 2, Z = 21, Y = 40, X = 50"):
        analyze_image(path)
    assert analyze_image(path, channel=1)[:3] == pytest.approx((14, 14.5, 34.5), abs=0.3)
    path = write(tmp_path, stack[:3, 1], "TYX")
    with pytest.raises(UnsupportedImageError, match="T = 3, Y = 40, X = 50"):
        analyze_image(path)


NOISES = {
    "uniform": lambda random, shape: random.integers(0, 256, shape).astype("u1"),
    "dark": lambda random, shape: (random.random(shape) < 0.05).astype("u1"),
    "of photons": lambda random, shape: random.poisson(1.0, shape).astype("u2"),
    "of a camera": lambda random, shape: random.normal(3000.0, 200.0, shape).astype("u2"),
    "long-tailed": lambda random, shape: random.exponential(2000.0, shape).astype("u2"),
    "none": lambda random, shape: np.full(shape, 77, "u1"),
}


@pytest.mark.parametrize("shape", [(128, 128), (200, 500), (9, 100, 200)])
@pytest.mark.parametrize("kind", NOISES)
def test_the_pipeline_finds_nothing_in_noise(kind, shape, analyze_image, tmp_path):
    for seed in range(3):
        stack = NOISES[kind](np.random.default_rng(seed), shape)
        path = write(tmp_path, stack, "ZYX"[-stack.ndim :])
        with pytest.raises(TargetNotFoundError, match=r"stands out by 10\.0 times"):
            analyze_image(path)


def test_the_pipeline_finds_the_sample_in_real_prescans(analyze_image, prescans):
    rows = json.loads((prescans / "expected.json").read_text("utf-8"))
    centres = [row for row in rows if row["kwargs"] == {"method": "intensity"}]
    assert len(centres) == 6
    for row in centres:
        *position, message, _ = analyze_image(prescans / row["file"])
        shape = (1, *row["shape"])[-3:]
        for found, axis, size in zip(position, "zyx", shape, strict=True):
            assert found == pytest.approx(row[axis], abs=0.12 * size), (row["file"], axis)
        assert message == "OK"


def test_the_pipeline_is_as_short_as_promised():
    assert len([line for line in PIPELINE.splitlines() if line.strip()]) <= 26


def test_the_command_line_offers_its_options(tmp_path):
    file = tmp_path / "my_pipeline.py"
    file.write_text(PIPELINE, encoding="utf-8")
    command = [sys.executable, "-m", "dystrack", "run", str(file), "--help"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "--channel" in shown
    assert "--contrast" in shown


def test_the_call_from_python(tmp_path):
    (tmp_path / "prescans").mkdir()
    (tmp_path / "run.py").write_text(RUN, encoding="utf-8")
    subprocess.run([sys.executable, "run.py"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "prescans" / "dystrack_coords.txt").exists()
