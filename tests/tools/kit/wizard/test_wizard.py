"""Questions, what is proposed, and the experiment that the answers make."""

import io
import os

import numpy as np
import pytest
import tifffile
from rich.console import Console

from dystrack import cli
from dystrack.core.errors import ConfigurationError
from dystrack.manager.settings import Settings
from dystrack.tools.kit.checking.prescans import look_at_folder
from dystrack.tools.kit.experiment.reading import read_experiment
from dystrack.tools.kit.wizard.examples import Examples
from dystrack.tools.kit.wizard.questions import questions
from dystrack.tools.kit.wizard.wizard import ask_in_terminal, set_up_experiment

PACKAGE = "dystrack.pipelines"
SCALED = {"imagej": True, "resolution": (2.0, 2.0)}


def write(folder, name, shape=(10, 80, 100), axes="ZYX", bodies=((40, 50),), **others):
    stack = np.random.default_rng(0).integers(0, 9, shape, np.uint8)
    for y, x in bodies:
        stack[..., 3:7, y - 8 : y + 8, x - 8 : x + 8] = 190
    kwargs = SCALED | {"metadata": {"axes": axes, "unit": "um", "spacing": 2.0}} | others
    tifffile.imwrite(folder / name, stack, **kwargs)
    os.utime(folder / name, (0, 0))


def examples_in(folder):
    settings = Settings()
    return Examples(look_at_folder(folder, settings, settings.naming()).prescans)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "examples"
    folder.mkdir()
    for time in (1, 2):
        for position in (1, 2):
            write(folder, f"prescan_{time}_pos_{position}.tif")
    return folder


def set_up(folder, to, answers=None, typed=None):
    console = Console(file=io.StringIO(), width=120)
    lines = iter(typed or ())
    console.input = lambda *_: next(lines)
    ask = ask_in_terminal(console) if typed else (lambda question: question.default)
    set_up_experiment(folder, to, PACKAGE, answers=answers or {}, ask=ask, console=console)
    return read_experiment(to, PACKAGE), console.file.getvalue()


def test_what_is_proposed_can_be_run(folder, tmp_path):
    experiment, shown = set_up(folder, tmp_path / "experiment.toml")
    assert experiment.image_analysis_func.__module__ == "dystrack.pipelines.center_of_mass"
    assert experiment.manager_kwargs == {
        "file_start": "prescan_",
        "file_end": ".tif",
        "answer_files": True,
        "max_step_um": [5.0, 14.0, 18.0],
        "max_failures": 5,
    }
    for sentence in (
        "4 images: TIF, Z 10, Y 80, X 100",
        "Voxel size: 2, 0.5, 0.5 µm",
        "2 positions: 1, 2",
        "3 of 3 prescans got an answer that may be sent",
        "dystrack check ",
    ):
        assert sentence in shown


def test_what_is_typed_counts_and_what_cannot_be_is_asked_again(folder, tmp_path):
    typed = ["neares", "nearest_object", "", "-", "post", "lines", "1,2", "9", "-", "auto"]
    experiment, shown = set_up(folder, tmp_path / "experiment.toml", typed=typed)
    assert experiment.image_analysis_func.__module__ == "dystrack.pipelines.nearest_object"
    assert experiment.manager_kwargs == {
        "file_start": "prescan_",
        "max_step_um": 9.0,
        "track": "auto",
    }
    for sentence in (
        "Did you mean nearest_object?",
        "answers is 'post'. Give one of files, lines, registry.",
        "max_step_um is [1.0, 2.0]",
        "auto: as much ahead of the sample as it needs",
        "drift: keep in the middle what was",
    ):
        assert sentence in " ".join(shown.split())


