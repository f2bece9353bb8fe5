import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from dystrack.core.errors import ConfigurationError, TargetNotFoundError
from dystrack.pipelines.utilities.warming import rehearse
from genuine_files import genuine_files
from pipelines.images import streak, write_tiff
from shipped import SELF_CONTAINED

PIPELINES = SELF_CONTAINED
PROBE = """
import sys
from importlib import import_module
from dystrack.core.errors import DyStrackError
from dystrack.pipelines.utilities.kernels.compiled import wait_for_kernels
pipeline = import_module(f"dystrack.pipelines.{sys.argv[1]}")
pipeline.warm_up()
wait_for_kernels()
before = set(sys.modules)
for path in sys.argv[2:]:
    try:
        pipeline.analyze_image(path, warn_8bit=False)
    except DyStrackError as error:
        print("refused:", error)
print(sorted(name for name in set(sys.modules) - before if not name.startswith("encodings.")))
"""


@pytest.mark.parametrize("name", PIPELINES)
def test_nothing_is_imported_after_the_warm_up(name, tmp_path):
    paths = [write_tiff(tmp_path, streak((9, 40, 60), 20, 36))]
    for kind in ("ome_tiff", "imagej_tiff", "czi", "nd2"):
        file = genuine_files()[kind]
        path = tmp_path / f"{kind}{file.suffix}"
        path.write_bytes(file.data)
        paths.append(str(path))
    strict = ["-W", "error", "-W", "ignore:z was limited"]
    command = [sys.executable, *strict, "-c", PROBE, name, *paths]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", PIPELINES)
def test_warm_up_says_nothing(name, capsys):
    import_module(f"dystrack.pipelines.{name}").warm_up()
    assert capsys.readouterr() == ("", "")


def test_rehearsal_calls_the_pipeline_and_leaves_nothing_behind():
    calls = []

    def analyze(path, method, verbose=False):
        calls.append((path, method, verbose))
        raise TargetNotFoundError("a made-up image has none")

    rehearse(analyze, method="otsu", verbose=True)
    [(path, method, verbose)] = calls
    assert (method, verbose) == ("otsu", False)
    assert not Path(path).parent.exists()


@pytest.mark.parametrize("name", PIPELINES)
def test_options_are_tried_and_nothing_is_shown(name, capsys):
    pipeline = import_module(f"dystrack.pipelines.{name}")
    options = {"channel": 3, "verbose": True, "await_write": 9}
    if "show" in inspect.signature(pipeline.analyze_image).parameters:
        options["show"] = True
    pipeline.warm_up(**options)
    assert capsys.readouterr() == ("", "")
    with pytest.raises(TypeError, match="thresh"):
        pipeline.warm_up(thresh=1)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("center_of_mass", {"method": "b"}),
        ("center_of_mass", {"gauss_sigma": -1}),
        ("lateral_line", {"gauss_sigma": -1}),
    ],
)
def test_options_out_of_range_are_refused(name, options):
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        import_module(f"dystrack.pipelines.{name}").warm_up(**options)
