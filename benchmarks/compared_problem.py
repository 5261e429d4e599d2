"""A problem for the comparison of weightings, and the scores of a weighting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from keras_mtl.model import MultiTaskModel
from keras_mtl.training import MemberSettings, TrainingSettings, fit_members

__all__ = ["ComparedProblem", "Scores", "score_weighting"]

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class ComparedProblem:
    """Rows, an architecture, and a score of the outputs.

    Attributes:
        name: A short name.
        about: A description of the problem and its figures, in a few lines.
        model: The architecture, of an encoded matrix.
        inputs: The rows of all seeds, (N, width).
        labels: The labels by task name, (N,); NaN is missing.
        train: The indices of the training rows, by seed.
        validation: The indices of the rows on which the learning rate is chosen, by
            seed.
        test: The indices of the scored rows, by seed.
        settings: The training settings of all methods.
        learning_rates: The candidates for the learning rate.
        score: A function from labels and outputs, by task name, to figures by name. The
            first figure is the error: lower is better.
    """

    name: str
    about: str
    model: MultiTaskModel
    inputs: np.ndarray
    labels: dict[str, np.ndarray]
    train: list[np.ndarray]
    validation: list[np.ndarray]
    test: list[np.ndarray]
    settings: TrainingSettings
    learning_rates: tuple[float, ...]
    score: Callable[[Arrays, Arrays], dict[str, float]]


@dataclass(frozen=True)
class Scores:
    """Result of a method.

    Attributes:
        learning_rate: The chosen learning rate.
        figures: The figures of the test rows in each seed, by name.
    """

    learning_rate: float
    figures: dict[str, list[float]]


def score_weighting(problem: ComparedProblem, weighting: str) -> Scores:
    """Train with a weighting and score it on the test rows.

    The members of one program are all pairs of a seed and a learning rate. A seed has
    the same rows, initial weights and batches for every rate and method. The result has
    the rate with the lowest mean error on the validation rows.

    Args:
        problem: The problem.
        weighting: A name from `keras_mtl.weighting.names()`.
    """
    seeds, rates = len(problem.train), len(problem.learning_rates)
    fit = fit_members(
        problem.model,
        problem.inputs,
        problem.labels,
        problem.settings,
        rows=problem.train * rates,
        weighting=weighting,
        own=MemberSettings(
            learning_rate=np.repeat(problem.learning_rates, seeds).tolist(),
            numbers=list(range(seeds)) * rates,
        ),
    )
    errors = [
        np.mean(
            [
                next(iter(_score(problem, member, rows).values()))
                for member, rows in zip(
                    fit.members[rate * seeds : (rate + 1) * seeds],
                    problem.validation,
                    strict=True,
                )
            ]
        )
        for rate in range(rates)
    ]
    best = int(np.argmin(errors))
    found = [
        _score(problem, member, rows)
        for member, rows in zip(
            fit.members[best * seeds : (best + 1) * seeds], problem.test, strict=True
        )
    ]
    return Scores(
        problem.learning_rates[best],
        {name: [each[name] for each in found] for name in found[0]},
    )


def _score(
    problem: ComparedProblem, member: MultiTaskModel, rows: np.ndarray
) -> dict[str, float]:
    outputs = {
        name: np.asarray(values)
        for name, values in member(problem.inputs[rows], training=False).items()
    }
    return problem.score(
        {name: values[rows] for name, values in problem.labels.items()}, outputs
    )
