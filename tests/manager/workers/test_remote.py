"""A pipeline on another computer: a real scheduler and worker, in other processes of this one."""

import contextlib
import os
import pickle
import signal
import socket
import sys
import threading
import time

import numpy as np
import pytest

from dystrack.core.errors import ConfigurationError, InvalidAnswerError, WorkerError
from dystrack.manager.events import AnalysisFailed
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.workers import hosting
from dystrack.manager.workers.agent import open_agent, own_addresses, prepared_key
from dystrack.manager.workers.plain_data import unpacked
from dystrack.manager.workers.remote import RemoteWorker, distributed_with
from dystrack.manager.workers.remote_address import PathMap, RemoteAddress
from dystrack.options.pipeline_reference import load_pipeline
from fakes import FakeClock, Recorder, fixed_pipeline, write_prescan
from misbehaving_pipelines import misbehave

pytestmark = pytest.mark.filterwarnings("ignore")  # what Dask itself warns of
LONG_S = 120.0
HERE = PathMap("/", "/")  # both "computers" see the same files
OWN_PIPELINE = """
from pathlib import Path


def analyze_image(target_path, offset=0, calls=0):
    data = Path(target_path).read_bytes()
    found = {"confidence": 0.75, "outline": [[1, 2], [3, 4]]}
    cache = {"calls": calls + 1, "dystrack_findings": found}
    return float(len(data)), float(data[0]), float(offset), Path(target_path).name, cache
"""


KILLING_PIPELINE = """
import os
import signal
import time


def analyze_image(target_path):
    if "prescan_2_" in target_path:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1000)
    return 2.0, 8.0, 9.0, "OK", {}
"""


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    file = tmp_path_factory.mktemp("key") / "agent.pem"
    assert prepared_key(file)
    return file


@pytest.fixture(scope="module")
def agent(key):
    with open_agent(0, str(key), host="127.0.0.1") as url:
        yield RemoteAddress(url, str(key))


@pytest.fixture
def worker(agent):
    with contextlib.closing(RemoteWorker(misbehave, LONG_S, agent, paths=HERE)) as worker:
        worker.start({})
        yield worker


def answer(worker, how="", cache=None):
    return worker.run("/a.tif", {"how": how}, cache or {"seen": 4})


def test_prescan_is_answered_there_by_one_process_after_the_other(worker):
    one = answer(worker)
    assert one[:3] == (1.0, 2.0, 3.0)
    assert int(one.img_msg) != os.getpid()
    assert answer(worker, cache=one.img_cache).img_cache["seen"] == 6


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ("raise", ValueError, "no tissue"),
        ("nan", InvalidAnswerError, "z_pos is nan"),
        ("exit", WorkerError, r"called sys.exit\(3\)"),
        ("segfault", WorkerError, "The process of the pipeline ended"),
    ],
)
def test_what_goes_wrong_there_is_told_here_and_the_next_is_answered(worker, how, error, text):
    with pytest.raises(error, match=text):
        answer(worker, how)
    assert answer(worker)[:3] == (1.0, 2.0, 3.0)


def test_warnings_and_caches_of_any_type_come_back(worker):
    with pytest.warns(UserWarning, match="too dark"):
        answer(worker, "warn")
    cache = answer(worker, "model").img_cache
    assert answer(worker, cache=cache).img_cache["seen"] == 8


def test_deadline_is_kept_and_the_next_is_answered(agent):
    with contextlib.closing(RemoteWorker(misbehave, 8.0, agent, paths=HERE)) as worker:
        worker.start({})
        answer(worker)
        with pytest.raises(WorkerError, match="longer than 8 s"):
            answer(worker, "hang")
        assert answer(worker)[:3] == (1.0, 2.0, 3.0)


