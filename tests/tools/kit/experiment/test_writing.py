"""What is written is read again as it was, and the comments in it are true."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.core.errors import ConfigurationError
from dystrack.options.pipeline_reference import LoadedPipeline, load_pipeline, pipeline_names
from dystrack.pipelines import lateral_line
from dystrack.tools.kit.experiment.reading import read_experiment
from dystrack.tools.kit.experiment.toml_text import parse_toml, toml_value
from dystrack.tools.kit.experiment.writing import experiment_text
from tools.kit.experiment.test_reading import OTHERS, PACKAGE, Bells

PLAIN = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(PLAIN)
def test_every_value_is_read_as_it_was_written(value):
    line = f"value = {toml_value(value)}"
    assert "\n" not in line
    assert parse_toml(line, "text") == {"value": value}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(2.5), "2.5"),
        (np.int64(3), "3"),
        (r"D:\new\data", r"'D:\new\data'"),
        ({"a b": (1, 2)}, '{ "a b" = [1, 2] }'),
        (float("inf"), "inf"),
    ],
)
def test_values_of_python_and_of_numpy(value, text):
    assert toml_value(value) == text


@pytest.mark.parametrize("value", [None, print, {1: 2}, np.zeros(3), 1j])
def test_what_toml_cannot_say(value):
    with pytest.raises(TypeError, match="no way to write"):
        toml_value(value)


SET = LoadedPipeline(
    lateral_line.analyze_image,
    analysis_kwargs={"gauss_sigma": 2.5, "channel": None},
    analysis_cache={"blank_fract": 0.3},
    manager_kwargs={"max_step_um": [1.0, 2.0, 3.0], "track": "auto", "max_checks": None},
    sections={"bells": Bells(loudness=3.0)},
)


def test_settings_come_back(tmp_path):
    path = tmp_path / "experiment.toml"
    path.write_text(experiment_text(SET, "lateral_line", others=OTHERS), "utf-8")
    again = read_experiment(path, PACKAGE, OTHERS)
    assert again.image_analysis_func is SET.image_analysis_func
    assert again.analysis_kwargs == SET.analysis_kwargs
    assert again.analysis_cache == SET.analysis_cache
    assert again.manager_kwargs == {"max_step_um": [1.0, 2.0, 3.0], "track": "auto"}
    assert again.sections == SET.sections


@pytest.mark.parametrize("name", pipeline_names(PACKAGE))
def test_every_comment_is_a_line_that_can_be_taken_in(tmp_path, name):
    loaded = LoadedPipeline(load_pipeline(name, PACKAGE))
    text = experiment_text(loaded, name, others=OTHERS)
    assert max(map(len, text.splitlines())) <= 150
    taken_in = re.sub(r"^# (?=\w+ = |\[)", "", text, flags=re.MULTILINE)
    assert taken_in.count("\n# ") < text.count("\n# ") - 30
    path = tmp_path / "experiment.toml"
    path.write_text(taken_in, "utf-8")
    again = read_experiment(path, PACKAGE, OTHERS)
    assert len(again.manager_kwargs) > 25
    assert again.sections == {"bells": Bells()}


def test_what_only_python_can_say_is_named():
    loaded = LoadedPipeline(
        lateral_line.analyze_image, {"channel": np.zeros(2)}, manager_kwargs={"tra_method": print}
    )
    with pytest.raises(ConfigurationError, match="cannot hold channel, tra_method"):
        experiment_text(loaded, "lateral_line")
