import multiprocessing
import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.options.pipeline_reference import (
    load_pipeline,
    load_with_settings,
    pipeline_names,
)

PIPELINE = """
def analyze_image(target_path, channel=None):
    return 1.0, 2.0, 3.0, "OK", {}

def follow_tip(target_path):
    return 4.0, 5.0, 6.0, "OK", {}

def _helper():
    pass

NUMBER = 7
"""

RUN_FILE = """
from own_helpers import find as image_analysis_func
analysis_kwargs = {"channel": 1}
analysis_cache = {"last": None}
manager_kwargs = {"file_start": "prescan_"}
if __name__ == "__main__":
    raise RuntimeError("started")
"""


@pytest.fixture(autouse=True)
def modules_as_before() -> Iterator[None]:
    path, names = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - names:
        if name.startswith("dystrack_file_") or "shipped" in name or name == "own_helpers":
            del sys.modules[name]


@pytest.fixture
def pipeline_file(tmp_path: Path) -> Path:
    file = tmp_path / "Größe 1" / "my pipeline.py"
    file.parent.mkdir()
    file.write_text(PIPELINE, encoding="utf-8")
    return file


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    package = tmp_path / "shipped_here"
    (package / "utilities").mkdir(parents=True)
    for name in ("__init__", "utilities/__init__", "_private"):
        (package / f"{name}.py").touch()
    for name in ("lateral_line", "chick_node"):
        (package / f"{name}.py").write_text(PIPELINE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return "shipped_here"


def write_run_file(folder: Path, text: str = RUN_FILE) -> Path:
    (folder / "own_helpers.py").write_text("def find(path, channel): return path\n", "utf-8")
    file = folder / "run_mine.py"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_public_module_of_the_package_is_a_pipeline(shipped: str) -> None:
    assert pipeline_names(shipped) == ["chick_node", "lateral_line"]


@pytest.mark.parametrize("name", ["lateral_line", "lateral-line", "Lateral_Line"])
def test_a_shipped_pipeline_is_known_by_its_name(shipped: str, name: str) -> None:
    pipeline = load_pipeline(name, shipped)

    assert pipeline("x")[:3] == (1.0, 2.0, 3.0)
    assert pipeline is load_pipeline("lateral_line:analyze_image", shipped)


@pytest.mark.parametrize(
    ("function", "expected"), [("", 1.0), (":", 1.0), (":analyze_image", 1.0), (":follow_tip", 4.0)]
)
def test_a_function_in_a_file(pipeline_file: Path, function: str, expected: float) -> None:
    pipeline = load_pipeline(f"{pipeline_file}{function}")

    assert pipeline("x")[0] == expected


def test_a_file_is_loaded_once_under_a_name_that_its_path_determines(
    pipeline_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = load_pipeline(str(pipeline_file))
    monkeypatch.chdir(pipeline_file.parent)

    assert load_pipeline("my pipeline.py:analyze_image") is pipeline
    module_name = pipeline.__module__
    assert module_name.startswith("dystrack_file_my_pipeline_")
    del sys.modules[module_name]
    assert load_pipeline("my pipeline.py").__module__ == module_name


def test_a_loaded_function_can_be_sent_to_where_its_file_is_loaded(pipeline_file: Path) -> None:
    pipeline = load_pipeline(str(pipeline_file))

    assert pickle.loads(pickle.dumps(pipeline)) is pipeline  # noqa: S301 - our own bytes


def test_it_runs_in_a_worker_process(pipeline_file: Path) -> None:
    reference = f"{pipeline_file}:follow_tip"
    pipeline = load_pipeline(reference)
    with ProcessPoolExecutor(
        1,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=load_pipeline,
        initargs=(reference,),
    ) as workers:
        assert workers.submit(pipeline, "x").result(timeout=60) == (4.0, 5.0, 6.0, "OK", {})


def test_a_run_file_brings_its_settings(tmp_path: Path) -> None:
    loaded = load_with_settings(str(write_run_file(tmp_path)))

    assert loaded.image_analysis_func("x", channel=1) == "x"
    assert loaded.analysis_kwargs == {"channel": 1}
    assert loaded.analysis_cache == {"last": None}
    assert loaded.manager_kwargs == {"file_start": "prescan_"}


def test_a_file_without_settings_has_none(pipeline_file: Path) -> None:
    loaded = load_with_settings(str(pipeline_file))

    assert (loaded.analysis_kwargs, loaded.analysis_cache, loaded.manager_kwargs) == ({}, {}, {})


def test_a_setting_that_is_no_dictionary(tmp_path: Path) -> None:
    file = write_run_file(tmp_path, RUN_FILE.replace('{"channel": 1}', "3"))

    with pytest.raises(ConfigurationError, match=r"analysis_kwargs in .* is a int"):
        load_with_settings(str(file))


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("latral_line", "no pipeline 'latral_line'. Did you mean lateral_line? The pipelines are"),
        ("utilities", "no pipeline 'utilities'. The pipelines are chick_node, lateral_line."),
        ("_private", "no pipeline '_private'"),
        ("", "no pipeline ''"),
        ("lateral_line:nothing", "no function 'nothing' in lateral_line. Its functions are"),
    ],
)
def test_a_name_that_is_not_shipped(shipped: str, reference: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_pipeline(reference, shipped)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("{folder}/my pipelin.py", "There is no file {folder}/my pipelin.py. Did you mean {file}?"),
        ("{folder}/my pipeline", "Did you mean {file}?"),
        ("{folder}/none/other.py:f", "There is no folder {folder}/none either."),
        ("{folder}/", "{folder} is a folder. Name the pipeline first"),
        (
            "{file}:follow_top",
            "'follow_top' in {file}. Did you mean follow_tip? Its functions are analyze_image, foll",
        ),
        ("{file}:NUMBER", "NUMBER in {file} is a int, which cannot be called."),
        ("lateral_line", "There is no pipeline 'lateral_line'. For one of your own write"),
    ],
)
def test_a_reference_that_leads_nowhere(pipeline_file: Path, reference: str, message: str) -> None:
    places = {"folder": pipeline_file.parent, "file": pipeline_file}
    with pytest.raises(ConfigurationError) as caught:
        load_pipeline(reference.format(**places))

    assert message.format(**places).replace("/", "\\" if "\\" in str(pipeline_file) else "/") in (
        str(caught.value)
    )


