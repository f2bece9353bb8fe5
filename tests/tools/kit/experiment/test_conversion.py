"""Run files become experiment files that say the same."""

import json
import sys
from pathlib import Path

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.options.pipeline_reference import load_with_settings
from dystrack.tools.kit.experiment.conversion import convert_run_file
from dystrack.tools.kit.experiment.reading import read_experiment

PACKAGE = "dystrack.pipelines"
RUN_FILES = sorted((Path(__file__).parents[4] / "run").glob("*.py"))
MINE = """
import sys
from dystrack.manager.cmdline import run_via_cmdline
from my_pipeline import follow as image_analysis_func

analysis_kwargs = {"sigma": 2.0, "name": "für"}
analysis_cache = {"reference": 3}
manager_kwargs = {"file_end": ".tif", "max_step_um": (1, 2, 3), "isolate": True}

if __name__ == "__main__":
    run_via_cmdline(sys.argv, image_analysis_func, analysis_kwargs, analysis_cache, manager_kwargs)
"""
PIPELINE = '''
def follow(target_path, sigma=1.0, name="", reference=None):
    """Follow it."""
    return 0.0, sigma, 0.0, name, {"reference": reference}
'''


@pytest.fixture(autouse=True)
def no_module_of_another_test(monkeypatch):
    """Forget the `my_pipeline` of another test, and where it was found."""
    elsewhere = [path for path in sys.path if not Path(path, "my_pipeline.py").exists()]
    monkeypatch.setattr(sys, "path", elsewhere)
    monkeypatch.setitem(sys.modules, "my_pipeline", None)
    monkeypatch.delitem(sys.modules, "my_pipeline")


def as_lists(value):
    """Return a value as TOML has it, which knows no tuples."""
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("run_file", RUN_FILES, ids=lambda path: path.stem)
def test_shipped_run_files(run_file, tmp_path):
    written = convert_run_file(run_file, tmp_path / "experiment.toml", PACKAGE)
    before, after = load_with_settings(str(run_file)), read_experiment(written, PACKAGE)
    assert after.image_analysis_func is before.image_analysis_func
    for name in ("analysis_kwargs", "analysis_cache", "manager_kwargs"):
        assert as_lists(getattr(after, name)) == as_lists(getattr(before, name))


def test_a_run_file_of_ones_own(tmp_path, monkeypatch):
    folder = tmp_path / "wie früher"
    folder.mkdir()
    (folder / "run_mine.py").write_text(MINE, "utf-8")
    (folder / "my_pipeline.py").write_text(PIPELINE, "utf-8")
    written = convert_run_file(folder / "run_mine.py", folder / "mine.toml", PACKAGE)
    assert 'name = "my_pipeline.py:follow"' in written.read_text("utf-8")
    monkeypatch.chdir("/")
    after = read_experiment(written, PACKAGE)
    assert after.analysis_kwargs == {"sigma": 2.0, "name": "für"}
    assert after.analysis_cache == {"reference": 3}
    assert after.manager_kwargs == {"file_end": ".tif", "max_step_um": [1, 2, 3], "isolate": True}
    assert after.image_analysis_func("p", **after.analysis_kwargs)[1:4] == (2.0, 0.0, "für")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"isolate": True', '"tra_method": print'), "cannot hold tra_method"),
        (('"isolate": True', '"max_failures": -1'), "max_failures is -1"),
        (("follow as image_analysis_func", "follow\nimage_analysis_func = lambda p: 0"), "no name"),
    ],
)
def test_what_cannot_be_converted_leaves_nothing_behind(tmp_path, change, message):
    (tmp_path / "run_mine.py").write_text(MINE.replace(*change), "utf-8")
    (tmp_path / "my_pipeline.py").write_text(PIPELINE, "utf-8")
    with pytest.raises(ConfigurationError, match=message):
        convert_run_file(tmp_path / "run_mine.py", tmp_path / "mine.toml", PACKAGE)
    assert not (tmp_path / "mine.toml").exists()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine.toml").write_text("mine", "utf-8")
    with pytest.raises(ConfigurationError, match=r"mine\.toml already"):
        convert_run_file(RUN_FILES[0], tmp_path / "mine.toml", PACKAGE)
    assert (tmp_path / "mine.toml").read_text("utf-8") == "mine"
