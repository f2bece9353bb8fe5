"""What a person types, and gets."""

import csv
import io
from contextlib import nullcontext
from functools import partial

import pytest
from rich.console import Console

from dystrack.core.errors import ConfigurationError, FolderError
from dystrack.options.pipeline_reference import load_with_settings
from dystrack.tools.kit.evaluation import command
from dystrack.tools.kit.evaluation.case import SHIPPED, run_case
from dystrack.tools.kit.evaluation.command import run_evaluation
from dystrack.tools.kit.evaluation.truth import read_truth, simulate_prescans
from dystrack.tools.kit.experiment.reading import read_experiment


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "organoids"
    simulate_prescans(folder, "organoid", "easy", n=2)
    return folder


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setattr(
        "dystrack.tools.kit.evaluation.evaluate.local_processes",
        lambda n_workers, timeout_s: nullcontext(partial(map, run_case)),
    )
    console = Console(file=io.StringIO(), width=160, highlight=False)

    def ask(*words, reference="center_of_mass"):
        def load(name):
            return load_with_settings(name, SHIPPED)

        run_evaluation(reference, load(reference), list(words), console, load)
        return console.file.getvalue()

    return ask


def test_simulated_prescans_come_with_their_targets(simulated):
    truth = read_truth(simulated / "dystrack_truth.csv")
    assert sorted(truth) == ["organoid_easy_1.ome.tif", "organoid_easy_2.ome.tif"]


def test_table_pages_and_results_are_written(simulated, screen, tmp_path):
    out = tmp_path / "out"
    text = screen(str(simulated), "--stress", "dimmed,empty", "--into", str(out), "--method=otsu")
    assert "as it is" in text
    assert "dimmed to 20 %" in text
    assert "cases" in text
    page = (out / "evaluation.html").read_text("utf-8")
    assert "Evaluation of center_of_mass" in page
    assert "method = otsu" in page
    with (out / "results.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 6
    assert {row["outcome"] for row in rows} <= {"right", "warned", "failed", "wrong"}
    assert next(row for row in rows if row["stress"] == "as it is")["outcome"] == "right"


def test_pipelines_are_compared_side_by_side(simulated, screen, tmp_path):
    text = screen(
        str(simulated),
        *("--stress", "none", "--into", str(tmp_path / "out")),
        *("--compare", "nearest_object", "minimal_example"),
    )
    assert "nearest_object: right" in text
    assert "minimal_example:" in text
    assert (tmp_path / "out" / "evaluation_nearest_object.html").exists()


def test_a_folder_can_be_filled_with_simulated_prescans(screen, tmp_path):
    text = screen(
        str(tmp_path / "new"),
        *("--simulate", "dividing_cells", "--samples", "1", "--stress", "none"),
        *("--into", str(tmp_path / "out"), "--method", "otsu"),
    )
    assert (tmp_path / "new" / "dystrack_truth.csv").exists()
    assert "as it is" in text


@pytest.mark.parametrize(
    ("scene", "difficulty", "samples"),
    [("primordium", "easy", "2"), ("organoid", "hard", "2"), ("organoid", "easy", "3")],
)
def test_prescans_and_targets_that_are_there_are_never_taken_for_others(
    scene, difficulty, samples, simulated, screen
):
    table = (simulated / "dystrack_truth.csv").read_text("utf-8")
    words = ("--simulate", scene, "--difficulty", difficulty, "--samples", samples)
    with pytest.raises(FolderError, match=f"does not hold {scene}_{difficulty}_1"):
        screen(str(simulated), *words)
    assert (simulated / "dystrack_truth.csv").read_text("utf-8") == table


def test_simulated_prescans_that_are_there_are_kept(simulated, screen, tmp_path):
    before = (simulated / "organoid_easy_1.ome.tif").stat().st_mtime_ns
    words = ("--simulate", "organoid", "--difficulty", "easy", "--samples", "2")
    screen(str(simulated), *words, "--stress", "none", "--into", str(tmp_path / "out"))
    assert (simulated / "organoid_easy_1.ome.tif").stat().st_mtime_ns == before


def test_help_tells_the_options_of_both(screen):
    text = screen("--help")
    assert "--tolerance_px" in text
    assert "--gauss_sigma" in text
    assert "Evaluation" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workers", "-1"], "workers is -1"),
        (["--stress", "wet"], "no stress 'wet'"),
        (["--simulate", "moon"], "no scene 'moon'"),
        (["--truth", "missing.csv"], r"missing\.csv cannot be read"),
        (["--compare"], "--compare needs"),
        (["--timeout_s", "0"], "timeout_s is 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(words, message, simulated, screen):
    with pytest.raises(ConfigurationError, match=message):
        screen(str(simulated), *words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,x\n", "lacks"),
        ("file,z,y,x\na.tif,1,2,far\n", "line 2"),
        ("file,z,y,x\na.tif,1,2,nan\n", "finite"),
        ("file,z,y,x\nother.tif,1,2,3\n", "None of the 1 files"),
    ],
)
def test_a_table_of_targets_that_cannot_be_used(text, message, simulated, screen, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        screen(str(simulated), "--truth", str(table))


def test_a_spreadsheet_may_use_semicolons_and_commas(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("File;Y;X\na.tif;2,5;3\n", "utf-8-sig")
    assert read_truth(table) == {"a.tif": (0.0, 2.5, 3.0)}


def test_workers_are_as_many_as_processors_if_not_said(simulated, monkeypatch):
    monkeypatch.setattr(command.os, "cpu_count", lambda: 7)
    loaded = load_with_settings("center_of_mass", SHIPPED)
    settings = command.EvaluationSettings()
    plan = command._plan("center_of_mass", loaded, simulated, settings, {})
    assert plan.n_workers == 7


def test_settings_are_tried_and_the_best_written(simulated, screen, tmp_path):
    out = tmp_path / "out"
    text = screen(
        str(simulated),
        *("--stress", "dimmed", "--into", str(out), "--method", "otsu"),
        *("--tune", "gauss_sigma=1,3"),
    )
    assert "Best: gauss_sigma = " in text
    assert (out / "tuning.html").exists()
    assert "\ngauss_sigma = " in (out / "experiment.toml").read_text("utf-8")


def test_the_best_goes_into_the_experiment_that_was_evaluated(simulated, tmp_path, screen):
    experiment = tmp_path / "experiment.toml"
    experiment.write_text('[pipeline]\nname = "center_of_mass"\n\n[options]\nmethod = "otsu"\n')
    loaded = read_experiment(experiment, SHIPPED)
    console = Console(file=io.StringIO(), width=160)
    words = [str(simulated), "--stress", "none", "--tune", "gauss_sigma=2", "--into", str(tmp_path)]
    run_evaluation(str(experiment), loaded, words, console, lambda _: loaded)
    assert "gauss_sigma = 2.0" in experiment.read_text()
    assert 'method = "otsu"' in experiment.read_text()


@pytest.mark.parametrize("word", ["gauss=1", "gauss_sigma", "gauss_sigma=far"])
def test_what_cannot_be_tried_is_refused(word, simulated, screen):
    with pytest.raises(ConfigurationError):
        screen(str(simulated), "--tune", word)
