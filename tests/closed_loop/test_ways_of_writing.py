"""All ways of writing, in all formats, at two positions: no answer comes from a partial image."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from closed_loop.joined import join
from dystrack.core.coordinates import VoxelSize
from dystrack.images import write_lock
from dystrack.manager.events import AnalysisFailed
from dystrack.pipelines.center_of_mass import analyze_image
from dystrack.scopes.geometry import PositionUm, ScanSettings, View
from dystrack.scopes.samples.bodies import Organoid
from dystrack.scopes.samples.imaging import Imaging
from dystrack.scopes.samples.motion import Motion
from dystrack.scopes.samples.sample import Sample
from dystrack.scopes.simulated.simulator import MicroscopeSettings, Site
from dystrack.scopes.writing.behaviours import BEHAVIOURS
from dystrack.scopes.writing.writers import WRITERS, encode
from genuine_files import read_image

SCAN = ScanSettings((12, 40, 44), VoxelSize(3.5, 2.5, 2.5), duration_s=1.0)
INTERVAL_S = 300.0
MOST_ERROR_UM = 1.5
STALL_S = 3.0
OPTIONS = {
    "gauss_sigma": 1,
    "await_write": 0,
}  # the manager has waited; its clock is not the system's


def a_sample(direction):
    """Return a sample that moves 4 µm a time point, up or down and along one diagonal."""
    velocity = PositionUm(0.001 * direction, -0.008 * direction, 0.01 * direction)
    motion = Motion(PositionUm(0.0, 0.0, 5000.0 * direction), velocity)
    return Sample(Organoid(), motion, imaging=Imaging(black_level=-0.05))


@pytest.fixture(params=["the system says who writes", "nobody can say who writes"])
def session(request, tmp_path, monkeypatch):
    """Return settings of the session with which a prescan can be told to be complete."""
    if request.param.startswith("nobody"):
        monkeypatch.setattr(write_lock, "_probe_of_system", lambda: write_lock._cannot_know)
        return {"quiet_s": STALL_S + 1.0}
    probe = tmp_path / "probe"
    probe.touch()
    if write_lock.is_being_written(probe) is None:
        pytest.skip("this file system does not say who writes")
    return {}


EVERY_WAY = [
    pytest.param(file_format, behaviour, id=f"{file_format}-{behaviour}")
    for file_format, behaviour in product(WRITERS, BEHAVIOURS)
]


@pytest.mark.parametrize("n_time_points", [2, pytest.param(15, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("file_format", "behaviour"), EVERY_WAY)
def test_every_prescan_is_answered_from_the_whole_image(
    tmp_path, session, file_format, behaviour, n_time_points
):
    check(tmp_path / "prescans", file_format, behaviour, n_time_points, session)


@pytest.mark.slow
@pytest.mark.parametrize(("file_format", "behaviour"), EVERY_WAY)
def test_in_real_time_too(tmp_path, file_format, behaviour):
    session = {"in_real_time": True, "quiet_s": STALL_S + 1.0}
    check(tmp_path / "prescans", file_format, behaviour, 2, session)


def check(folder, file_format, behaviour, n_time_points, session):
    """Track two samples, and check that each answer comes from a complete image."""
    folder.mkdir()
    settings = MicroscopeSettings(
        SCAN,
        n_time_points=n_time_points,
        interval_s=INTERVAL_S,
        file_format=file_format,
        write_behaviour=BEHAVIOURS[behaviour],
    )
    analysed = {}

    def pipeline(target_path, **options):
        analysed[Path(target_path).name] = read_image(Path(target_path))
        return analyze_image(target_path, **options)

    sites = [Site(a_sample(1)), Site(a_sample(-1))]
    joined = join(folder, sites, settings, pipeline, img_kwargs=OPTIONS, **session)
    visits = joined.visits
    assert len(visits) == joined.stats["img_success_counter"] == 2 * n_time_points
    assert joined.told.of(AnalysisFailed) == []
    for visit in visits:
        whole = read_image(visit.prescan_path)
        np.testing.assert_array_equal(analysed[visit.prescan_path.name], whole)
    assert all(visit.moved and visit.message == "OK" for visit in visits)
    assert max(visit.distance_um for visit in visits) < MOST_ERROR_UM


@pytest.mark.filterwarnings("ignore:z was limited")
def test_half_an_image_would_give_a_greater_error(tmp_path):
    sample = a_sample(1)
    image = sample.render(0.0, View(sample.target_um(0.0, SCAN.field), SCAN))
    image[len(image) // 2 :] = 0
    path = tmp_path / "partial.ome.tif"
    path.write_bytes(encode("ome_tiff", image, SCAN.voxel_size))
    z, *_ = analyze_image(path, **OPTIONS)
    assert abs(z - (len(image) - 1) / 2) * SCAN.voxel_size.z_um > MOST_ERROR_UM