@pytest.mark.parametrize("reference", ["C:\\no\\such.py:find", "C:\\no\\such.py", "C:\\no\\such"])
def test_the_colon_of_a_windows_drive_is_no_function(reference: str) -> None:
    with pytest.raises(ConfigurationError, match=r"There is no file .*such") as caught:
        load_pipeline(reference)

    assert "such.py:find" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "import sys\nimport no_such_module\n",
            " line 2: import no_such_module\n  ModuleNotFoundError: No module named 'no_such",
        ),
        ("def f(:\n    pass\n", " line 1: SyntaxError: invalid syntax"),
        ("1 / 0\n", " line 1: 1 / 0\n  ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", 'Put what it runs under if __name__ == "__main__":'),
    ],
)
def test_a_file_that_cannot_be_imported(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "broken.py"
    file.write_text(text, encoding="utf-8")

    for _ in range(2):  # a second attempt says the same
        with pytest.raises(ConfigurationError) as caught:
            load_pipeline(str(file))
        assert str(caught.value).startswith(str(file))
        assert message in str(caught.value)


def test_a_repaired_file_can_be_loaded_at_once(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("import no_such_module_at_all_here\n", encoding="utf-8")
    with pytest.raises(ConfigurationError):
        load_pipeline(str(file))
    file.write_text(PIPELINE, encoding="utf-8")

    assert load_pipeline(str(file))("x")[0] == 1.0


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "empty.py"
    file.touch()

    with pytest.raises(ConfigurationError, match=r"'analyze_image' in .* It defines no function"):
        load_pipeline(str(file))


def test_ctrl_c_while_a_file_is_imported_is_no_fault_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "slow.py"
    file.write_text("raise KeyboardInterrupt\n", encoding="utf-8")

    with pytest.raises(KeyboardInterrupt):
        load_pipeline(str(file))


def test_another_kind_of_file(tmp_path: Path) -> None:
    file = tmp_path / "image.czi"
    file.touch()

    with pytest.raises(ConfigurationError, match="is not a Python file"):
        load_pipeline(str(file))
