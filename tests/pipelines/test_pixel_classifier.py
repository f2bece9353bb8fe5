"""A forest that has learnt from strokes finds the sample, fast, and follows it."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

from closed_loop.joined import join, scene_sites, track_scene
from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import ConfigurationError, TargetNotFoundError
from dystrack.pipelines.pixel_classifier import analyze_image
from dystrack.pipelines.utilities.models.forest import load_forest, save_forest
from dystrack.pipelines.utilities.models.pixel_features import (
    FEATURE_NAMES,
    features_at,
    grid_of,
    normalised,
)
from dystrack.pipelines.utilities.objects.choosing import aim_at
from dystrack.scopes.geometry import View
from dystrack.scopes.samples.scenes import SCENES, make_sample
from dystrack.scopes.simulated.simulator import MicroscopeSettings
from dystrack.scopes.simulated.visits import summarise
from dystrack.tools.kit.training.learning import BACKGROUND, SAMPLE, PaintedPrescan, learn
from pipelines.images import write_tiff

pytest.importorskip("sklearn")


def painted_primordium(seed):
    """Return a simulated prescan with a stroke along the tissue, and some beside it."""
    sample, scan = make_sample("primordium", "easy", seed=seed), SCENES["primordium"].prescan
    pixels = sample.render(0.0, View(sample.target_um(0.0, scan.field), scan))
    paint = np.zeros(pixels.shape, np.uint8)
    z, y, tip = 10, 100, round(0.8 * 500)
    paint[z - 1 : z + 2, y - 4 : y + 5, tip - 250 : tip - 20] = SAMPLE
    paint[z, 20:40, 50:450] = BACKGROUND
    paint[z, 160:180, 50:450] = BACKGROUND
    paint[z, 60:140, tip + 15 : tip + 60] = BACKGROUND
    paint[1, 80:120, 100:400] = BACKGROUND
    return PaintedPrescan(pixels, paint)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "primordium.npz"
    save_forest(path, learn([painted_primordium(seed) for seed in (11, 12)]))
    return str(path)


def test_a_model_that_was_trained_anew_is_read_again(tmp_path, model):
    prescan = write_tiff(tmp_path, painted_primordium(11).pixels)
    mine = tmp_path / "mine.npz"
    mine.write_bytes(Path(model).read_bytes())
    before = analyze_image(prescan, model=str(mine))
    save_forest(mine, learn([painted_primordium(13)]))
    assert analyze_image(prescan, model=str(mine)) != before


def test_a_painted_primordium_is_tracked_as_well_as_by_its_own_pipeline(tmp_path, model):
    options = {"model": model, "aim": "right"}
    (tmp_path / "own").mkdir()
    (tmp_path / "painted").mkdir()
    own = summarise(track_scene(tmp_path / "own", "primordium", 20).visits)
    painted = track(tmp_path / "painted", options)
    summary = summarise(painted.visits)
    assert painted.stats["img_success_counter"] == 20
    assert summary.in_view_share == own.in_view_share == 1.0
    assert summary.n_stayed == 0
    assert summary.median_distance_um <= own.median_distance_um + 1.0
    assert summary.median_distance_um <= 3.0


def track(folder, options):
    kind = SCENES["primordium"]
    scope = MicroscopeSettings(
        kind.prescan, kind.main_scan, n_time_points=20, interval_s=kind.interval_s
    )
    session = {"file_start": "prescan", "img_kwargs": options}
    return join(folder, scene_sites("primordium"), scope, analyze_image, **session)


def test_compiled_and_plain_forests_agree(model, monkeypatch):
    forest = load_forest(Path(model))
    rows = np.random.default_rng(0).uniform(-50, 250, (5000, len(FEATURE_NAMES))).astype(np.float32)
    fast = forest.vote(rows)
    monkeypatch.setattr(
        "dystrack.pipelines.utilities.models.forest.compiled_kernels", lambda _: None
    )
    assert np.allclose(fast, forest.vote(rows), atol=1e-6)
    assert 0 <= fast.min() < fast.max() <= 1


def test_the_same_strokes_give_the_same_model():
    painted = [painted_primordium(11)]
    first, second = learn(painted), learn(painted)
    assert np.array_equal(first.threshold, second.threshold)
    assert np.array_equal(first.children, second.children)


def test_a_plane_is_classified_too(tmp_path):
    one = painted_primordium(3)
    flat = PaintedPrescan(one.pixels[10], one.paint[10])
    save_forest(tmp_path / "m.npz", learn([flat]))
    prescan = write_tiff(tmp_path, flat.pixels)
    z, y, x, message, cache = analyze_image(prescan, str(tmp_path / "m.npz"), aim="right")
    assert (z, message) == (0.0, "OK")
    assert (y, x) == pytest.approx((100, 250), abs=8)
    assert cache["size"] > 1000


def test_noise_is_no_sample(tmp_path, model):
    noise = np.random.default_rng(0).normal(90, 20, (21, 200, 500)).astype(np.uint8)
    prescan = write_tiff(tmp_path, noise)
    with contextlib.suppress(TargetNotFoundError):
        assert analyze_image(prescan, model)[3] != "OK"


def test_too_few_strokes_are_told():
    one = painted_primordium(1)
    only = np.where(one.paint == SAMPLE, one.paint, 0)
    with pytest.raises(ConfigurationError, match="0 painted pixels of background"):
        learn([PaintedPrescan(one.pixels, only)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"children": lambda c: np.full_like(c, 0)}, "lead nowhere"),
        ({"roots": lambda r: r + 10**6}, "lead nowhere"),
        ({"feature": lambda f: np.where(f >= 0, 99, f).astype(np.int32)}, "lead nowhere"),
        ({"threshold": lambda t: t.astype(np.float64)}, "threshold is float64"),
    ],
)
def test_a_file_whose_trees_lead_nowhere_is_refused(tmp_path, model, change, message):
    with np.load(model) as file:
        arrays = dict(file)
    for name, made in change.items():
        arrays[name] = made(arrays[name])
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(ConfigurationError, match=message):
        load_forest(tmp_path / "bad.npz")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": ""}, "`model` is missing"),
        ({"model": "none.npz"}, "dystrack train"),
        ({"aim": "north"}, "`aim` is 'north'"),
        ({"probability": 0}, "`probability` is 0"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, model, options, message):
    prescan = write_tiff(tmp_path, np.arange(600, dtype=np.uint16).reshape(20, 30))
    with pytest.raises(ConfigurationError, match=message):
        analyze_image(prescan, **{"model": model, **options})


def test_no_pickle_is_ever_opened(tmp_path):
    np.savez(tmp_path / "m.npz", feature=np.array([print], dtype=object))
    with pytest.raises(ConfigurationError, match="no model"):
        load_forest(tmp_path / "m.npz")


@pytest.mark.parametrize(("shape", "grid"), [((3, 7, 8), (3, 4, 4)), ((5, 5), (3, 3))])
def test_features_lie_on_the_grid(shape, grid):
    image = normalised(np.random.default_rng(0).integers(0, 99, shape).astype(np.uint16))
    assert grid_of(shape, 2) == grid
    assert features_at(image).shape == (np.prod(grid), len(FEATURE_NAMES))


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_brightness_does_not_matter(factor):
    image = np.random.default_rng(0).gamma(2.0, 30.0, (40, 60))
    values = normalised((image * factor + 100).astype(np.uint16)).astype(int)
    assert abs(values - normalised((image * 20).astype(np.uint16)).astype(int)).mean() < 3


@pytest.mark.parametrize(
    ("aim", "place", "message"),
    [
        ("centre", (0, 5, 9), "OK"),
        ("right", (0, 5, 12 - 0.3 * 40), "OK"),
        ("left", (0, 5, 6 + 0.3 * 40), "OK"),
        ("up", (0, 0 + 0.3 * 20, 9), "WARN:CATCH-UP-STEP BOUND:-y"),
    ],
)
def test_the_aim_at_an_end_keeps_it_off_the_border(aim, place, message):
    mask = np.zeros((20, 40), bool)
    mask[0:11, 6:13] = True
    target, told = aim_at(mask, PixelPosition(0.0, 5.0, 9.0), aim, 0.2)
    assert target == pytest.approx(place)
    assert told == message
