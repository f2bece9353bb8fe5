import json

import numpy as np
import pytest
import zarr

from dystrack.core.coordinates import VoxelSize
from dystrack.core.errors import ScopeError
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.micromanager.series import MainSeries

SIZE = VoxelSize(2.0, 0.5, 0.5)


def add(series, path, value=1, time_s=100.0):
    stack = np.full((2, 3, 16, 16), value, np.uint16)
    return series.append(
        path, stack, SIZE, channels=["DAPI", "FITC"], time_s=time_s, stage_um=PositionUm(10, 20, 30)
    )


def test_a_series_has_its_times_stage_positions_channels_and_scale(tmp_path):
    series = MainSeries(90.0)
    for number in range(3):
        add(series, tmp_path / "main_pos_1.ome.zarr", number, 100.0 + 60 * number)
    series.close()
    array = zarr.open(tmp_path / "main_pos_1.ome.zarr" / "0")
    assert array.shape == (3, 2, 3, 16, 16)
    assert [int(array[t, 1, 2, 0, 0]) for t in range(3)] == [0, 1, 2]
    said = json.loads((tmp_path / "main_pos_1.ome.zarr" / "zarr.json").read_text("utf-8"))[
        "attributes"
    ]
    scale = said["ome"]["multiscales"][0]["datasets"][0]["coordinateTransformations"][0]["scale"]
    assert scale == [1, 1, 2.0, 0.5, 0.5]
    assert [c["label"] for c in said["ome"]["omero"]["channels"]] == ["DAPI", "FITC"]
    frames = said["ome_writers"]["frame_metadata"]
    assert [frames[i]["delta_t"] for i in (0, 6, 12)] == [10, 70, 130]
    assert [(f["position_x"], f["position_y"], f["position_z"]) for f in frames[:3]] == [
        (30, 20, 8),
        (30, 20, 10),
        (30, 20, 12),
    ]


def test_positions_are_series_of_their_own_and_an_earlier_run_is_kept(tmp_path):
    for _ in range(2):
        series = MainSeries(0.0)
        for position in (1, 2):
            add(series, tmp_path / f"main_pos_{position}.ome.zarr")
        series.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "main_pos_1.ome.zarr",
        "main_pos_1_run_2.ome.zarr",
        "main_pos_2.ome.zarr",
        "main_pos_2_run_2.ome.zarr",
    ]


def test_what_cannot_be_written_is_one_error(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(ScopeError, match=r"could not be added.*Is the disk full"):
        add(MainSeries(0.0), tmp_path / "file" / "main_pos_1.ome.zarr")
