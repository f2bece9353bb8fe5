import math

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.scopes.geometry import PositionUm
from dystrack.tools.microscope.settings import ScopeSettings, parse_axes, read_places

SHIFT = PositionUm(1.0, 20.0, 300.0)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("z,y,x", (1, 20, 300)),
        ("-z, y, -x", (-1, 20, -300)),
        ("z,x,y", (1, 300, 20)),
        ("z,-x,y", (1, -300, 20)),
        ("Z,X,-Y", (1, 300, -20)),
    ],
)
def test_axes_say_what_the_stage_runs_along(text, stage):
    assert parse_axes("axes", text).shift_to_stage(SHIFT) == stage


@pytest.mark.parametrize("text", ["x,y", "z,y,y", "y,z,x", "z,y,x,x", "up"])
def test_axes_that_make_no_sense_are_refused(text):
    with pytest.raises(ConfigurationError, match="which axis of the image"):
        ScopeSettings(axes=text)


def test_the_box_is_around_the_positions():
    rules = ScopeSettings(room_um="10,200,300", stage_step_um=50).guard_rules([SHIFT])
    assert rules.box.low == PositionUm(-9, -180, 0)
    assert rules.max_step_um == PositionUm(50, 50, 50)


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_points": 0},
        {"interval_s": -1},
        {"room_um": "wide"},
        {"room_um": ""},
        {"approach_um": "1,2"},
        {"on_scope_error": "explode"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        ScopeSettings(**wrong)


def test_an_infinite_approach_is_refused():
    with pytest.raises(ConfigurationError, match="approach_um"):
        ScopeSettings(approach_um="inf").guard_rules([SHIFT])
    assert ScopeSettings(room_um="inf").guard_rules([SHIFT]).box.high.z == math.inf


def test_positions_are_read_from_a_file(tmp_path):
    path = tmp_path / "positions.csv"
    path.write_text("z,y,x\n1, 2.5, -3  # the fish\n\n4\t5\t6\n", "utf-8")
    assert read_places(path) == [PositionUm(1, 2.5, -3), PositionUm(4, 5, 6)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2\n", "Line 1"),
        ("1,2,3,4\n", "Line 1"),
        ("z y x\n1 2 three\n", "Line 2"),
        ("0,0,0\n0,0,inf\n", "Line 2"),
        ("0,0,nan\n", "Line 1"),
        ("z,y,x\n# none yet\n", "no position"),
    ],
)
def test_a_line_that_is_no_position_is_told(tmp_path, text, says):
    path = tmp_path / "positions.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=says):
        read_places(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_places(tmp_path / "none.csv")
