import subprocess
import sys

MODULES = (
    "simulated.simulator",
    "samples.scenes",
    "writing.writers",
    "writing.behaviours",
    "simulated.visits",
)
HEAVY = {"tifffile", "nd2", "pylibCZIrw", "scipy", "skimage", "matplotlib"}


def test_importing_the_microscope_loads_nothing_heavy():
    names = ", ".join(f"dystrack.scopes.{name}" for name in MODULES)
    look = f"import sys, {names}; print(*sys.modules)"
    command = [sys.executable, "-W", "error", "-c", look]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "dystrack.scopes.simulated.simulator" in found
    assert HEAVY.isdisjoint(found)
