from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dystrack.cli import main
from dystrack.core.errors import CalibrationError, ConfigurationError, ScopeError
from dystrack.scopes.calibration.matrix import Calibration
from dystrack.scopes.calibration.store import find_calibration, load_calibration, save_calibration
from dystrack.scopes.clocks import SimulatedClock
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.protocols import ScopeFacts
from dystrack.scopes.simulated.scope import SimulatedScope
from dystrack.scopes.stage import StageAxes
from dystrack.scopes.writing.writers import write_ome_tiff
from dystrack.tools.microscope.calibrating import (
    ByHand,
    calibrate_by_hand,
    describe,
    macro_settings,
)
from dystrack.tools.microscope.command import axes_of
from dystrack.tools.microscope.settings import ScopeSettings, parse_axes
from scopes.calibration_rig import CalibrationScope, turned

FACTS = ScopeFacts("stand 1", "1.0", "20x / 0.8", 0.5)


def calibration(matrix=((1.0, 0.0), (0.0, 1.0)), **others):
    about = {"z_sign": 1, "microscope": "stand 1", "objective": "20x / 0.8", "pixel_size_um": 0.5}
    return Calibration(
        matrix,
        residual_px=0.1,
        measured=str(datetime(2026, 1, 2, tzinfo=UTC)),
        **{**about, **others},
    )


def test_it_is_found_again_by_microscope_and_objective(tmp_path):
    path = save_calibration(calibration(), tmp_path / "new")
    save_calibration(calibration(objective="40x"), tmp_path / "new")
    assert load_calibration(path) == calibration()
    assert find_calibration(FACTS, tmp_path / "new") == (calibration(), "")


def test_names_that_differ_in_special_characters_alone_are_kept_apart(tmp_path):
    names = ["20x / 0.8", "20x_0.8", "20x: 0.8"]
    for once_more in (0.1, 0.2):
        for name in names:
            kept = calibration(objective=name, pixel_size_um=once_more)
            save_calibration(kept, tmp_path)
            assert find_calibration(replace(FACTS, objective=name), tmp_path)[0] == kept
    assert len(list(tmp_path.iterdir())) == len(names)


def test_a_damaged_file_is_replaced_by_calibrating_anew(tmp_path):
    path = save_calibration(calibration(), tmp_path)
    path.write_text("{", "utf-8")
    assert save_calibration(calibration(), tmp_path) == path
    assert find_calibration(FACTS, tmp_path)[0] == calibration()


def test_another_pixel_size_is_told(tmp_path):
    save_calibration(calibration(pixel_size_um=0.4), tmp_path)
    _, note = find_calibration(FACTS, tmp_path)
    assert "is 0.5 µm, it was 0.4 µm" in note


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        ([], "no calibration of stand 1"),
        ([{"microscope": "stand 2"}], "no calibration of stand 1"),
        ([{"objective": "40x"}], "calibrations for '40x' only"),
    ],
)
def test_one_of_another_objective_is_refused(tmp_path, kept, says):
    for one in kept:
        save_calibration(calibration(**one), tmp_path)
    with pytest.raises(CalibrationError, match=says):
        find_calibration(FACTS, tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"matrix": 1}'])
