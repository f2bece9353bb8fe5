"""A pipeline's name in journal and console, and the names that journals of earlier versions have."""

import functools

import pytest

from dystrack.core.errors import JournalError
from dystrack.manager.events import SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.record.pipeline_name import PipelineName, pipeline_name
from dystrack.options.pipeline_reference import load_pipeline
from fakes import FakeClock, Recorder, fixed_pipeline, write_prescan

SOURCE = "def analyze_image(target_path):\n    return 1.0, 2.0, 3.0, 'OK', {}\n"


def load_own(folder):
    folder.mkdir(exist_ok=True)
    file = folder / "my_pipeline.py"
    file.write_text(SOURCE)
    return load_pipeline(str(file))


def run(folder, pipeline, **settings):
    told = Recorder()
    settings = {"max_checks": 1, "progress": False, "clock": FakeClock()} | settings
    run_dystrack_manager(folder, pipeline, on_event=told, **settings)
    return told.of(SessionStarted)[0]


def test_an_own_pipeline_is_shown_by_its_file(tmp_path):
    started = run(tmp_path, load_own(tmp_path / "code"))
    assert started.pipeline == "my_pipeline.py:analyze_image"
    assert started.pipeline_path == str((tmp_path / "code" / "my_pipeline.py").resolve())


def test_one_that_is_imported_is_shown_by_its_module():
    name = f"{fixed_pipeline.__module__}.fixed_pipeline"
    for pipeline in (fixed_pipeline, functools.partial(fixed_pipeline, answer=(1, 2, 3))):
        assert pipeline_name(pipeline).shown == name
        assert pipeline_name(pipeline).path == ""


def test_one_of_a_script_is_shown_by_its_file():
    namespace = {"__name__": "__main__"}
    exec(compile(SOURCE, "/home/me/run_mine.py", "exec"), namespace)  # noqa: S102 - our own text
    assert pipeline_name(namespace["analyze_image"]) == PipelineName(
        "run_mine.py:analyze_image",
        "/home/me/run_mine.py",
        former="/home/me/run_mine.py:analyze_image",
    )


def test_an_object_that_can_be_called_is_shown_by_its_class():
    class Model:
        def __call__(self, target_path): ...

    assert pipeline_name(Model()).shown.endswith("Model")


def test_a_journal_of_an_earlier_version_is_resumed(tmp_path):
    pipeline = load_own(tmp_path / "code")
    run(tmp_path, pipeline)
    journal = tmp_path / "dystrack_journal.jsonl"
    former = f"{pipeline.__module__}.analyze_image"
    assert former.startswith("dystrack_file_my_pipeline_")
    text = journal.read_text(encoding="utf-8")
    path = pipeline_name(pipeline).path.replace("\\", "\\\\")
    text = text.replace(f'"pipeline_path": "{path}", ', "").replace(', "coords_size": 11', "")
    text = text.replace("my_pipeline.py:analyze_image", former).replace(', "not_kept": []', "")
    journal.write_text(text, encoding="utf-8")
    write_prescan(tmp_path / "a.tif")
    assert run(tmp_path, pipeline, resume=True).resumed


def test_another_file_of_the_same_name_is_another_pipeline(tmp_path):
    run(tmp_path, load_own(tmp_path / "code"))
    other = load_own(tmp_path / "other")
    with pytest.raises(JournalError, match=r"its pipeline was .*code.*not .*other"):
        run(tmp_path, other, resume=True)
