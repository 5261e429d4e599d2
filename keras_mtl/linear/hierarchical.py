"""Hierarchical Bayes: the tasks' weights are drawn from one learned Gaussian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from keras_mtl.linear.expectation import (
    FIRST_NOISE,
    learn_prior,
    weight_change,
)
from keras_mtl.linear.hierarchical_prior import (
    CovarianceKind,
    HierarchicalPrior,
    HierarchicalStep,
)
from keras_mtl.linear.posterior import (
    HeadPosterior,
    LabeledRows,
    Likelihood,
    with_bias,
)
from keras_mtl.linear.problem import LinearTask, LossKind
from keras_mtl.linear.standard_features import standardize
from keras_mtl.linear.uncertain_noise import with_uncertain_noise

__all__ = ["LIKELIHOODS", "HierarchicalFit", "SharedPrior", "fit_hierarchical"]

Floats = NDArray[np.float64]
LIKELIHOODS: dict[LossKind, Likelihood] = {
    "squared": "regression",
    "logistic": "binary",
    "softmax": "multiclass",
}


@dataclass(frozen=True)
class SharedPrior:
    """The Gaussian from which the weights of outputs of one kind of loss are drawn.

    Attributes:
        loss: The kind of loss.
        outputs: The indices of the outputs.
        prior: The Gaussian of weights in standard units, with the intercept last.
        objectives: The objective of EM before each step and after the last; see
            `LearnedPrior`.
    """

    loss: LossKind
    outputs: tuple[int, ...]
    prior: HierarchicalPrior
    objectives: tuple[float, ...]

    @property
    def deviations(self) -> Floats:
        """The standard deviations of the weights between outputs, (d + 1,)."""
        found: Floats = np.sqrt(np.diag(self.prior.covariance))
        return found


@dataclass(frozen=True)
class HierarchicalFit:
    """Result of `fit_hierarchical`: the weights of all tasks and their priors.

    Attributes:
        standard_weights: The mean weights of standardized features, times
            `moderation`, (d, K).
        standard_intercepts: The mean intercepts, likewise, (K,).
        means: The features' means, (d,).
        scales: The features' standard deviations, (d,).
        posteriors: The posterior of each task, for standardized features. The variances
            of a regression are those of Student's t, as the noise is learned too.
        noise: The noise variance of each output, (K,); 0 for classes.
        shrinkage: How far each weight is shrunk to the mean of its prior, (d + 1, K),
            with the intercept last: the ratio of the posterior variance and the prior
            variance. At 0 the labels of the output alone determine the weight, and at 1
            the weight is the mean.
        moderation: The factor of the mean scores of classes, (K,), by which
            probabilities account for the uncertainty of scores, as an average over the
            rows (MacKay 1992); 1 for regressions.
        priors: One prior per kind of loss.
        rank: The number of linearly independent features.
    """

    standard_weights: Floats
    standard_intercepts: Floats
    means: Floats
    scales: Floats
    posteriors: tuple[HeadPosterior, ...]
    noise: Floats
    shrinkage: Floats
    moderation: Floats
    priors: tuple[SharedPrior, ...]
    rank: int

    @property
    def weights(self) -> Floats:
        """The weights of features in their own units, (d, K)."""
        return self.standard_weights / self.scales[:, None]

    @property
    def intercepts(self) -> Floats:
        """The intercepts of features in their own units, (K,)."""
        found: Floats = self.standard_intercepts - self.means @ self.weights
        return found

    def variances(self, features: np.ndarray) -> Floats:
        """Return the variance of each score, including the noise of regressions.

        Args:
            features: The features in their own units, (N, d).

        Returns:
            Variances of shape (N, K).
        """
        standard = (np.asarray(features, "float64") - self.means) / self.scales
        columns = [each.variance(standard) for each in self.posteriors]
        return np.concatenate(columns, axis=1)


def fit_hierarchical(
    features: np.ndarray,
    tasks: Sequence[LinearTask],
    covariance: CovarianceKind = "diagonal",
    variance: float | None = None,
    further_tasks: float = 2.0,
    steps: int = 500,
    tolerance: float = 1e-3,
) -> HierarchicalFit:
    """Fit linear models whose weights are drawn from a common, learned Gaussian.

    The model is that of Bakker and Heskes 2003 with linear tasks. The weights of an
    output, including its intercept, are drawn from N(m, S). EM finds S and the noise of
    each regression. m is integrated out together with the weights, exactly for
    regressions and by Laplace's approximation for classes. Tasks with squared errors
    have one m and S, tasks with logistic losses have another one, and the classes of
    all softmax losses a third, whose m is 0.

    S_0 is diagonal with equal variances. With them, the scores of standardized features
    have the variance 1 for regressions and 4 for logits, and the intercept has the same
    variance. m is drawn from N(0, v S_0), and v is learned. A few tasks do not
    determine the variance of each weight between tasks. S therefore has a prior that is
    worth `further_tasks` more tasks with the variances s S_0, where one s is learned
    for all features and one for the intercept.

    Args:
        features: The features, of shape (N, d), without missing values.
        tasks: The tasks. Weights of rows are scaled so that the labeled rows of a task
            have a mean weight of 1.
        covariance: `"diagonal"`, one variance per weight; or `"full"`, with
            covariances, which needs many more tasks than features.
        variance: The variance of all weights between tasks, in place of learning S.
            With 0 all tasks of a kind have the same weights; with a very large value
            tasks are independent.
        further_tasks: The number of tasks that the prior of S is worth; with the
            covariance `"full"`, in addition to the number of weights.
        steps: The largest number of EM steps.
        tolerance: EM ends when m and S change by less than this in a step, relative to
            the spread of each weight.
    """
    # For many small products, one thread is faster than several that wait.
    with threadpool_limits(1):
        return _fit(
            features, tasks, covariance, variance, further_tasks, steps, tolerance
        )


def _fit(
    features: np.ndarray,
    tasks: Sequence[LinearTask],
    covariance: CovarianceKind,
    variance: float | None,
    further_tasks: float,
    steps: int,
    tolerance: float,
) -> HierarchicalFit:
    standard = standardize(features)
    design = with_bias(standard.values)
    edges = np.cumsum([0, *[task.outputs for task in tasks]])
    spans = [range(first, last) for first, last in pairwise(edges.tolist())]
    found: dict[int, HeadPosterior] = {}
    noise = np.zeros(int(edges[-1]))
    shrinkage = np.ones((design.shape[1], int(edges[-1])))
    priors = []
    for loss in dict.fromkeys(task.loss for task in tasks):
        members = [index for index, task in enumerate(tasks) if task.loss == loss]
        rows = [_labeled_rows(design, tasks[index]) for index in members]
        step = HierarchicalStep(rows, covariance, variance, further_tasks)
        learned = learn_prior(
            rows,
            step.start(FIRST_NOISE),
            step,
            step.log_density,
            weight_change,
            steps,
            tolerance,
        )
        prior = learned.prior
        outputs = tuple(output for index in members for output in spans[index])
        priors.append(SharedPrior(loss, outputs, prior, learned.objectives))
        for index, posterior in zip(members, learned.posteriors, strict=True):
            noise[spans[index]] = posterior.noise
            shrinkage[:, spans[index]] = _shrinkage(posterior, prior)
        whole = step.with_uncertain_mean(learned.posteriors, learned.noises, prior)
        wide = map(with_uncertain_noise, rows, whole)
        found.update(zip(members, wide, strict=True))
    ordered = tuple(found[index] for index in range(len(tasks)))
    factors = [_moderation(design, each) for each in ordered]
    moderation = np.concatenate(factors)
    weights = np.concatenate([each.mean for each in ordered], axis=1) * moderation
    return HierarchicalFit(
        weights[:-1],
        weights[-1],
        standard.means,
        standard.scales,
        ordered,
        noise,
        shrinkage,
        moderation,
        tuple(priors),
        standard.rank,
    )


def _labeled_rows(design: Floats, task: LinearTask) -> LabeledRows:
    """Return a task's labeled rows, whose weights have the mean 1."""
    known = task.weights > 0
    # The weights of a task without labels, for example in a fold, are the prior's mean.
    counts = task.weights * (known.sum() / max(task.weights.sum(), 1e-300))
    labels = np.where(known[:, None], task.labels, 0.0)
    if 2 * known.sum() < len(known):
        return LabeledRows(
            design[known], labels[known], counts[known], LIKELIHOODS[task.loss]
        )
    # Tasks with most labels share one matrix.
    return LabeledRows(design, labels, counts, LIKELIHOODS[task.loss])


def _moderation(design: Floats, posterior: HeadPosterior) -> Floats:
    """Return the factor of a task's mean scores, (units,)."""
    size, units = posterior.mean.shape
    if posterior.noise > 0:
        return np.ones(units)
    blocks = posterior.covariance.reshape(units, size, units, size)
    gram = design.T @ design / len(design)
    variance = np.einsum("uiuj,ij->", blocks, gram) / units
    # All classes have the same factor, for symmetry.
    return np.full(units, 1.0 / np.sqrt(1.0 + np.pi * variance / 8.0))


def _shrinkage(posterior: HeadPosterior, prior: HierarchicalPrior) -> Floats:
    """Return the posterior share of each weight's prior variance, (d + 1, units)."""
    size, units = posterior.mean.shape
    left = np.diag(posterior.covariance).reshape(units, size).T
    total = np.diag(prior.covariance)[:, None]
    # Weights that are equal for all tasks are not shrunk.
    found: Floats = np.divide(left, total, out=np.ones_like(left), where=total > 0)
    return np.clip(found, 0.0, 1.0)
