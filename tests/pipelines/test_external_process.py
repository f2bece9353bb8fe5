"""Programs that answer, and programs that hang, crash, babble or dawdle and leave nothing behind."""

import os
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from dystrack.core.errors import AnalysisError, ConfigurationError, TargetNotFoundError
from dystrack.core.findings import FINDINGS_KEY
from dystrack.manager.workers.isolated import IsolatedWorker
from dystrack.pipelines.external_process import analyze_image, end_programs

PROGRAM = """
import json, os, subprocess, sys, time
with open({pids!r}, "a") as file:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    file.write(f"{{os.getpid()}} {{child.pid}}\\n")
{begin}
for line in sys.stdin:
    request = json.loads(line)
{each}
"""
READY = 'print(json.dumps({"ready": True}), flush=True)'
BABBLE = 'print("loading, please wait {", flush=True)\n' + READY
ANSWER = 'print("thinking"); print(json.dumps({"z": 1, "y": 2.5, "x": 3}), flush=True)'
MISBEHAVING = {  # begin, each, what the error says
    "hangs": (READY, "time.sleep(600)", "did not answer in time.*printed nothing"),
    "crashes": (
        READY,
        'print("Segfault", file=sys.stderr); os._exit(139)',
        "exit code 139.*Segfault",
    ),
    "raises": (READY, 'raise ValueError("bad image")', "exit code 1.*bad image"),
    "babbles": (
        READY,
        'print("z is 3, more or less", flush=True)',
        "did not answer in time.*more or less",
    ),
    "talks nonsense": (
        READY,
        "print(json.dumps({'up': 3}), flush=True)",
        "no number for y.*'up': 3",
    ),
    "answers text": (
        READY,
        "print(json.dumps({'y': 'far', 'x': 1}), flush=True)",
        "no number for y",
    ),
    "never gets ready": ("", "", "has not printed.*ready.*and was ended"),
    "cannot start": ('raise SystemExit("no GPU")', "", "exit code 1 without an answer.*no GPU"),
    "prints without end": (READY, "while True: sys.stdout.write('y' * 65536)", "more than 16 MB"),
    "errors without end": (READY, "while True: sys.stderr.write('y' * 65536)", "more than 16 MB"),
}


@pytest.fixture(autouse=True)
def nothing_kept():
    yield
    end_programs()


@pytest.fixture
def pids(tmp_path):
    return tmp_path / "pids"


@pytest.fixture
def program(tmp_path, pids):
    def write(begin, each="pass"):
        file = tmp_path / "program.py"
        body = textwrap.indent(each or "pass", "    ")
        file.write_text(PROGRAM.format(pids=str(pids), begin=begin, each=body))
        return shlex.join([sys.executable, str(file)])

    return write


def running(pids):
    """Return those of the program and what it started that still run."""
    numbers = [int(word) for word in pids.read_text().split()] if pids.exists() else []
    return [n for n in numbers if psutil.pid_exists(n) and not is_zombie(n)]


