"""Each pipeline finds the target of an image in which it is known."""

import numpy as np
import pytest

from dystrack.core.errors import (
    ConfigurationError,
    TargetNotFoundError,
    UnsupportedImageError,
)
from dystrack.pipelines import center_of_mass, chick_node, lateral_line, minimal_example
from dystrack.pipelines.utilities.profiles import Peak
from pipelines.images import gaussian_body, noise, streak, tissue_with_front, write_tiff

CENTRE = (9.6, 40.3, 61.7)
BODY = gaussian_body((20, 90, 110), CENTRE, (2.5, 8.0, 10.0))
METHODS = ("intensity", "otsu", "objct")


def bodies():
    """Yield the body as a plane and as a stack, of each kind of values."""
    for image, centre in ((BODY, CENTRE), (BODY[10], (0.0, *CENTRE[1:]))):
        noisy = image + noise(image.shape, 8, seed=1)
        yield noisy.astype(np.uint8), centre
        yield (noisy * 200 + 300).astype(np.uint16), centre
        yield (noisy - 40).astype(np.float32), centre


@pytest.mark.parametrize(("image", "centre"), list(bodies()))
@pytest.mark.parametrize("method", METHODS[1:])
def test_mask_finds_the_centre_of_a_body(image, centre, method, tmp_path):
    path = write_tiff(tmp_path, image)
    answer = center_of_mass.analyze_image(path, method=method, warn_8bit=False)
    assert answer[:3] == pytest.approx(centre, abs=0.5)
    assert answer[3:] == ("OK", {})


def test_grey_values_find_the_centre_of_a_body_on_black(tmp_path):
    path = write_tiff(tmp_path, BODY.astype(np.uint8))
    for answer in (center_of_mass.analyze_image(path), minimal_example.analyze_image(path)):
        assert answer[:3] == pytest.approx(CENTRE, abs=0.5)


def test_minimal_example_does_not_smooth(tmp_path):
    image = np.zeros((20, 30), np.uint8)
    image[4, 20], image[8, 20] = 100, 50
    answer = minimal_example.analyze_image(write_tiff(tmp_path, image))
    assert answer == (0.0, pytest.approx(16 / 3), 20.0, "WARN:WEAK", {})


@pytest.mark.parametrize("shape", [(80, 120), (11, 80, 120)])
@pytest.mark.parametrize(
    ("front", "x", "msg"),
    [
        (90, 90 + 0.2 * 120 - 60, "OK"),
        (62, 62 + 0.2 * 120 - 60, "OK"),
        (118, 118 + 0.2 * 120 - 60, "OK"),
        (119, 60 + 0.2 * 120, "WARN:CATCH-UP-STEP"),
        (40, 60 + 0.125 * 120, "WARN:MASK-FAIL-DEFAULT-STEP"),
    ],
)
def test_leading_edge(shape, front, x, msg, tmp_path):
    path = write_tiff(tmp_path, tissue_with_front(shape, front))
    answer = lateral_line.analyze_image(path, gauss_sigma=0)
    assert answer[2:] == (pytest.approx(x), msg, {})
    assert answer.y_pos == pytest.approx(39, abs=1)
    assert answer.z_pos == pytest.approx((shape[0] - 1) / 2 if len(shape) == 3 else 0.0, abs=0.1)


def test_fractions_of_the_leading_edge(tmp_path):
    fractions = {"blank_fract": 0.3, "default_catchup_fract": 0.4, "default_step_fract": 0.05}
    for front, x in ((90, 90 + 36 - 60), (119, 60 + 48), (30, 60 + 6)):
        path = write_tiff(tmp_path, tissue_with_front((80, 120), front))
        answer = lateral_line.analyze_image(path, gauss_sigma=0, **fractions)
        assert answer.x_pos == pytest.approx(x)


@pytest.mark.parametrize("shape", [(80, 120), (13, 80, 120)])
def test_node_is_the_end_of_the_streak(shape, tmp_path):
    answer = chick_node.analyze_image(write_tiff(tmp_path, streak(shape, 45.0, 70.0)))
    z = (shape[0] - 1) / 2 if len(shape) == 3 else 0.0
    assert answer[:3] == pytest.approx((z, 45.0, 70.0), abs=1)
    assert answer[3:] == ("OK", {})


def test_streak_at_the_upper_border_uses_the_rows_that_exist(tmp_path):
    answer = chick_node.analyze_image(write_tiff(tmp_path, streak((80, 120), 3.0, 70.0)))
    assert answer[:3] == pytest.approx((0.0, 3.0, 70.0), abs=1)


def test_streak_narrower_than_a_row_is_no_node(tmp_path, monkeypatch):
    monkeypatch.setattr(chick_node, "peak_of", lambda *_, **__: Peak(40.5, 0.3))
    path = write_tiff(tmp_path, streak((80, 120), 40.0, 70.0))
    with pytest.raises(TargetNotFoundError, match="less than a row"):
        chick_node.analyze_image(path)


PIPELINES_BY_LIMIT = [(center_of_mass, 0.1), (minimal_example, 0.1), (chick_node, 0.2)]


@pytest.mark.parametrize(("pipeline", "limit_fract"), PIPELINES_BY_LIMIT)
def test_z_is_limited(pipeline, limit_fract, tmp_path):
    image = streak((21, 80, 120), 40.0, 70.0)
    path = write_tiff(tmp_path, np.concatenate([image[5:], np.zeros_like(image[:5])]))
    with pytest.warns(UserWarning, match="z was limited"):
        answer = pipeline.analyze_image(path)
    assert answer.z_pos == pytest.approx(10 - limit_fract * 20)


def test_channel_is_picked(tmp_path):
    stack = BODY.astype(np.uint8)
    path = write_tiff(tmp_path, np.stack([noise(stack.shape, 30), stack]))
    answer = center_of_mass.analyze_image(path, channel=1)
    assert answer[:3] == pytest.approx(CENTRE, abs=0.5)
    with pytest.raises(UnsupportedImageError, match="Choose a channel"):
        center_of_mass.analyze_image(path)


def test_conversion_to_8_bits_is_announced(tmp_path):
    path = write_tiff(tmp_path, (BODY * 50).astype(np.uint16))
    with pytest.warns(UserWarning, match="converted to uint8"):
        center_of_mass.analyze_image(path)


def test_unknown_method_is_refused(tmp_path):
    path = write_tiff(tmp_path, BODY.astype(np.uint8))
    with pytest.raises(ConfigurationError, match="'intensity', 'otsu' or 'objct'"):
        center_of_mass.analyze_image(path, method="otso")


@pytest.mark.parametrize("pipeline", [center_of_mass, chick_node, lateral_line, minimal_example])
def test_verbose_speaks_line_by_line(pipeline, tmp_path, capsys):
    path = write_tiff(tmp_path, streak((80, 120), 45.0, 70.0))
    pipeline.analyze_image(path)
    assert capsys.readouterr().out == ""
    pipeline.analyze_image(path, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 2
    assert str(path) in lines[0]


@pytest.mark.parametrize("pipeline", [center_of_mass, chick_node, lateral_line])
def test_show_passes_what_was_seen(pipeline, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(pipeline, "show_target", lambda *seen: shown.append(seen))
    path = write_tiff(tmp_path, streak((80, 120), 45.0, 70.0))
    answer = pipeline.analyze_image(path, show=True)
    [(title, image, target, *mask)] = shown
    assert title.startswith("DySTrack")
    assert image.shape == (80, 120)
    assert target == answer[:3]
    assert all(m is None or m.shape == image.shape for m in mask)
