"""The commands `dystrack demo` and `dystrack rehearse`."""

import subprocess
import sys
from pathlib import Path

import pytest

from dystrack import cli
from dystrack.tools.demo.session import DemoSettings
from dystrack.tools.rehearsal import command as rehearse_command
from fakes import write_prescan
from made_up_runs import made_up_run


@pytest.fixture
def shown(monkeypatch):
    calls = []

    def fake(settings, folder, **others):
        calls.append((settings, folder, others))
        return "It went well."

    monkeypatch.setattr("dystrack.cli.trying.demo.show_demo", fake)
    return calls


KEEPS_REPORT = {"writes_report": True, "keeps_prescans": False}


@pytest.mark.parametrize(
    ("words", "settings", "folder", "others"),
    [
        ([], DemoSettings(keeps_pictures=True), Path("dystrack_demo"), KEEPS_REPORT),
        (
            ["node", "--difficulty", "hard", "--positions=2", "--time-points", "9", "--seed", "4"],
            DemoSettings("node", "hard", 2, 9, seed=4, keeps_pictures=True),
            Path("dystrack_demo"),
            KEEPS_REPORT,
        ),
        (
            ["--speed", "2", "--seconds=5", "--folder", "my demo"],
            DemoSettings(speed=2.0, duration_s=5.0, keeps_pictures=True),
            Path("my demo"),
            KEEPS_REPORT,
        ),
        (["--no-report"], DemoSettings(), None, {"writes_report": False, "keeps_prescans": False}),
        (
            ["--no-report", "--keep-prescans"],
            DemoSettings(),
            Path("dystrack_demo"),
            {"writes_report": False, "keeps_prescans": True},
        ),
    ],
)
def test_demo_shows_what_is_asked_for(shown, capsys, words, settings, folder, others):
    cli.main(["demo", *words])
    assert shown == [(settings, folder, others)]
    assert capsys.readouterr().out == "\nIt went well.\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["demo", "fish"], "There is no scene 'fish'"),
        (["demo", "--positions", "0"], "n_positions is 0"),
        (["demo", "--positions", "many"], "many"),
        (["report", "no such folder"], "no such folder is not a folder"),
        (["rehearse"], "it is missing"),
        (["rehearse", "--interval", "1"], "it is --interval"),
        (["rehearse", "lateral_lin", "F"], "Did you mean lateral_line?"),
        (["rehearse", "lateral_line"], "The folder to watch is missing"),
        (["rehearse", "lateral_line", "no such folder"], "no such folder does not exist"),
    ],
)
def test_a_mistake_ends_with_one_message(shown, capsys, words, message):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_rehearse_says_what_it_is_for(capsys):
    cli.main(["rehearse", "--help"])
    text = capsys.readouterr().out
    assert text.startswith("Usage: dystrack rehearse PIPELINE FOLDER")
    assert "center_of_mass, chick_node, drift, " in text


def test_rehearse_loads_a_run_file(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(rehearse_command, "run_rehearsal", lambda *given: calls.append(given))
    file = tmp_path / "run_mine.py"
    file.write_text(
        "from fakes import fixed_pipeline as image_analysis_func\n"
        "manager_kwargs = {'file_start': 'prescan'}\n"
    )
    cli.main(["rehearse", str(file), "F", "--interval", "2"])
    ((program, loaded, words, _),) = calls
    assert program == f"dystrack rehearse {file}"
    assert loaded.manager_kwargs == {"file_start": "prescan"}
    assert words == ["F", "--interval", "2"]


def test_rehearse_prints_a_table_that_a_file_can_hold(tmp_path, capsys):
    name = f"prescan_{'long_' * 12}1.tif"
    write_prescan(tmp_path / name)
    words = ["rehearse", "minimal_example", str(tmp_path), "--interval=0", "--no-progress"]
    cli.main([*words, "--no-report"])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert any(row[:2] == [name, "1"] and row[-1] == "WARN:WEAK" for row in rows)


@pytest.mark.parametrize("to", [[], ["--to", "page.html"]])
def test_report_says_where_it_is(tmp_path, monkeypatch, capsys, to):
    monkeypatch.chdir(tmp_path)
    made_up_run(tmp_path / "F", [(1.0, 2.0, 3.0)])
    cli.main(["report", "F", *to])
    page = tmp_path / (to[1] if to else "F/dystrack_report.html")
    assert page.exists()
    assert capsys.readouterr().out == f"The report is {page}\n"


def test_a_demo_from_a_fresh_process_ends_with_a_report(tmp_path):
    words = ["demo", "dividing_cells", "--time-points=2", "--seconds=0.1"]
    command = [sys.executable, "-W", "error", "-m", "dystrack", *words]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True, timeout=120
    )
    page = tmp_path / "dystrack_demo" / "dystrack_report.html"
    assert run.stdout.splitlines()[-1] == f"The report is {page}"
    assert page.stat().st_size > 20_000
    assert run.stderr == ""


def test_convert_then_rehearse_and_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_file = Path(__file__).parents[2] / "run" / "run_minimal_example.py"
    cli.main(["convert", str(run_file), "--to", "mine.toml"])
    assert "dystrack run mine.toml FOLDER" in capsys.readouterr().out
    (tmp_path / "old").mkdir()
    write_prescan(tmp_path / "old" / "prescan_1.tif")
    cli.main(["rehearse", "mine.toml", "old", "--no-report"])
    assert "1 answered" in capsys.readouterr().out
    (tmp_path / "new").mkdir()
    cli.main(["run", "mine.toml", "new", "--max_checks", "1", "--no-report"])
    assert "0 prescans in" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        cli.main(["run", "other.toml", "new"])
    assert caught.value.code == 2
    assert "There is no file other.toml" in capsys.readouterr().err


def test_new_says_what_to_do_next(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    cli.main(["new", "my-sample"])
    shown = capsys.readouterr().out
    for name in ("my_sample.py", "test_my_sample.py", "experiment.toml"):
        assert name in shown
        assert (tmp_path / "my_sample" / name).is_file()
    assert f"dystrack rehearse {Path('my_sample', 'experiment.toml')} FOLDER" in shown
