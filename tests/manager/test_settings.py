"""Each setting with its rule: what is refused, and what a form can read of it."""

import attrs
import numpy as np
import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.manager.setting_table import setting_table
from dystrack.manager.settings import SETTING_NAMES, Settings, differing_from_defaults
from dystrack.manager.transmitters import choose_transmitter

INFINITY = float("inf")


@pytest.mark.parametrize("name", ["max_checks", "max_triggers", "max_failures"])
@pytest.mark.parametrize("value", [-1, 2.5, True, "3", INFINITY])
def test_counts_are_whole_numbers(name, value):
    with pytest.raises(ConfigurationError, match=f"{name} is .*Give a whole number of 0 or more"):
        Settings(**{name: value})
    assert getattr(Settings(**{name: 0}), name) == 0
    assert getattr(Settings(**{name: np.int64(2)}), name) == 2


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("timeout_s", [0, 0.0, -1, INFINITY, float("nan"), None, "5", True]),
        ("delay", [-0.1, INFINITY, float("nan"), None, "1"]),
        ("quiet_s", [-0.1, INFINITY, float("nan"), None]),
        ("incomplete_limit_s", [-0.1, float("nan"), None]),
        ("frame_margin_px", [-0.1, float("nan"), None]),
        ("max_step_px", ["far", -1, "1,2", "1,-2,3", True, False]),
        ("max_travel_um", ["far", -1, (1, 2), float("nan")]),
        ("backlog", ["latest", None, True]),
        ("on_max_failures", ["warn", ""]),
        ("on_runaway", ["stop"]),
        ("img_err_fallback", ["back", None, 1, 0, ""]),
        ("tra_method", ["TXT", None, 3]),
        ("file_regex", ["(", None]),
        ("position_pattern", [r"p(\d)", "(", None]),
        ("recurse", ["False", None]),
        ("img_kwargs", [None, [1]]),
    ],
)
def test_what_is_out_of_range_is_refused_with_its_name_and_value(name, refused):
    for value in refused:
        with pytest.raises(ConfigurationError) as caught:
            Settings(**{name: value})
        assert name in str(caught.value)
        assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout_s", 1e-3),
        ("delay", 0),
        ("incomplete_limit_s", INFINITY),
        ("frame_margin_px", INFINITY),
        ("max_step_px", "1,inf,3"),
        ("max_step_um", ""),
        ("img_err_fallback", "stay"),
    ],
)
def test_what_lies_at_the_edge_is_taken(name, value):
    assert getattr(Settings(**{name: value}), name) == value


def test_the_table_tells_everything_of_each_setting():
    rows = {row.name: row for row in setting_table()}
    assert tuple(rows) == SETTING_NAMES
    assert all(row.allowed and row.type and row.meaning.endswith(".") for row in rows.values())
    assert {name: row.default for name, row in rows.items()} == attrs.asdict(Settings())
    timeout = rows["timeout_s"]
    assert (timeout.type, timeout.default, timeout.unit) == (float, 60.0, "s")
    assert timeout.allowed == "a number above 0"
    assert timeout.meaning == "Deadline for one prescan in s, with isolate."
    assert rows["max_checks"].allowed == "a whole number of 0 or more, or None"
    assert rows["backlog"].allowed == "'all', 'newest'"


def test_units_in_names_and_in_the_table_are_the_same():
    units = {"s": "s", "px": "px", "um": "µm"}
    for row in setting_table():
        assert row.unit == units.get(
            row.name.rpartition("_")[2], "s" if row.name == "delay" else ""
        )


def test_what_differs_from_a_default():
    given = {"delay": 2.0, "quiet_s": 2.0, "img_kwargs": {}, "max_step_px": np.ones(3), "other": 1}
    assert list(differing_from_defaults(given)) == ["delay", "max_step_px"]


@pytest.mark.parametrize(
    ("settings", "n_records", "keeps_text_file"),
    [
        ({}, 0, True),
        ({"write_txt": False}, 0, True),
        ({"tra_method": print}, 1, True),
        ({"tra_method": print, "write_txt": False}, 0, False),
    ],
)
def test_where_coordinates_are_kept_beside_the_way_out(settings, n_records, keeps_text_file):
    made = Settings(**settings)
    assert made.records == [choose_transmitter("txt")] * n_records
    assert made.keeps_text_file is keeps_text_file
