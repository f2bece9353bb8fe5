"""Following what keeps its looks."""

import numpy as np
import pytest
import tifffile

from dystrack.core.errors import ConfigurationError, TargetNotFoundError
from dystrack.core.findings import take_findings
from dystrack.pipelines import drift
from dystrack.pipelines.drift import analyze_image
from pipelines.images import noise, write_tiff
from pipelines.utilities.comparison.test_registration import texture

CENTRE = np.array([4.0, 29.5, 39.5])


class Follower:
    """A stage that goes where the pipeline says, over a sample that drifts."""

    def __init__(self, folder, look):
        self.folder, self.look = folder, look
        self.stage = np.zeros(3)
        self.cache = {}

    def visit(self, number, sample, **options):
        """Return how far off the answer is, and the message."""
        image = self.look(np.asarray(sample, float) - self.stage)
        path = write_tiff(self.folder, image, f"prescan_{number}.tif")
        *target, msg, cache = analyze_image(
            path, warn_8bit=False, findings=True, **options, **self.cache
        )
        self.cache, self.findings = take_findings(cache)
        step = np.array(target) - CENTRE
        error = step - (np.asarray(sample, float) - self.stage)
        self.stage += step
        return error, msg


def seen(world, offset):
    """Return what a stage sees of a world that has moved by whole pixels."""
    moved = np.roll(world, np.rint(offset).astype(int), (0, 1, 2))
    return moved[3:12, 20:80, 20:100].astype(np.uint16)


def test_the_first_prescan_stays_in_the_middle(tmp_path):
    world = texture((15, 100, 120))
    follower = Follower(tmp_path, lambda offset: seen(world, offset))
    for number, sample in enumerate([(0, 0, 0), (0, 2, 5), (0, 3, 11), (0, 8, 9)]):
        error, msg = follower.visit(number, sample)
        assert error == pytest.approx(0, abs=0.55)  # the world moves by whole pixels
        assert msg == "OK"
    assert follower.cache["reference"].endswith("prescan_0.tif")
    assert follower.findings.confidence > 0.6


def test_a_sample_that_changes_becomes_a_new_reference(tmp_path):
    old, new = texture((15, 100, 120), 1), texture((15, 100, 120), 2)
    share = iter(np.linspace(0, 1, 13))

    def look(offset):
        now = next(share)
        return seen(old * (1 - now) + new * now, offset)

    follower = Follower(tmp_path, look)
    for number in range(13):
        error, msg = follower.visit(number, (0, 2 * number, 0))
        assert np.abs(error).max() < 1.5
        assert msg == "OK"
    assert not follower.cache["reference"].endswith("prescan_0.tif")


def test_a_background_that_stays_can_be_ignored(tmp_path):
    tissue, cell = texture((15, 100, 120), 1), texture((15, 100, 120), 2)
    samples = [(0, 0, 0), (0, 0, 9), (0, 9, 18), (0, 18, 27)]

    def errors(**options):
        stage = np.zeros(3)
        follower = Follower(tmp_path, None)
        follower.stage = stage
        found = []
        for number, sample in enumerate(samples):
            follower.look = lambda offset: seen(cell, offset) + seen(tissue, -follower.stage)
            found.append(np.abs(follower.visit(number, sample, **options)[0]).max())
        return found

    with pytest.raises(TargetNotFoundError):
        errors()
    assert max(errors(ignore_background=True)) < 1


def test_an_unrelated_image_is_refused(tmp_path):
    first = write_tiff(tmp_path, texture((15, 100, 120)).astype(np.uint16), "a.tif")
    other = write_tiff(tmp_path, texture((15, 100, 120), 9).astype(np.uint16), "b.tif")
    with pytest.raises(TargetNotFoundError, match="does not match its reference"):
        analyze_image(other, warn_8bit=False, reference=first)


def test_a_reference_that_has_gone_is_replaced_and_said(tmp_path):
    path = write_tiff(tmp_path, texture((15, 100, 120)).astype(np.uint16), "a.tif")
    answer = analyze_image(path, warn_8bit=False, reference=str(tmp_path / "deleted.tif"))
    assert answer[:3] == (7.0, 49.5, 59.5)
    assert answer.img_msg == "WARN:NEW-REFERENCE"
    assert answer.img_cache["reference"] == path


def test_a_reference_of_ones_own_is_read_beforehand(tmp_path):
    drift.warm_up(reference=write_tiff(tmp_path, noise((9, 40, 50)), "larger.tif"))
    with pytest.raises(ConfigurationError, match=r"`reference` names no image .* no image nofile"):
        drift.warm_up(reference="nofile.tif")


def test_noise_is_a_weak_reference(tmp_path):
    assert analyze_image(write_tiff(tmp_path, noise((60, 80)))).img_msg == "WARN:WEAK"


def test_a_real_prescan_is_followed(prescans, tmp_path):
    image = tifffile.imread(prescans / "zeiss980_lateral_line_imagej.tif")
    first = write_tiff(tmp_path, image[:, 20:, :-40], "a.tif")
    second = write_tiff(tmp_path, image[:, :-20, 40:], "b.tif")
    answer = analyze_image(second, **take_findings(analyze_image(first).img_cache)[0])
    assert answer[:3] == pytest.approx((10, 89.5 + 20, 229.5 - 40), abs=0.1)
