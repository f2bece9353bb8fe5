import contextlib
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from dystrack.core.caches import ClosedCache
from dystrack.core.error_texts import describe_error
from dystrack.core.errors import (
    ConfigurationError,
    InvalidAnswerError,
    PipelineError,
    WorkerError,
)
from dystrack.manager.workers import isolated
from dystrack.manager.workers.isolated import IsolatedWorker
from dystrack.manager.workers.worker_process import State
from dystrack.options.pipeline_reference import load_pipeline
from fakes import FakeClock, fixed_pipeline
from misbehaving_pipelines import Model, leave_masks, misbehave

LONG_S = 600


@pytest.fixture(scope="module")
def worker():
    with contextlib.closing(IsolatedWorker(misbehave, LONG_S)) as worker:
        worker.start({})
        yield worker


def answer(worker, how, cache=None):
    return worker.run("a.tif", {"how": how}, cache or {"seen": 4})


def until(condition):
    """Wait as long as it takes."""
    give_up_s = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < give_up_s
        time.sleep(0.005)


def is_warm(worker):
    with worker._changed:
        return [p.state for p in worker._processes] == [State.READY] * 2


def kill_idle(worker, n=1):
    """Kill processes that wait, the first ones; return their numbers once that was noticed."""
    until(lambda: is_warm(worker))
    victims = worker._processes[:n]
    for process in victims:
        os.kill(process.pid, signal.SIGKILL)
    until(lambda: not any(p in worker._processes for p in victims))
    return [str(process.pid) for process in victims]


def test_answers_come_from_another_process(worker):
    z, y, x, pid, cache, *_ = answer(worker, "")
    assert (z, y, x, cache) == (1.0, 2.0, 3.0, {"seen": 5})
    assert int(pid) != os.getpid()


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("raise", ValueError, "no tissue"),
        ("raise_fragile", PipelineError, "FragileError: no tissue"),
        ("raise_unspeakable", PipelineError, "UnspeakableError: <UnspeakableError without a text>"),
        ("raise_base", WorkerError, "raised GeneratorExit: enough"),
        ("exit_when_opened", InvalidAnswerError, "cannot be handed on"),
        ("huge", InvalidAnswerError, "Hand on less"),
        ("strings", InvalidAnswerError, "z_pos is '1'"),
        ("close_everything", WorkerError, "exit code"),
        ("segfault", WorkerError, "exit code -11"),
        ("exit", WorkerError, r"sys.exit\(3\)"),
        ("memory", PipelineError, "MemoryError: Unable to allocate"),
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
    text = describe_error(caught.value)
    assert (text.type_name, text.message) == ("ValueError", "no tissue")
    assert text.traceback.splitlines()[-1].endswith("in _raise: raise error")
    assert all("misbehaving_pipelines.py" in line for line in text.traceback.splitlines())
    assert "Traceback (most recent call last)" in str(caught.value.__cause__)


def test_an_error_of_a_type_of_its_own_is_told_by_its_name(worker):
    with pytest.raises(PipelineError) as caught:
        answer(worker, "raise_fragile")
    assert describe_error(caught.value).type_name == "FragileError"


def test_plain_caches_come_back_as_they_are(worker):
    assert answer(worker, "long_integer").img_cache == {"seen": 10**5000}
    array = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(answer(worker, "", {"seen": array}).img_cache["seen"], array + 1)


def test_a_cache_that_is_more_than_data_stays_closed(worker):
    cache = answer(worker, "model").img_cache
    assert type(cache) is ClosedCache
    assert answer(worker, "", cache).img_cache == {"seen": 8}
    assert isinstance(cache["seen"], Model)


def test_warnings_reach_the_session(worker):
    with pytest.warns(UserWarning, match="too dark"):
        assert answer(worker, "warn")[:3] == (1, 2, 3)


