"""Whether the prescans show anything new at all, once the stage was sent elsewhere.

No two images of a living sample, with the noise of a detector, put it at the same fraction of a
pixel. Where a pipeline does, again and again, the stage stands still over something without noise,
or one and the same image is saved under new names.

That is all that corrections can tell: with noise, a stage that stands still over a resting sample
looks like one that follows a sample which moves steadily.
"""

import math
from collections.abc import Sequence

import numpy as np

from dystrack.core.limits import Offset

__all__ = ["LOOKS_KEPT", "NOT_SEEN", "does_not_follow"]

LOOKS_KEPT = 3
NOT_SEEN: Offset = (math.nan, math.nan, math.nan)
"""Stands for a look without a plain answer."""

_SAME_PX, _LEAST_STEP_PX = 1e-6, 1.0


def does_not_follow(seen_px: Sequence[Offset], sent_px: Sequence[Offset]) -> bool:
    """Return whether three looks are the same to the last digit although the stage was sent on.

    Parameters
    ----------
    seen_px : sequence of tuple of float
        Where the sample was seen, from the middle of the image along z, y, x in pixels, at each of
        the last looks.
    sent_px : sequence of tuple of float
        Where the stage was sent after each of them, and perhaps before.

    Returns
    -------
    bool
        True if so. Places without fractions do not count: they are steps of default length, or
        those of a pipeline that answers in whole pixels.
    """
    seen = np.array(list(seen_px)[-LOOKS_KEPT:], float).reshape(-1, 3)
    sent = np.array(list(sent_px)[-LOOKS_KEPT:], float).reshape(-1, 3)
    if len(seen) < LOOKS_KEPT or len(sent) < LOOKS_KEPT or not np.isfinite(seen).all():
        return False
    is_same = np.ptp(seen, axis=0).max() < _SAME_PX
    was_sent = np.abs(sent[:-1]).max(axis=1) >= _LEAST_STEP_PX
    has_fractions = np.any(np.mod(2 * seen[:, 1:], 1) != 0)
    return bool(is_same and was_sent.all() and has_fractions)
