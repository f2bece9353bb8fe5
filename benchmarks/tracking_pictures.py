"""Draw the main scans of a fast sample, followed by the pipeline alone and with the tracker.

::

    python benchmarks/tracking_pictures.py docs/pictures/tracking.png
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from tracking import WAYS, follow

from dystrack.scopes.samples.scenes import make_sample

SCENE, SPEED, SEED = "primordium", 5.0, 0
SHOWN = range(9, 15)
ROWS = {"track off": "off", "track auto, two targets": "auto, two targets"}
GAP_PX, TITLE_PX = 4, 16


def strip(way: str) -> np.ndarray:
    """Return the main scans of some time points side by side."""
    sample = make_sample(SCENE, "hard", seed=SEED, speed=SPEED, noise_seed=SEED + 1000)
    visits, _ = follow(SCENE, WAYS[way], sample, SHOWN.stop, keeps_pictures=True)
    pictures = [visits[index].image for index in SHOWN]
    return np.hstack([np.pad(picture, ((0, 0), (0, GAP_PX))) for picture in pictures])


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", type=Path)
    path = parser.parse_args().path
    warnings.simplefilter("ignore")
    strips = {title: strip(way) for title, way in ROWS.items()}
    height, width = next(iter(strips.values())).shape
    page = Image.new("L", (width, len(strips) * (height + TITLE_PX)))
    draw = ImageDraw.Draw(page)
    for index, (title, pictures) in enumerate(strips.items()):
        top = index * (height + TITLE_PX)
        draw.text((2, top + 2), title, fill=255)
        page.paste(Image.fromarray(pictures), (0, top + TITLE_PX))
    path.parent.mkdir(parents=True, exist_ok=True)
    page.quantize(32).save(path, optimize=True)


if __name__ == "__main__":
    main()