def is_zombie(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until_gone(pids):
    deadline_s = time.monotonic() + 20
    while running(pids) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return not running(pids)


def test_a_program_that_stays_is_started_once(program, pids):
    command = program(BABBLE, ANSWER)
    for _ in range(3):
        assert analyze_image("a.tif", command) == (1.0, 2.5, 3.0, "OK", {})
    assert len(pids.read_text().splitlines()) == 1
    end_programs()
    assert wait_until_gone(pids)


def test_it_gets_the_path_and_what_it_remembered(program, tmp_path):
    each = """
n = request.get("memory", {}).get("n", 0)
print(json.dumps({"y": n, "x": 0, "msg": request["path"], "memory": {"n": n + 1}}), flush=True)"""
    command = program(READY, each)
    *_, message, cache = analyze_image(tmp_path / "prescan 1.czi", command)
    assert message == str(tmp_path / "prescan 1.czi")
    assert analyze_image("b.tif", command, **cache)[1] == 1.0


def test_findings_and_refusals_are_understood(program):
    each = """
found = {"y": 1, "x": 2, "confidence": 0.3, "outline": [[0, 0], [3, 3]]}
print(json.dumps({"not_found": "too dark"} if "dark" in request["path"] else found), flush=True)"""
    command = program(READY, each)
    cache = analyze_image("a.tif", command)[-1]
    assert cache == {FINDINGS_KEY: {"confidence": 0.3, "outline": [[0, 0], [3, 3]]}}
    with pytest.raises(TargetNotFoundError, match="too dark"):
        analyze_image("dark.tif", command)


def test_a_second_answer_is_not_taken_for_the_next_prescan(program):
    twice = (
        "for x in (n, 99): print(json.dumps({'y': 0, 'x': x}), flush=True)\ntime.sleep(0.2); n += 1"
    )
    command = program("n = 0\n" + READY, twice)
    analyze_image("a.tif", command)
    time.sleep(0.5)
    assert analyze_image("b.tif", command)[2] == 1.0


def test_an_answer_for_another_prescan_is_none(program):
    each = "print(json.dumps({'y': 0, 'x': 0, 'path': 'other.tif'}), flush=True)"
    with pytest.raises(AnalysisError, match=r"answered for 'other\.tif'"):
        analyze_image("a.tif", program(READY, each))


def test_a_program_that_says_that_it_failed_goes_on(program, pids):
    command = program(READY, "print(json.dumps({'error': 'no cells'}), flush=True)")
    for _ in range(2):
        with pytest.raises(AnalysisError, match="The program failed: no cells"):
            analyze_image("a.tif", command)
    assert len(pids.read_text().splitlines()) == 1


def test_a_program_for_each_prescan(tmp_path):
    file = tmp_path / "once.py"
    file.write_text('import sys; print(\'{"y": 4, "x": %d}\' % len(sys.argv[1]))')
    command = shlex.join([sys.executable, str(file), "{path}"])
    path = tmp_path / "with blank.tif"
    assert analyze_image(path, command)[:3] == (0.0, 4.0, len(str(path)))


@pytest.mark.parametrize(("begin", "each", "message"), MISBEHAVING.values(), ids=MISBEHAVING)
def test_what_misbehaves_is_a_failed_analysis_each_time(begin, each, message, program, pids):
    command = program(begin, each)
    for _ in range(2):
        with pytest.raises(AnalysisError, match=message):
            analyze_image("a.tif", command, timeout_s=1.5, start_timeout_s=1.0)
        assert wait_until_gone(pids)


def test_one_that_takes_long_to_start_fails_until_it_is_ready(program, pids):
    command = program("time.sleep(2)\n" + READY, ANSWER)
    with pytest.raises(AnalysisError, match="has not printed"):
        analyze_image("a.tif", command, timeout_s=0.2)
    assert analyze_image("b.tif", command, timeout_s=30)[:3] == (1.0, 2.5, 3.0)
    assert len(pids.read_text().splitlines()) == 1


def test_after_a_crash_another_one_is_started(program):
    each = "if 'bad' in request['path']: os._exit(1)\n" + ANSWER
    command = program(READY, each)
    with pytest.raises(AnalysisError):
        analyze_image("bad.tif", command)
    assert analyze_image("good.tif", command)[2] == 3.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "`command` is empty"),
        ({"command": 'python "open'}, "close every quote"),
        ({"command": "x", "timeout_s": 0}, "above 0"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ConfigurationError, match=message):
        analyze_image("a.tif", **options)


def test_a_program_that_is_not_there_is_told():
    with pytest.raises(AnalysisError, match=r"no_such_program cannot be started"):
        analyze_image("a.tif", "no_such_program --fast")


@pytest.mark.skipif(os.name != "posix", reason="kills this process's twin")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_process_that_started_it(how, program, pids):
    command = program(READY, ANSWER)
    code = (
        "from dystrack.pipelines.external_process import analyze_image; import time;"
        f"print(analyze_image('a.tif', {command!r}), flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as owner:
        assert b"2.5" in owner.stdout.readline()
        assert len(running(pids)) == 2
        owner.send_signal(how)
    assert wait_until_gone(pids)


@pytest.mark.skipif(os.name != "posix", reason="not tried there")
def test_a_session_that_gives_up_leaves_nothing_behind(program, pids, tmp_path):
    command = program(READY, "time.sleep(600)")
    worker = IsolatedWorker(analyze_image, 4.0, n_processes=1)
    with pytest.raises(AnalysisError, match="took longer than 4 s"):
        worker.run(str(tmp_path / "a.tif"), {"command": command, "timeout_s": 60.0}, {})
    worker.close()
    assert wait_until_gone(pids)


def test_the_plain_example_runs(prescans):
    example = Path(__file__).parents[2] / "run" / "programs" / "brightest.py"
    command = shlex.join([sys.executable, str(example)])
    z, y, x, message, _ = analyze_image(prescans / "zeiss980_lateral_line_imagej.tif", command)
    assert (message, 0 < z < 20, 80 < y < 110, 100 < x < 400) == ("OK", True, True, True)
    with pytest.raises(AnalysisError, match="The program failed"):
        analyze_image(prescans / "README.md", command)


@pytest.mark.parametrize("name", ["fiji_brightest.py", "cellpose_nearest.py"])
def test_the_other_examples_can_be_parsed(name):
    text = (Path(__file__).parents[2] / "run" / "programs" / name).read_text("utf-8")
    compile(text, name, "exec")
