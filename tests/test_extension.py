"""A pipeline, a transmitter and an image format are each a new file and a line in a table."""

import sys
from types import MappingProxyType

import numpy as np

from dystrack.images.formats import Structure, table
from dystrack.manager import transmitters
from dystrack.manager.manager import run_dystrack_manager
from dystrack.manager.settings import Settings
from dystrack.options.pipeline_reference import load_pipeline, pipeline_names
from dystrack.pipelines.utilities.loading import load_stack
from fakes import FakeClock

PIPELINE = '''"""Follow the brightest pixel."""

import numpy as np

from dystrack.pipelines.utilities.loading import load_stack


def analyze_image(target_path, floor=1):
    """Follow the brightest pixel.

    Parameters
    ----------
    target_path : str
        Path of the prescan.
    floor : int, optional, default 1
        Grey value that it must have.
    """
    image = load_stack(target_path)
    y, x = np.unravel_index(image.argmax(), image.shape)
    return 0.0, y, x, "OK", {}
'''


def read_structure(view):
    """Read a format of two sizes and bytes."""
    height, width = view.read(0, 2, "the sizes")
    return Structure(axes="YX", shape=(height, width), n_planes=1)


def read_pixels(path):
    height, width, *values = path.read_bytes()
    return np.array(values, np.uint8).reshape(height, width), "YX"


def test_one_of_each_from_outside(tmp_path, monkeypatch):
    package = tmp_path / "my_pipelines"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "brightest.py").write_text(PIPELINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    raw2 = table.Format((".raw2",), (), read_structure, read_pixels)
    monkeypatch.setattr(table, "FORMATS", (*table.FORMATS, raw2))
    sent = []
    way = transmitters._Method(lambda *answer: sent.append(answer[:4]), transmitters.Traits())
    monkeypatch.setattr(
        transmitters, "_METHODS", MappingProxyType({**transmitters._METHODS, "pigeon": way})
    )

    folder = tmp_path / "prescans"
    folder.mkdir()
    clock = FakeClock()
    content = bytes([4, 5, *range(1, 14), 250, *range(14, 20)])
    clock.plan(1, lambda: (folder / "prescan_1.raw2").write_bytes(content))
    assert pipeline_names("my_pipelines") == ["brightest"]
    run_dystrack_manager(
        folder,
        load_pipeline("brightest", "my_pipelines"),
        max_triggers=1,
        file_end=".raw2",
        tra_method="pigeon",
        progress=False,
        clock=clock,
    )
    assert sent == [(0.0, 2.0, 3.0, "OK")]
    assert load_stack(folder / "prescan_1.raw2").shape == (4, 5)
    assert not Settings(tra_method="pigeon").traits.says_stay
    sys.modules.pop("my_pipelines.brightest")
