"""What docs/micromanager.md shows works as it stands there."""

import re
from pathlib import Path

import pytest
import zarr

from dystrack.core.exchange.coords_file import CoordsLine
from dystrack.scopes.micromanager.opening import loaded_core
from macros.answering import Answering

PAGE = (Path(__file__).parents[3] / "docs" / "micromanager.md").read_text("utf-8")
(SNIPPET,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_experiment_as_a_generator(tmp_path):
    names = {}
    exec(SNIPPET, names)  # noqa: S102 - it is our own page
    one_right = CoordsLine(10.0, 255.5, 256.5, "OK"), None
    with loaded_core("MMConfig_demo.cfg") as core, Answering(tmp_path, lambda _: one_right):
        core.setExposure(1.0)
        events = names["follow"](core, tmp_path, n_time_points=1)
        core.mda.run(events)
        assert core.getXYPosition()[0] == pytest.approx(1.0, abs=0.01)
    assert zarr.open(tmp_path / "main_pos_1.ome.zarr" / "0").shape == (1, 1, 61, 512, 512)
