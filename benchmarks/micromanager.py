"""What an event costs in Micro-Manager beyond its exposure, and what a prescan does.

python benchmarks/micromanager.py
"""

import time
from pathlib import Path
from statistics import median

from dystrack.scopes.micromanager.bridge import MicroManagerScope
from dystrack.scopes.micromanager.opening import loaded_core
from dystrack.scopes.micromanager.recipe import Recipe, parse_channels

N_SCANS = 20
EXPOSURE_MS = 1.0


def main() -> None:
    """Print the median time of an event for each kind of scan."""
    print(f"{'scan':32}{'events':>8}{'ms a scan':>12}{'ms an event':>13}")
    for sequenced in ("No", "Yes"):
        for text in ("", "DAPI, FITC"):
            recipe = Recipe(21, 2.0, EXPOSURE_MS, parse_channels(text))
            with loaded_core("MMConfig_demo.cfg") as core:
                core.setProperty("Z", "UseSequences", sequenced)
                scope = MicroManagerScope(core, recipe)
                scope.prescan(Path("warm_up"))
                took_s = []
                for _ in range(N_SCANS):
                    began_s = time.perf_counter()
                    scope.prescan(Path("prescan"))
                    took_s.append(time.perf_counter() - began_s)
            n_events = recipe.planes * recipe.n_channels
            beyond_ms = median(took_s) * 1000 - n_events * EXPOSURE_MS
            pace = "triggered" if sequenced == "Yes" else "one by one"
            name = f"{recipe.n_channels} x 21 planes, {pace}"
            print(f"{name:32}{n_events:8}{median(took_s) * 1000:12.1f}{beyond_ms / n_events:13.2f}")


if __name__ == "__main__":
    main()
