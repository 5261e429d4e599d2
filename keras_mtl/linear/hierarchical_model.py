"""A hierarchical Bayesian model of arrays, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from keras_mtl.linear.hierarchical import fit_hierarchical
from keras_mtl.linear.hierarchical_prior import CovarianceKind
from keras_mtl.linear.scored_model import (
    ScoredModel,
    fitted_features,
    output_units,
    raise_invalid,
    read_arrays,
    read_sample_weight,
)
from keras_mtl.linear.setting_ranges import (
    is_integer_from,
    is_not_negative,
    is_positive,
)

__all__ = ["HierarchicalBayesModel"]


@dataclass(eq=False, repr=False)
class HierarchicalBayesModel(ScoredModel):
    """Linear models of several tasks whose weights come from one Gaussian.

    The Gaussian's mean and variances are learned, so that a task with few labels
    is drawn to the mean of all tasks, as far as tasks are alike; see
    `fit_hierarchical`. Binary, multi-class and regression tasks may be mixed:
    regressions share a Gaussian, and so do binary tasks, and the classes of
    multi-class tasks. Each row may lack the labels of some tasks. Nothing is
    chosen by cross-validation.

    Args:
        kinds: By task name `"binary"`, `"multiclass"` or `"regression"`. By
            default labels of two values are binary, text is multi-class and
            other numbers are regressions.
        covariance: `"diagonal"`, a variance per weight; or `"full"`, which has
            covariances too, and needs many more tasks than features.
        variance: The variance of all weights between tasks, in standard units;
            None learns a variance for each. With 0 all tasks of a kind are one.
        further_tasks: The number of tasks that the prior of the variances counts
            as.
        steps: The most steps of EM.
        tolerance: EM ends when a step changes no weight's mean or variance by
            more, in parts of the weight's spread.

    Attributes:
        coef_: The mean weights of the features as they come, (D, K). Those of
            classes are a little smaller than that, so that probabilities account
            for how uncertain weights are.
        intercept_: The mean intercepts, likewise, (K,).
        standard_coef_: The weights of standardized features, (D, K).
        output_names_: A name for each of the K outputs.
        shrinkage_: How far each weight is drawn to the mean of all tasks, (D + 1,
            K), the intercept last: from 0, its task alone, to 1, the mean.
        noise_: The variance of the noise of each output's labels, (K,), of
            standardized labels; 0 for classes.
        fit_: All that was found, a `HierarchicalFit`.
        rank_: The number of features that are not sums of others.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> x = generator.normal(size=(60, 2))
    >>> y = x @ [[1.0, 1.2], [2.0, 1.9]] + 0.1 * generator.normal(size=(60, 2))
    >>> y[3:, 1] = np.nan  # The second task has three labels.
    >>> model = HierarchicalBayesModel().fit(x, y)
    >>> first, second = model.shrinkage_[:-1].mean(axis=0)
    >>> bool(first < second)
    True
    >>> model.predict_variance(x)["1"].shape
    (60, 1)
    """

    kinds: Mapping[str, str] | None = None
    covariance: CovarianceKind = "diagonal"
    variance: float | None = None
    further_tasks: float = 2.0
    steps: int = 500
    tolerance: float = 1e-3

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model.

        Args:
            x: The features, (N, D), finite numbers.
            y: By task name labels of shape (N,), or an array of shape (N,) or
                (N, T). NaN or None is missing.
            sample_weight: What each row counts beside others, (N,). On average a
                labeled row of a task counts as one row.

        Returns:
            The model itself.

        Raises:
            ValueError: When settings, features or labels can't serve.
        """
        features, targets = read_arrays(x, y, self.kinds)
        self._check()
        weights = read_sample_weight(sample_weight, targets, len(features))
        found = fit_hierarchical(
            features,
            [target.to_task(weights) for target in targets],
            self.covariance,
            self.variance,
            self.further_tasks,
            self.steps,
            self.tolerance,
        )
        scales, means = output_units(targets)
        self.targets_ = targets
        self.by_name_ = isinstance(y, Mapping)
        self.coef_ = found.weights * scales
        self.intercept_ = found.intercepts * scales + means
        self.standard_coef_ = found.standard_weights
        self.output_names_ = [name for each in targets for name in each.output_names]
        self.shrinkage_ = found.shrinkage
        self.noise_ = found.noise
        self.rank_ = found.rank
        self.fit_ = found
        self.n_features_in_ = features.shape[1]
        return self

    def predict_variance(self, x: Any) -> dict[str, np.ndarray]:
        """Predict how uncertain predictions are.

        Args:
            x: The features, (N, D).

        Returns:
            By task name variances of shape (N, outputs). That of a regression is
            the variance of a label, with its noise, in the label's unit squared;
            those of classes are of the scores before the sigmoid or softmax.
        """
        variances = self.fit_.variances(fitted_features(self, x))
        variances *= output_units(self.targets_)[0] ** 2
        counts = [len(target.output_names) for target in self.targets_]
        columns = np.split(variances, np.cumsum(counts)[:-1], axis=1)
        names = [target.name for target in self.targets_]
        return dict(zip(names, columns, strict=True))

    def _scores(self, features: np.ndarray) -> np.ndarray:
        return features @ self.coef_ + self.intercept_

    def _check(self) -> None:
        wrong = []
        if self.covariance not in ("diagonal", "full"):
            wrong.append(("covariance", "'diagonal' or 'full'"))
        if self.variance is not None and not is_not_negative(self.variance):
            wrong.append(("variance", "a finite number of 0 or more, or None"))
        if not is_not_negative(self.further_tasks):
            wrong.append(("further_tasks", "a finite number of 0 or more"))
        if not is_integer_from(self.steps, 1):
            wrong.append(("steps", "an integer of 1 or more"))
        if not is_positive(self.tolerance):
            wrong.append(("tolerance", "a finite number above 0"))
        raise_invalid(self, wrong)
