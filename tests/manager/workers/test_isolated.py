import contextlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dystrack.core.errors import ConfigurationError, InvalidAnswerError, WorkerError
from dystrack.manager.workers import isolated
from dystrack.manager.workers.isolated import IsolatedWorker
from dystrack.options.pipeline_reference import load_pipeline
from fakes import fixed_pipeline
from misbehaving_pipelines import misbehave


@pytest.fixture(scope="module")
def worker():
    with contextlib.closing(IsolatedWorker(misbehave, timeout_s=5)) as worker:
        worker.start()
        yield worker


def answer(worker, how):
    return worker.run("a.tif", {"how": how}, {"seen": 4})


def test_answers_come_from_another_process(worker):
    z, y, x, pid, cache = answer(worker, "")
    assert (z, y, x, cache) == (1.0, 2.0, 3.0, {"seen": 5})
    assert int(pid) != os.getpid()


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("raise", ValueError, "no tissue"),
        ("raise_fragile", WorkerError, "FragileError: no tissue"),
        ("segfault", WorkerError, "exit code -11"),
        ("exit", WorkerError, r"sys.exit\(3\)"),
        ("memory", MemoryError, "llocat"),
        ("unpicklable", InvalidAnswerError, "cannot be handed"),
    ],
)
def test_nothing_takes_the_run_down(worker, how, error, message):
    with pytest.raises(error, match=message):
        answer(worker, how)
    assert answer(worker, "")[:3] == (1.0, 2.0, 3.0)


def test_an_error_tells_where_it_was_raised(worker):
    with pytest.raises(ValueError, match="no tissue") as caught:
        answer(worker, "raise")
    assert "misbehaving_pipelines.py" in caught.value.__notes__[0]


def test_warnings_reach_the_session(worker):
    with pytest.warns(UserWarning, match="too dark"):
        assert answer(worker, "warn")[:3] == (1, 2, 3)


def test_a_hang_is_ended():
    with contextlib.closing(IsolatedWorker(misbehave, timeout_s=0.2)) as worker:
        with pytest.raises(WorkerError, match=r"longer than 0.2 s"):
            answer(worker, "hang")
        assert answer(worker, "")[:3] == (1.0, 2.0, 3.0)


def test_a_pipeline_from_a_file(tmp_path):
    file = tmp_path / "my pipeline.py"
    file.write_text(
        textwrap.dedent(
            """
            def follow(target_path):
                return 1.0, 2.0, 3.0, __name__, {}
            """
        )
    )
    pipeline = load_pipeline(f"{file}:follow")
    with contextlib.closing(IsolatedWorker(pipeline, timeout_s=20)) as worker:
        assert worker.run("a.tif", {}, {})[:3] == (1.0, 2.0, 3.0)


def test_a_pipeline_that_never_gets_ready(tmp_path, monkeypatch):
    monkeypatch.setattr(isolated, "_START_ALLOWANCE_S", 0.5)
    file = tmp_path / "sleepy.py"
    file.write_text(
        "import multiprocessing, time\n"
        "if multiprocessing.parent_process():\n    time.sleep(600)\n"
        "def follow(path):\n    return 1.0, 2.0, 3.0, 'OK', {}\n"
    )
    with (
        contextlib.closing(IsolatedWorker(load_pipeline(f"{file}:follow"), 0.5)) as worker,
        pytest.raises(WorkerError, match="did not get ready"),
    ):
        worker.run("a.tif", {}, {})


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_nothing_is_left_when_the_session_is_killed(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import sys, threading, time\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from misbehaving_pipelines import misbehave\n"
        "from dystrack.manager.workers.isolated import IsolatedWorker\n"
        "if __name__ == '__main__':\n"
        "    worker = IsolatedWorker(misbehave, 600)\n"
        "    print(worker.run('a.tif', {}, {})[3], flush=True)\n"
        "    worker.run('a.tif', {'how': 'hang'}, {})\n"
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    with process:
        assert int(process.stdout.readline()) != process.pid
        process.kill()
        # The pipe is closed once the last of its holders is gone.
        assert process.stdout.read() == ""


def test_what_no_other_process_can_import_is_refused():
    with pytest.raises(ConfigurationError, match="isolate=False"):
        IsolatedWorker(lambda path: None, timeout_s=5)


def test_a_pipeline_that_is_gone_in_the_worker(monkeypatch):
    import fakes

    monkeypatch.setattr(fakes, "only_here", fixed_pipeline, raising=False)
    monkeypatch.setattr(fixed_pipeline, "__qualname__", "only_here")
    with (
        contextlib.closing(IsolatedWorker(fixed_pipeline, timeout_s=5)) as worker,
        pytest.raises(WorkerError, match="isolate=False"),
    ):
        worker.run("a.tif", {}, {})
