"""What all pipelines have in common."""

import inspect
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from dystrack.core.findings import take_findings
from dystrack.options.docstring_arguments import read_arguments
from pipelines.images import streak, write_tiff
from shipped import SELF_CONTAINED

NAMES = SELF_CONTAINED
WITH_FIGURES = [
    name
    for name in NAMES
    if "show"
    in inspect.signature(import_module(f"dystrack.pipelines.{name}").analyze_image).parameters
]
Z_LIMITS = {"center_of_mass": 0.1, "minimal_example": 0.1, "chick_node": 0.2}


@pytest.fixture
def load():
    return lambda name: import_module(f"dystrack.pipelines.{name}")


def test_each_pipeline_has_a_test_of_its_own():
    for name in NAMES:
        assert Path(__file__).with_name(f"test_{name}.py").exists()


@pytest.mark.parametrize("name", Z_LIMITS)
def test_z_is_limited(name, load, tmp_path):
    image = streak((21, 80, 120), 40.0, 70.0)
    path = write_tiff(tmp_path, np.concatenate([image[5:], np.zeros_like(image[:5])]))
    with pytest.warns(UserWarning, match="z was limited"):
        answer = load(name).analyze_image(path)
    assert answer.z_pos == pytest.approx(10 - Z_LIMITS[name] * 20)


@pytest.mark.parametrize("name", NAMES)
def test_verbose_speaks_line_by_line(name, load, tmp_path, capsys):
    path = write_tiff(tmp_path, streak((80, 120), 45.0, 70.0))
    load(name).analyze_image(path)
    assert capsys.readouterr().out == ""
    load(name).analyze_image(path, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert str(path) in lines[0]


@pytest.mark.parametrize("name", WITH_FIGURES)
def test_show_passes_what_was_seen(name, load, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(load(name), "show_target", lambda *seen: shown.append(seen))
    path = write_tiff(tmp_path, streak((80, 120), 45.0, 70.0))
    answer = load(name).analyze_image(path, show=True)
    [(title, image, target, *mask)] = shown
    assert title.startswith("DySTrack")
    assert image.shape == (80, 120)
    assert target == answer[:3]
    assert all(m is None or m.shape == image.shape for m in mask)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(80, 120), (9, 80, 120)])
def test_light_and_dark_can_be_swapped(name, shape, load, tmp_path):
    image = streak(shape, 45.0, 70.0)
    bright = load(name).analyze_image(write_tiff(tmp_path, image, "bright.tif"))
    dark = load(name).analyze_image(
        write_tiff(tmp_path, np.bitwise_not(image), "dark.tif"), invert=True
    )
    assert dark[:3] == pytest.approx(bright[:3], abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_findings_are_given_where_they_are_asked_for(name, load, tmp_path):
    path = write_tiff(tmp_path, streak((80, 120), 45.0, 70.0))
    plain = load(name).analyze_image(path)
    asked = load(name).analyze_image(path, findings=True)
    cache, findings = take_findings(asked.img_cache)
    assert (*asked[:4], cache) == plain
    assert 0.5 < findings.confidence <= 1.0


@pytest.mark.parametrize(
    "option", ["channel", "invert", "await_write", "warn_8bit", "verbose", "gauss_sigma"]
)
def test_an_option_means_the_same_in_each_pipeline(option, load):
    offered = [read_arguments(load(name).analyze_image, 1).offered for name in NAMES]
    alike = [argument for pipeline in offered for argument in pipeline if argument.name == option]
    assert len(alike) > 1
    assert len({(one.value_type, one.description) for one in alike}) == 1
