"""Names, order and defaults that people's files rely on."""

import inspect
from importlib import import_module

import pytest
from docstring_parser import parse

from dystrack.pipelines.utilities.constraints import constrain_z_movement
from dystrack.pipelines.utilities.loading import robustly_load_image_after_write

COMMON = {"await_write": 2, "warn_8bit": True}
PROMISED = {
    "center_of_mass": {
        "channel": None,
        "method": "intensity",
        "gauss_sigma": 3.0,
        "count_reduction": 0.5,
        **COMMON,
        "show": False,
        "verbose": False,
    },
    "lateral_line": {
        "channel": None,
        "gauss_sigma": 3.0,
        "count_reduction": 0.5,
        "blank_fract": 0.2,
        "default_catchup_fract": 0.2,
        "default_step_fract": 0.125,
        **COMMON,
        "show": False,
        "verbose": False,
    },
    "chick_node": {"channel": None, **COMMON, "show": False, "verbose": False},
    "minimal_example": {"channel": None, **COMMON, "verbose": False},
}


def positional(function):
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    }


@pytest.mark.parametrize("name", PROMISED)
def test_parameters_of_a_pipeline(name):
    function = import_module(f"dystrack.pipelines.{name}").analyze_image
    assert positional(function) == {"target_path": inspect.Parameter.empty, **PROMISED[name]}
    assert list(positional(function)) == ["target_path", *PROMISED[name]]


@pytest.mark.parametrize("name", PROMISED)
def test_docstring_describes_each_parameter_for_the_command_line(name):
    function = import_module(f"dystrack.pipelines.{name}").analyze_image
    described = parse(inspect.getdoc(function)).params
    offered = {p.arg_name: p.type_name for p in described if p.args[0] == "param"}
    inner = {
        name for p in described if p.args[0] == "other_param" for name in p.arg_name.split(", ")
    }
    names = list(inspect.signature(function).parameters)
    assert list(offered) == [name for name in names if name not in inner]
    assert inner == set(names) - set(offered)
    assert all(kind.startswith(("bool", "int", "float", "str")) for kind in offered.values())


def test_parameters_of_utilities():
    empty = inspect.Parameter.empty
    load = positional(robustly_load_image_after_write)
    assert load == {"target_path": empty, "await_write": 2}
    limit = positional(constrain_z_movement)
    assert limit == {"z_pos": empty, "z_size": empty, "limit_fract": 0.1}


@pytest.mark.parametrize("name", PROMISED)
def test_module_offers_analysis_and_warm_up(name):
    module = import_module(f"dystrack.pipelines.{name}")
    assert module.__all__ == ["analyze_image", "warm_up"]
