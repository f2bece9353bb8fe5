"""How far a model may be believed about an image: as far as it has learnt from such images."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.images.evidence import evidence_of

__all__ = ["believed", "looks_of"]

_UNLIKE = "WARN:UNLIKE-TRAINING"
_DARK, _BRIGHT = 50.0, 99.8
_MOST_UNLIKE = {"contrast": 3.0, "grain": 2.0}  # times what the model has seen


def believed(
    msg: str, score: float, image: npt.NDArray[Any], known: Mapping[str, Sequence[float]]
) -> tuple[str, float]:
    """Return what to say of something that a model has found, and how sure that is.

    Parameters
    ----------
    msg : str
        Message of the pipeline.
    score : float
        What the model gives for it, from 0 to 1.
    image : ndarray of shape (Z, Y, X) or (Y, X)
        Grey values.
    known : mapping of str to sequence of float
        Least and greatest of the `looks_of` the images that the model has learnt from.

    Returns
    -------
    message : str
        The pipeline's; with ``WARN:UNLIKE-TRAINING`` if contrast or grain are far from theirs, in
        place of ``OK`` or behind another warning.
    confidence : float
        The score, or less if there is little in the image at all.
    """
    if _is_unlike(known, image):
        msg = _UNLIKE if msg == "OK" else f"{msg} {_UNLIKE}"
    return msg, min(evidence_of(image), score)


def looks_of(image: npt.NDArray[Any]) -> dict[str, float]:
    """Return a few figures that tell whether images were taken alike.

    Parameters
    ----------
    image : ndarray of shape (Z, Y, X) or (Y, X)
        Grey values.

    Returns
    -------
    dict
        ``contrast``: how far the brightest parts stand out, in standard deviations of what is
        darker than the median; ``grain``: how unlike neighbouring pixels are, relative to all.
    """
    sparse = image[..., ::2, ::2].astype(np.float32)
    dark, bright = np.percentile(sparse, (_DARK, _BRIGHT))
    noise = float(np.sqrt(np.mean((sparse[sparse <= dark] - dark) ** 2))) or 1.0
    row = image[..., ::2, :].astype(np.float32)
    grain = float(np.abs(np.diff(row, axis=-1)).mean()) / (float(row.std()) or 1.0)
    return {"contrast": float(bright - dark) / noise, "grain": grain}


def _is_unlike(known: Mapping[str, Sequence[float]], image: npt.NDArray[Any]) -> bool:
    """Return whether an image was taken unlike those; what is not known is not compared."""
    if not known:
        return False
    looks = looks_of(image)
    return any(
        not known[name][0] / most <= looks[name] <= known[name][1] * most
        for name, most in _MOST_UNLIKE.items()
        if name in known
    )
