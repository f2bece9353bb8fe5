"""The picture after every step, without a display."""

import numpy as np
import pytest
from PIL import Image

from dystrack import cli
from dystrack.core.errors import ConfigurationError, TargetNotFoundError
from dystrack.core.steps import announce, listening
from dystrack.images.waiting import vouch_for
from dystrack.manager.watching.image_names import JOURNAL_NAME, PREVIEWS_NAME
from dystrack.pipelines import lateral_line
from dystrack.pipelines.lateral_line import analyze_image
from dystrack.pipelines.utilities import figures
from dystrack.tools.kit.showing.show import analysed_in_steps, write_steps
from pipelines.images import write_tiff


@pytest.fixture
def prescan(tmp_path):
    squares = sum(
        ((i - c) / w) ** 2
        for i, c, w in zip(np.indices((9, 40, 90)), (4, 20, 40), (2, 5, 14), strict=True)
    )
    return tmp_path / write_tiff(tmp_path, (20 + 200 * np.exp(-0.5 * squares)).astype(np.uint8))


def test_nobody_listens_unless_asked():
    announce("Nothing happens", object())
    heard = []
    with listening(heard.append):
        announce("Heard")
    announce("Not heard")
    assert [step.title for step in heard] == ["Heard"]


def test_each_step_has_its_picture(prescan, tmp_path):
    shown = analysed_in_steps(analyze_image, prescan, {})
    titles = [step.title for step in shown.steps]
    assert titles == ["Loaded", "In 8 bits", "Smoothed", "Above the threshold", "Answer: OK"]
    assert shown.steps[-1].target.y == pytest.approx(19.5, abs=1)
    assert all(step.image is not None for step in shown.steps)
    write_steps(shown, tmp_path / "steps.html", "lateral_line")
    page = (tmp_path / "steps.html").read_text("utf-8")
    assert page.count("data:image/jpeg") == 10  # from above and from the front
    assert "Above the threshold" in page
    write_steps(shown, tmp_path / "steps.png", "lateral_line")
    with Image.open(tmp_path / "steps.png") as sheet:
        assert sheet.width >= 180


def test_a_failed_analysis_is_shown_as_far_as_it_went(tmp_path):
    def fails(target_path):
        announce("Loaded", np.ones((5, 6)))
        raise TargetNotFoundError("<b>dark</b>")

    shown = analysed_in_steps(fails, tmp_path / write_tiff(tmp_path, np.eye(9, dtype=np.uint8)), {})
    assert shown.answer == "TargetNotFoundError: <b>dark</b>"
    write_steps(shown, tmp_path / "a.html", "own")
    assert "&lt;b&gt;dark" in (tmp_path / "a.html").read_text("utf-8")


def test_a_pipeline_that_announces_nothing_still_shows_its_answer(prescan):
    shown = analysed_in_steps(lambda path: (1.0, 2.0, 3.0, "OK", {}), prescan, {})
    assert [step.title for step in shown.steps] == ["Answer: OK"]


def test_the_command(prescan, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cli.main(["show", "lateral_line", str(prescan), "--gauss_sigma", "2"])
    assert "OK" in capsys.readouterr().out
    assert (tmp_path / "prescan_steps.html").exists()
    with pytest.raises(SystemExit) as ended:
        cli.main(["show", "lateral_line", str(prescan), "--out", "steps.gif"])
    assert ended.value.code == 2
    assert "neither .html nor .png" in capsys.readouterr().err


def test_a_file_that_is_missing_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match="no file"):
        analysed_in_steps(analyze_image, tmp_path / "missing.tif", {})


def test_figures_of_a_run_without_a_screen_lie_beside_its_journal(prescan, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    (tmp_path / JOURNAL_NAME).touch()
    with vouch_for(prescan):
        lateral_line.analyze_image(prescan, show=True)
    pyplot.close("all")
    assert (tmp_path / PREVIEWS_NAME / "prescan.tif_figure.png").exists()
    assert (figures._JOURNAL_NAME, figures._PREVIEWS_NAME) == (JOURNAL_NAME, PREVIEWS_NAME)


def test_figures_outside_of_a_run_are_saved_nowhere(prescan, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    (tmp_path / JOURNAL_NAME).touch()
    lateral_line.analyze_image(prescan, show=True)
    pyplot.close("all")
    assert not (tmp_path / PREVIEWS_NAME).exists()
