import math

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.scopes.micromanager.recipe import ChannelRecipe, Recipe, parse_channels


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("", ()),
        ("DAPI", (ChannelRecipe("DAPI"),)),
        (
            " DAPI@5, Lasers/488 nm@20.5 ",
            (ChannelRecipe("DAPI", "Channel", 5.0), ChannelRecipe("488 nm", "Lasers", 20.5)),
        ),
    ],
)
def test_channels_are_read_from_text(text, channels):
    assert parse_channels(text) == channels


@pytest.mark.parametrize("text", ["a/b/c", "DAPI@", "DAPI@1.2.3", "@5"])
def test_what_is_no_channel_is_told(text):
    with pytest.raises(ConfigurationError, match="is not understood"):
        parse_channels(text)


def test_events_go_through_each_channel_plane_by_plane_without_the_stage():
    recipe = Recipe(3, 2.0, 10.0, parse_channels("DAPI, FITC@5"))
    events = list(recipe.events(100.0))
    assert [(e.channel.config, e.exposure, e.z_pos) for e in events] == [
        *[("DAPI", 10.0, z) for z in (98.0, 100.0, 102.0)],
        *[("FITC", 5.0, z) for z in (98.0, 100.0, 102.0)],
    ]
    assert {(e.x_pos, e.y_pos) for e in events} == {(None, None)}
    assert recipe.reach_um == 2.0


def test_a_single_plane_leaves_the_focus_alone():
    assert [e.z_pos for e in Recipe().events(5.0)] == [None]


@pytest.mark.parametrize(
    "wrong",
    [
        {"planes": 0},
        {"step_um": 0.0},
        {"step_um": math.inf},
        {"exposure_ms": -1.0},
        {"channels": (ChannelRecipe("DAPI", exposure_ms=0.0),)},
    ],
)
def test_numbers_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigurationError, match="Give a number above 0"):
        Recipe(**wrong)
