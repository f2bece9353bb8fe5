import numpy as np
import pytest
from scipy.optimize import curve_fit

from dystrack.core.errors import TargetNotFoundError, UnsupportedImageError
from dystrack.pipelines.utilities.profiles import (
    _gaussian,
    _logistic_step,
    brightness_profile,
    falling_edge,
    peak_of,
)
from pipelines.images import noise

X = np.arange(100.0)
PEAKS = [(20.0, 50.0, 10.0), (5.0, 30.0, 3.0), (60.0, 80.0, 25.0), (10.0, 0.0, 8.0)]
STEPS = [(0.9, 0.2, 60.0), (0.5, 1.0, 40.0), (1.0, 0.1, 70.0)]


def with_noise(profile, amount=0.03):
    noisy = profile + amount * np.random.default_rng(0).standard_normal(profile.size)
    return (noisy - noisy.min()) / (noisy.max() - noisy.min())


def test_profile_is_the_scaled_mean():
    image = noise((4, 5, 6), 255)
    for axis, others in ((-3, (1, 2)), (-2, (0, 2)), (-1, (0, 1))):
        mean = image.mean(axis=others)
        expected = (mean - mean.min()) / (mean.max() - mean.min())
        np.testing.assert_array_equal(brightness_profile(image, axis), expected)
    plane = image[0].mean(axis=1)
    profile = brightness_profile(image[0], -2)
    np.testing.assert_array_equal(profile, (plane - plane.min()) / (plane.max() - plane.min()))


def test_flat_profile_is_refused():
    image = np.broadcast_to(np.arange(6, dtype=np.uint8), (5, 6))
    with pytest.raises(TargetNotFoundError, match="equally bright all along y"):
        brightness_profile(image, -2)


def test_short_axis_is_refused():
    with pytest.raises(UnsupportedImageError, match="3 px along z; the fit needs at least 4"):
        brightness_profile(noise((3, 30, 40), 255), -3)


@pytest.mark.parametrize(("area", "centre", "width"), PEAKS)
def test_peak_is_found(area, centre, width):
    peak = peak_of(_gaussian(X, area, centre, width), 1 / 6)
    assert peak == pytest.approx((centre, width), abs=1e-3)


@pytest.mark.parametrize("start_fract", [1 / 6, 1 / 8])
@pytest.mark.parametrize("parameters", PEAKS[:3])
def test_peak_equals_curve_fit(parameters, start_fract):
    profile = with_noise(_gaussian(X, *parameters))
    start = [profile.sum(), 99 / 2, 99 * start_fract]
    _, centre, width = curve_fit(_gaussian, X, profile, p0=start)[0]
    assert peak_of(profile, start_fract) == (centre, abs(width))


@pytest.mark.parametrize("parameters", STEPS)
def test_edge_equals_curve_fit(parameters):
    profile = with_noise(_logistic_step(X, *parameters))
    bounds = ([0.0, 1 / 99, 99 / 6], [1.2, 100 / 99, 99 / 1.2])
    start = [profile.mean(), 10 / 99, 2 / 3 * 99]
    expected = curve_fit(_logistic_step, X, profile, p0=start, bounds=bounds)[0][2]
    assert falling_edge(profile) == expected
    assert expected == pytest.approx(parameters[2], abs=3)


@pytest.mark.parametrize(
    "profile",
    [
        1 - _gaussian(X, 20.0, 50.0, 10.0),
        X / 99,
        (X - 50) ** 2 / 2500,
        np.resize([0.0, 1.0], 100),
        _gaussian(X, 60.0, -30.0, 20.0),
    ],
    ids=["dip", "ramp", "bowl", "zigzag", "outside"],
)
def test_what_is_no_peak_is_refused(profile):
    with pytest.raises(TargetNotFoundError, match="no target inside the image"):
        peak_of(profile, 1 / 6)


def test_peak_outside_is_found_where_a_margin_allows_it():
    profile = _gaussian(X, 60.0, -5.0, 20.0)
    with pytest.raises(TargetNotFoundError):
        peak_of(profile, 1 / 8)
    assert peak_of(profile, 1 / 8, margin_px=10) == pytest.approx((-5.0, 20.0), abs=1e-3)
    with pytest.raises(TargetNotFoundError):
        peak_of(profile, 1 / 8, margin_px=4)


@pytest.mark.parametrize(
    "profile",
    [X / 99, np.ones(100), _logistic_step(X, 1, 0.5, 5.0), _logistic_step(X, 1, 0.5, 97.0)],
    ids=["rising", "flat", "too early", "too late"],
)
def test_what_is_no_edge_inside_is_refused(profile):
    with pytest.raises(TargetNotFoundError, match="found a step at"):
        falling_edge(profile)


@pytest.mark.parametrize("seed", range(40))
def test_noise_is_refused_or_found_inside(seed):
    profile = np.random.default_rng(seed).random(60)
    for fit in (lambda p: peak_of(p, 1 / 6).centre_px, falling_edge):
        try:
            position = fit(profile)
        except TargetNotFoundError:
            continue
        assert 0 <= position <= 59
