"""Tries settings, and says which are best for samples that were not used to choose them."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.tools.kit.evaluation.evaluate import Evaluation

__all__ = ["Trial", "Tuning", "score_of", "tried"]

LARGEST_GRID = 60
"""More combinations than that are not all tried."""

_WRONG_COSTS = 3.0  # times what a right answer is worth: no answer is better than a wrong one
_MOST_FOLDS = 8


@dataclass(frozen=True)
class Trial:
    """One combination of settings.

    Attributes
    ----------
    options : mapping
        The settings.
    scores : mapping of str to float
        Score by sample: the share of right answers, minus three times that of answers that were
        wrong but OK.
    right_share : float
        Share of right answers.
    """

    options: Mapping[str, Any]
    scores: Mapping[str, float]
    right_share: float

    def score_on(self, samples: Sequence[str]) -> float:
        """Return the mean score over some samples."""
        return mean(self.scores[name] for name in samples if name in self.scores)


@dataclass(frozen=True)
class Tuning:
    """What came of all trials.

    Attributes
    ----------
    trials : tuple of Trial
        In the order in which they were made.
    """

    trials: tuple[Trial, ...]

    @property
    def samples(self) -> list[str]:
        """Return the names of the samples."""
        return sorted({name for trial in self.trials for name in trial.scores})

    @property
    def best(self) -> Trial:
        """Return the best trial over all samples; of equals, the first."""
        return max(self.trials, key=lambda trial: trial.score_on(self.samples))

    @property
    def score_elsewhere(self) -> float | None:
        """Return the score on samples that had no part in the choice; None for a single sample.

        A few samples at a time are left out, the best settings for the others are chosen, and their
        score on those left out is taken.
        """
        samples = self.samples
        if len(samples) < 2:  # noqa: PLR2004 - none would be left
            return None
        n_folds = min(_MOST_FOLDS, len(samples))
        folds = [samples[i::n_folds] for i in range(n_folds)]
        scores = []
        for left_out in folds:
            others = [name for name in samples if name not in left_out]
            chosen = max(self.trials, key=lambda trial, o=others: trial.score_on(o))  # type: ignore[misc]
            scores += [chosen.scores[name] for name in left_out if name in chosen.scores]
        return mean(scores)


def score_of(evaluation: Evaluation) -> Trial:
    """Return the scores of one evaluation."""
    outcomes: dict[str, list[str]] = {}
    for row in evaluation.rows:
        outcomes.setdefault(row["sample"], []).append(row["outcome"])
    if not outcomes:
        msg = "No prescan was answered with these settings, so that nothing can be compared."
        raise ConfigurationError(msg)
    every = [outcome for own in outcomes.values() for outcome in own]
    return Trial(
        evaluation.plan.options,
        {name: _score(own) for name, own in outcomes.items()},
        every.count("right") / len(every),
    )


def _score(outcomes: Sequence[str]) -> float:
    worth = outcomes.count("right") - _WRONG_COSTS * outcomes.count("wrong")
    return worth / len(outcomes)


def tried(
    values: Mapping[str, Sequence[Any]],
    attempt: Callable[[dict[str, Any]], Trial],
    n_trials: int,
) -> Iterator[Trial]:
    """Try combinations of values: all of them, or of many those that look promising.

    Parameters
    ----------
    values : mapping of str to sequence
        What may be chosen for each setting.
    attempt : callable
        Tries a combination.
    n_trials : int
        How many are tried, if there are more than `LARGEST_GRID`.

    Yields
    ------
    Trial
        One after the other.

    Raises
    ------
    ConfigurationError
        If there are that many, and optuna is not installed.
    """
    grid = [dict(zip(values, row, strict=True)) for row in itertools.product(*values.values())]
    if len(grid) <= LARGEST_GRID:
        yield from map(attempt, grid)
        return
    try:
        import optuna  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = (
            f"There are {len(grid)} combinations. Give fewer values, or type: "
            'pip install "dystrack[tune]"'
        )
        raise ConfigurationError(msg) from error
    library: Any = optuna
    library.logging.set_verbosity(library.logging.WARNING)
    sampler = library.samplers.TPESampler(seed=0)
    study = library.create_study(direction="maximize", sampler=sampler)
    seen: dict[tuple[int, ...], Trial] = {}
    for _ in range(n_trials):
        asked = study.ask()
        places = {
            name: asked.suggest_categorical(name, range(len(known)))
            for name, known in values.items()
        }
        key = tuple(places.values())
        if key not in seen:
            seen[key] = attempt({name: values[name][i] for name, i in places.items()})
            yield seen[key]
        study.tell(asked, mean(seen[key].scores.values()))
