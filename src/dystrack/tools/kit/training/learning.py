"""From painted prescans to a random forest; the one door to scikit-learn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.errors import ConfigurationError
from dystrack.pipelines.utilities.models.forest import Forest
from dystrack.pipelines.utilities.models.pixel_features import (
    FEATURE_NAMES,
    features_at,
    normalised,
)
from dystrack.pipelines.utilities.models.trust import looks_of

__all__ = ["BACKGROUND", "SAMPLE", "PaintedPrescan", "learn"]

SAMPLE, BACKGROUND = 1, 2
"""What is painted."""

_STEP_PX = 2
_N_TREES = 20
_DEPTH = 10
_LEAST_IN_LEAF = 5
_MOST_ROWS = 60_000
_LEAST_ROWS = 20


@dataclass(frozen=True, eq=False)
class PaintedPrescan:
    """A prescan, and what a person has painted on it.

    Attributes
    ----------
    pixels : ndarray of shape (Z, Y, X) or (Y, X)
        Grey values.
    paint : ndarray of uint8, the same shape
        `SAMPLE`, `BACKGROUND`, or 0.
    """

    pixels: npt.NDArray[Any]
    paint: npt.NDArray[np.uint8]


def learn(painted: Sequence[PaintedPrescan]) -> Forest:
    """Train a random forest; the same strokes give the same one.

    Parameters
    ----------
    painted : sequence of PaintedPrescan
        At least one of them has strokes of both kinds, or two of them one each.

    Returns
    -------
    Forest
        The model.

    Raises
    ------
    ConfigurationError
        If scikit-learn is not installed, or there are too few strokes.
    """
    rows, labels = _rows_of(painted)
    for kind, name in ((SAMPLE, "sample"), (BACKGROUND, "background")):
        n = int((labels == kind).sum())
        if n < _LEAST_ROWS:
            msg = f"There are {n} painted pixels of {name}; paint at least {_LEAST_ROWS}."
            raise ConfigurationError(msg)
    try:
        from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        msg = 'Training needs scikit-learn: pip install "dystrack[learn]"'
        raise ConfigurationError(msg) from error
    model: Any = RandomForestClassifier(
        n_estimators=_N_TREES,
        max_depth=_DEPTH,
        min_samples_leaf=_LEAST_IN_LEAF,
        class_weight="balanced",
        random_state=0,
    )
    model.fit(rows, labels == SAMPLE)
    looks = [looks_of(one.pixels) for one in painted if one.paint.any()]
    about = {
        "features": list(FEATURE_NAMES),
        "n_features": len(FEATURE_NAMES),
        "n_pixels": len(rows),
        "looks": {key: _range(one[key] for one in looks) for key in looks[0]},
    }
    return _plain([tree.tree_ for tree in model.estimators_], about)


def _rows_of(
    painted: Sequence[PaintedPrescan],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return the features of the painted pixels, and what they are."""
    all_rows, all_labels = [np.empty((0, len(FEATURE_NAMES)), np.float32)], [np.empty(0, np.uint8)]
    for one in painted:
        paint = one.paint[..., ::_STEP_PX, ::_STEP_PX]
        if paint.any():
            rows = features_at(normalised(one.pixels), _STEP_PX)
            flat = paint.reshape(-1)
            all_rows.append(rows[flat > 0])
            all_labels.append(flat[flat > 0])
    rows, labels = np.concatenate(all_rows), np.concatenate(all_labels)
    if len(rows) > _MOST_ROWS:
        kept = np.random.default_rng(0).choice(len(rows), _MOST_ROWS, replace=False)
        rows, labels = rows[kept], labels[kept]
    return rows, labels


def _range(values: Any) -> list[float]:
    known = list(values)
    return [float(min(known)), float(max(known))]


def _plain(trees: Sequence[Any], about: Mapping[str, Any]) -> Forest:
    """Return trees one after the other in plain arrays."""
    starts = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
    children, value = [], []
    for start, tree in zip(starts, trees, strict=True):
        both = np.stack([tree.children_left, tree.children_right], axis=1)
        children.append(np.where(both < 0, -1, both + start))
        shares = tree.value[:, 0, :]
        value.append(shares[:, 1] / shares.sum(axis=1))
    feature = np.concatenate([np.where(t.children_left < 0, -1, t.feature) for t in trees])
    return Forest(
        feature=feature.astype(np.int32),
        threshold=np.concatenate([tree.threshold for tree in trees]).astype(np.float32),
        children=np.ascontiguousarray(np.concatenate(children), np.int32),
        value=np.concatenate(value).astype(np.float32),
        roots=starts.astype(np.int32),
        about=dict(about),
    )
