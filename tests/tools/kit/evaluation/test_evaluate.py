"""An evaluation names what is wrong with a pipeline, keeps its rows, and goes on."""

import textwrap
from pathlib import Path

import numpy as np
import pytest
import tifffile

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import ConfigurationError
from dystrack.tools.kit.evaluation.case import run_case
from dystrack.tools.kit.evaluation.evaluate import Plan, evaluate, find_prescans, stresses_named
from dystrack.tools.kit.evaluation.kept_rows import KeptRows
from dystrack.tools.kit.evaluation.report.page import evaluation_page
from dystrack.tools.kit.evaluation.report.verdict import verdict_on

SOUND = """
    import numpy as np
    from scipy.ndimage import gaussian_filter
    from dystrack.core.errors import TargetNotFoundError
    from dystrack.pipelines.utilities.loading import load_stack

    def analyze_image(target_path, channel=None):
        stack = gaussian_filter(load_stack(target_path, channel).astype(float), 1.0)
        stack = stack - np.median(stack)
        bright = stack > 0.5 * stack.max()
        if stack.max() < 50:
            raise TargetNotFoundError("Nothing there.")
        z, y, x = (float(i.mean()) for i in np.nonzero(bright))
        return {answer}, "OK", {{}}
"""
FAULTS = {
    "sound": ("z, y, x", []),
    "axes swapped": ("z, x, y", ["Axes swapped"]),
    "half a pixel": ("z, y + 0.5, x + 0.5", ["half a pixel along y", "half a pixel along x"]),
    "mirrored": ("z, y, stack.shape[-1] - 1 - x", ["Runs against x"]),
    "constant": ("2.0, 30.0, 40.0", ["Follows only 0% of a shift along y", "along x"]),
    "leaves the folder": (
        'z, y, (__import__("os").chdir("/"), x)[1]',
        ["changes the working directory"],
    ),
}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "prescans"
    place.mkdir()
    for number in range(3):
        centre = (5 + number / 2, 28 + 3 * number, 50 - 4 * number)
        squares = sum(
            ((i - c) / 3) ** 2 for i, c in zip(np.indices((12, 60, 100)), centre, strict=True)
        )
        noise = np.random.default_rng(number).integers(0, 8, (12, 60, 100))
        stack = (noise + 180 * np.exp(-0.5 * squares)).astype(np.uint8)
        tifffile.imwrite(
            place / f"prescan_{number}.tif", stack, imagej=True, metadata={"axes": "ZYX"}
        )
    (place / "notes.txt").write_text("no image")
    return place


def plan_for(folder, tmp_path, answer="z, y, x", text=SOUND, **changes):
    file = tmp_path / "own.py"
    file.write_text(textwrap.dedent(text).format(answer=answer))
    names = find_prescans(folder)
    return Plan(str(file), folder, names, **changes)


def at_once(cases):
    return map(run_case, cases)


def evaluated(plan, tmp_path, name="cases.jsonl"):
    return evaluate(plan, KeptRows(tmp_path / name), run=at_once)


@pytest.mark.parametrize(("answer", "named"), FAULTS.values(), ids=FAULTS)
def test_faults_are_named_without_any_truth(answer, named, folder, tmp_path):
    stresses = stresses_named("shifted,mirrored,empty,noise")
    plan = plan_for(folder, tmp_path, answer, stresses=stresses)
    faults = " ".join(verdict_on(evaluated(plan, tmp_path)).faults)
    for words in named:
        assert words in faults
    assert bool(named) == bool(faults)


def test_every_analysis_leaves_the_folder_as_it_was(folder, tmp_path):
    leaving = FAULTS["leaves the folder"][0]
    there, plan = (
        Path.cwd(),
        plan_for(folder, tmp_path, leaving, stresses=("as it is", "shifted x +5 %")),
    )
    rows = evaluated(plan, tmp_path).rows
    assert {row["effects"] for row in rows} == {"changes the working directory"}
    assert Path.cwd() == there


