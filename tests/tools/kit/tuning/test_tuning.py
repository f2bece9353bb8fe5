"""Settings are compared on all samples, and judged on those that had no part in the choice."""

import pytest

from dystrack.tools.kit.tuning.outcome import tuning_page, with_options
from dystrack.tools.kit.tuning.search import Trial, Tuning, tried


def trial(sigma, **scores):
    return Trial({"gauss_sigma": sigma}, scores, max(0.0, sum(scores.values()) / len(scores)))


def test_the_best_is_best_over_all_samples():
    tuning = Tuning((trial(1.0, a=1.0, b=0.0), trial(2.0, a=0.8, b=0.6), trial(3.0, a=0.0, b=0.7)))
    assert tuning.best.options == {"gauss_sigma": 2.0}


def test_what_suits_one_sample_only_is_seen_elsewhere():
    suits_one = [
        trial(s, **{k: 1.0 if k == n else 0.0 for k in "abcd"}) for s, n in enumerate("abcd")
    ]
    tuning = Tuning(tuple(suits_one))
    assert tuning.best.score_on(tuning.samples) == 0.25
    assert tuning.score_elsewhere == 0.0


def test_what_suits_all_is_as_good_elsewhere():
    tuning = Tuning((trial(1.0, a=0.2, b=0.3, c=0.1), trial(2.0, a=0.9, b=0.9, c=0.9)))
    assert tuning.score_elsewhere == pytest.approx(0.9)


def test_a_single_sample_tells_nothing_of_others():
    assert Tuning((trial(1.0, a=0.5),)).score_elsewhere is None


def test_a_small_grid_is_tried_completely():
    values = {"gauss_sigma": [1, 2, 3], "count_reduction": [0.1, 0.2]}
    seen = []

    def attempt(options):
        seen.append(tuple(options.values()))
        return trial(options["gauss_sigma"], a=0.0)

    assert len(list(tried(values, attempt, 5))) == 6
    assert len(set(seen)) == 6


def test_of_many_the_promising_ones_are_tried():
    pytest.importorskip("optuna")
    values = {"gauss_sigma": list(range(20)), "count_reduction": list(range(20))}

    def attempt(options):
        far = abs(options["gauss_sigma"] - 12) + abs(options["count_reduction"] - 4)
        return Trial(options, {"a": -float(far)}, 0.0)

    trials = list(tried(values, attempt, 60))
    assert len(trials) <= 60
    assert len({tuple(t.options.values()) for t in trials}) == len(trials)
    assert max(t.scores["a"] for t in trials) >= -6


EXPERIMENT = """\
# An experiment
[pipeline]
name = "lateral_line"
gauss_sigma = "not this one"

[options]
# gauss_sigma = 3.0  # Sigma
count_reduction = 0.5
# count_reduction = 0.4

[limits]
gauss_sigma = 9
"""


def test_the_best_is_written_where_it_belongs(tmp_path):
    path = tmp_path / "experiment.toml"
    path.write_text(EXPERIMENT, "utf-8")
    with_options(path, {"gauss_sigma": 2.0, "count_reduction": 0.7, "method": "otsu"})
    lines = path.read_text("utf-8").splitlines()
    begin, end = lines.index("[options]"), lines.index("[limits]")
    assert lines[begin + 1 : end - 1] == [
        'method = "otsu"',
        "gauss_sigma = 2.0",
        "count_reduction = 0.7",
        "# count_reduction = 0.4",
    ]
    assert lines[:begin] == EXPERIMENT.splitlines()[:begin]
    assert lines[end:] == EXPERIMENT.splitlines()[-2:]


def test_a_section_of_options_is_made_where_there_is_none(tmp_path):
    path = tmp_path / "experiment.toml"
    path.write_text("[pipeline]\n", "utf-8")
    with_options(path, {"gauss_sigma": 2.0})
    assert path.read_text("utf-8") == "[pipeline]\n\n[options]\ngauss_sigma = 2.0\n"


def test_the_page_has_a_map_and_a_table():
    tuning = Tuning((trial(1.0, a=0.5), trial(2.0, a=0.9)))
    page = tuning_page(tuning, {"gauss_sigma": [1.0, 2.0]}, "Tuning of own")
    assert "Best: gauss_sigma = 2.0 (90.0 % right)." in page
    assert "Share of right answers over gauss_sigma" in page
