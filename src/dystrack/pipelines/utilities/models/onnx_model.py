"""A trained model in the ONNX format; the one door to onnxruntime."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.errors import ConfigurationError
from dystrack.pipelines.utilities.remembering import remembering

__all__ = ["OnnxModel", "load_onnx"]

_RANKS = {4: "N, C, Y, X", 5: "N, C, Z, Y, X"}
_LOOKS = "dystrack_looks"


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """A model that takes planes (N, C, Y, X) or stacks (N, C, Z, Y, X).

    Attributes
    ----------
    session : object
        What runs it.
    sizes : tuple of int or None
        Size along each axis after N and C; None where it may be any.
    n_channels : int
        Number of input channels; the prescan's is repeated.
    looks : dict
        What the images looked like from which it learnt, if its file tells.
    """

    session: Any
    sizes: tuple[int | None, ...]
    n_channels: int
    looks: dict[str, list[float]]

    @property
    def is_3d(self) -> bool:
        """Whether it takes stacks; otherwise each plane is given by itself."""
        return len(self.sizes) == 3  # noqa: PLR2004 - Z, Y, X

    def run(self, pixels: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        """Return its first output for an array of shape (Y, X) or (Z, Y, X), without N."""
        batch = np.broadcast_to(pixels, (1, self.n_channels, *pixels.shape))
        name = self.session.get_inputs()[0].name
        outputs = self.session.run(None, {name: np.ascontiguousarray(batch)})
        first: npt.NDArray[Any] = outputs[0][0]
        return first


@remembering(2)
def load_onnx(path: str) -> OnnxModel:
    """Load a model.

    Parameters
    ----------
    path : str
        Its file, ``.onnx``.

    Returns
    -------
    OnnxModel
        The model.

    Raises
    ------
    ConfigurationError
        If onnxruntime is not installed, or the file is no model that takes images.
    """
    if not Path(path).is_file():
        msg = f"`model` is {path!r}, which is no file. Give the path of an .onnx file."
        raise ConfigurationError(msg)
    try:
        import onnxruntime  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        msg = 'A segmentation model needs onnxruntime: pip install "dystrack[onnx]"'
        raise ConfigurationError(msg) from error
    runtime: Any = onnxruntime
    try:
        session = runtime.InferenceSession(path, providers=runtime.get_available_providers())
    except Exception as error:  # its errors have no common type
        msg = f"{path} cannot be loaded: {str(error)[:300]}. Export the model to ONNX once more."
        raise ConfigurationError(msg) from error
    first = session.get_inputs()[0]
    if len(first.shape) not in _RANKS or "float" not in first.type:
        msg = (
            f"{path} takes {first.type} of shape {first.shape}. A model must take real numbers of "
            f"shape ({') or ('.join(_RANKS.values())})."
        )
        raise ConfigurationError(msg)
    _, channels, *sizes = (size if isinstance(size, int) else None for size in first.shape)
    looks = session.get_modelmeta().custom_metadata_map.get(_LOOKS, "{}")
    return OnnxModel(session, tuple(sizes), channels or 1, json.loads(looks) | _beside(path))


def _beside(path: str) -> dict[str, Any]:
    """Return the looks in a JSON file of the same name, where the model itself does not tell."""
    file = Path(path).with_suffix(".looks.json")
    looks: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return looks
