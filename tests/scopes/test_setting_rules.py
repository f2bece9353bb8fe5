"""What a person may say of a connection, for every bridge to a vendor's software."""

import inspect

import pytest

from dystrack.core.errors import ConfigurationError, ScopeError
from dystrack.scopes.catalogue import find_opener
from emulators.labs import LABS

WRONG = {
    "host": ["", "a b", "http://zen"],
    "port": [0, -1, 65_536],
    "answer_s": [0.0, -1.0, float("nan"), float("inf")],
    "scan_s": [0.0, -1.0, float("nan")],
    "stream_s": [-1.0],
    "reach_z_um": [-5.0, float("nan"), float("inf")],
    "planes": [0, -3],
    "z_step_um": [0.0, -2.0, float("nan")],
    "prescan_channel": [-1],
    "view": [0],
}


def cases():
    for vendor in LABS:
        for name in inspect.signature(find_opener(vendor)).parameters:
            for value in WRONG.get(name, ()):
                yield vendor, name, value


@pytest.mark.parametrize(("vendor", "name", "value"), list(cases()))
def test_what_cannot_be_is_one_message_that_names_it(vendor, name, value, tmp_path):
    given = {"image_folder": str(tmp_path), name: value}
    accepted = inspect.signature(find_opener(vendor)).parameters
    with (
        pytest.raises(ConfigurationError, match=f"^{name} is "),
        find_opener(vendor)(**{key: value for key, value in given.items() if key in accepted}),
    ):
        pass


@pytest.mark.parametrize("vendor", ["nis", "viventis"])
def test_a_name_that_no_network_takes_is_a_computer_that_does_not_answer(vendor):
    with (
        pytest.raises(ScopeError, match="does not answer"),
        find_opener(vendor)(host="a..b") as scope,
    ):
        scope.facts()
