"""`dystrack check` from its words to its last one."""

import io
import os

import numpy as np
import pytest
import tifffile
from rich.console import Console

from dystrack import cli
from dystrack.cli.pipeline_words import SHIPPED
from dystrack.core.errors import ConfigurationError
from dystrack.manager.settings import Settings
from dystrack.options.pipeline_reference import load_with_settings
from dystrack.tools.kit.checking.answers import answer_prescans, answer_remarks
from dystrack.tools.kit.checking.command import run_check
from dystrack.tools.kit.checking.prescans import look_at_folder
from dystrack.tools.kit.remarks import Weight
from tools.kit.checking import planted

SOUND = f"{planted.__file__}:sound"


def check(reference, *words):
    console = Console(file=io.StringIO(), width=200)
    is_ready = run_check(reference, load_with_settings(reference, SHIPPED), words, SHIPPED, console)
    return is_ready, console.file.getvalue()


def write_prescan(path, time):
    stack = np.random.default_rng(time).integers(0, 9, (9, 60, 80), np.uint8)
    stack[3:7, 20:34, 30 + time : 44 + time] = 180
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYX"})
    os.utime(path, (time * 100, time * 100))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prescans").mkdir()
    for time in (1, 2, 3):
        write_prescan(tmp_path / "prescans" / f"prescan_{time}_pos_1.tif", time)
    return tmp_path / "prescans"


def test_everything_that_is_said_of_a_folder(folder):
    is_ready, shown = check(SOUND, str(folder))
    assert is_ready
    for sentence in (
        "Signature and docstring are as they should be",
        "3 files would be answered",
        "1 position by their names: 1 (3)",
        "The answer moves with the sample",
        "3 of 3 prescans got an answer that may be sent",
        "there are 100 s between prescans",
        "Z 9, Y 60, X 80",
        "Ready (1 note above).",
        f"Next: dystrack rehearse {SOUND} {folder}",
    ):
        assert sentence in shown
    page = (folder.parent / "dystrack_check.html").read_text("utf-8")
    assert page.count('class="aim"') == 3
    assert "Check of planted.py:sound" in page
    assert sorted(path.name for path in folder.iterdir()) == [
        f"prescan_{time}_pos_1.tif" for time in (1, 2, 3)
    ]


def test_a_problem_ends_with_exit_code_1(folder, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["check", f"{planted.__file__}:four_values"])
    assert caught.value.code == 1
    assert "Not ready: 1 problem above" in capsys.readouterr().out


def test_limits_and_options_count(folder):
    is_ready, shown = check(SOUND, str(folder), "--max_step_px", "0.01", "--page", "")
    assert not is_ready
    assert "Refused: The step along" in shown
    assert not (folder.parent / "dystrack_check.html").exists()
    is_ready, shown = check("nearest_object", str(folder), "--division", "larger", "--most", "2")
    assert "2 of 2 prescans got an answer" in shown


def test_time_against_the_interval(folder):
    settings = Settings()
    found = look_at_folder(folder, settings, settings.naming())
    answered = list(answer_prescans(found.prescans, planted.sound, settings, {}, {}))
    texts = {r.weight: r.text for r in answer_remarks(answered, 1e-9)}
    assert "Answers would come later and later" in texts[Weight.PROBLEM]


def test_a_cache_goes_from_prescan_to_prescan(folder):
    settings = Settings()
    found = look_at_folder(folder, settings, settings.naming())
    chain = answer_prescans(found.prescans, planted.with_memory, settings, {}, {})
    assert [one.target.x for one in chain] == pytest.approx([79.5, 80.5, 81.5], abs=0.2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--interval", "0"], "interval is 0.0"),
        (["--most", "0"], "most is 0"),
        (["--gaus", "2"], "no option --gaus"),
        (["no folder"], "does not exist"),
    ],
)
def test_what_cannot_be_checked(folder, words, message):
    with pytest.raises(ConfigurationError, match=message):
        check("minimal_example", *words)
