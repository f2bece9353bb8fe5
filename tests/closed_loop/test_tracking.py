"""The tracker over a simulated microscope and the pipelines, much reduced from the benchmark."""

import importlib.util
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dystrack.core.errors import TargetNotFoundError
from dystrack.core.exchange.coords_file import CoordsLine
from dystrack.scopes.hand_off import InProcessHandOff
from dystrack.scopes.samples.scenes import SCENES, make_sample
from dystrack.scopes.simulated.simulator import Microscope, MicroscopeSettings, Site
from dystrack.tools.demo.session import scene_pipeline

_FOLDER = Path(__file__).parents[2] / "benchmarks"
pytestmark = [
    pytest.mark.skipif(not _FOLDER.is_dir(), reason="needs the benchmarks"),
    pytest.mark.filterwarnings("ignore"),
]


def loaded(name):
    """Yield a benchmark as a module."""
    spec = importlib.util.spec_from_file_location(f"{name}_benchmark", _FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def benchmark():
    yield from loaded("tracking")


@pytest.fixture(scope="module")
def numbers():
    yield from loaded("tracking_numbers")


def shares(benchmark, scene, speed, way, condition="normal", n_time_points=24, seeds=(0,)):
    outcomes = [
        benchmark.run(benchmark.Task(scene, "hard", speed, condition, way, seed, n_time_points))
        for seed in seeds
    ]
    return tuple(np.mean([[o.main, o.prescans] for o in outcomes], axis=0))


def test_a_fast_sample_stays_in_view_with_two_targets(benchmark):
    off = shares(benchmark, "organoid", 8.0, "off")
    main, prescans = shares(benchmark, "organoid", 8.0, "auto, two targets")
    assert main >= 0.99
    assert prescans >= 0.95 > off[1]


def test_what_is_too_fast_to_be_followed_otherwise(benchmark):
    off = shares(benchmark, "primordium", 5.0, "off")
    main, prescans = shares(benchmark, "primordium", 5.0, "auto, two targets")
    assert main >= 0.95 > off[0]
    assert prescans >= 0.85 > off[1]
    main, prescans = shares(benchmark, "primordium", 5.0, "auto, two targets, intervals")
    assert main >= 0.95
    assert prescans >= 0.95


def test_every_second_frame_black_does_not_lose_it(benchmark):
    way = "auto, two targets"
    main, _ = shares(benchmark, "dividing_cells", 6.0, way, "every 2nd black")
    assert main >= 0.95


def test_few_wrong_answers_are_followed_and_none_loses_the_sample(numbers):
    followed, seen = numbers.wrong_answers("auto", 0.05, 16)
    assert followed <= 0.03
    assert seen >= 0.99
    assert numbers.wrong_answers("off", 0.05, 4)[0] > 0.9


def test_off_answers_as_the_pipeline_alone_does(benchmark, tmp_path):
    kind = SCENES["dividing_cells"]
    analyse = partial(scene_pipeline("dividing_cells"), **kind.pipeline_options)

    def answer(path):
        try:
            return CoordsLine(*analyse(path)[:4])
        except TargetNotFoundError:
            return benchmark.FAILED

    sample = make_sample("dividing_cells", "hard", seed=1, speed=4.0)
    settings = MicroscopeSettings(kind.prescan, kind.main_scan, 36, file_format="imagej_tiff")
    plainly = Microscope([Site(sample)], tmp_path, InProcessHandOff(answer), settings).run()
    tracked, _ = benchmark.follow("dividing_cells", benchmark.WAYS["off"], sample, 36)
    by_field = {"prescan_path": Path("prescan"), "in_view": True, "prescan_in_view": True}
    by_field["untracked_in_view"] = True  # black scans count otherwise in the benchmark
    assert [replace(visit, **by_field) for visit in tracked] == [
        replace(visit, **by_field) for visit in plainly
    ]
