"""Run files of existing users, started the way they start them."""

import itertools
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from dystrack.options.pipeline_reference import pipeline_names
from shipped import SELF_CONTAINED

RUN_FOLDER = Path(__file__).parents[2] / "run"
TIMEOUT_S = 120
PIPELINES = pipeline_names("dystrack.pipelines")
# What a run file to copy leaves to its user, and cannot start without.
NEEDED = {"run_external_process": ["--command", "python brightest.py"]}

# As SPEC §1 describes it, and as it stands on users' computers: not to be edited.
RUN_FILE = """
import sys

from dystrack.manager.cmdline import run_via_cmdline
from {module} import analyze_image as image_analysis_func

analysis_kwargs = {{}}

analysis_cache = {{}}

manager_kwargs = {{
    "file_start": "",
    "file_end": ".tif",
}}

if __name__ == "__main__":
    coordinates, stats = run_via_cmdline(
        sys.argv,
        image_analysis_func,
        analysis_kwargs=analysis_kwargs,
        analysis_cache=analysis_cache,
        manager_kwargs=manager_kwargs,
    )
    print("RESULT", coordinates, stats["check_counter"], stats["target_counter"])
"""

# As in the published description of a pipeline, with an analysis of one line.
PIPELINE = '''
import tifffile


def analyze_image(
    target_path, channel=None, gauss_sigma=3.0, verbose=False
):
    """My very nice image analysis pipeline. It works by reading the first line.

    Parameters
    ----------
    target_path : str
        Path to the image file that is to be analyzed.
    channel : int, optional, default None
        Index of channel to use for masking in case of multi-channel images.
        If not specified, a single-channel image is assumed.
    gauss_sigma : float, optional, default 3.0
        Sigma for Gaussian filter prior to masking.
    verbose : bool, optional, default False
        If True, more information is printed.

    Returns
    -------
    z_pos, y_pos, x_pos : floats
        New coordinates for the next acquisition. For 2D inputs, z_pos is 0.0.
    img_msg : "_"
        A string output message; required by DySTrack but here unused and just
        set to "_".
    img_cache : {}
        A dictionary to be passed as keyword arguments to future calls to the
        pipeline; required by DySTrack but here unused and just set to {}.
    """
    image = tifffile.imread(target_path)
    assert isinstance(target_path, str)
    assert verbose is False
    return 0.0, gauss_sigma, float(image.argmax()), "OK", {}
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "prescans é 1"
    folder.mkdir()
    return folder


def write_run_file(folder: Path, module: str) -> Path:
    run_file = folder / "run_mine.py"
    run_file.write_text(RUN_FILE.format(module=module), encoding="utf-8")
    return run_file


def write_own_pipeline(folder: Path) -> Path:
    (folder / "my_pipeline.py").write_text(PIPELINE, encoding="utf-8")
    return write_run_file(folder, "my_pipeline")


def start(run_file: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-X", "utf8", str(run_file), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
    return process.returncode, out, err


def run(run_file: Path, *words: str) -> tuple[int, str, str]:
    return finish(start(run_file, *words))


def write_prescans_until_it_ends(
    process: "subprocess.Popen[str]", folder: Path, image: np.ndarray
) -> None:
    """Let one complete prescan after the other appear; the time limit is there for a failure only."""
    deadline = time.monotonic() + TIMEOUT_S
    for index in itertools.count():
        if process.poll() is not None or time.monotonic() > deadline:
            return
        being_written = folder / "new.part"
        tifffile.imwrite(being_written, image)
        being_written.replace(folder / f"new_{index}.tif")
        time.sleep(0.1)


def result(out: str) -> str:
    return next(line for line in out.splitlines() if line.startswith("RESULT"))


@pytest.mark.parametrize("pipeline", SELF_CONTAINED)
def test_a_users_run_file_runs_unmodified(tmp_path: Path, folder: Path, pipeline: str) -> None:
    run_file = write_run_file(tmp_path, f"dystrack.pipelines.{pipeline}")
    code, out, err = run(run_file, str(folder), "--max_checks", "1")

    assert (code, err) == (0, "")
    assert result(out) == "RESULT [] 1 0"


@pytest.mark.parametrize("run_file", sorted(RUN_FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_each_run_file_to_copy_runs(run_file: Path, folder: Path) -> None:
    words = ["--max-checks=1", "--verbose", "False", *NEEDED.get(run_file.stem, [])]
    code, _, err = run(run_file, str(folder), *words)

    assert (code, err) == (0, "")


def test_there_is_a_run_file_to_copy_for_each_pipeline() -> None:
    names = {file.stem.removeprefix("run_") for file in RUN_FOLDER.glob("*.py")}

    experiments = {"lateral_line_organ", "cells_leaving_layer", "photoactivation"}
    assert names == {*PIPELINES, *experiments}


def test_a_users_own_pipeline_answers_a_prescan(tmp_path: Path, folder: Path) -> None:
    image = np.zeros((16, 32), np.uint8)
    image[0, 20] = 9
    tifffile.imwrite(folder / "old.tif", image)
    words = ["--max_triggers", "1", "--gauss_sigma", "2.5", "--verbose", "False"]
    process = start(write_own_pipeline(tmp_path), str(folder), *words)
    write_prescans_until_it_ends(process, folder, image)
    code, out, err = finish(process)

    assert (code, err) == (0, "")
    assert result(out).startswith("RESULT [[0.0, 2.5, 20.0]]")
    coords_file = folder / "dystrack_coords.txt"
    assert coords_file.read_text("utf-8") == "Z\tY\tX\tmsg\n0.0000\t2.5000\t20.0000\tOK\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--help"], 0, ""),
        ([], 2, "The folder to watch is missing."),
        (["{folder}", "--gaus_sigma", "3"], 2, "Did you mean --gauss_sigma?"),
        (["{folder}", "--gauss_sigma", "wide"], 2, "--gauss_sigma expects a number, not 'wide'."),
        (["{folder}", "--file_end", ".czi"], 2, "--file_end is already set to '.tif'"),
        (["{folder}/missing"], 2, "missing does not exist. Create it, or correct its name."),
        (["{folder}", "--max_checks", "-1"], 2, "max_checks is -1. Give a whole number of 0 or"),
        (["{folder}", "--file_regex", "("], 2, "file_regex '(' is not a regular expression"),
        (["{folder}", "--tra_method", "text"], 2, "--tra_method expects one of txt, MyPiC, not"),
        (["{folder}", "--timeout_s", "0"], 2, "timeout_s is 0.0. Give a number above 0."),
    ],
)
def test_what_is_typed_wrongly_is_explained(
    tmp_path: Path, folder: Path, words: list[str], code: int, message: str
) -> None:
    run_file = write_own_pipeline(tmp_path)
    returned, _, err = run(run_file, *(word.format(folder=folder) for word in words))

    assert returned == code
    assert message in err
    assert "Traceback" not in err
    assert not (folder / "dystrack_coords.txt").exists()


def test_help_offers_only_what_can_be_typed(tmp_path: Path) -> None:
    code, out, _ = run(write_own_pipeline(tmp_path), "--help")
    help_text = " ".join(out.split())

    assert code == 0
    assert "--tra_method {txt|MyPiC}" in help_text
    assert "{previous|stay|predict}" in help_text


def test_a_refused_resume_is_explained(tmp_path: Path, folder: Path) -> None:
    run(write_own_pipeline(tmp_path), str(folder), "--max_checks", "0")
    other = write_run_file(tmp_path, "dystrack.pipelines.minimal_example")
    code, _, err = run(other, str(folder), "--resume")

    assert code == 2
    assert err.count("\n") == 1
    assert "its pipeline was my_pipeline.analyze_image, not dystrack.pipelines" in err


def test_a_bad_setting_of_a_run_file_is_explained(tmp_path: Path, folder: Path) -> None:
    run_file = write_own_pipeline(tmp_path)
    text = run_file.read_text(encoding="utf-8")
    run_file.write_text(text.replace('"file_start": ""', '"tra_method": "text"'), encoding="utf-8")
    code, _, err = run(run_file, str(folder))

    assert code == 2
    assert err.count("\n") == 1
    assert "tra_method is 'text'" in err
