"""The prior of a hierarchical model, whose mean and variances are uncertain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keras_mtl.linear.expectation import (
    GaussianPrior,
    noise_variances,
    posterior_draws,
    task_posteriors,
)
from keras_mtl.linear.posterior import (
    HeadPosterior,
    LabeledRows,
    Likelihood,
    likelihood_derivatives,
)

__all__ = ["CovarianceKind", "HierarchicalPrior", "HierarchicalStep"]

Floats = NDArray[np.float64]
CovarianceKind = Literal["diagonal", "full"]

# The variance of scores for weights with the variances S_0: labels of a regression have
# the variance 1, and logits of 2 are usual.
TYPICAL_VARIANCE: dict[Likelihood, float] = {
    "regression": 1.0,
    "binary": 4.0,
    "multiclass": 4.0,
}


@dataclass(frozen=True)
class HierarchicalPrior(GaussianPrior):
    """The Gaussian of the tasks' weights, with the uncertainty of its parameters.

    Attributes:
        mean: The expected mean m given the labels, (width + 1,).
        covariance: S, (width + 1, width + 1).
        uncertainty: The covariance of m given the labels; zeros if m is given.
        mean_scale: v, the variance of m relative to S_0.
        scales: s, the expected variances of S relative to S_0: of features, and of the
            intercept.
    """

    uncertainty: Floats
    mean_scale: float = 1.0
    scales: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True)
class HierarchicalStep:
    """The M step of a hierarchical prior.

    Args:
        tasks: The labeled rows of each task, all of one likelihood.
        covariance: See `fit_hierarchical`, also for the following arguments.
        variance: The variance of all weights between tasks, or None.
        further_tasks: The number of tasks that the prior of S is worth.
    """

    tasks: Sequence[LabeledRows]
    covariance: CovarianceKind = "diagonal"
    variance: float | None = None
    further_tasks: float = 2.0

    @property
    def typical(self) -> Floats:
        """The diagonal of S_0: the variances of weights and intercept, (width + 1,)."""
        width = self.tasks[0].design.shape[1] - 1
        variance = TYPICAL_VARIANCE[self.tasks[0].likelihood]
        return np.append(np.full(width, variance / max(width, 1)), variance)

    @property
    def prior_tasks(self) -> float:
        """The number of tasks that the prior of S is worth, for all its parameters.

        Covariances of fewer tasks than weights would have directions without variance.
        To learn covariances, the number of weights is therefore added.
        """
        if self.covariance == "full" and self.further_tasks > 0:
            return self.further_tasks + len(self.typical)
        return self.further_tasks

    @property
    def has_mean(self) -> bool:
        """Whether m is learned; not for softmax, where a common shift has no effect."""
        return self.tasks[0].likelihood != "multiclass"

    def start(self, noise: float) -> HierarchicalPrior:
        """Return the initial prior of EM.

        Args:
            noise: The initial noise variance of the regressions.
        """
        size = len(self.typical)
        variances = self.typical
        if self.variance is not None:
            variances = np.full(size, self.variance)
        zeros = np.zeros((size, size))
        prior = HierarchicalPrior(np.zeros(size), np.diag(variances), zeros)
        noises = [noise] * len(self.tasks)
        return self._with_mean(
            prior, task_posteriors(self.tasks, prior, noises), noises
        )

    def __call__(
        self,
        posteriors: Sequence[HeadPosterior],
        noises: Sequence[float],
        before: HierarchicalPrior,
    ) -> tuple[HierarchicalPrior, Sequence[float]]:
        """Compute the M step of S, s, v and the noises, and m given the results.

        Args:
            posteriors: The posteriors of the tasks' weights at the mean m.
            noises: The noise variance of each task.
            before: The prior of the posteriors.
        """
        whole = self.with_uncertain_mean(posteriors, noises, before)
        prior = before
        if self.variance is None:
            spread = self._spread(posteriors, noises, before)
            prior = replace(prior, covariance=spread, scales=self._scales(spread))
        if self.has_mean:
            squares = before.mean**2 + np.diag(before.uncertainty)
            parts = (squares / self.typical)[:-1]
            # One additional weight, with the variance 1, keeps v above 0.
            scale = float((parts.sum() + 1.0) / (len(parts) + 1))
            prior = replace(prior, mean_scale=scale)
        updated = noise_variances(self.tasks, whole)
        return self._with_mean(prior, posteriors, updated), updated

    def with_uncertain_mean(
        self,
        posteriors: Sequence[HeadPosterior],
        noises: Sequence[float],
        prior: HierarchicalPrior,
    ) -> list[HeadPosterior]:
        """Return posteriors whose covariance includes the uncertainty of m.

        The derivative of a task's weights by m is I - V G, with their own covariance V
        and the curvature G of the task's loss.

        Args:
            posteriors: The posteriors of the tasks' weights at the mean m.
            noises: The noise variance of each task.
            prior: The prior of the posteriors.
        """
        if not self.has_mean:
            return list(posteriors)
        found = []
        for task, each, noise in zip(self.tasks, posteriors, noises, strict=True):
            _, curvature = likelihood_derivatives(task, each.mean, noise)
            follow = np.eye(len(curvature)) - each.covariance @ curvature
            added = follow @ prior.uncertainty @ follow.T
            found.append(replace(each, covariance=each.covariance + added))
        return found

    def log_density(self, prior: HierarchicalPrior) -> float:
        """Return the log density that EM adds to the log evidence of the labels.

        The evidence is that at the mean m. The added terms turn it into the evidence
        with m integrated out, up to a constant.

        Args:
            prior: The prior.
        """
        density = 0.0
        if self.has_mean:
            variances = self._mean_variances(prior)
            volume = np.linalg.slogdet(prior.uncertainty)[1] - np.log(variances).sum()
            density += 0.5 * float(volume - np.sum(prior.mean**2 / variances))
            density -= 0.5 * (np.log(prior.mean_scale) + 1.0 / prior.mean_scale)
        if self.variance is None and self.prior_tasks > 0:
            expected = self._expected_variances(prior.scales)
            inverse = np.diag(np.linalg.inv(prior.covariance))
            apart = np.linalg.slogdet(prior.covariance)[1] - np.log(expected).sum()
            apart += inverse @ expected + sum(prior.scales) - np.log(prior.scales).sum()
            density -= 0.5 * self.prior_tasks * float(apart)
        return density

    def _spread(
        self,
        posteriors: Sequence[HeadPosterior],
        noises: Sequence[float],
        before: HierarchicalPrior,
    ) -> Floats:
        """Return the expected S of the drawn weights and the further tasks."""
        draws = posterior_draws(posteriors)
        apart = draws.means - before.mean
        count = len(apart)
        total = count * draws.spread + apart.T @ apart
        if self.has_mean:
            for task, each, noise in zip(self.tasks, posteriors, noises, strict=True):
                # The derivative of a task's distance from m by m is -V G.
                _, curvature = likelihood_derivatives(task, each.mean, noise)
                follow = each.covariance @ curvature
                total = total + follow @ before.uncertainty @ follow.T
        further = self.prior_tasks * np.diag(self._expected_variances(before.scales))
        found: Floats = (total + further) / (count + self.prior_tasks)
        return np.diag(np.diag(found)) if self.covariance == "diagonal" else found

    def _scales(self, spread: Floats) -> tuple[float, float]:
        """Return the most probable s given the variances of S."""
        if self.prior_tasks == 0:
            return 1.0, 1.0
        parts = np.diag(np.linalg.inv(spread)) * self.typical
        # One additional weight, with the variance of S_0, keeps s above 0.
        features = len(parts) / (parts[:-1].sum() + 1.0)
        return float(features), float(2.0 / (parts[-1] + 1.0))

    def _expected_variances(self, scales: tuple[float, float]) -> Floats:
        width = len(self.typical) - 1
        return self.typical * np.append(np.full(width, scales[0]), scales[1])

    def _mean_variances(self, prior: HierarchicalPrior) -> Floats:
        return self._expected_variances((prior.mean_scale, 1.0))

    def _with_mean(
        self,
        prior: HierarchicalPrior,
        posteriors: Sequence[HeadPosterior],
        noises: Sequence[float],
    ) -> HierarchicalPrior:
        """Compute m and its uncertainty, with the drawn weights integrated out.

        A task whose loss has the curvature G and the gradient g at weights w is
        equivalent to least squares for m with the curvature `(I + G S)^-1 G` and the
        pull `(I + G S)^-1 (G w - g)`. For classes, this is a step of Newton's method.
        """
        if not self.has_mean:
            return prior
        size = len(prior.mean)
        precision = np.diag(1.0 / self._mean_variances(prior))
        pull = np.zeros(size)
        for task, each, noise in zip(self.tasks, posteriors, noises, strict=True):
            slope, curvature = likelihood_derivatives(task, each.mean, noise)
            known = curvature @ each.mean[:, 0] - slope
            inside = np.eye(size) + curvature @ prior.covariance
            solved = np.linalg.solve(inside, np.column_stack([curvature, known]))
            precision += solved[:, :-1]
            pull += solved[:, -1]
        precision = 0.5 * (precision + precision.T)
        uncertainty = np.asarray(np.linalg.inv(precision), "float64")
        return replace(prior, mean=uncertainty @ pull, uncertainty=uncertainty)
