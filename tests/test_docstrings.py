"""Docstrings that describe any parameter describe them all: the command line is made from them."""

import importlib
import inspect
import pkgutil

import pytest
from numpydoc.validate import validate

import dystrack


def public_names():
    for module in pkgutil.walk_packages(dystrack.__path__, "dystrack."):
        if ".macros" in module.name or module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        for name in getattr(loaded, "__all__", ()):
            value = getattr(loaded, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                yield f"{module.name}.{name}"


@pytest.mark.parametrize("name", sorted(public_names()))
def test_parameters_are_described_all_or_none(name):
    found = validate(name)
    described = "Parameters\n" in (found["docstring"] or "")
    missing = [text for code, text in found["errors"] if code == "PR01"]
    assert not (described and missing)