def test_own_file_and_prescan_are_sent(agent, tmp_path):
    file = tmp_path / "my_pipeline.py"
    file.write_text(OWN_PIPELINE, "utf-8")
    prescan = tmp_path / "prescan_1.tif"
    prescan.write_bytes(b"*12345")
    pipeline = load_pipeline(str(file))
    with contextlib.closing(RemoteWorker(pipeline, LONG_S, agent)) as worker:
        result = worker.run(str(prescan), {"offset": 7}, {})
    assert result[:4] == (6.0, 42.0, 7.0, "prescan_1.tif")
    assert result.img_cache == {"calls": 1}
    assert result.findings.confidence == 0.75
    assert result.findings.outline == ((1.0, 2.0), (3.0, 4.0))


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_killed_worker_is_one_failure_told_at_once_and_another_takes_its_place(agent):
    distributed = distributed_with()
    with contextlib.closing(RemoteWorker(misbehave, LONG_S, agent, paths=HERE)) as worker:
        worker.start({})
        answer(worker)
        with distributed.Client(
            agent.url, security=agent.security(distributed), set_as_default=False
        ) as client:
            (pid,) = client.run(os.getpid).values()
        threading.Timer(0.5, os.kill, (pid, signal.SIGKILL)).start()
        with pytest.raises(WorkerError, match="it crashed, ran out of memory, or was killed"):
            answer(worker, "hang")  # benchmarks/two_computers.py times it
        assert answer(worker)[:3] == (1.0, 2.0, 3.0)


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_a_session_whose_worker_is_killed_falls_back_once(agent, tmp_path):
    file = tmp_path / "my_pipeline.py"
    file.write_text(KILLING_PIPELINE, "utf-8")
    folder, clock, told = tmp_path / "fish", FakeClock(), Recorder()
    folder.mkdir()
    for number in (1, 2, 3, 4):
        path = folder / f"prescan_{number}_pos_1.tif"
        clock.plan(float(number), lambda path=path: write_prescan(path))
    run_dystrack_manager(
        folder, load_pipeline(str(file)), executor=agent.url, executor_key=agent.key_file,
        max_triggers=4, end_on_esc=False, progress=False, clock=clock, on_event=told,
        timeout_s=LONG_S, executor_paths="/=/",
    )  # fmt: skip
    (failed,) = told.of(AnalysisFailed)
    assert "it crashed, ran out of memory, or was killed" in failed.error
    assert failed.path.endswith("prescan_2_pos_1.tif")
    lines = (folder / "dystrack_coords.txt").read_text("utf-8").splitlines()[1:]
    assert [line.split("\t")[3] for line in lines] == ["OK", "Image analysis failed!", "OK", "OK"]


def test_agent_that_stops_is_a_failure_and_one_that_comes_back_is_asked_again(key):
    with open_agent(0, str(key), host="127.0.0.1") as url:
        worker = RemoteWorker(misbehave, 20.0, RemoteAddress(url, str(key)), paths=HERE)
        worker.start({})
        answer(worker)
    with contextlib.closing(worker):
        for _ in range(2):
            with pytest.raises(WorkerError, match="cannot be asked"):
                answer(worker)
        with open_agent(int(url.rpartition(":")[2]), str(key), host="127.0.0.1"):
            assert answer(worker)[:3] == (1.0, 2.0, 3.0)


def test_an_address_where_nobody_listens_is_told_before_the_run_begins(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConfigurationError, match=f"tcp://127.0.0.1:{port} cannot be asked"):
        run_dystrack_manager(tmp_path, misbehave, executor=f"tcp://127.0.0.1:{port}")
    assert list(tmp_path.iterdir()) == []


def test_a_share_that_shows_a_prescan_late_and_in_pieces_is_waited_for(agent, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    content = bytes(range(256)) * 1000
    (here / "a.tif").write_bytes(content)
    file = tmp_path / "my_pipeline.py"
    file.write_text(OWN_PIPELINE, "utf-8")
    paths = PathMap(str(here), str(there))
    worker = RemoteWorker(load_pipeline(str(file)), LONG_S, agent, paths=paths)

    def appear():
        (there / "a.tif").write_bytes(content[:1000])
        time.sleep(0.3)
        (there / "a.tif").write_bytes(content[:-9] + bytes(9))  # as long, but not yet the same
        time.sleep(0.3)
        (there / "a.tif").write_bytes(content)

    with contextlib.closing(worker):
        worker.start({})
        threading.Timer(0.3, appear).start()
        assert worker.run(str(here / "a.tif"), {}, {})[:2] == (len(content), 0.0)


@pytest.mark.parametrize(("shown", "told"), [(None, "is not there"), (b"12", "has 2 of 4 bytes")])
def test_a_prescan_that_the_share_never_shows_is_told(tmp_path, shown, told):
    path = tmp_path / "a.tif"
    path.write_bytes(b"1234")
    wanted = hosting.fingerprint(str(path))
    path.unlink()
    if shown:
        path.write_bytes(shown)
    pipeline = hosting.RemotePipeline(
        hosting.__version__, "", b"", "", pickle.dumps(misbehave), pickle.dumps({}), 0.2, None
    )
    prescan = hosting.RemotePrescan(str(path), None, wanted, b"", b"")
    reply = str(unpacked(hosting.answer(pipeline, prescan)))
    assert told in reply
    assert "--executor_paths" in reply


def test_wrong_key_is_refused(agent, tmp_path):
    other = tmp_path / "other.pem"
    prepared_key(other)
    stranger = RemoteWorker(misbehave, 20.0, RemoteAddress(agent.url, str(other)), paths=HERE)
    with pytest.raises(ConfigurationError, match="cannot be asked"):
        stranger.reach()
    with contextlib.closing(stranger), pytest.raises(WorkerError, match="cannot be asked"):
        answer(stranger)


def test_key_is_made_once_and_for_this_user_only(key):
    before = key.read_bytes()
    assert not prepared_key(key)
    assert key.read_bytes() == before
    assert sys.platform == "win32" or key.stat().st_mode & 0o077 == 0


def test_key_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="The key cannot be written"):
        prepared_key(tmp_path / "file" / "agent.pem")


