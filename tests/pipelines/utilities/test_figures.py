import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg

from dystrack.core.coordinates import PixelPosition
from dystrack.pipelines.utilities.figures import show_target
from pipelines.images import noise

TARGET = PixelPosition(2.0, 10.0, 15.0)


@pytest.fixture(autouse=True)
def agg(monkeypatch):
    mpl.use("Agg")
    yield
    plt.close("all")


def mask_like(image):
    mask = np.zeros(image.shape, bool)
    mask[..., 5:12, 8:20] = True
    return mask


@pytest.mark.parametrize(("shape", "n_panels"), [((20, 30), 1), ((5, 20, 30), 2)])
@pytest.mark.parametrize("with_mask", [True, False])
def test_figure_shows_what_was_seen(shape, n_panels, with_mask):
    image = noise(shape, 255)
    show_target("title", image, TARGET, mask_like(image) if with_mask else None)
    panels = plt.figure("title").axes
    assert len(panels) == n_panels
    top = panels[0]
    projection = image if image.ndim == 2 else image.max(axis=0)
    np.testing.assert_array_equal(top.images[0].get_array(), projection)
    assert top.lines[0].get_xydata().tolist() == [[15.0, 10.0]]
    assert "x 15.0" in top.get_title()
    assert bool(top.collections) == with_mask
    if n_panels == 2:
        np.testing.assert_array_equal(panels[1].images[0].get_array(), image.max(axis=1))
        assert panels[1].lines[0].get_xydata().tolist() == [[15.0, 2.0]]


@pytest.mark.parametrize("value", [True, False])
def test_mask_without_an_outline_is_no_trouble(value):
    image = noise((5, 20, 30), 255)
    show_target("title", image, TARGET, np.full(image.shape, value))
    plt.figure("title").canvas.draw()


def test_calls_share_one_window():
    for seed in range(3):
        show_target("title", noise((20, 30), 255, seed=seed), TARGET)
    assert len(plt.get_fignums()) == 1
    assert len(plt.figure("title").axes) == 1


def test_window_opens_without_blocking(monkeypatch):
    shown = []
    monkeypatch.setattr(FigureCanvasAgg, "required_interactive_framework", "any")
    monkeypatch.setattr(FigureCanvasAgg, "start_event_loop", lambda _, s: shown.append(s))
    monkeypatch.setattr(plt, "show", lambda *, block: shown.append(block))
    show_target("title", noise((20, 30), 255), TARGET)
    assert shown[0] is False
    assert 0 < shown[1] < 0.1


def test_nothing_is_shown_without_a_screen(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda **_: pytest.fail("was shown"))
    show_target("title", noise((20, 30), 255), TARGET)


def test_missing_matplotlib_is_no_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.warns(UserWarning, match=r'pip install "dystrack\[plot\]"'):
        show_target("title", noise((20, 30), 255), TARGET)
