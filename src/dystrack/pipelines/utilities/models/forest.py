"""A random forest as plain arrays: read from a file that can run no code, and applied fast."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.errors import ConfigurationError
from dystrack.core.threads import n_threads_for, run_in_threads
from dystrack.pipelines.utilities.kernels.compiled import compiled_kernels

__all__ = ["Forest", "load_forest", "save_forest"]

Rows = npt.NDArray[np.float32]

_ABOUT = "about"


@dataclass(frozen=True, eq=False)
class Forest:
    """A random forest for two classes.

    Attributes
    ----------
    feature : ndarray of int32, shape (N,)
        Which feature each node asks for; -1 for a leaf.
    threshold : ndarray of float32, shape (N,)
        Above it, the second child is next.
    children : ndarray of int32, shape (N, 2)
        The nodes that come next.
    value : ndarray of float32, shape (N,)
        Share of the sample at a leaf, from 0 to 1.
    roots : ndarray of int32, shape (T,)
        First node of each tree.
    about : mapping
        What else is known of it, as plain values.
    """

    feature: npt.NDArray[np.int32]
    threshold: Rows
    children: npt.NDArray[np.int32]
    value: Rows
    roots: npt.NDArray[np.int32]
    about: Mapping[str, Any] = field(default_factory=dict)

    def vote(self, rows: Rows) -> Rows:
        """Return the probability of being sample, for each row of features.

        Parameters
        ----------
        rows : ndarray of float32, shape (N, F)
            Features.

        Returns
        -------
        ndarray of float32, shape (N,)
            From 0 to 1.
        """
        kernels = compiled_kernels("forests")
        if kernels is None:
            return self._vote_by_level(rows)
        votes = np.empty(len(rows), np.float32)
        trees = (self.feature, self.threshold, self.children, self.value, self.roots)
        run_in_threads(
            lambda first, last: kernels.vote(rows, *trees, votes, first, last),
            len(rows),
            n_threads_for(rows.size),
        )
        return votes

    def _vote_by_level(self, rows: Rows) -> Rows:
        """Go down all rows of a tree at once."""
        total, places = np.zeros(len(rows), np.float32), np.arange(len(rows))
        for root in self.roots:
            nodes = np.full(len(rows), root)
            while (asking := self.feature[nodes] >= 0).any():
                here, at = places[asking], nodes[asking]
                is_above = rows[here, self.feature[at]] > self.threshold[at]
                nodes[asking] = self.children[at, is_above.astype(int)]
            total += self.value[nodes]
        return total / np.float32(len(self.roots))


def save_forest(path: Path, forest: Forest) -> None:
    """Write a forest to an ``.npz`` file, complete or not at all."""
    arrays = {name: getattr(forest, name) for name in _arrays()}
    arrays[_ABOUT] = np.array(json.dumps(dict(forest.about)))
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
    part.replace(path)


def load_forest(path: Path) -> Forest:
    """Read a forest; nothing in the file is run.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Forest
        The forest.

    Raises
    ------
    ConfigurationError
        If there is no such file, or it holds something else.
    """
    if not path.is_file():
        msg = f"There is no model {path}. Make one with: dystrack train FOLDER"
        raise ConfigurationError(msg)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.ascontiguousarray(file[name]) for name in _arrays()}
            about = json.loads(str(file[_ABOUT]))
        forest = Forest(**arrays, about=about)
        _check(forest)
    except (KeyError, ValueError, OSError, TypeError) as error:
        msg = f"{path} is no model of dystrack train: {error}."
        raise ConfigurationError(msg) from error
    return forest


def _arrays() -> list[str]:
    return [item.name for item in fields(Forest) if item.name != _ABOUT]


def _check(forest: Forest) -> None:
    """Refuse trees that would lead out of the arrays or round in circles."""
    n = len(forest.feature)
    kinds = [np.int32, np.float32, np.int32, np.float32, np.int32]
    shapes = [(n,), (n,), (n, 2), (n,), (len(forest.roots),)]
    for name, kind, shape in zip(_arrays(), kinds, shapes, strict=True):
        array = getattr(forest, name)
        if array.dtype != kind or array.shape != shape:
            msg = f"{name} is {array.dtype} of shape {array.shape}"
            raise ValueError(msg)
    inner = np.flatnonzero(forest.feature >= 0)
    later = forest.children[inner]
    is_sound = bool(len(forest.roots)) and bool((forest.roots >= 0).all())
    is_sound = is_sound and bool((forest.roots < n).all())
    is_sound = is_sound and bool((later > inner[:, None]).all()) and bool((later < n).all())
    if not is_sound or forest.feature.max(initial=-1) >= int(forest.about["n_features"]):
        msg = "its trees lead nowhere"
        raise ValueError(msg)
