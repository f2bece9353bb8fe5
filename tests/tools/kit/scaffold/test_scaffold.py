"""A new pipeline passes its own test at once, and is all that a run needs."""

import subprocess
import sys

import numpy as np
import pytest
import tifffile

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.pipeline_reference import pipeline_names
from dystrack.tools.kit.experiment.reading import read_experiment
from dystrack.tools.kit.scaffold.scaffold import write_new_pipeline
from pipelines.test_segmentation import brightness

PACKAGE = "dystrack.pipelines"
TIMEOUT_S = 300


def run_its_test(new):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", new.test.name]
    return subprocess.run(
        command, cwd=new.folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def test_it_passes_its_own_test(tmp_path):
    new = write_new_pipeline("My sample-2", tmp_path, PACKAGE)
    assert new.pipeline == tmp_path / "my_sample_2" / "my_sample_2.py"
    result = run_its_test(new)
    assert result.returncode == 0, result.stdout
    assert "9 passed" in result.stdout
    assert "NAME" not in new.pipeline.read_text("utf-8") + new.test.read_text("utf-8")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("target.y, target.x", "target.x, target.y"),
        ("target.y, target.x", "target.y + 0.5, target.x + 0.5"),
        ("target = centroid(sample)", "target = centroid(~sample)"),
        ("contrast * noise, 1.0", "contrast * 0.0, 0.0"),
    ],
    ids=["axes swapped", "half a pixel off", "of the background", "noise is a target"],
)
def test_its_test_finds_faults(tmp_path, right, wrong):
    new = write_new_pipeline("faulty_one", tmp_path, PACKAGE)
    text = new.pipeline.read_text("utf-8")
    assert right in text
    new.pipeline.write_text(text.replace(right, wrong), "utf-8")
    assert run_its_test(new).returncode == 1


def test_an_experiment_runs_it(tmp_path):
    new = write_new_pipeline("mine", tmp_path, PACKAGE)
    pipeline = read_experiment(new.experiment, PACKAGE).image_analysis_func
    assert pipeline.__code__.co_filename == str(new.pipeline)
    arguments = read_arguments(pipeline, n_positional=1)
    assert [a.name for a in arguments.offered] == [
        "channel",
        "smoothing_px",
        "contrast",
        "min_voxels",
    ]
    assert all(argument.description for argument in arguments.offered)
    image = np.random.default_rng(0).integers(0, 9, (60, 80), np.uint8)
    image[20:31, 40:51] = 200
    tifffile.imwrite(tmp_path / "prescan.tif", image, imagej=True)
    assert pipeline(str(tmp_path / "prescan.tif"))[:3] == pytest.approx((0.0, 25.0, 45.0), abs=0.1)


def test_three_lines_are_to_be_edited(tmp_path):
    new = write_new_pipeline("mine", tmp_path, PACKAGE)
    lines = new.pipeline.read_text("utf-8").splitlines()
    assert len([line for line in lines if "# EDIT: " in line]) == 3


def test_a_program_of_another_environment_passes_the_same_test(tmp_path):
    new = write_new_pipeline("mine", tmp_path, PACKAGE, external=True)
    result = run_its_test(new)
    assert result.returncode == 0, result.stdout
    assert "9 passed" in result.stdout
    assert read_experiment(new.experiment, PACKAGE).image_analysis_func.__name__ == "analyze_image"
    assert "# EDIT" in new.program.read_text("utf-8")


def test_a_model_passes_its_test(tmp_path):
    pytest.importorskip("onnxruntime")
    model = brightness(tmp_path / "a model.onnx")
    new = write_new_pipeline("mine", tmp_path, PACKAGE, onnx=model)
    result = run_its_test(new)
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout
    pipeline = read_experiment(new.experiment, PACKAGE).image_analysis_func
    image = np.random.default_rng(0).integers(0, 9, (60, 80), np.uint8)
    image[20:31, 40:51] = 200
    tifffile.imwrite(tmp_path / "prescan.tif", image, imagej=True)
    assert pipeline(str(tmp_path / "prescan.tif"))[:3] == pytest.approx((0.0, 25.0, 45.0), abs=0.5)


@pytest.mark.parametrize(
    ("beginnings", "message"),
    [
        ({"onnx": "no.onnx"}, r"There is no file .*no\.onnx"),
        ({"onnx": "no.onnx", "external": True}, "one beginning"),
        ({"like": "drift", "external": True}, "one beginning"),
    ],
)
def test_a_beginning_that_cannot_be(tmp_path, beginnings, message):
    with pytest.raises(ConfigurationError, match=message):
        write_new_pipeline("mine", tmp_path, PACKAGE, **beginnings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "like",
    [
        pytest.param(name, marks=[] if name == "minimal_example" else pytest.mark.slow)
        for name in pipeline_names(PACKAGE)
    ],
)
def test_a_copy_of_a_shipped_one_passes_its_test(tmp_path, like):
    new = write_new_pipeline("my_copy", tmp_path, PACKAGE, like=like)
    result = run_its_test(new)
    assert result.returncode == 0, result.stdout
    assert read_experiment(new.experiment, PACKAGE).image_analysis_func.__name__ == "analyze_image"


@pytest.mark.parametrize(
    ("name", "like", "message"),
    [
        ("2x", "", "cannot be the name"),
        ("", "", "cannot be the name"),
        ("größe", "", "cannot be the name"),
        ("class", "", "cannot be the name"),
        ("json", "", r"'json' already.*json_1"),
        ("NumPy", "", r"'numpy' already.*numpy_1"),
        ("mine", "lateral", "Did you mean lateral_line"),
    ],
)
def test_what_cannot_be_made_leaves_nothing_behind(tmp_path, name, like, message):
    with pytest.raises(ConfigurationError, match=message):
        write_new_pipeline(name, tmp_path, PACKAGE, like=like)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path):
    new = write_new_pipeline("mine", tmp_path, PACKAGE)
    new.pipeline.write_text("work of a day", "utf-8")
    with pytest.raises(ConfigurationError, match=r"mine\.py already"):
        write_new_pipeline("mine", tmp_path, PACKAGE)
    assert new.pipeline.read_text("utf-8") == "work of a day"


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(FolderError, match="--folder"):
        write_new_pipeline("mine", tmp_path / "file", PACKAGE)
