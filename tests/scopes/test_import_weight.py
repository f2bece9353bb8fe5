import subprocess
import sys

MODULES = "simulator, scenes, writers, write_behaviours, visits"
HEAVY = {"tifffile", "nd2", "pylibCZIrw", "scipy", "skimage", "matplotlib"}


def test_importing_the_microscope_loads_nothing_heavy():
    look = f"from dystrack.scopes import {MODULES}; import sys; print(*sys.modules)"
    command = [sys.executable, "-W", "error", "-c", look]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "dystrack.scopes.simulator" in found
    assert HEAVY.isdisjoint(found)
