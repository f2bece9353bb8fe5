from itertools import product

import pytest

from dystrack.scopes.writing.file_names import FILE_NAMES


@pytest.mark.parametrize(
    ("software", "prescan", "main_scan"),
    [
        ("zen_blue", "prescan_3_pos_1", "job_3_pos_1"),
        ("zen_black", "Prescan_W0001_P0001_T0003", "Job_W0001_P0001_T0003"),
        ("nis", "Prescan_t003xy01", "Main_t003xy01"),
        ("las_x", "Prescan_Position001_t003", "Main_Position001_t003"),
    ],
)
def test_names_look_like_those_of_the_software(software, prescan, main_scan):
    names = FILE_NAMES[software]
    assert names.prescan_name(3, 1) == prescan
    assert names.main_scan_name(3, 1) == main_scan


@pytest.mark.parametrize("software", FILE_NAMES)
def test_no_two_images_have_the_same_name(software):
    names = FILE_NAMES[software]
    visits = list(product(range(1, 13), range(1, 13)))
    made = {f(*visit) for f in (names.prescan_name, names.main_scan_name) for visit in visits}
    assert len(made) == 2 * len(visits)
