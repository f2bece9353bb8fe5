import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.manager.watching.image_names import (
    ImageLabel,
    NameFilter,
    PositionPattern,
    natural_key,
)

NAME = "prescan_somefilename.czi"


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"start": "prescan"}, True),
        ({"end": ".czi"}, True),
        ({"regex": ".*"}, True),
        ({"start": "prescan", "end": ".czi", "regex": r"pre\w+\.czi"}, True),
        ({"start": "bad"}, False),
        ({"end": ".bad"}, False),
        ({"regex": "prescan"}, False),
        ({"start": "prescan", "end": ".czi", "regex": r"\d.*"}, False),
    ],
)
def test_filter(conditions, expected):
    assert NameFilter(**conditions).matches(NAME) is expected


@pytest.mark.parametrize(
    "name",
    ["dystrack_coords.txt", "dystrack_journal.jsonl", "a.tif.part", "a.TMP", ".DS_Store", "~$a"],
)
def test_never_a_target(name):
    assert not NameFilter().matches(name)


def test_own_files_even_if_asked_for():
    assert not NameFilter(end=".txt").matches("dystrack_coords.txt")


def test_temporary_names_if_asked_for():
    assert NameFilter(end=".tmp").matches("a.tmp")


def test_bad_filter_regex():
    with pytest.raises(ConfigurationError, match=r"file_regex '\('"):
        NameFilter(regex="(")


@pytest.mark.parametrize(
    ("name", "position", "time_point"),
    [
        ("prescan_3_pos_1.czi", "1", 3),
        ("prescan_10_pos_12.czi", "12", 10),
        ("Prescan_t003_p001.tif", "1", 3),
        ("exp_s1_a.tif", "1", None),
        ("run7_s02_t15.tif", "2", 15),
        ("scan_xy02.nd2", "2", None),
        ("t003xy02z01c1.nd2", "2", 3),
        ("DE_1_W0001_P0002_T0003.lsm", "1_2", 3),
        ("DE_1_W0002_P0002_T0003.lsm", "2_2", 3),
        ("img--P0004--T0003.tif", "4", 3),
        ("fish Position 4.lif", "4", None),
        ("MMStack_Pos0.ome.tif", "0", None),
        ("Prescan_12.tif", "1", 12),
        ("exp_s1_t001_p002.tif", "1_2", 1),
        ("scene_1_pos_2.czi", "1_2", None),
        ("WellA01_Point0003.nd2", "A1_3", None),
        ("B1_p1.tif", "B1_1", None),
        ("1-Pos_000_001.tif", "0_1", None),
        ("2p_001.tif", "1", None),
        ("prescan_30s_001.tif", "1", 30),
        ("fish_2/prescan_t1_p3.tif", "3", 1),
        ("stop_3.tif", "1", None),
        ("größe ü_p3.tif", "3", None),
    ],
)
def test_default_pattern(name, position, time_point):
    assert PositionPattern().label(name) == ImageLabel(position, time_point)


def test_own_pattern_and_none():
    assert PositionPattern(r"_(?P<position>[A-H])(?P<time>\d+)").label("x_C07.tif") == ImageLabel(
        "C", 7
    )
    assert PositionPattern("").label("prescan_3_pos_2.czi") == ImageLabel("1", None)


@pytest.mark.parametrize("pattern", ["(", "p(\\d+)"])
def test_bad_pattern(pattern):
    with pytest.raises(ConfigurationError, match="position"):
        PositionPattern(pattern)


def test_natural_order():
    assert sorted(["s10", "s2", "S1", "10", "a"], key=natural_key) == ["10", "a", "S1", "s2", "s10"]


@pytest.mark.parametrize("name", ["a.czi.answer.txt", "a.czi.part.answer.txt", "dystrack.lock"])
@pytest.mark.parametrize(
    "name_filter", [NameFilter(), NameFilter(end=".txt"), NameFilter(regex=".*")]
)
def test_what_dystrack_writes_is_never_a_prescan(name, name_filter):
    assert not name_filter.matches(name)
