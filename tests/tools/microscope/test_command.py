import os
import signal
import subprocess
import sys
import time

import pytest

from dystrack.cli import main
from dystrack.core.exchange.answer_file import read_answer
from dystrack.manager.events import Warned
from dystrack.scopes.simulated.scope import SimulatedScope
from dystrack.scopes.visit_record import VisitRecord

FAST = ["--time_lapse", "inf", "--no-report", "--isolate", "false", "--difficulty", "easy"]


def run(*words):
    main(["scope", "run", "simulator", *words])


def test_a_new_user_needs_nothing_but_a_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run("--time_points", "2", *FAST)
    run("--time_points", "1", *FAST)
    said = capsys.readouterr().out
    assert "simulator: simulated from beginning to end." in said
    assert "4 visits; the stage followed the answer at 4." in said
    assert len(list((tmp_path / "dystrack_trial_1").glob("prescan_*_pos_?.ome.tif"))) == 4
    assert (tmp_path / "dystrack_trial_2").is_dir()


def test_an_experiment_has_a_pipeline_a_folder_and_options(tmp_path):
    folder = tmp_path / "new" / "run"
    run(
        "lateral_line",
        str(folder),
        "--scene",
        "primordium",
        "--samples",
        "1",
        "--time_points",
        "2",
        "--main_scans",
        "--track",
        "auto",
        *FAST,
    )
    assert len(list(folder.glob("job_*.ome.tif"))) == 2
    assert VisitRecord(folder).progress().visited == {1}


def test_dark_prescans_are_not_waited_for(tmp_path, monkeypatch):
    import dystrack.tools.microscope.running as module

    given = {}
    opened = module.open_run
    monkeypatch.setattr(
        module, "open_run", lambda *args, **kw: given.update(kw["defaults"]) or opened(*args, **kw)
    )
    run("center_of_mass", str(tmp_path / "run"), "--time_points", "1", *FAST)
    assert given["quiet_s"] == 0.0


def test_an_experiment_file_says_it_too(tmp_path):
    path = tmp_path / "experiment.toml"
    path.write_text(
        '[pipeline]\nname = "center_of_mass"\n\n[microscope]\ntime_points = 2\n', "utf-8"
    )
    main(["scope", "run", "simulator", str(path), str(tmp_path / "run"), *FAST])
    assert VisitRecord(tmp_path / "run").progress().time_point == 1


def test_a_run_is_not_written_over_but_resumed(tmp_path, capsys):
    folder = str(tmp_path / "run")
    run("center_of_mass", folder, "--time_points", "2", *FAST)
    with pytest.raises(SystemExit) as refused:
        run("center_of_mass", folder, "--time_points", "3", *FAST)
    assert refused.value.code == 2
    assert "holds a run already" in capsys.readouterr().err
    run("center_of_mass", folder, "--time_points", "3", "--resume", *FAST)
    assert "2 visits;" in capsys.readouterr().out
    assert VisitRecord(tmp_path / "run").progress().time_point == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["scope", "fly"], "no 'dystrack scope fly'"),
        (["scope", "run"], "Which microscope?"),
        (["scope", "run", "hubble", "center_of_mass", "x"], "no microscope 'hubble'"),
        (["scope", "run", "simulator", "--sampels", "2"], "Did you mean --samples"),
        (["scope", "run", "simulator", "--samples", "0"], "samples is 0"),
        (["scope", "run", "simulator", "--room_um", "1"], "No position is allowed along z"),
    ],
)
def test_what_cannot_be_done_is_one_message(tmp_path, monkeypatch, capsys, words, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as refused:
        main(words)
    said = capsys.readouterr().err
    assert (refused.value.code, said.count("\n")) == (2, 1)
    assert says in said


def test_help_lists_the_options_of_the_microscope_too(capsys):
    run("--help")
    said = capsys.readouterr().out
    assert "--time_points" in said
    assert "--time_lapse" in said
    for words in (["--help"], ["run", "--help"], ["check", "-h"]):
        main(["scope", *words])
        assert "scope check SCOPE" in capsys.readouterr().out
    main(["scope", "check", "zen", "--help"])
    said = capsys.readouterr().out
    assert "--token_file" in said
    assert "TARGET_DIR" not in said


def failing_prescan(monkeypatch, number):
    taken = []
    take = SimulatedScope.prescan

    def prescan(self, stem):
        taken.append(stem)
        if len(taken) == number:
            raise RuntimeError("the shutter sticks")
        return take(self, stem)

    monkeypatch.setattr(SimulatedScope, "prescan", prescan)


def test_a_device_error_is_told_and_the_run_goes_on(tmp_path, monkeypatch):
    failing_prescan(monkeypatch, 2)
    told = []
    from dystrack.cli.pipeline_words import load_first_word
    from dystrack.tools.microscope.command import read_request
    from dystrack.tools.microscope.running import prepare_experiment, run_experiment

    loaded = load_first_word("scope run", ["center_of_mass"])
    request = read_request(
        "simulator", loaded, [str(tmp_path), "--time_points", "2", "--time_lapse", "inf"]
    )
    with request.opener(**request.opener_kwargs) as scope:
        experiment = prepare_experiment(
            scope, request.settings, scope.traits.axes, tmp_path, resume=False
        )
        run_experiment(
            experiment,
            loaded.image_analysis_func,
            {"isolate": False, "progress": False},
            told.append,
        )
    assert [e.message for e in told if isinstance(e, Warned) and "shutter" in e.message]
    assert len(experiment.visits) == 3


def test_a_device_error_ends_the_run_if_the_person_chose_so(tmp_path, monkeypatch, capsys):
    failing_prescan(monkeypatch, 2)
    with pytest.raises(SystemExit) as ended:
        run("center_of_mass", str(tmp_path), "--on_scope_error", "end", *FAST)
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert "could not take the prescan: RuntimeError: the shutter sticks" in said.err
    assert "1 visit;" in said.out


def test_a_pipeline_that_fails_at_once_ends_the_microscope_too(tmp_path, capsys):
    pipeline = tmp_path / "bad.py"
    pipeline.write_text("def analyze_image(target_path):\n    raise ValueError('no')\n", "utf-8")
    with pytest.raises(ValueError, match="no"):
        run(str(pipeline), str(tmp_path / "run"), *FAST)
    assert "0 visits" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="kills as Unix does")
def test_a_killed_run_is_resumed_and_no_prescan_is_lost(tmp_path):
    words = ["-m", "dystrack", "scope", "run", "simulator", "center_of_mass", str(tmp_path / "run")]
    words += ["--time_lapse", "1000", "--interval_s", "100", "--no-report", "--isolate", "false"]
    with subprocess.Popen(
        [sys.executable, *words, "--time_points", "5000"], stdout=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "run").glob("*.answer.txt"))) < 5:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    record = VisitRecord(tmp_path / "run")
    before = record.progress()
    run(
        "center_of_mass",
        str(tmp_path / "run"),
        "--resume",
        "--time_points",
        str(before.time_point + 2),
        *FAST,
    )
    prescans = sorted((tmp_path / "run").glob("prescan_*.ome.tif"))
    assert all(read_answer(path) for path in prescans)
    assert len(prescans) >= 2 * (before.time_point + 2) - 1
    assert record.progress().time_point == before.time_point + 1