def test_channels_are_asked_for(tmp_path):
    write(tmp_path, "prescan_1_pos_1.tif", (10, 2, 80, 100), "ZCYX", bodies=())
    names = [question.name for question in questions(examples_in(tmp_path), PACKAGE)]
    assert names[0] == "channel"
    to = tmp_path / "experiment.toml"
    experiment, _ = set_up(tmp_path, to, {"channel": "1", "pipeline": "drift", "max_step": ""})
    assert experiment.analysis_kwargs == {"channel": 1}
    assert "max_step_um" not in experiment.manager_kwargs


def test_several_objects_call_for_another_pipeline(tmp_path):
    write(tmp_path, "prescan_1_pos_1.tif", bodies=((20, 20), (50, 70)))
    assert examples_in(tmp_path).proposed_pipeline() == "nearest_object"


def test_names_that_tell_no_position(tmp_path):
    for name in ("embryoA_prescan.tif", "embryoB_prescan.tif"):
        write(tmp_path, name)
    (question,) = (
        q for q in questions(examples_in(tmp_path), PACKAGE) if q.name == "position_pattern"
    )
    assert "(?P<position>" in question.default
    experiment, _ = set_up(tmp_path, tmp_path / "experiment.toml")
    assert experiment.manager_kwargs["position_pattern"] == question.default


def test_a_plane_without_scale(tmp_path):
    write(tmp_path, "prescan_1.tif", (80, 100), "YX", (), resolution=None, metadata=None)
    examples = examples_in(tmp_path)
    assert (examples.step_setting, examples.largest_step) == ("max_step_px", [0.0, 28.0, 35.0])


def test_without_examples(tmp_path):
    experiment, _ = set_up(None, tmp_path / "experiment.toml", {"answers": "lines"})
    assert experiment.manager_kwargs == {"max_failures": 5}


def test_the_registry(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cli.main(["init", "--answers", "registry"])
    assert 'tra_method = "MyPiC"' in (tmp_path / "experiment.toml").read_text("utf-8")


def test_a_pipeline_that_still_needs_options(folder, tmp_path):
    _, shown = set_up(folder, tmp_path / "experiment.toml", {"pipeline": "phases"})
    assert "It cannot run yet" in shown
    assert "Set that below [options]" in " ".join(shown.split())


def test_what_a_pipeline_cannot_do_without_is_asked(folder, tmp_path):
    model = tmp_path / "lab" / "cells.onnx"
    model.parent.mkdir()
    model.write_bytes(b"")
    typed = ["segmentation", "none.onnx", f'"{model}"', "", "", "", "", "", ""]
    experiment, shown = set_up(folder, tmp_path / "experiment.toml", typed=typed)
    assert "What is the model of that pipeline?" in shown
    assert "There is no file none.onnx" in " ".join(shown.split())
    assert 'model = "lab/cells.onnx"' in (tmp_path / "experiment.toml").read_text("utf-8")
    assert experiment.analysis_kwargs == {"model": str(model)}


@pytest.mark.parametrize(
    ("pipeline", "option", "value"),
    [
        ("external_process", "command", "python -u find.py"),
        ("phases", "phases", "overview=drift, closeup=nearest_object"),
        ("pixel_classifier", "model", ""),
    ],
)
def test_options_of_a_pipeline_can_be_given(tmp_path, monkeypatch, pipeline, option, value):
    monkeypatch.chdir(tmp_path)
    cli.main(["init", "--pipeline", pipeline, f"--{option}", value])
    read = read_experiment(tmp_path / "experiment.toml", PACKAGE)
    assert read.analysis_kwargs == ({option: value} if value else {})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--pipeline", "lateral"], "Did you mean lateral_line"),
        (["--max-step", "far"], "max_step_px is 'far'"),
        (["--file-start", "*.tif"], "no wildcards"),
        (["--answers", "post"], "answers is 'post'"),
        (["no folder"], "does not exist"),
    ],
)
def test_what_cannot_be_leaves_no_file(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        cli.main(["init", *words])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path, monkeypatch):
    (tmp_path / "experiment.toml").write_text("mine", "utf-8")
    with pytest.raises(ConfigurationError, match="already"):
        set_up(None, tmp_path / "experiment.toml")
