import pytest

from dystrack.tools.demo import show as demo_show
from dystrack.tools.demo.session import DemoSettings
from dystrack.tools.demo.show import show_demo
from made_up_visits import some_visits

SETTINGS = DemoSettings("organoid", n_time_points=4, keeps_pictures=True)


@pytest.fixture
def demo(monkeypatch):
    """Replace the show; says where its prescans went."""

    class Demo:
        visits = some_visits(4)
        folder = None

        def __call__(self, settings, folder, *, on_event, on_visit):
            assert settings is SETTINGS
            self.folder = folder
            (folder / "prescan_1_pos_1.ome.tif").touch()
            for visit in self.visits:
                on_visit(visit)
            return self.visits

    fake = Demo()
    monkeypatch.setattr(demo_show, "run_demo", fake)
    return fake


def test_a_demo_ends_with_a_report(tmp_path, demo, capsys):
    text = show_demo(SETTINGS, tmp_path / "demo")
    page = tmp_path / "demo" / "dystrack_report.html"
    assert text.splitlines()[-1] == f"The report is {page}"
    assert "Scene" in page.read_text(encoding="utf-8")
    assert not demo.folder.exists()
    assert capsys.readouterr().out.count("position 1") == 4


def test_nothing_is_overwritten(tmp_path, demo):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "dystrack_report.html").write_text("mine")
    text = show_demo(SETTINGS, tmp_path / "demo")
    assert str(tmp_path / "demo_2" / "dystrack_report.html") in text
    assert (tmp_path / "demo" / "dystrack_report.html").read_text() == "mine"


def test_prescans_can_be_kept(tmp_path, demo):
    text = show_demo(SETTINGS, tmp_path / "demo", writes_report=False, keeps_prescans=True)
    prescans = tmp_path / "demo" / "prescans"
    assert [path.name for path in prescans.iterdir()] == ["prescan_1_pos_1.ome.tif"]
    assert text.splitlines()[-1] == f"The prescans are in {prescans}"
    assert not (tmp_path / "demo" / "dystrack_report.html").exists()


def test_nothing_need_be_kept(tmp_path, demo, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "The sample moved" in show_demo(SETTINGS, None, writes_report=False)
    assert list(tmp_path.iterdir()) == []


def test_a_show_that_ended_at_once_leaves_nothing(tmp_path, demo):
    demo.visits = []
    text = show_demo(SETTINGS, tmp_path / "demo")
    assert text == "The show was ended before the first main scan."
    assert list(tmp_path.iterdir()) == []
