from typing import Any

import pytest

from dystrack.core.errors import ConfigurationError
from made_up_options import options_of


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        (
            {"analysis_kwargs": {"gaus_sigma": 2}},
            "analysis_kwargs sets 'gaus_sigma', which is not a keyword there. Did you mean 'gauss_",
        ),
        ({"analysis_cache": {"last": 2}}, "analysis_cache sets 'last', which is not a keyword"),
        ({"manager_kwargs": {"max_check": 2}}, "manager_kwargs sets 'max_check'"),
        ({"manager_kwargs": {"img_kwargs": {}}}, "belong into analysis_kwargs and analysis_cache"),
        ({"manager_kwargs": {"target_dir": "x"}}, "the folder on the command line"),
        (
            {"analysis_kwargs": {"channel": 1}, "analysis_cache": {"channel": 1}},
            "'channel' is set in analysis_kwargs and in analysis_cache. Keep one of them.",
        ),
    ],
)
def test_a_mistake_in_a_run_file_is_explained(fixed: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        options_of(**fixed)

    assert message in str(caught.value)


def test_a_pipeline_that_takes_any_keyword_takes_any_from_a_run_file() -> None:
    def pipeline(target_path, **kwargs: Any) -> None:
        pass

    assert options_of(pipeline, analysis_kwargs={"own": 1}).fixed == {"own": 1}


def test_what_cannot_be_typed_is_named_with_its_reason() -> None:
    def pipeline(target_path, model=None, table=(), help=False, sigma=1.0):  # noqa: A002
        pass

    options = options_of(pipeline, analysis_kwargs={"table": {1: 2}})

    assert list(options.analysis) == ["sigma"]
    assert {item.name: item.reason for item in options.withheld} == {
        "model": "it has no documented type, no annotation and no default that tells",
        "help": "the command line uses this name itself",
    }
    assert options.python_only == {"model", "help", "tra_kwargs"}


def test_what_the_pipeline_needs_and_cannot_be_typed_has_to_be_in_the_run_file() -> None:
    def pipeline(target_path, model):
        pass

    with pytest.raises(ConfigurationError, match="The pipeline needs 'model', which cannot be"):
        options_of(pipeline)
    assert options_of(pipeline, analysis_cache={"model": 1}).withheld == ()
