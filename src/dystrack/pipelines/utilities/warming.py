"""Everything that a pipeline would otherwise import or compile at the first prescan."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dystrack.images.readers import warm_up_readers

__all__ = ["rehearse"]

_SHAPE = (8, 32, 64)
_BODY_CENTRE = (3.5, 16.0, 24.0)
_BODY_WIDTH = (1.5, 4.0, 8.0)


def rehearse(analyze_image: Callable[..., Any], **img_kwargs: Any) -> None:
    """Run a pipeline once on a small made-up prescan in a temporary folder.

    Parameters
    ----------
    analyze_image : callable
        Pipeline.
    **img_kwargs : Any
        Keyword arguments for it.
    """
    import tifffile  # noqa: PLC0415 - heavy, and needed here alone

    warm_up_readers()
    squares = [
        ((i - centre) / width) ** 2
        for i, centre, width in zip(np.indices(_SHAPE), _BODY_CENTRE, _BODY_WIDTH, strict=True)
    ]
    body = (250 * np.exp(-0.5 * sum(squares))).astype(np.uint8)
    with tempfile.TemporaryDirectory(prefix="dystrack_") as folder:
        path = Path(folder) / "warm_up.tif"
        tifffile.imwrite(path, body)
        analyze_image(str(path), await_write=0, warn_8bit=False, **img_kwargs)
