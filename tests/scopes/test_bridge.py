"""What bridges have in common."""

import numpy as np
import pytest

from emulators.labs import LABS
from emulators.world import World


@pytest.mark.parametrize("vendor", ["las_x", "nis"])
def test_dark_files_of_a_scan_that_has_ended_rest_once_and_together(vendor, tmp_path, monkeypatch):
    dark = np.zeros((9, 300, 400), np.uint16)  # planes of at least 8 KiB, where zeros are seen
    monkeypatch.setattr(World, "scan", lambda *_: dark)
    lab = LABS[vendor](tmp_path)
    try:
        scope = lab.open()
        spent_s = []
        sleep = lab.clock.sleep
        monkeypatch.setattr(lab.clock, "sleep", lambda s: (spent_s.append(s), sleep(s)))
        scope.prescan(tmp_path / "prescan_1_pos_1")
    finally:
        lab.close()
    assert 0.5 <= sum(spent_s) < 1.5
