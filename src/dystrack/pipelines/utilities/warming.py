"""Everything that a pipeline would otherwise import, compile or refuse at the first prescan."""

import contextlib
import inspect
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dystrack.core.errors import AnalysisError, ConfigurationError, ImageError
from dystrack.images.readers import warm_up_readers

__all__ = ["check_readable", "rehearse"]

_SHAPE = (8, 32, 64)
_BODY_CENTRE = (3.5, 16.0, 24.0)
_BODY_WIDTH = (1.5, 4.0, 8.0)
_UNSEEN = {"await_write": 0, "warn_8bit": False, "show": False, "verbose": False}


def rehearse(analyze_image: Callable[..., Any], **img_kwargs: Any) -> None:
    """Run a pipeline once on a small made-up prescan in a temporary folder.

    Parameters
    ----------
    analyze_image : callable
        Pipeline.
    **img_kwargs : Any
        Keyword arguments for it. It shows and prints nothing, whatever they say, and its prescan
        has the channel that they ask for.

    Raises
    ------
    ConfigurationError
        If the pipeline refuses them. That it finds no target here is nothing to be said.
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
        has_channels = img_kwargs.get("channel") is not None
        tifffile.imwrite(path, np.stack([body, body]) if has_channels else body)
        with contextlib.suppress(AnalysisError, ImageError):
            analyze_image(str(path), **(img_kwargs | _as_made_up(analyze_image, has_channels)))


def check_readable(option: str, read: Callable[[], object]) -> None:
    """Refuse an option that names an image which cannot be read.

    Parameters
    ----------
    option : str
        Its name.
    read : callable
        Reads the image.

    Raises
    ------
    ConfigurationError
        If that fails.
    """
    try:
        read()
    except (OSError, ImageError) as error:
        msg = f"`{option}` names no image that can be used. {error}"
        raise ConfigurationError(msg) from None


def _as_made_up(analyze_image: Callable[..., Any], has_channels: bool) -> dict[str, Any]:
    """Return the keyword arguments that a made-up prescan needs, as far as a pipeline has them."""
    wanted = _UNSEEN | ({"channel": 0} if has_channels else {})
    parameters = inspect.signature(analyze_image).parameters
    return {name: value for name, value in wanted.items() if name in parameters}
