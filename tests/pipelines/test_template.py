"""Following a pattern."""

import os

import numpy as np
import pytest

from dystrack.core.errors import ConfigurationError, TargetNotFoundError
from dystrack.core.findings import take_findings
from dystrack.pipelines import template
from dystrack.pipelines.template import analyze_image
from pipelines.images import noise, write_tiff
from pipelines.utilities.comparison.test_registration import texture


def world(seed=0):
    return np.clip(texture((15, 100, 120), seed) / 10, 0, 255).astype(np.uint8)


def test_the_middle_of_the_first_prescan_is_followed(tmp_path):
    first = analyze_image(write_tiff(tmp_path, world()[:, 10:80, 10:90], "a.tif"))
    assert first[:4] == (7.0, 34.5, 39.5, "OK")
    cache, _ = take_findings(first.img_cache)
    second = analyze_image(write_tiff(tmp_path, world()[:, 17:87, 5:85], "b.tif"), **cache)
    assert second[:3] == pytest.approx((7.0, 34.5 - 7, 39.5 + 5), abs=0.1)
    assert take_findings(second.img_cache)[0]["learned_from"] == cache["learned_from"]


def test_a_pattern_that_was_written_anew_is_read_again(tmp_path):
    own = write_tiff(tmp_path, world()[:, 10:80, 10:90], "a.tif")
    analyze_image(own, learned_from=own)
    other = write_tiff(tmp_path, world(7)[:, 10:80, 10:90], "a.tif")
    os.utime(other, (1, 1))
    assert analyze_image(other, learned_from=other).img_msg == "OK"


def test_a_template_of_ones_own_is_followed(tmp_path):
    own = write_tiff(tmp_path, world()[4:9, 30:45, 50:71], "template.tif")
    path = write_tiff(tmp_path, world(), "a.tif")
    assert analyze_image(path, template=own)[:3] == pytest.approx((6, 37, 60), abs=0.3)


def test_what_does_not_look_like_it_is_refused(tmp_path):
    own = write_tiff(tmp_path, world()[4:9, 30:45, 50:71], "template.tif")
    path = write_tiff(tmp_path, world(7), "a.tif")
    with pytest.raises(TargetNotFoundError, match="Nothing in the prescan looks like the pattern"):
        analyze_image(path, template=own)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"template_fract": 0}, "template_fract"), ({"template": "large.tif"}, "has the shape")],
)
def test_what_cannot_be_is_refused(tmp_path, options, said):
    write_tiff(tmp_path, noise((200, 200)), "large.tif")
    if "template" in options:
        options = {"template": str(tmp_path / options["template"])}
    with pytest.raises(ConfigurationError, match=said):
        analyze_image(write_tiff(tmp_path, world(), "a.tif"), **options)


def test_a_template_is_read_beforehand(tmp_path):
    template.warm_up(template=write_tiff(tmp_path, world(), "larger than the trial.tif"))
    with pytest.raises(ConfigurationError, match=r"`template` names no image .* no image nofile"):
        template.warm_up(template="nofile.tif")


def test_noise_is_a_weak_pattern(tmp_path):
    assert analyze_image(write_tiff(tmp_path, noise((60, 80)))).img_msg == "WARN:WEAK"
