"""EM for the Gaussian from which the tasks' weights are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from keras_mtl.linear.posterior import HeadPosterior, LabeledRows, rows_posterior

__all__ = [
    "Draws",
    "GaussianPrior",
    "LearnedPrior",
    "learn_prior",
    "noise_variances",
    "posterior_draws",
    "spread_change",
    "task_posteriors",
    "weight_change",
]

Floats = NDArray[np.float64]

EM_STEPS = 200
TOLERANCE = 1e-4
# The initial noise variance of a regression, for standardized labels.
FIRST_NOISE = 0.5
# The smallest noise variance of a regression, as a share of the labels' variance.
LEAST_NOISE = 1e-4


@dataclass(frozen=True)
class GaussianPrior:
    """The Gaussian N(mean, covariance) of weights, with the bias last.

    Attributes:
        mean: The mean, (width + 1,).
        covariance: The covariance, (width + 1, width + 1).
    """

    mean: Floats
    covariance: Floats


@dataclass(frozen=True)
class Draws:
    """Expectations over the posteriors of the weights, for the M step of the prior.

    Attributes:
        means: The means of the posteriors, (draws, width + 1); each class of a
            multi-class task is a separate draw.
        spread: The mean of the posteriors' covariances, (width + 1, width + 1).
    """

    means: Floats
    spread: Floats


Prior = TypeVar("Prior", bound=GaussianPrior)
# A function from the posteriors, the noises and the last prior to the next prior and
# noises.
MStep = Callable[
    [Sequence[HeadPosterior], Sequence[float], Prior], tuple[Prior, Sequence[float]]
]


@dataclass(frozen=True)
class LearnedPrior(Generic[Prior]):
    """The result of EM: a prior, and the noise of regressions.

    Attributes:
        prior: The prior.
        noises: The noise variance of each task; 1 for classes.
        posteriors: The posteriors of the tasks' weights, given the prior.
        objectives: The objective of EM before each step and after the last: the log
            probability of all tasks' labels plus the log density of the prior. For
            classes it is Laplace's approximation.
    """

    prior: Prior
    noises: tuple[float, ...]
    posteriors: tuple[HeadPosterior, ...]
    objectives: tuple[float, ...]

    @property
    def steps(self) -> int:
        """The number of EM steps."""
        return len(self.objectives) - 1


def learn_prior(
    tasks: Sequence[LabeledRows],
    start: Prior,
    maximize: MStep[Prior],
    log_density: Callable[[Prior], float] = lambda prior: 0.0,
    change: Callable[[GaussianPrior, GaussianPrior], float] | None = None,
    steps: int = EM_STEPS,
    tolerance: float = TOLERANCE,
) -> LearnedPrior[Prior]:
    """Learn the prior of tasks' weights by EM (Bakker and Heskes 2003).

    The weights w_t of task t are drawn from N(m, S). The E step computes the posterior
    of each task's weights: exactly for regressions, and by Laplace's approximation for
    classes.

    Args:
        tasks: The labeled rows of each task.
        start: The initial prior.
        maximize: The M step.
        log_density: A function that returns the log density of a prior.
        change: A function that measures the change of the prior in a step; by default
            `spread_change`.
        steps: The largest number of steps.
        tolerance: EM ends when a step changes the prior by less than this.
    """
    measure = spread_change if change is None else change
    prior = start
    noises: Sequence[float] = [
        FIRST_NOISE if task.likelihood == "regression" else 1.0 for task in tasks
    ]
    posteriors: list[HeadPosterior] = []
    objectives = []
    moved = np.inf
    for step in range(steps + 1):
        posteriors = task_posteriors(tasks, prior, noises, posteriors)
        evidence = sum(each.log_evidence for each in posteriors)
        objectives.append(float(evidence) + log_density(prior))
        if step == steps or moved < tolerance:
            break
        before = prior
        prior, noises = maximize(posteriors, noises, before)
        moved = measure(before, prior)
    return LearnedPrior(prior, tuple(noises), tuple(posteriors), tuple(objectives))


def task_posteriors(
    tasks: Sequence[LabeledRows],
    prior: GaussianPrior,
    noises: Sequence[float],
    near: Sequence[HeadPosterior] = (),
) -> list[HeadPosterior]:
    """Compute the posterior of each task's weights: the E step.

    Args:
        tasks: The labeled rows of each task.
        prior: The prior.
        noises: The noise variance of each task.
        near: Posteriors for a similar prior, from which Newton's method starts.
    """
    begin: list[Floats | None] = [each.mean for each in near]
    begin = begin or [None] * len(tasks)
    return [
        rows_posterior(task, prior.mean, prior.covariance, noise, weights)
        for task, noise, weights in zip(tasks, noises, begin, strict=True)
    ]


def posterior_draws(posteriors: Sequence[HeadPosterior]) -> Draws:
    """Return the expectations of the drawn weights under posteriors.

    Args:
        posteriors: The posteriors of the tasks' weights.
    """
    means = np.concatenate([each.mean for each in posteriors], axis=1).T
    size = means.shape[1]
    spreads = []
    for each in posteriors:
        units = each.mean.shape[1]
        blocks = each.covariance.reshape(units, size, units, size)
        spreads += [blocks[unit, :, unit, :] for unit in range(units)]
    return Draws(means, np.mean(spreads, axis=0))


def noise_variances(
    tasks: Sequence[LabeledRows], posteriors: Sequence[HeadPosterior]
) -> list[float]:
    """Return the expected mean squared errors of regressions under posteriors.

    This is the M step of the noise variance; the variance of classes is 1.

    Args:
        tasks: The labeled rows of each task.
        posteriors: The posteriors of the tasks' weights.
    """
    return [_noise(*pair) for pair in zip(tasks, posteriors, strict=True)]


def spread_change(before: GaussianPrior, after: GaussianPrior) -> float:
    """Return the change of a prior relative to its total spread."""
    spread = np.sqrt(np.trace(after.covariance))
    moved = np.linalg.norm(after.mean - before.mean) / spread
    change = np.linalg.norm(after.covariance - before.covariance)
    return float(max(moved, change / np.linalg.norm(after.covariance)))


def weight_change(before: GaussianPrior, after: GaussianPrior) -> float:
    """Return the change of a prior relative to the spread of each weight."""
    variances = np.diag(after.covariance)
    # A weight without spread only has a mean.
    units = np.where(variances > 0, variances, 1.0)
    moved = np.abs(after.mean - before.mean) / np.sqrt(units)
    change = np.abs(variances - np.diag(before.covariance)) / units
    return float(max(moved.max(), change.max()))


def _noise(task: LabeledRows, posterior: HeadPosterior) -> float:
    if task.likelihood != "regression" or task.total == 0:
        return 1.0
    labels = task.labels[:, 0]
    center = task.counts @ labels / task.total
    variance = float(task.counts @ (labels - center) ** 2) / task.total
    return max(task.squared_error(posterior), LEAST_NOISE * max(variance, LEAST_NOISE))