class Rig:
    """A worker on a fake clock, which another thread sets forward once a pipeline is running."""

    def __init__(self, pipeline=misbehave, timeout_s=60):
        self.clock = FakeClock()
        self.worker = IsolatedWorker(pipeline, timeout_s, clock=self.clock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.worker.close()

    def when(self, state, action, *, is_taken=True):
        """Do something once a process is in a state, and took a prescan if it is busy."""

        def is_there():
            with self.worker._changed:
                return any(
                    p.state is state and (p.was_taken or not is_taken)
                    for p in self.worker._processes
                )

        threading.Thread(target=lambda: (until(is_there), action()), daemon=True).start()


@pytest.mark.parametrize("how", ["hang", "sleep_when_opened"])
def test_a_hang_is_ended(how):
    with Rig() as rig:
        assert answer(rig.worker, "")[:3] == (1, 2, 3)
        rig.when(State.BUSY, lambda: rig.clock.sleep(61))
        with pytest.raises(WorkerError, match=r"longer than 60 s"):
            answer(rig.worker, how)
        assert answer(rig.worker, "")[:3] == (1, 2, 3)


def test_the_clock_of_the_computer_does_not_matter(monkeypatch):
    with Rig() as rig:
        for hour_s in (3600, -3600):
            rig.when(
                State.BUSY,
                lambda by=hour_s: monkeypatch.setattr(time, "time", lambda: 1e9 + by),
            )
            assert answer(rig.worker, "nap")[:3] == (1, 2, 3)


def test_the_deadline_covers_the_start(tmp_path):
    with Rig(never_ready(tmp_path)) as rig:
        rig.when(State.STARTING, lambda: rig.clock.sleep(61), is_taken=False)
        with pytest.raises(WorkerError, match=r"No process was ready .* within 60 s"):
            rig.worker.run("a.tif", {}, {})


def test_a_request_that_is_not_taken_from_the_pipe_cannot_block():
    with Rig() as rig:
        rig.worker.start({})
        until(lambda: is_warm(rig.worker))
        for process in rig.worker._processes:
            os.kill(process.pid, signal.SIGSTOP)
        rig.when(State.BUSY, lambda: rig.clock.sleep(61), is_taken=False)
        with pytest.raises(WorkerError, match="longer than 60 s"):
            answer(rig.worker, "", {"seen": np.zeros(1 << 24)})


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan")])
def test_a_deadline_leaves_some_time(timeout_s):
    with pytest.raises(ConfigurationError, match="timeout_s"):
        IsolatedWorker(misbehave, timeout_s)


@pytest.mark.parametrize("n", [1, 2])
def test_processes_that_die_while_they_wait_are_replaced(n):
    with Rig() as rig:
        rig.worker.start({})
        killed = kill_idle(rig.worker, n)
        with pytest.warns(UserWarning, match="another one replaces it"):
            assert answer(rig.worker, "")[3] not in killed
        until(lambda: is_warm(rig.worker))


def test_a_process_that_dies_before_it_takes_a_prescan_costs_nothing():
    with Rig() as rig:
        rig.worker.start({})
        until(lambda: is_warm(rig.worker))
        first, second = rig.worker._processes
        os.kill(first.pid, signal.SIGSTOP)  # it gets the request and never looks at it

        def kill_once_asked():
            until(lambda: first.state is State.BUSY)
            os.kill(first.pid, signal.SIGKILL)

        threading.Thread(target=kill_once_asked, daemon=True).start()
        assert answer(rig.worker, "")[3] == str(second.pid)


def test_a_thread_that_crashes_after_the_answer():
    with Rig() as rig:
        assert answer(rig.worker, "crash_later")[:3] == (1, 2, 3)
        until(lambda: rig.worker._notices)
        with pytest.warns(UserWarning, match="exit code -11"):
            assert answer(rig.worker, "")[:3] == (1, 2, 3)


@pytest.mark.filterwarnings("ignore:A process that waited")
def test_successors_that_cannot_load_the_pipeline_are_tried_again(tmp_path):
    file = tmp_path / "follow.py"
    text = "def follow(path):\n    return 1.0, 2.0, 3.0, 'OK', {}\n"
    file.write_text(text)
    with Rig(load_pipeline(f"{file}:follow")) as rig:
        rig.worker.run("a.tif", {}, {})
        until(lambda: is_warm(rig.worker))
        file.unlink()  # the share is away
        for process in rig.worker._processes:
            process.kill()
        until(lambda: rig.worker._n_failed_starts)
        rig.worker.check()
        pauses_s = [rig.worker._next_start_s - rig.clock.monotonic()]
        while len(pauses_s) < 6:
            rig.clock.sleep(pauses_s[-1])
            until(lambda: rig.worker._next_start_s > rig.clock.monotonic())
            pauses_s.append(rig.worker._next_start_s - rig.clock.monotonic())
        assert all(b >= a - 1e-6 for a, b in itertools.pairwise(pauses_s))
        assert max(pauses_s) == pytest.approx(10)
        file.write_text(text)
        threading.Timer(0.1, lambda: rig.clock.sleep(11)).start()
        with pytest.warns(UserWarning, match=r"There is no file .* Trying again in 10 s"):
            assert rig.worker.run("a.tif", {}, {})[:3] == (1, 2, 3)


def test_no_room_for_another_process(monkeypatch):
    def full(*_):
        raise OSError(11, "Resource temporarily unavailable")

    with Rig() as rig:
        monkeypatch.setattr(isolated, "WorkerProcess", full)
        rig.worker.start({})
        until(lambda: rig.worker._n_failed_starts)
        monkeypatch.undo()
        rig.clock.sleep(1)
        with pytest.warns(UserWarning, match="temporarily unavailable"):
            assert answer(rig.worker, "")[:3] == (1, 2, 3)


def test_what_it_prints_is_seen(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from misbehaving_pipelines import misbehave\n"
        "from dystrack.manager.workers.isolated import IsolatedWorker\n"
        "if __name__ == '__main__':\n"
        "    worker = IsolatedWorker(misbehave, 600)\n"
        "    worker.run('a.tif', {'how': 'say'}, {})\n"
        "    worker.close()\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("a word\n", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no groups that end together")
def test_what_a_pipeline_started_ends_with_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DYSTRACK_TEST_PIPE", str(tmp_path / "pipe"))
    os.mkfifo(tmp_path / "pipe")
    with Rig() as rig:
        answer(rig.worker, "")
        end = []

        def hear():
            with Path(tmp_path / "pipe").open("rb", buffering=0) as pipe:
                pipe.read(1)
                rig.clock.sleep(61)
                end.append(pipe.read())  # returns once the last holder is gone

        listener = threading.Thread(target=hear, daemon=True)
        listener.start()
        with pytest.raises(WorkerError, match="longer"):
            answer(rig.worker, "child")
        listener.join()
        assert end == [b""]


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


def never_ready(tmp_path):
    file = tmp_path / "sleepy.py"
    file.write_text(
        "import multiprocessing, time\n"
        "if multiprocessing.parent_process():\n    time.sleep(600)\n"
        "def follow(path):\n    return 1.0, 2.0, 3.0, 'OK', {}\n"
    )
    return load_pipeline(f"{file}:follow")


@pytest.mark.filterwarnings("ignore:A process for the pipeline")
def test_a_start_that_never_ends_is_tried_again(tmp_path):
    with Rig(never_ready(tmp_path), timeout_s=LONG_S) as rig:

        def pass_both_limits():
            rig.clock.sleep(301)
            until(lambda: rig.worker._last_failure)
            rig.clock.sleep(LONG_S)

        rig.when(State.STARTING, pass_both_limits, is_taken=False)
        with pytest.raises(WorkerError, match="did not get ready within 300 s"):
            rig.worker.run("a.tif", {}, {})


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
    worker = IsolatedWorker(misbehave, timeout_s=5)
    with pytest.raises(ConfigurationError, match="keyword argument"):
        worker.start({"how": lambda: None})


def refusal(worker):
    """Return what the check raises, once it does."""
    while True:
        try:
            worker.check()
        except (ConfigurationError, WorkerError) as error:
            return error
        time.sleep(0.005)


def test_a_pipeline_that_is_gone_in_the_worker(monkeypatch):
    import fakes

    monkeypatch.setattr(fakes, "only_here", fixed_pipeline, raising=False)
    monkeypatch.setattr(fixed_pipeline, "__qualname__", "only_here")
    with contextlib.closing(IsolatedWorker(fixed_pipeline, LONG_S)) as worker:
        with pytest.raises(WorkerError, match="isolate=False"):
            worker.run("a.tif", {}, {})
        assert isinstance(refusal(worker), WorkerError)


@pytest.mark.parametrize(
    ("options", "complaint"), [({"thresh": 3}, "thresh"), ({"method": "b"}, "`method` is 'b'")]
)
def test_options_that_a_pipeline_refuses_end_the_start(options, complaint):
    from dystrack.pipelines.center_of_mass import analyze_image

    with contextlib.closing(IsolatedWorker(analyze_image, LONG_S)) as worker:
        worker.start(options)
        error = refusal(worker)
    assert isinstance(error, ConfigurationError)
    assert complaint in str(error)


def test_a_run_file_without_a_guard_is_told_at_once(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from misbehaving_pipelines import misbehave\n"
        "from dystrack.manager.workers.isolated import IsolatedWorker\n"
        "worker = IsolatedWorker(misbehave, 600)\n"
        "try:\n    worker.run('a.tif', {}, {})\n"
        "finally:\n    worker.close()\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert "a run file needs `if __name__" in run.stderr.splitlines()[-1]


def test_what_the_pipeline_wrote_is_told(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"x")
    with contextlib.closing(IsolatedWorker(leave_masks, LONG_S, n_processes=1)) as worker:
        written = worker.run(str(path), {}, {}).written
    assert written == (str(tmp_path / "a.tiff"), str(tmp_path / "mask_a.tif"))
