"""The Gaussian prior of heads' weights, learned from tasks with many labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from keras_mtl.linear.expectation import (
    Draws,
    GaussianPrior,
    learn_prior,
    noise_variances,
    posterior_draws,
)
from keras_mtl.linear.posterior import (
    HeadPosterior,
    Likelihood,
    head_posterior,
    labeled_rows,
)

__all__ = ["HeadLabels", "HeadPrior", "fit_head_prior"]

Floats = NDArray[np.float64]

# The variance of a head's output before its activation that weights of equal variances
# give, by whether it is a regression's: its labels have 1, and logits of 2 are usual.
TYPICAL_VARIANCE = {True: 1.0, False: 4.0}


@dataclass(frozen=True)
class HeadLabels:
    """The labels of one task that a prior is learned from.

    Args:
        labels: Numbers, or indices of classes, of shape (N,); NaN is missing.
        likelihood: See `head_posterior`.
        classes: The number of classes of `"multiclass"`.
    """

    labels: NDArray[np.floating]
    likelihood: Likelihood = "regression"
    classes: int = 2


@dataclass(frozen=True)
class HeadPrior:
    """Gaussian prior of the weights of heads, learned from several tasks.

    Attributes:
        mean: The mean, of shape (width + 1,), with the bias last.
        covariance: The covariance, of shape (width + 1, width + 1).
        noise: The mean noise variance of the regressions.
        steps: The number of EM steps.
    """

    mean: Floats
    covariance: Floats
    noise: float = 1.0
    steps: int = 0

    def posterior(self, features: ArrayLike, task: HeadLabels) -> HeadPosterior:
        """Return the posterior of a new task's head. See `head_posterior`."""
        with threadpool_limits(1):
            return head_posterior(
                features,
                task.labels,
                self.mean,
                self.covariance,
                task.likelihood,
                self.noise,
                task.classes,
            )


def fit_head_prior(
    features: ArrayLike,
    tasks: Sequence[HeadLabels],
    further_tasks: float = 3.0,
) -> HeadPrior:
    """Learn the prior of the weights of heads by EM (Bakker and Heskes 2003).

    The weights w_t of task t are drawn from N(m, S). The E step computes the posterior
    N(u_t, V_t) of each task's weights: exactly for regressions, and by Laplace's
    approximation for classes, each of which has its own weights. The M step is

        m = mean of u_t,  S = mean of V_t + (u_t - m)(u_t - m)',

    and the noise variance of a regression is the mean of the expected squared errors. A
    few tasks do not determine the mean and the variance in every direction, and
    perfectly separated classes do not determine the size of the weights. So
    `further_tasks` more tasks are added, whose posterior is always N(0, S_0). S_0 has
    equal variances for standardized features, such that the output of a regression has
    the variance 1, and logits have 4.

    Args:
        features: The trunk's outputs for the rows of all tasks, (N, width).
        tasks: The labels of the tasks: only regressions, standardized, or only classes.
        further_tasks: The number of added tasks. With 0 the prior is the maximum
            likelihood estimate, which needs more tasks than features; with infinity it
            is N(0, S_0).

    Returns:
        The prior.

    Raises:
        ValueError: If there is no task, or there are both kinds.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> x = generator.normal(size=(200, 1))
    >>> slopes = generator.normal(3.0, 0.5, size=100)
    >>> tasks = [HeadLabels((x * slope)[:, 0]) for slope in slopes]
    >>> prior = fit_head_prior(x, tasks, further_tasks=0)
    >>> bool(abs(prior.mean[0] - slopes.mean()) < 0.01)
    True
    """
    # Many small products: a thread is faster than several that wait for each other.
    with threadpool_limits(1):
        return _fit(np.asarray(features, "float64"), tasks, further_tasks)


def _fit(
    matrix: Floats,
    tasks: Sequence[HeadLabels],
    further_tasks: float,
) -> HeadPrior:
    kinds = {task.likelihood == "regression" for task in tasks}
    if len(kinds) != 1:
        raise ValueError(
            "Invalid value received for argument `tasks`. Expected at least one task, "
            "all regressions or all of classes. Received: "
            f"{[task.likelihood for task in tasks]}"
        )
    center, scale = matrix.mean(axis=0), matrix.std(axis=0)
    # What never changes, such as a dead unit, keeps its scale.
    scale = np.where(scale > 1e-6 * scale.max(initial=0), scale, 1.0)
    standard = (matrix - center) / scale
    rows = [
        labeled_rows(standard, task.labels, task.likelihood, task.classes)
        for task in tasks
    ]
    size = matrix.shape[1] + 1
    typical = TYPICAL_VARIANCE[tasks[0].likelihood == "regression"]
    equal = GaussianPrior(np.zeros(size), typical * np.eye(size) / size)
    draws = sum(task.units for task in rows)
    share = 1.0 if np.isinf(further_tasks) else further_tasks / (further_tasks + draws)

    def maximize(
        posteriors: Sequence[HeadPosterior],
        noises: Sequence[float],
        before: GaussianPrior,
    ) -> tuple[GaussianPrior, list[float]]:
        prior = _maximize(posterior_draws(posteriors), share, equal.covariance)
        return prior, noise_variances(rows, posteriors)

    found = learn_prior(rows, equal, maximize)
    prior = HeadPrior(
        found.prior.mean,
        found.prior.covariance,
        float(np.mean(found.noises)),
        found.steps,
    )
    return _in_raw_features(prior, center, scale)


def _maximize(draws: Draws, share: float, equal: Floats) -> GaussianPrior:
    """Make the M step.

    Args:
        draws: What the posteriors say of the tasks' weights.
        share: The share of further tasks among all.
        equal: Their covariance.
    """
    mean = (1 - share) * draws.means.mean(axis=0)
    apart = draws.means - mean
    spread = draws.spread + apart.T @ apart / len(apart)
    further = equal + np.outer(mean, mean)
    return GaussianPrior(mean, (1 - share) * spread + share * further)


def _in_raw_features(prior: HeadPrior, center: Floats, scale: Floats) -> HeadPrior:
    """Return the prior of weights on features as they are, not standardized."""
    size = len(prior.mean)
    turn = np.zeros((size, size))
    turn[np.arange(size - 1), np.arange(size - 1)] = 1 / scale
    turn[-1, :-1] = -center / scale
    turn[-1, -1] = 1.0
    return HeadPrior(
        turn @ prior.mean,
        turn @ prior.covariance @ turn.T,
        prior.noise,
        prior.steps,
    )