def test_a_damaged_file_is_told(tmp_path, text):
    (tmp_path / "one.json").write_text(text, "utf-8")
    with pytest.raises(CalibrationError, match="cannot be read"):
        find_calibration(FACTS, tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(CalibrationError, match="could not be saved"):
        save_calibration(calibration(), tmp_path / "file" / "x")


class TestAxesOfARun:
    def test_what_the_person_says_comes_first(self, tmp_path):
        save_calibration(calibration(), tmp_path)
        scope = CalibrationScope("organoid")
        assert axes_of(scope, ScopeSettings(axes="z,x,y"), tmp_path, print) == StageAxes(
            swaps_yx=True
        )

    def test_then_what_the_bridge_knows(self, tmp_path):
        with pytest.raises(CalibrationError, match=r"dystrack calibrate simulator.*--axes"):
            axes_of(CalibrationScope("organoid"), ScopeSettings(), tmp_path, print)

    def test_then_what_was_measured(self, tmp_path):
        scope, told = CalibrationScope("organoid"), []
        facts = scope.facts()
        kept = calibration(
            microscope=facts.microscope, objective=facts.objective, pixel_size_um=0.64
        )
        save_calibration(kept, tmp_path)
        assert axes_of(scope, ScopeSettings(), tmp_path, told.append) == kept
        assert told == ["Calibrated on 2026-01-02 00:00:00+00:00."]


@pytest.mark.parametrize(
    ("matrix", "z_sign", "lines", "axes"),
    [
        (((1, 0), (0, 1)), 1, ["SIGN_X = 1", "SIGN_Y = 1", "SIGN_Z = 1"], "z,y,x"),
        (((1, 0.05), (-0.05, -1)), -1, ["SIGN_X = -1", "SIGN_Y = 1", "SIGN_Z = -1"], "-z,y,-x"),
        (((0, -1), (1, 0)), 1, ["SIGN_X = -1", "SIGN_Y = 1", "SWAP_XY = 1"], "z,-x,y"),
    ],
)
def test_macro_settings_are_told_as_text(matrix, z_sign, lines, axes):
    measured = calibration(matrix, z_sign=z_sign)
    said = macro_settings(measured)
    assert all(line in said for line in lines)
    assert f"--axes={axes} " in said
    assert ("SWAP_XY" in said) == ("x,y" in axes)
    shift = PositionUm(1, 20, 300)
    assert parse_axes("axes", axes).shift_to_stage(shift) == pytest.approx(
        measured.shift_to_stage(shift), abs=20
    )


def test_a_turned_stage_has_no_macro_settings():
    said = macro_settings(calibration(((0.87, 0.5), (-0.5, 0.87))))
    assert "turned by 30 degrees" in said
    assert "SIGN" not in said


def test_a_person_moves_and_dystrack_looks(tmp_path):
    prescans, axes = tmp_path / "prescans", turned(90, mirrored=True)
    prescans.mkdir()
    scope, asked = CalibrationScope("organoid", axes=axes), []
    start = scope.position_um()

    def move(text):
        words = text.replace(",", "").split()
        x, y, z = (float(words[words.index(axis) + 1]) for axis in "xyz")
        scope._stage._position = start.plus(PositionUm(z, y, x))
        taken = SimulatedScope.prescan(scope, Path("p"))
        write_ome_tiff(prescans / f"Experiment-{len(asked)}.ome.tif", taken.stack, taken.voxel_size)
        asked.append(text)

    found = calibrate_by_hand(
        ByHand(prescans, move, SimulatedClock()), "stand 1", "20x", tmp_path / "kept"
    )
    assert axes.to_world(found.shift_to_stage(PositionUm(0, 3, -7))) == pytest.approx(
        (0, 3, -7), abs=0.1
    )
    assert (found.microscope, found.objective, found.z_sign) == ("stand 1", "20x", 1)
    assert len(asked) == 10
    assert "SIGN_X" in describe(found)


def test_a_prescan_that_never_comes_is_told(tmp_path):
    person = ByHand(tmp_path, lambda _: None, SimulatedClock())
    with pytest.raises(ScopeError, match="No prescan came"):
        calibrate_by_hand(person, "stand 1", "", tmp_path)
    with pytest.raises(ConfigurationError, match="no folder"):
        calibrate_by_hand(ByHand(tmp_path / "none", print), "", "", tmp_path)


class TestTheCommand:
    @pytest.fixture(autouse=True)
    def home(self, tmp_path, monkeypatch):
        monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")

    def test_it_measures_and_says_what_to_paste(self, tmp_path, capsys):
        main(["calibrate", "simulator", "--yes", "--time_lapse", "inf", "--difficulty", "easy"])
        assert "SIGN_X = 1" in capsys.readouterr().out
        assert len(list((tmp_path / "home" / ".dystrack" / "calibrations").iterdir())) == 1

    def test_without_a_yes_nothing_is_moved(self, monkeypatch, capsys):
        monkeypatch.setattr("builtins.input", lambda _: "no")
        with pytest.raises(SystemExit):
            main(["calibrate", "simulator"])
        assert "Nothing was moved" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "words",
        [["by_hand"], ["by_hand", "a", "b", "c", "d"], ["hubble"], ["simulator", "--sampels", "1"]],
    )
    def test_what_is_not_understood_is_one_message(self, words, capsys):
        with pytest.raises(SystemExit) as refused:
            main(["calibrate", *words])
        assert (refused.value.code, capsys.readouterr().err.count("\n")) == (2, 1)

    def test_help(self, capsys):
        main(["calibrate"])
        assert "by_hand: you move" in capsys.readouterr().out
