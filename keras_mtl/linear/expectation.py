"""EM for the Gaussian that tasks have drawn their weights from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keras_mtl.linear.posterior import HeadPosterior, LabeledRows, rows_posterior

__all__ = [
    "Draws",
    "GaussianPrior",
    "LearnedPrior",
    "Maximize",
    "learn_prior",
    "posterior_draws",
    "task_posteriors",
]

Floats = NDArray[np.float64]

EM_STEPS = 200
TOLERANCE = 1e-4
# The variance of a regression's noise that EM begins with, of standardized labels.
FIRST_NOISE = 0.5
# The least variance of a regression's noise, in parts of the labels' variance.
LEAST_NOISE = 1e-4


@dataclass(frozen=True)
class GaussianPrior:
    """The Gaussian N(mean, covariance) of weights, the bias last.

    Attributes:
        mean: Shape (width + 1,).
        covariance: Shape (width + 1, width + 1).
    """

    mean: Floats
    covariance: Floats


@dataclass(frozen=True)
class Draws:
    """What the posteriors say of the weights that were drawn from the prior.

    Attributes:
        means: Their means, (draws, width + 1); each class of a multi-class task
            has a draw of its own.
        spread: The mean of their covariances, (width + 1, width + 1).
    """

    means: Floats
    spread: Floats


@dataclass(frozen=True)
class LearnedPrior:
    """A prior with the noise of regressions, as EM found them.

    Attributes:
        prior: The prior.
        noises: The variance of each task's noise; 1 of classes.
        posteriors: The posteriors of the last E step, whose prior was the one of
            the step before.
        evidences: The logarithm of the labels' probability before each step, of
            all tasks together. For classes it is Laplace's approximation.
    """

    prior: GaussianPrior
    noises: tuple[float, ...]
    posteriors: tuple[HeadPosterior, ...]
    evidences: tuple[float, ...]


# From the posteriors, the noises and the prior before to the prior that follows.
Maximize = Callable[
    [Sequence[HeadPosterior], Sequence[float], GaussianPrior], GaussianPrior
]


def learn_prior(
    tasks: Sequence[LabeledRows],
    start: GaussianPrior,
    maximize: Maximize,
    steps: int = EM_STEPS,
    tolerance: float = TOLERANCE,
) -> LearnedPrior:
    """Learn the prior of tasks' weights by EM (Bakker and Heskes 2003).

    Task t has drawn its weights w_t from N(m, S). The E step finds the posterior
    of each task's weights: exactly for regressions, by Laplace's approximation for
    classes. The M step is `maximize`, and for a regression's noise the mean of
    the squared errors that the posterior expects.

    Args:
        tasks: The labeled rows of each task.
        start: The prior to begin with.
        maximize: The M step of the prior.
        steps: The most steps.
        tolerance: EM ends when a step changes the prior by less, in parts of its
            spread.
    """
    prior = start
    noises = [FIRST_NOISE if _has_noise(task) else 1.0 for task in tasks]
    posteriors: list[HeadPosterior] = []
    evidences = []
    for _ in range(steps):
        posteriors = task_posteriors(tasks, prior, noises, posteriors)
        evidences.append(float(sum(each.log_evidence for each in posteriors)))
        noises = [_noise(*pair) for pair in zip(tasks, posteriors, strict=True)]
        updated = maximize(posteriors, noises, prior)
        change = _change(prior, updated)
        prior = updated
        if change < tolerance:
            break
    return LearnedPrior(prior, tuple(noises), tuple(posteriors), tuple(evidences))


def task_posteriors(
    tasks: Sequence[LabeledRows],
    prior: GaussianPrior,
    noises: Sequence[float],
    near: Sequence[HeadPosterior] = (),
) -> list[HeadPosterior]:
    """Return the posterior of each task's weights: the E step.

    Args:
        tasks: The labeled rows of each task.
        prior: The prior.
        noises: The variance of each task's noise.
        near: Posteriors of a prior like this one, from which Newton's method
            begins.
    """
    begin: list[Floats | None] = [each.mean for each in near]
    begin = begin or [None] * len(tasks)
    return [
        rows_posterior(task, prior.mean, prior.covariance, noise, weights)
        for task, noise, weights in zip(tasks, noises, begin, strict=True)
    ]


def posterior_draws(posteriors: Sequence[HeadPosterior]) -> Draws:
    """Return what posteriors say of the drawn weights.

    Args:
        posteriors: Those of the tasks.
    """
    means = np.concatenate([each.mean for each in posteriors], axis=1).T
    size = means.shape[1]
    spreads = []
    for each in posteriors:
        units = each.mean.shape[1]
        blocks = each.covariance.reshape(units, size, units, size)
        spreads += [blocks[unit, :, unit, :] for unit in range(units)]
    return Draws(means, np.mean(spreads, axis=0))


def _has_noise(task: LabeledRows) -> bool:
    return task.likelihood == "regression"


def _noise(task: LabeledRows, posterior: HeadPosterior) -> float:
    """Return the squared error of a regression that its posterior expects."""
    if not _has_noise(task):
        return 1.0
    labels = task.labels[:, 0]
    center = task.counts @ labels / task.total
    variance = float(task.counts @ (labels - center) ** 2) / task.total
    return max(task.squared_error(posterior), LEAST_NOISE * max(variance, LEAST_NOISE))


def _change(before: GaussianPrior, after: GaussianPrior) -> float:
    """Return how much a step changed the prior, in parts of its spread."""
    # A prior of no spread has a mean alone.
    spread = np.sqrt(np.trace(after.covariance)) or np.linalg.norm(after.mean) or 1.0
    moved = np.linalg.norm(after.mean - before.mean) / spread
    size = np.linalg.norm(after.covariance) or 1.0
    return float(
        max(moved, np.linalg.norm(after.covariance - before.covariance) / size)
    )