def test_port_that_is_taken_is_told(agent, key):
    port = int(agent.url.rpartition(":")[2])
    with (
        pytest.raises(ConfigurationError, match="Is another one running"),
        open_agent(port, str(key), host="127.0.0.1"),
    ):
        pass


def test_options_that_the_pipeline_refuses_end_the_run(agent):
    worker = RemoteWorker(fixed_pipeline, LONG_S, agent, paths=HERE)
    with contextlib.closing(worker), pytest.raises(ConfigurationError, match="does not take"):
        worker.run("/a.tif", {"nonsense": 1}, {})


def test_another_version_is_told():
    pipeline = hosting.RemotePipeline("0.0", "", b"", "", b"", b"", 1.0, None)
    _, kind, message, *_ = unpacked(hosting.prepare(pipeline))
    assert kind == "ConfigurationError"
    assert "Install the same on both" in message


def test_missing_extra_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(ConfigurationError, match=r'pip install "dystrack\[remote\]"'):
        distributed_with()


def test_this_computer_has_an_address():
    assert all(own_addresses())


@pytest.mark.parametrize("url", ["", "gpu:8786", "http://gpu:8786", "tcp://gpu", "tls://gpu:"])
def test_address_that_is_none_is_refused(url):
    with pytest.raises(ConfigurationError, match="Give the address that `dystrack agent` shows"):
        RemoteAddress(url)


def test_tls_needs_a_key(tmp_path):
    with pytest.raises(ConfigurationError, match="Copy the file"):
        RemoteAddress("tls://gpu:8786", str(tmp_path / "none.pem"))


@pytest.mark.parametrize(
    ("text", "path", "there"),
    [
        (r"D:\data=/mnt/data", r"D:\data\fish 1\prescan.czi", "/mnt/data/fish 1/prescan.czi"),
        (r"D:/data=/mnt/data", r"d:\data\prescan.czi", "/mnt/data/prescan.czi"),
        ("/mnt/data = E:\\data", "/mnt/data/fish/prescan.czi", "E:\\data\\fish\\prescan.czi"),
    ],
)
def test_paths_are_translated(text, path, there):
    assert PathMap.parsed(text).sent(path) == (there, None)


def test_what_lies_nowhere_there_is_sent(tmp_path):
    prescan = tmp_path / "prescan.tif"
    prescan.write_bytes(b"1234")
    for text in ("", "/elsewhere=/there"):
        assert PathMap.parsed(text).sent(str(prescan)) == ("prescan.tif", b"1234")


def test_folder_cannot_be_sent(tmp_path):
    with pytest.raises(ConfigurationError, match="executor_paths"):
        PathMap().sent(str(tmp_path))


@pytest.mark.parametrize("text", ["D:", "=there", "here="])
def test_path_map_that_is_none_is_refused(text):
    with pytest.raises(ConfigurationError, match="HERE=THERE"):
        PathMap.parsed(text)


def test_only_the_pipelines_asked_last_are_kept(monkeypatch):
    closed, started = [], []

    class Host:
        def __init__(self, handed_over, timeout_s, *, threads):
            self.name = handed_over.pickled

        def start(self, img_kwargs):
            started.append(self.name)

        def check(self):
            pass

        def close(self):
            closed.append(self.name)

    monkeypatch.setattr(hosting, "IsolatedWorker", Host)
    monkeypatch.setattr(hosting, "_hosts", {})
    for name in (b"1", b"2", b"3", b"4", b"1", b"5"):
        pipeline = hosting.RemotePipeline(
            hosting.__version__, "", b"", "", name, np.array(0).dumps(), 1.0, None
        )
        assert hosting.prepare(pipeline) is None
    assert started == [b"1", b"2", b"3", b"4", b"5"]
    assert closed == [b"2"]
