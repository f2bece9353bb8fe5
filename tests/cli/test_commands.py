import io
import os
import subprocess
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import pytest

import dystrack
from dystrack import cli
from dystrack.core.errors import AnalysisError, ConfigurationError, FolderError

PIPELINE = '''
def analyze_image(target_path, channel=None):
    """Find the centre.

    Parameters
    ----------
    target_path : str
        Path.
    channel : int, optional, default None
        Index of the channel.
    """
    return 0.0, 1.0, 2.0, "OK", {}

find = analyze_image
'''


class FakeRun:
    """Stands for `run_via_cmdline`, whose module loads the manager."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.defaults: dict[str, Any] = {}
        self.error: BaseException | None = None

    def __call__(self, *arguments: Any, manager_defaults: dict[str, Any]) -> None:
        self.calls.append(arguments)
        self.defaults = manager_defaults
        if self.error is not None:
            raise self.error


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    fake = FakeRun()
    module = types.ModuleType("dystrack.manager.cmdline")
    module.run_via_cmdline = fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return fake


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"shipped_{tmp_path.name}"
    package = tmp_path / name
    package.mkdir()
    for module in ("__init__", "lateral_line", "chick_node"):
        (package / f"{module}.py").write_text(PIPELINE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("dystrack.cli.pipeline_words.SHIPPED", name)
    monkeypatch.setattr("dystrack.cli.preparing.pipelines.SHIPPED", name)


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Any, str]:
    """Return exit code and message of a command that is refused."""
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return caught.value.code, output.err


@pytest.mark.parametrize("name", ["lateral_line", "lateral-line"])
def test_run_hands_the_words_to_the_command_line_of_the_pipeline(run: FakeRun, name: str) -> None:
    cli.main(["run", name, "My FOLDER", "--channel", "-1", "--no-verbose", "--", "-x"])

    (argv, function, *settings) = run.calls[0]
    assert argv == [
        f"dystrack run {name}",
        *["My FOLDER", "--channel", "-1", "--no-verbose", "--", "-x"],
    ]
    assert function("x")[:3] == (0.0, 1.0, 2.0)
    assert settings[:2] == [{}, {}]


@pytest.mark.parametrize(("words", "listens"), [([], True), (["--no-report"], False)])
def test_run_has_a_report_written_unless_told(
    run: FakeRun, words: list[str], listens: bool
) -> None:
    cli.main(["run", "lateral_line", "F", *words])

    argv, *_, manager_kwargs = run.calls[0]
    assert "--no-report" not in argv
    assert ("on_event" in manager_kwargs) is listens


@pytest.mark.parametrize("words", [["--help"], ["F", "-h"], ["F", "--version"]])
def test_run_leaves_help_to_the_command_line_of_the_pipeline(
    run: FakeRun, words: list[str]
) -> None:
    cli.main(["run", "lateral_line", *words])

    assert run.calls[0][0][1:] == words


@pytest.mark.parametrize(
    ("words", "content", "isolated"),
    [
        ([], "", True),
        (["--help"], "", True),
        (["--show"], "", False),
        ([], "analysis_kwargs = {'show': True}", False),
    ],
)
def test_run_gives_the_pipeline_a_process_of_its_own_by_default(
    run: FakeRun, tmp_path: Path, words: list[str], content: str, isolated: bool
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(PIPELINE + "\n" + content, encoding="utf-8")
    cli.main(["run", f"{file}:find", "F", *words])

    assert run.defaults == {"isolate": isolated}


def test_run_takes_a_function_of_a_file(run: FakeRun, tmp_path: Path) -> None:
    file = tmp_path / "mine é.py"
    file.write_text(PIPELINE, encoding="utf-8")
    cli.main(["run", f"{file}:find", "F"])

    assert run.calls[0][1]("x")[2] == 2.0


def test_run_takes_a_run_file_with_its_settings(run: FakeRun, tmp_path: Path) -> None:
    file = tmp_path / "run_mine.py"
    file.write_text(
        PIPELINE + "image_analysis_func = find\nanalysis_kwargs = {'channel': 1}\n"
        "analysis_cache = {}\nmanager_kwargs = {'file_start': 'p'}\n",
        encoding="utf-8",
    )
    cli.main(["run", str(file), "F", "--no-report"])

    assert run.calls[0][2:] == ({"channel": 1}, {}, {"file_start": "p"})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["run"],
            "The first word after 'dystrack run' is the pipeline or run file; it is missing. Write",
        ),
        (
            ["run", "--channel", "1"],
            "The first word after 'dystrack run' is the pipeline or run file; it is --",
        ),
        (
            ["run", "lateral_lin", "F"],
            "'lateral_lin'. Did you mean lateral_line? The pipelines are",
        ),
        (["run", "no/such.py:f", "F"], "There is no file"),
        (["run", ".", "F"], "There is no pipeline '.'"),
        (
            ["run", "lateral_line:find_it", "F"],
            "no function 'find_it' in lateral_line. Did you mean find?",
        ),
        (["runs"], 'Unknown command "runs". Did you mean "run"?'),
        (["lateral_line", "F"], 'Unknown command "lateral_line".'),
        (["--versions"], '"--versions"'),
        (["pipelines", "x"], "'x'"),
    ],
)
def test_a_typing_mistake_ends_with_one_message_and_code_2(
    run: FakeRun, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    code, text = refusal(capsys, *words)

    assert code == 2
    assert text.startswith("dystrack: ")
    assert message in text
    assert run.calls == []


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (FolderError("The folder x does not exist."), 2, "dystrack: The folder x does not exist."),
        (ConfigurationError("No é 細."), 2, "dystrack: No é 細."),
        (ConfigurationError("No a\x1b[2J\nb."), 2, "dystrack: No a\\x1b[2J b."),
        (AnalysisError("Nothing found."), 1, "dystrack: AnalysisError: Nothing found."),
        (KeyboardInterrupt(), 130, "dystrack: Stopped."),
    ],
)
def test_an_error_of_a_run_is_one_message(
    run: FakeRun,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    message: str,
) -> None:
    run.error = error

    assert refusal(capsys, "run", "lateral_line", "F") == (code, message + "\n")


def test_an_error_in_the_code_of_a_pipeline_keeps_its_traceback(run: FakeRun) -> None:
    run.error = ZeroDivisionError("in the pipeline")

    with pytest.raises(ZeroDivisionError):
        cli.main(["run", "lateral_line", "F"])


def test_warnings_are_notes(
    monkeypatch: pytest.MonkeyPatch, run: FakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    def warn(*_: Any, **__: Any) -> None:
        warnings.simplefilter("always")
        warnings.warn("Look here.", UserWarning, stacklevel=1)

    monkeypatch.setattr(sys.modules["dystrack.manager.cmdline"], "run_via_cmdline", warn)
    before = warnings.showwarning
    cli.main(["run", "lateral_line", "F"])

    assert capsys.readouterr().err == "Note: Look here.\n"
    assert warnings.showwarning is before


def test_help_of_run_lists_the_pipelines(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["run", "--help"])

    output = capsys.readouterr().out
    assert output.startswith("Usage: dystrack run PIPELINE FOLDER [--option value ...]\n")
    assert "PIPELINE is one of chick_node, lateral_line;" in output


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    cli.main(words)

    output = capsys.readouterr().out
    for command in ("run", "pipelines", "--version"):
        assert command in output


def test_pipelines_are_listed_with_their_options(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["pipelines"])

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "chick_node Find the centre."
    assert lines[1] == "--channel int or None Index of the channel. [default None]"
    assert "lateral_line Find the centre." in lines


def test_a_console_without_the_letters_does_not_end_the_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = f"other_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    (tmp_path / name / "tip.py").write_text(PIPELINE.replace("Find", "細胞"), encoding="utf-8")
    monkeypatch.setattr("dystrack.cli.pipeline_words.SHIPPED", name)
    monkeypatch.setattr("dystrack.cli.preparing.pipelines.SHIPPED", name)
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", write_through=True)
    monkeypatch.setattr("sys.stdout", stream)

    cli.main(["pipelines"])

    assert "?? the centre." in stream.buffer.getvalue().decode("cp1252")


@pytest.mark.parametrize(
    "start", [["-m", "dystrack"], ["-c", "import dystrack.cli as c; c.main()"]]
)
def test_the_version_needs_nothing_heavy(start: list[str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-X", "importtime", *start, "--version"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )

    assert answer.stdout == f"{dystrack.__version__}\n"
    imported = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    assert not {"cyclopts", "rich", "numpy", "docstring_parser"} & imported


def test_only_the_command_that_is_called_is_imported() -> None:
    probe = (
        "import sys; from dystrack.cli import main; main(['pipelines']);"
        "names = [n for n in sys.modules if n.startswith('dystrack.')];"
        "print(); print(*names)"
    )
    run = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, encoding="utf-8", check=True
    )
    imported = set(run.stdout.splitlines()[-1].split())

    assert "dystrack.cli.preparing.pipelines" in imported
    assert (
        not {"dystrack.cli.running.run", "dystrack.cli.trying.demo", "dystrack.cli.trying.rehearse"}
        & imported
    )
    assert not {"dystrack.manager", "dystrack.tools", "dystrack.scopes"} & imported


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("buffering", ["0", ""])
@pytest.mark.parametrize("words", [["pipelines"], ["--help"], ["--version"], ["run", "--help"]])
def test_output_without_a_place_is_one_message(words: list[str], buffering: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dystrack", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": buffering},
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("dystrack: The output could not be written: [Errno 28]")
    assert done.stderr.count("\n") == 1


def test_an_error_of_the_system_in_a_pipeline_keeps_its_traceback(run: FakeRun) -> None:
    run.error = OSError("of the pipeline")

    with pytest.raises(OSError, match="of the pipeline"):
        cli.main(["run", "lateral_line", "F"])
