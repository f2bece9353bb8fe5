import contextlib
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dystrack.core.errors import (
    ConfigurationError,
    CoordsFileError,
    FolderError,
    JournalError,
    TargetNotFoundError,
)
from dystrack.manager import assembly
from dystrack.manager.cmdline import run_via_cmdline

RESULT = ([[0.0, 1.0, 2.0]], {"target_counter": 1})


def pipeline(target_path, channel=None, gauss_sigma=3.0, verbose=False, last=None):
    """Find it.

    Parameters
    ----------
    channel : int, optional, default None
        Index.
    gauss_sigma : float, optional, default 3.0
        Sigma.
    verbose : bool, optional, default False
        Tell.
    last : float, optional, default None
        From the last call.
    """


class FakeManager:
    """Records how runs are opened."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.refusal: Exception | None = None
        self.error: Exception | None = None

    @contextlib.contextmanager
    def open_run(
        self, target_dir: str, pipeline: Any, given: dict[str, Any], **rest: Any
    ) -> Iterator["FakeManager"]:
        self.calls.append({"target_dir": target_dir, "pipeline": pipeline, **given, **rest})
        if self.refusal:
            raise self.refusal
        yield self

    def to_its_end(self) -> Any:
        if self.error:
            raise self.error
        return RESULT


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> FakeManager:
    fake = FakeManager()
    monkeypatch.setattr(assembly, "open_run", fake.open_run)
    return fake


def test_what_is_not_typed_is_not_passed_on(manager: FakeManager) -> None:
    assert run_via_cmdline(["run.py", "FOLDER"], pipeline) == RESULT
    assert manager.calls == [
        {
            "target_dir": "FOLDER",
            "pipeline": pipeline,
            "img_kwargs": {},
            "img_cache": {},
            "defaults": {},
        }
    ]


def test_what_is_fixed_and_what_is_typed_come_together(manager: FakeManager) -> None:
    words = ["--max_checks", "1", "--verbose", "False", "--gauss-sigma", "-2"]
    run_via_cmdline(
        ["run.py", "FOLDER", *words],
        pipeline,
        {"channel": 1},
        {"last": 4.0},
        {"file_start": "prescan_", "img_err_fallback": False},
    )

    assert manager.calls == [
        {
            "target_dir": "FOLDER",
            "pipeline": pipeline,
            "img_kwargs": {"channel": 1, "verbose": False, "gauss_sigma": -2.0},
            "img_cache": {"last": 4.0},
            "max_checks": 1,
            "file_start": "prescan_",
            "img_err_fallback": False,
            "defaults": {},
        }
    ]


def test_the_settings_of_the_run_file_stay_as_they_are(manager: FakeManager) -> None:
    settings: list[dict[str, Any]] = [{"channel": 1}, {"last": 4.0}, {"file_start": "x"}]
    before = copy.deepcopy(settings)

    run_via_cmdline(["run.py", "F", "--verbose", "--max_checks", "1"], pipeline, *settings)
    manager.calls[0]["img_kwargs"]["channel"] = 7
    manager.calls[0]["img_cache"]["last"] = 7
    run_via_cmdline(["run.py", "F"], pipeline)

    assert settings == before
    assert manager.calls[1]["img_kwargs"] == {}


def test_help_lists_options_and_what_is_fixed(
    manager: FakeManager, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_via_cmdline(["run.py", "--help"], pipeline, {"channel": 1})

    output = capsys.readouterr()
    assert caught.value.code == 0
    assert manager.calls == []
    assert output.err == ""
    assert output.out.startswith("Usage: run.py TARGET_DIR [--option value ...]\n")
    assert "--gauss_sigma float" in output.out
    assert "[default 3.0]" in output.out
    fixed = output.out.partition("Already set in the run file")[2]
    assert fixed.split()[:2] == ["channel", "1"]
    assert "--channel" not in output.out


@pytest.mark.parametrize("words", [["F", "-h"], ["--help", "--nonsense"], ["F", "--help"]])
def test_help_goes_before_everything_else(
    manager: FakeManager, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_via_cmdline(["run.py", *words], pipeline)

    assert caught.value.code == 0


def test_a_folder_may_be_called_help(manager: FakeManager) -> None:
    run_via_cmdline(["run.py", "--", "--help"], pipeline)

    assert manager.calls[0]["target_dir"] == "--help"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "run.py: The folder to watch is missing."),
        (["F", "--gaus_sigma", "2"], "run.py: There is no option --gaus_sigma. Did you mean"),
        (["F", "--gauss_sigma", "two"], "run.py: --gauss_sigma expects a number, not 'two'."),
        (["F", "--channel", "2"], "run.py: --channel is already set to 1 in the run file"),
        (["my", "folder"], "run.py: 'folder': only one folder can be watched."),
    ],
)
def test_a_typing_mistake_ends_with_one_message_and_code_2(
    manager: FakeManager,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_via_cmdline(["run.py", *words], pipeline, {"channel": 1})

    output = capsys.readouterr()
    assert caught.value.code == 2
    assert output.out == ""
    assert output.err.startswith(message)
    assert output.err.endswith("All options: run.py --help\n")
    assert "Traceback" not in output.err
    assert manager.calls == []


@pytest.mark.parametrize("error", [TargetNotFoundError("no tissue"), RuntimeError("pipeline")])
def test_errors_of_the_run_are_left_to_the_caller(manager: FakeManager, error: Exception) -> None:
    manager.error = error

    with pytest.raises(type(error)) as caught:
        run_via_cmdline(["run.py", "F"], pipeline)
    assert caught.value is error


@pytest.mark.parametrize("kind", [FolderError, ConfigurationError, JournalError, CoordsFileError])
def test_what_is_refused_before_the_watch_is_one_message(
    manager: FakeManager, capsys: pytest.CaptureFixture[str], kind: type[Exception]
) -> None:
    manager.refusal = kind("It cannot be.")

    with pytest.raises(SystemExit) as caught:
        run_via_cmdline(["run.py", "F"], pipeline)
    assert caught.value.code == 2
    assert capsys.readouterr().err == "run.py: It cannot be.\n"


def test_a_mistake_in_the_run_file_is_one_message(
    manager: FakeManager, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_via_cmdline(["run.py", "F"], pipeline, {"chanel": 1})
    assert caught.value.code == 2
    assert "Did you mean 'channel'" in capsys.readouterr().err


def test_a_run_file_may_set_what_is_no_setting(manager: FakeManager) -> None:
    run_via_cmdline(["run.py", "F"], pipeline, {}, {}, {"on_event": print, "recurse": True})

    assert manager.calls[0]["on_event"] is print
    assert manager.calls[0]["recurse"] is True


def test_another_default_is_shown_and_does_not_count_as_given(
    manager: FakeManager, capsys: pytest.CaptureFixture[str]
) -> None:
    run_via_cmdline(["run.py", "F"], pipeline, manager_defaults={"isolate": True})
    assert manager.calls[0]["defaults"] == {"isolate": True}
    assert "isolate" not in manager.calls[0]

    with pytest.raises(SystemExit):
        run_via_cmdline(["run.py", "--help"], pipeline, manager_defaults={"isolate": True})
    shown = " ".join(capsys.readouterr().out.split())
    isolate = shown.partition("--isolate ")[2].partition("--timeout_s")
    assert "[default True]" in isolate[0]
    assert "[a number above 0; default 60.0]" in isolate[2]


def test_what_cannot_be_typed_is_noted_and_the_run_goes_on(manager: FakeManager) -> None:
    def untold(target_path, model=None, sigma=1.0):
        pass

    with pytest.warns(UserWarning, match=r"cannot be set on the command line \(model: it has") as w:
        assert run_via_cmdline(["run.py", "F", "--sigma", "2"], untold) == RESULT
    assert Path(w[0].filename).name == "test_cmdline.py"
    assert manager.calls[0]["img_kwargs"] == {"sigma": 2.0}


def test_what_the_run_file_sets_is_not_noted(manager: FakeManager) -> None:
    def untold(target_path, model=None):
        pass

    run_via_cmdline(["run.py", "F"], untold, {"model": "net"})

    assert manager.calls[0]["img_kwargs"] == {"model": "net"}


def test_an_empty_argv_is_a_missing_folder(
    manager: FakeManager, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_via_cmdline([], pipeline)

    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("dystrack: The folder to watch is missing.")
