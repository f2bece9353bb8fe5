"""Several pipelines in one session, chosen by names."""

import numpy as np
import pytest

from dystrack.core.errors import ConfigurationError, ImageError
from dystrack.core.findings import FINDINGS_KEY
from dystrack.core.hooks import phases_of
from dystrack.pipelines import center_of_mass, minimal_example
from dystrack.pipelines.phases import analyze_image, phases, warm_up
from pipelines.images import noise, streak, write_tiff

BOTH = "overview=center_of_mass, closeup=minimal_example"
RUN_FILE = """
calls = []

def analyze_image(target_path, step=1.0, *, count=0):
    '''Count.'''
    calls.append(target_path)
    return 0.0, 1.0, step * (count + 1), "COUNTED", {"count": count + 1}

analysis_kwargs = {"step": 2.0}
analysis_cache = {"count": 10}
"""


@pytest.fixture
def counting(tmp_path):
    path = tmp_path / "run_counting.py"
    path.write_text(RUN_FILE)
    return str(path)


def test_each_phase_is_answered_by_its_own_pipeline(tmp_path):
    image = streak((80, 120), 45.0, 70.0)
    overview = write_tiff(tmp_path, image, "overview_1.tif")
    given = {"overview": ("center_of_mass", {"gauss_sigma": 1.0}), "closeup": "drift"}
    answer = analyze_image(overview, phases=given)
    assert answer[:4] == center_of_mass.analyze_image(overview, gauss_sigma=1.0)[:4]
    assert answer[4] == {"memory": {"overview": {}}}
    closeup = write_tiff(tmp_path, image, "closeup_1.tif")
    answer = analyze_image(closeup, phases=given, **answer[4])
    assert answer[:3] == (0.0, 39.5, 59.5)
    assert set(answer[4]["memory"]) == {"overview", "closeup"}
    assert answer[4]["memory"]["closeup"]["reference"] == closeup


def test_a_run_file_brings_its_settings_and_its_cache(tmp_path, counting):
    given = f"count={counting}, other=drift"
    path = write_tiff(tmp_path, noise((8, 8)), "count_1.tif")
    first = analyze_image(path, phases=given)
    assert first == (0.0, 1.0, 22.0, "COUNTED", {"memory": {"count": {"count": 11}}})
    assert analyze_image(path, phases=given, **first[4])[2] == 24.0
    assert analyze_image(path, phases={"count": (counting, {"step": 1.0})})[2] == 11.0
    assert analyze_image(path, phases={"count": f"{counting}:analyze_image"})[2] == 1.0


def test_a_function_may_be_a_phase(tmp_path):
    path = write_tiff(tmp_path, noise((8, 8)), "mine_1.tif")
    answer = analyze_image(path, phases={"mine": lambda path: (0.0, 1.0, 2.0, "OK", {"a": 1})})
    assert answer == (0.0, 1.0, 2.0, "OK", {"memory": {"mine": {"a": 1}}})


def test_what_was_found_goes_on_to_the_session(tmp_path):
    path = write_tiff(tmp_path, streak((80, 120), 45.0, 70.0), "overview_1.tif")
    cache = analyze_image(path, phases=BOTH, findings=True)[4]
    assert cache[FINDINGS_KEY] == center_of_mass.analyze_image(path, findings=True)[4][FINDINGS_KEY]
    assert cache["memory"] == {"overview": {}}


def test_common_settings_reach_the_phases(tmp_path, capsys):
    image = np.stack([noise((80, 120), 3), streak((80, 120), 45.0, 70.0)])
    path = write_tiff(tmp_path, image, "closeup_1.tif")
    answer = analyze_image(path, 1, BOTH, verbose=True)
    assert answer[:4] == minimal_example.analyze_image(path, 1)[:4]
    assert f"{path}: phase closeup" in capsys.readouterr().out


def test_a_name_without_a_phase_is_refused(tmp_path):
    path = write_tiff(tmp_path, noise((8, 8)), "job_1.tif")
    with pytest.raises(ImageError, match=r"job_1\.tif tells none of the phases overview, closeup"):
        analyze_image(path, phases=BOTH)


def test_what_a_pipeline_answers_wrong_is_left_to_the_session(tmp_path):
    path = write_tiff(tmp_path, noise((8, 8)), "mine_1.tif")
    assert analyze_image(path, phases={"mine": lambda path: "nothing"}) == "nothing"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "`phases` is empty"),
        ("overview", "has 'overview'. Write each phase once"),
        ("a=drift, a=template", "has 'a=template'. Write each phase once"),
        ("a=drifd", "There is no pipeline 'drifd'"),
        ({"a": 3}, "The phase 'a' is 3"),
        ({"a": ("drift", 3)}, r"The phase 'a' is \('drift', 3\)"),
        ({"a": ("drift", {"speed": 3})}, "does not take its options"),
    ],
)
def test_what_cannot_be_is_refused_before_the_first_prescan(given, said):
    with pytest.raises(ConfigurationError, match=said):
        warm_up(phases=given)


def test_a_session_asks_for_the_phases():
    assert phases_of(analyze_image, {"phases": BOTH, "channel": 1}) == ("overview", "closeup")
    assert phases({"a": "drift"}) == ("a",)
    assert phases_of(center_of_mass.analyze_image, {}) == ()
    with pytest.raises(ConfigurationError, match="is empty"):
        phases_of(analyze_image, {})


def test_warming_up_warms_each_phase(monkeypatch):
    warmed = []
    monkeypatch.setattr(center_of_mass, "warm_up", lambda **options: warmed.append(options))
    warm_up(phases={"a": ("center_of_mass", {"method": "otsu"})}, channel=2)
    assert warmed == [{"channel": 2, "method": "otsu"}]
