"""Each extra alone in an empty environment does what people install it for; without it, one message.

They take a network and some 10 minutes: `pytest -m extras`. Only what is said without any extra:
`pytest -m extras -k without`, in the environment whose Python is DYSTRACK_PLAIN_PYTHON, if given.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

from dashboard.alerts.services import free_port, web_server
from emulators.labs import ZenLab
from extras.person import Person, is_listening, make_environment, megabytes, page, wait_for
from pipelines.test_segmentation import brightness

pytestmark = pytest.mark.extras
MOST_MB = 640
FROM_1_TO_40 = ",".join(map(str, range(1, 41)))

# What somebody may type without the extra, and which one the message names.
WITHOUT = {
    "formats": [
        ["rehearse", "center_of_mass", "dv"],
        ["check", "center_of_mass", "dv"],
    ],
    "plot": [["rehearse", "center_of_mass", "prescans", "--show"]],
    "dashboard": [
        ["dashboard", "prescans"],
        ["alert", "test"],
        ["train", "prescans"],
        ["evaluate", "center_of_mass", "prescans", "--annotate"],
        ["run", "center_of_mass", "prescans", "--dashboard", "--max_checks", "8"],
        ["run", "center_of_mass", "prescans", "--alerts", "--max_checks", "8"],
    ],
    "zen": [
        ["scope", "check", "zen"],
        ["scope", "run", "zen", "center_of_mass", "new"],
        ["calibrate", "zen", "--yes"],
    ],
    "micromanager": [
        ["scope", "check", "micromanager"],
        ["scope", "run", "micromanager", "center_of_mass", "new"],
        ["calibrate", "micromanager", "--yes"],
    ],
    "onnx": [
        ["show", "segmentation", "prescan.tif", "--model", "model.onnx"],
        ["check", "segmentation", "prescans", "--model", "model.onnx"],
        ["rehearse", "segmentation", "prescans", "--model", "model.onnx"],
    ],
    "tune": [
        ["evaluate", "center_of_mass", "prescans", "--tune", f"gauss_sigma={FROM_1_TO_40}", "channel=none,0"],
    ],
    "remote": [
        ["agent"],
        ["run", "center_of_mass", "prescans", "--executor", "tcp://localhost:1"],
        ["evaluate", "center_of_mass", "prescans", "--scheduler", "tcp://localhost:1"],
    ],
}  # fmt: skip
GOES_ON = {"--show", "--dashboard", "--alerts"}  # what is missing is told, and the run goes on


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    if given := os.environ.get("DYSTRACK_PLAIN_PYTHON"):
        return Path(given)
    return make_environment(tmp_path_factory.mktemp("plain") / "venv")


@pytest.fixture
def person(plain, tmp_path):
    someone = Person(plain, tmp_path)
    someone.takes_prescans()
    shutil.copy(tmp_path / "prescans" / "prescan_1.ome.tif", tmp_path / "prescan.tif")
    for name in ("model.onnx", "dv/prescan_1.dv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"?")
    return someone


@pytest.mark.parametrize(
    ("extra", "words"), [(extra, words) for extra in WITHOUT for words in WITHOUT[extra]]
)
def test_without_an_extra_one_message_says_what_to_install(person, extra, words):
    code, said = person.ends(*words)
    n_told = said.count(f'pip install "dystrack[{extra}]"')
    assert 1 <= n_told <= 2, said  # of a prescan, and once more at the end of its run or check
    assert code == 0 if GOES_ON & set(words) else code in {1, 2}


def test_the_plain_environment_without_extras_is_not_larger_than_it_may_be(plain):
    assert megabytes(plain) <= MOST_MB


# With the extra


def opens_another_format(person):
    (person.folder / "dv").mkdir()
    person.runs(
        "import mrc, tifffile; stack = tifffile.imread('prescans/prescan_1.ome.tif');"
        "mrc.imsave('dv/prescan_1.dv', stack)"
    )
    said = person.types("show", "center_of_mass", "dv/prescan_1.dv")
    assert said.startswith(
        person.types("show", "center_of_mass", "prescans/prescan_1.ome.tif")[:30]
    )


def shows_figures(person):
    (person.folder / "new").mkdir()
    with person.started("run", "center_of_mass", "new", "--show"):
        person.puts_a_prescan_into("new")
        figures = wait_for(lambda: list((person.folder / "new").rglob("*_figure.png")))
    assert len(figures) == 1


def opens_pages_and_sends_alerts(person):
    port = free_port()
    person.types("run", "center_of_mass", "prescans", "--max_checks", "1")
    with person.started("dashboard", "prescans", "--port", port):
        assert "<html" in page(port, "/")
    with web_server() as (hooks, place):
        person.types("alert", "test", DYSTRACK_ALERTS=f"json://{place}")
    assert hooks.titles == ["DySTrack: a test"]


def drives_zen(person):
    folder = person.folder / "zen"
    folder.mkdir()
    lab = ZenLab(folder)
    where = ["zen", "--token_file", folder / "token.txt", "--port", lab.server.port]
    try:
        assert "y: 10 µm asked, 10.00 reached" in person.types("scope", "check", *where, "--yes")
        said = person.types(
            "scope", "run", "zen", "center_of_mass", "new", *where[1:], "--axes", "z,y,x",
            "--time_points", "2", "--interval_s", "0",
        )  # fmt: skip
    finally:
        lab.close()
    assert "2 visits; the stage followed the answer at 2." in said


def drives_micromanager(person):
    person.types("scope", "check", "micromanager", "--yes")
    said = person.types(
        "scope", "run", "micromanager", "center_of_mass", "new", "--axes", "z,y,x",
        "--time_points", "2", "--interval_s", "0", "--main_planes", "3",
    )  # fmt: skip
    assert "2 visits" in said
    assert (person.folder / "new" / "main_pos_1.ome.zarr" / "zarr.json").exists()


def runs_a_model(person):
    brightness(person.folder / "model.onnx")
    said = person.types("check", "segmentation", "prescans", "--model", "model.onnx")
    assert "4 of 4 prescans got an answer" in said


def learns_from_strokes(person):
    port = free_port()
    with person.started("train", "prescans", "--port", port):
        for kind, points in ((1, [[33, 28], [33, 36]]), (2, [[5, 5], [58, 5]])):
            stroke = {"kind": kind, "z": 4, "radius": 3, "points": points}
            page(port, "/api/0/mark", json=stroke)
        assert "Learnt from" in page(port, "/api/act/learn", json=None)
    said = person.types("check", "pixel_classifier", "prescans", "--model", "model.npz")
    assert "4 of 4 prescans got an answer" in said


def searches_many_settings(person):
    said = person.types(
        "evaluate", "center_of_mass", "prescans", "--trials", "2",
        "--tune", "gauss_sigma=1,2,3,4,5,6,7,8", "count_reduction=.1,.2,.3,.4,.5,.6,.7,.8",
    )  # fmt: skip
    assert "gauss_sigma" in said


def analyses_on_another_computer(person):
    port, key = free_port(), person.folder / ".dystrack" / "agent.pem"
    (person.folder / "new").mkdir()
    with person.started("agent", "--port", port, "--host", "127.0.0.1"):
        wait_for(key.exists)
        wait_for(lambda: is_listening(port))
        where = ["--executor", f"tls://127.0.0.1:{port}", "--executor_key", key]
        with person.started("run", "center_of_mass", "new", "--answer_files", *where):
            person.puts_a_prescan_into("new")
            answers = wait_for(lambda: list((person.folder / "new").glob("*.answer.txt")))
    assert "OK" in answers[0].read_text("utf-8")


TRIALS = {
    "formats": (opens_another_format, ["bioio-dv"]),
    "plot": (shows_figures, []),
    "dashboard": (opens_pages_and_sends_alerts, []),
    "zen": (drives_zen, []),
    "micromanager": (drives_micromanager, ["mm-test-adapters"]),
    "onnx": (runs_a_model, []),
    "learn,dashboard": (learns_from_strokes, []),  # as docs/pipelines.md says
    "tune": (searches_many_settings, []),
    "remote": (analyses_on_another_computer, []),
}


@pytest.mark.parametrize("extra", TRIALS)
def test_an_extra_alone_does_what_it_is_for(extra, tmp_path, capsys):
    is_used, more = TRIALS[extra]
    python = make_environment(tmp_path / "venv", extra, *more)
    with capsys.disabled():
        sys.stdout.write(f"\n{' '.join([extra, *more])}: {megabytes(python):.0f} MB\n")
    (tmp_path / "person").mkdir()
    person = Person(python, tmp_path / "person")
    person.takes_prescans()
    is_used(person)
    shutil.rmtree(tmp_path / "venv", ignore_errors=True)