@pytest.mark.parametrize(
    ("instead", "named"),
    [
        ("return float('nan'), 0.0, 0.0, 'OK', {{}}", "Returns NaN"),
        ("return 5.0, 30.0, 50.0, 'OK', {{}}", "Guesses: it answers OK where there is nothing"),
    ],
)
def test_an_answer_to_nothing_is_named(instead, named, folder, tmp_path):
    text = SOUND.replace('raise TargetNotFoundError("Nothing there.")', instead)
    plan = plan_for(folder, tmp_path, text=text, stresses=stresses_named("empty,noise,black"))
    assert named in " ".join(verdict_on(evaluated(plan, tmp_path)).faults)


def test_a_sound_pipeline_is_safe(folder, tmp_path):
    plan = plan_for(folder, tmp_path, stresses=stresses_named("shifted,empty,as,channel"))
    verdict = verdict_on(evaluated(plan, tmp_path))
    assert "never answered OK and was wrong" in verdict.headline
    assert "Safe up to ±35 % offset along y." in verdict.safe
    assert not verdict.unsafe


def test_a_constant_offset_needs_a_truth(folder, tmp_path):
    truth = {f"prescan_{n}.tif": PixelPosition(5 + n / 2, 28 + 3 * n, 50 - 4 * n) for n in range(3)}
    stresses = stresses_named("shifted y")
    alone = plan_for(folder, tmp_path, "z, y, x + 12", stresses=stresses)
    assert all(row["outcome"] == "right" for row in evaluated(alone, tmp_path).rows)
    told = plan_for(folder, tmp_path, "z, y, x + 12", stresses=stresses, truth=truth)
    assert all(row["outcome"] == "wrong" for row in evaluated(told, tmp_path).rows)


def test_an_evaluation_goes_on_where_it_was_stopped(folder, tmp_path):
    plan = plan_for(folder, tmp_path, stresses=stresses_named("shifted x,empty"))
    asked = []

    def stopped(cases):
        for case in cases:
            if len(asked) == 10:
                raise KeyboardInterrupt
            asked.append(case.key)
            yield run_case(case)

    with pytest.raises(KeyboardInterrupt):
        evaluate(plan, KeptRows(tmp_path / "kept.jsonl"), run=stopped)
    with (tmp_path / "kept.jsonl").open("a") as file:
        file.write('{"key": "torn')  # the computer was switched off while it wrote
    rest = []

    def counted(cases):
        rest.extend(cases)
        return map(run_case, cases)

    again = evaluate(plan, KeptRows(tmp_path / "kept.jsonl"), run=counted)
    complete = evaluated(plan, tmp_path)
    assert {case.key for case in rest}.isdisjoint(asked)
    assert [row["outcome"] for row in again.rows] == [row["outcome"] for row in complete.rows]
    assert len(again.rows) == len(asked) + len(rest)


def test_other_options_are_other_cases(folder, tmp_path):
    plan = plan_for(folder, tmp_path, stresses=("as it is",))
    evaluated(plan, tmp_path)
    other = plan_for(folder, tmp_path, stresses=("as it is",), options={"channel": None})
    rows = KeptRows(tmp_path / "cases.jsonl")
    evaluate(other, rows, run=at_once)
    assert len((tmp_path / "cases.jsonl").read_text().splitlines()) == 6


def test_the_page_says_it_in_words_and_needs_no_network(folder, tmp_path):
    text = SOUND.replace('"OK"', '"<b>OK</b>"')
    plan = plan_for(folder, tmp_path, "z, y, x / 2", text, stresses=stresses_named("shifted x"))
    page = evaluation_page(evaluated(plan, tmp_path))
    assert "Verdict" in page
    assert "Follows only" not in page  # half of a shift is not "hardly"
    assert "<b>OK</b>" not in page
    assert "&lt;b&gt;OK&lt;/b&gt;" in page
    assert 'src="http' not in page


def test_an_unknown_stress_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigurationError, match=r"no stress 'dimed'.*dimmed"):
        stresses_named("dimed")


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(ConfigurationError, match="no image"):
        find_prescans(tmp_path)
