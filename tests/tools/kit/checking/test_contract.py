"""What is said of a pipeline as it is written."""

import pytest

from dystrack.options.pipeline_reference import load_pipeline, pipeline_names
from dystrack.tools.kit.checking.contract import contract_remarks
from dystrack.tools.kit.remarks import Weight


def takes_nothing():
    """Do nothing."""


def takes_a_keyword_only(*, target_path):
    """Do nothing."""


def bare(target_path, sigma=1.0):
    return target_path, sigma


def needs_more(target_path, sigma):
    """Do.

    Parameters
    ----------
    target_path : str
        Path.
    sigma : float
        Width.
    """


def ill_described(target_path, *more, sigma=2.0, mode="a", weights=None):
    """Do.

    Parameters
    ----------
    target_path : str
        Path.
    sigmo : float
        Width.
    sigma : float, default 3.0
        Width.
    mode : {"a", "b"}, default "a"
        Which.
    weights : ndarray
        Array.
    """


CASES = [
    (takes_nothing, {}, Weight.PROBLEM, "takes no path"),
    (takes_a_keyword_only, {}, Weight.PROBLEM, "takes no path"),
    (bare, {}, Weight.NOTE, "no docstring"),
    (needs_more, {}, Weight.PROBLEM, "sigma has no default and is not set"),
    (ill_described, {}, Weight.NOTE, "describes sigmo, which is no parameter. Did you mean sigma?"),
    (ill_described, {}, Weight.NOTE, "the default of sigma is 3.0; it is 2.0"),
    (ill_described, {}, Weight.NOTE, "weights cannot be set on a command line"),
    (ill_described, {}, Weight.NOTE, "*more never gets anything"),
    (ill_described, {"mode": "c"}, Weight.PROBLEM, "mode expects one of a, b, not 'c'"),
    (ill_described, {"modes": "a"}, Weight.PROBLEM, "no option modes. Did you mean mode?"),
    (ill_described, {"sigma": "wide"}, Weight.PROBLEM, "sigma expects a number"),
]


@pytest.mark.parametrize(("pipeline", "options", "weight", "sentence"), CASES)
def test_a_fault_is_named(pipeline, options, weight, sentence):
    remarks = list(contract_remarks(pipeline, options))
    assert any(r.weight is weight and sentence in r.text for r in remarks), remarks
    assert all(r.weight is not Weight.GOOD for r in remarks)


def test_what_is_set_needs_no_default():
    (remark,) = contract_remarks(needs_more, {"sigma": 1.0})
    assert remark.weight is Weight.GOOD


@pytest.mark.parametrize("name", pipeline_names("dystrack.pipelines"))
def test_shipped_pipelines_are_as_they_should_be(name):
    (remark,) = contract_remarks(load_pipeline(name, "dystrack.pipelines"), {})
    assert remark.weight is Weight.GOOD, remark
