import builtins
import sys

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.core.exchange.coords_file import CoordsLine, read_lines
from dystrack.core.findings import ExtraTarget
from dystrack.manager.transmitters import (
    Traits,
    choose_transmitter,
    send_coords_txt,
    send_coords_winreg,
    traits_of,
)

KEY = r"SOFTWARE\VB and VBA Program Settings\OnlineImageAnalysis\macro"


@pytest.fixture
def registry(monkeypatch):
    """An empty registry that notes the order of writing; the real module on Windows is not used."""
    fake_winreg = pytest.importorskip("fake_winreg")
    fake_winreg.load_fake_registry(fake_winreg.fake_reg_tools.get_minimal_windows_testregistry())
    monkeypatch.setitem(sys.modules, "winreg", fake_winreg)
    written = []
    real = fake_winreg.SetValueEx
    monkeypatch.setattr(
        fake_winreg, "SetValueEx", lambda *args: (written.append(args[1]), real(*args))[1]
    )

    class Registry:
        order = written

        @staticmethod
        def values():
            with fake_winreg.OpenKey(fake_winreg.HKEY_CURRENT_USER, KEY) as key:
                n_values = fake_winreg.QueryInfoKey(key)[1]
                entries = [fake_winreg.EnumValue(key, i) for i in range(n_values)]
            return {name: (value, kind == fake_winreg.REG_SZ) for name, value, kind in entries}

    return Registry


def test_txt(tmp_path):
    path = tmp_path / "coords é.txt"
    send_coords_txt(path, 1, None, 3.14159, msg="a\nb", precision=2)
    send_coords_txt(str(path))
    assert path.read_text() == "Z\tY\tX\tmsg\n1.00\tnan\t3.14\ta b\nnan\tnan\tnan\t_\n"


def test_txt_method_writes_into_the_folder(tmp_path):
    choose_transmitter("txt")(1.0, 2.0, 3.0, "OK", {}, None, str(tmp_path))
    assert read_lines(tmp_path / "dystrack_coords.txt") == [CoordsLine(1, 2, 3, "OK")]


def test_registry_values_are_strings_and_the_start_comes_last(registry):
    send_coords_winreg(1.5, None, 3.25)
    assert registry.values() == {
        "Z": ("1.5", True),
        "X": ("3.25", True),
        "codeMic": ("focus", True),
    }
    assert registry.order[-1] == "codeMic"


def test_mypic_method(registry):
    send = choose_transmitter("MyPiC")
    send(1.0, 2.0, 3.0, "OK", {}, None, "folder")
    assert "errorMsg" not in registry.values()
    send(4.0, 5.0, 6.0, "Image analysis failed!", {}, RuntimeError("x"), "folder", codeM="trigger1")
    values = registry.values()
    assert values["errorMsg"][0] == "Image analysis failed!"
    assert values["codeMic"][0] == "trigger1"


POINT = ExtraTarget(z=4, y=5, x=6.5)
REGION = ExtraTarget(z=1, y=2, x=3, region=((0, 0), (0, 9), (9, 9.5)))


def test_mypic_visits_points_where_a_trigger_is_asked_for(registry):
    send = choose_transmitter("MyPiC")
    assert traits_of("MyPiC").takes_targets
    send(1.0, 2.0, 3.0, "OK", {}, None, "folder", targets=(POINT, REGION))
    assert registry.values()["X"][0] == "3.0"
    send(1.0, 2.0, 3.0, "OK", {}, None, "folder", targets=(POINT, REGION), codeM="focus;trigger1")
    values = {name: value for name, (value, _) in registry.values().items()}
    assert values == {
        "Z": "1.0;4.0",
        "Y": "2.0;5.0",
        "X": "3.0;6.5",
        "codeMic": "focus;trigger1",
    }


def test_mypic_draws_regions_and_leaves_none_over(registry):
    send = choose_transmitter("MyPiC")
    send(1.0, 2.0, 3.0, "OK", {}, None, "f", targets=(POINT, REGION, REGION), roiAim="bleach")
    values = {name: value for name, (value, _) in registry.values().items()}
    assert values["roiType"] == "polyline;polyline"
    assert values["roiAim"] == "bleach;bleach"
    assert values["roiX"] == "0.0,9.0,9.5;0.0,9.0,9.5"
    assert values["roiY"] == "0.0,0.0,9.0;0.0,0.0,9.0"
    assert values["X"] == "3.0"
    assert registry.order[-1] == "codeMic"
    send(1.0, 2.0, 3.0, "OK", {}, None, "f", targets=(), roiAim="bleach")
    assert [registry.values()[name][0] for name in ("roiType", "roiX", "roiY")] == ["", "", ""]


def test_mypic_without_coordinates_stays(registry):
    choose_transmitter("MyPiC")(None, None, None, "failed", {}, RuntimeError("x"), "folder")
    assert registry.values()["codeMic"][0] == "nothing"
    assert "X" not in registry.values()


def test_mypic_needs_windows(monkeypatch):
    real_import = builtins.__import__

    def no_winreg(name, *args, **kwargs):
        if name == "winreg":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "winreg", raising=False)
    monkeypatch.setattr(builtins, "__import__", no_winreg)
    with pytest.raises(ConfigurationError, match="Windows registry"):
        choose_transmitter("MyPiC")


@pytest.mark.parametrize("method", ["mypic", "", None, 3])
def test_unknown_method(method):
    with pytest.raises(ConfigurationError, match="tra_method is"):
        choose_transmitter(method)


def test_callable():
    def send(*args, **kwargs):
        return None

    assert choose_transmitter(send) is send


def test_traits():
    def plain(*args):
        return None

    def own(*args):
        return None

    own.traits = Traits(says_stay=True)
    assert traits_of("txt") == Traits(leaves_lines=True, is_verifiable=True)
    assert traits_of("MyPiC") == Traits(says_stay=True, takes_targets=True, takes_prescan=True)
    assert traits_of(own) == Traits(says_stay=True)
    assert traits_of(plain) == traits_of(None) == traits_of("other") == Traits()
