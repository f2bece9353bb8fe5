from importlib.resources import files

import pytest

from dystrack import cli

NAMES = sorted(vendor.name for vendor in (files("dystrack") / "macros").iterdir())


def test_all_are_listed_with_how_far_they_were_tried(capsys):
    cli.main(["macro"])
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines() if line.startswith(tuple(NAMES))] == NAMES
    assert said.count("emulated from public documentation") == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_one_is_written_out_as_it_is(tmp_path, capsys, name):
    folder = tmp_path / "new" / "macros"
    cli.main(["macro", name, "--folder", str(folder)])
    (written,) = folder.iterdir()
    shipped = files("dystrack") / "macros" / name / written.name
    assert written.read_bytes() == shipped.read_bytes()
    assert str(written) in capsys.readouterr().out


def leave(capsys, *words):
    with pytest.raises(SystemExit) as left:
        cli.main(["macro", *words])
    assert left.value.code == 2
    return capsys.readouterr().err


def test_one_with_a_persons_settings_is_not_written_over(tmp_path, capsys):
    mine = tmp_path / "dystrack_nis.py"
    mine.write_text("my settings")
    assert "left as it is" in leave(capsys, "nis", "--folder", str(tmp_path))
    assert mine.read_text() == "my settings"


def test_what_cannot_be(tmp_path, capsys):
    assert "no macro 'ziess'. Choose" in leave(capsys, "ziess")
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        assert "cannot be written" in leave(capsys, "nis", "--folder", str(folder))
