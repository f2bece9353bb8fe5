import pytest

from dystrack.core.phases import phase_in


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("overview_3_pos_1.czi", "overview"),
        ("3_OverView2.czi", "overview"),
        ("closeup_of_overview_1.czi", "closeup"),
        ("close_1.czi", "close"),
        ("my_overviews_1.czi", ""),
        ("myoverview_1.czi", ""),
        ("job_1.czi", ""),
    ],
)
def test_the_first_word_that_is_a_phase_counts(name, phase):
    assert phase_in(name, ["close", "overview", "closeup"]) == phase
    assert phase_in(name, []) == ""


def test_of_words_at_one_place_the_longer_one_counts():
    assert phase_in("scan-2_1.tif", ["scan", "scan-2"]) == "scan-2"
