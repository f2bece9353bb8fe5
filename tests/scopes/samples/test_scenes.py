from itertools import pairwise, product

import numpy as np
import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.scopes.geometry import PositionUm, View
from dystrack.scopes.samples.scenes import DIFFICULTIES, SCENES, make_sample

ALL = list(product(SCENES, DIFFICULTIES))


@pytest.mark.parametrize(("scene", "difficulty"), ALL)
def test_every_scene_begins_in_view_and_shows_something(scene, difficulty):
    sample, scan = make_sample(scene, difficulty), SCENES[scene].prescan
    view = View(sample.target_um(0.0, scan.field), scan)
    image = sample.render(0.0, view)
    assert sample.is_in_view(0.0, view)
    assert np.percentile(image, 50) < 30
    assert image.max() > 200


@pytest.mark.parametrize("scene", SCENES)
def test_without_tracking_every_sample_is_lost(scene):
    sample, scan = make_sample(scene, "easy"), SCENES[scene].prescan
    view = View(sample.target_um(0.0, scan.field), scan)
    assert not sample.is_in_view(100 * SCENES[scene].interval_s, view)


@pytest.mark.parametrize("scene", SCENES)
def test_a_step_fits_into_the_field(scene):
    kind = SCENES[scene]
    sample = make_sample(scene, "hard")
    steps = [sample.position_um(kind.interval_s * n) for n in range(200)]
    longest = max(b.minus(a).length() for a, b in pairwise(steps))
    assert longest < 0.25 * kind.prescan.field.x


@pytest.mark.parametrize("scene", SCENES)
def test_the_main_scan_sees_the_same_field(scene):
    kind = SCENES[scene]
    assert kind.main_scan.field == pytest.approx(kind.prescan.field)
    assert kind.main_scan.shape[1:] > kind.prescan.shape[1:]


def test_speed_and_start_can_be_chosen():
    start = PositionUm(1.0, 2.0, 3.0)
    slow = make_sample("primordium", "easy", start=start)
    fast = make_sample("primordium", "easy", start=start, speed=3.0)
    assert slow.position_um(0.0) == fast.position_um(0.0) == start
    further = fast.position_um(1000.0).x - slow.position_um(1000.0).x
    assert further == pytest.approx(2 * 18.0)


def test_seeds_make_different_samples():
    scan = SCENES["organoid"].prescan
    view = View(PositionUm(0.0, 0.0, 0.0), scan)
    images = [make_sample("organoid", seed=seed).render(0.0, view) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(images[0], images[1])
    assert np.mean(images[0] != images[2]) > 0.05


@pytest.mark.parametrize(
    ("scene", "difficulty", "message"),
    [("fish", "easy", r"scene 'fish'.*primordium"), ("node", "mad", r"difficulty 'mad'.*hard")],
)
def test_what_is_not_there_is_refused(scene, difficulty, message):
    with pytest.raises(ConfigurationError, match=message):
        make_sample(scene, difficulty)


def test_the_noise_has_seeds_of_its_own():
    kind = SCENES["organoid"]
    samples = [make_sample("organoid", "hard", seed=1, noise_seed=n) for n in (5, 5, 6)]
    assert samples[0].motion == samples[2].motion
    view = View(samples[0].target_um(300.0, kind.prescan.field), kind.prescan)
    first, same, other = (sample.render(300.0, view) for sample in samples)
    assert (first == same).all()
    assert (first != other).any()
