"""A hierarchical Bayesian model of arrays, in the style of scikit-learn."""

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
    """Linear models of several tasks whose weights have a common, learned prior.

    The prior is a Gaussian whose mean and variances are learned. A task with few labels
    is shrunk toward the mean of all tasks, the more so the more similar the tasks are;
    see `fit_hierarchical`. Binary, multi-class and regression tasks can be mixed:
    regressions have one Gaussian, binary tasks another one, and the classes of
    multi-class tasks a third. Labels may be missing for any task in any row. Nothing is
    chosen by cross-validation.

    Args:
        kinds: The kind of each task by name: `"binary"`, `"multiclass"` or
            `"regression"`. By default labels with two values are binary, text is
            multi-class and other numbers are regressions.
        covariance: `"diagonal"`, one variance per weight; or `"full"`, with
            covariances, which needs many more tasks than features.
        variance: The variance of each weight between tasks, in standard units; None
            learns one variance per weight. With 0 all tasks of a kind have the same
            weights.
        further_tasks: The number of tasks that the prior of the variances is worth.
        steps: The largest number of EM steps.
        tolerance: EM ends when no mean or variance of a weight changes by more than
            this in a step, relative to the spread of the weight.

    Attributes:
        coef_: The mean weights of the features in their own units, (D, K). For classes
            they are scaled down slightly, so that probabilities account for the
            uncertainty of the weights.
        intercept_: The mean intercepts, likewise, (K,).
        standard_coef_: The weights of standardized features, (D, K).
        output_names_: A name for each of the K outputs.
        shrinkage_: How far each weight is shrunk to the mean of all tasks, (D + 1, K),
            with the intercept last: from 0, determined by its task alone, to 1, equal
            to the mean.
        noise_: The noise variance of each output, for standardized labels, (K,); 0 for
            classes.
        fit_: The complete result, a `HierarchicalFit`.
        rank_: The number of linearly independent features.

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
            y: The labels: a dict by task name of arrays of shape (N,), or an array of
                shape (N,) or (N, T). NaN or None is missing.
            sample_weight: The relative weight of each row, (N,). Weights are scaled so
                that the labeled rows of a task have a mean weight of 1.

        Returns:
            The model itself.

        Raises:
            ValueError: If settings, features or labels are invalid.
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
        """Predict the variances of predictions.

        Args:
            x: The features, (N, D).

        Returns:
            A dict by task name of variances of shape (N, outputs). For a regression it
            is the variance of a label, including the noise, in the label's unit
            squared. For classes it is the variance of the scores before the sigmoid or
            softmax.
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
