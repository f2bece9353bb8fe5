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


@pytest.mark.parametrize("conditions", [{}, {"start": "p"}])
@pytest.mark.parametrize("name", ["p_log.txt", "p_thumb.png", "p_1.xml", "p_1", "p.tif.txt"])
def test_without_an_ending_only_what_microscopes_write_is_a_prescan(name, conditions):
    names = NameFilter(**conditions)
    assert not names.matches(name)
    assert names.reason_against(name) == "do not end like images (.tif, .czi, .nd2, …)"
    assert NameFilter(end=name[-4:]).matches(name)


@pytest.mark.parametrize(
    "name", ["a.TIF", "a.ome.tif", "a.czi", "a.nd2", "a.lif", "a.oir", "a.zarr"]
)
def test_formats_of_microscopes(name):
    assert NameFilter().matches(name)


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ({"start": "job"}, "do not start with job"),
        ({"end": ".tif"}, "do not end with .tif"),
        ({"regex": "a.*"}, "do not match a.*"),
        ({}, ""),
    ],
)
def test_reasons(conditions, reason):
    assert NameFilter(**conditions).reason_against(NAME) == reason


@pytest.mark.parametrize(("start", "end"), [("*.tif", ""), ("", "*.tif"), ("prescan_?", "")])
def test_wildcards_are_refused(start, end):
    with pytest.raises(ConfigurationError, match="wildcards"):
        NameFilter(start, end)


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
        ("site1_t2.tif", "1", 2),
        ("A1-Site_0_t3.tif", "A1_0", 3),
        ("Series001_2.tif", "1", 2),
        ("Series012.lif", "1", None),
        ("FOV1_t2.tif", "1", 2),
        ("fov_03_time_12.tif", "3", 12),
        ("t3p1.tif", "1", 3),
        ("t0012s04.tif", "4", 12),
        ("p1t3.tif", "1", 3),
        ("fish1_prescan_2.czi", "1", 2),
        ("fish1/prescan_2.tif", "1", 2),
        ("fish_2/prescan_5.tif", "2", 5),
        ("p-embryo2-t1.czi", "2", 1),
        ("p-embryo2-5.czi", "2", 5),
        ("Nov24_prescan_3.tif", "1", 3),
        ("prescan_3_30Nov2026.tif", "1", 3),
        ("Okt-24_t3.tif", "1", 3),
        ("2026_Dec_01_fish2_t4.tif", "2", 4),
        ("mai1_juli2_t4.tif", "1", 4),
        ("March3_t1.tif", "1", 1),
        ("Marker3_t1.tif", "3", 1),
        ("embryo_12.tif", "1", None),
        ("embryo12.tif", "1", None),
        ("organoid_07_0012.tif", "7", 12),
        ("Experiment-12_t3.czi", "12", 3),
        ("2024-05-01_fish2_t3.tif", "2", 3),
        ("date_20240501_t3.tif", "1", 3),
        ("Pos_001_002.tif", "1", 2),
        ("Pos_001_003.tif", "1", 3),
        ("MMStack_1-Pos_000_001.ome.tif", "0_1", None),
        ("pos1_002.tif", "1", 2),
        ("img_000001_t3.tif", "1", 3),
        ("frame12_t3_z04_c1.tif", "1", 3),
        ("prescan_1_2.tif", "1", 1),
        ("scan_12_34.tif", "1", None),
        ("größe ü_p3.tif", "3", None),
    ],
)
def test_default_pattern(name, position, time_point):
    assert PositionPattern().label(name) == ImageLabel(position, time_point)


def test_which_names_tell_a_position():
    naming = PositionPattern()
    assert naming.fits("fish1_t2.tif")
    assert not naming.fits("prescan_2.tif")
    assert not naming.is_off
    assert PositionPattern("").is_off


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


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("closeup_3_pos_1_point_2.czi", ("closeup_1_2", None, "closeup")),
        ("sub/overview_t3_pos_1.czi", ("overview_1", 3, "overview")),
        ("overview/job_t3_pos_1.czi", ("1", 3, "")),
        ("overview_7.tif", ("overview_1", None, "overview")),
    ],
)
def test_what_is_known_in_one_phase_does_not_hold_in_another(name, label):
    pattern = PositionPattern(phases=("overview", "closeup"))
    assert pattern.label(name) == ImageLabel(*label)
    assert PositionPattern().label(name).phase == ""
