"""What all linear multi-task models of arrays have, in scikit-learn's manner."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from keras_mtl.linear.fit import LinearFit, fit_linear
from keras_mtl.linear.penalties import Penalty
from keras_mtl.linear.scored_model import (
    ScoredModel,
    output_units,
    raise_invalid,
    read_arrays,
    read_sample_weight,
    target_folds,
)
from keras_mtl.linear.setting_ranges import (
    is_integer_from,
    is_not_negative,
    is_positive,
)
from keras_mtl.linear.targets import Target

__all__ = ["LinearModel"]


@dataclass(eq=False, repr=False)
class LinearModel(ScoredModel):
    """Linear models of several tasks under one penalty. Use a subclass.

    Binary, multi-class and regression tasks may be mixed, and each row may lack
    the labels of some tasks. Features and the labels of regressions are
    standardized inside, so that strengths are comparable between data sets. The
    loss of each task is its mean over the rows that have a label: half the
    squared error, or the cross-entropy.

    Args:
        strength: The penalty's factor. None chooses it by cross-validation
            along a path.
        kinds: By task name `"binary"`, `"multiclass"` or `"regression"`. By
            default labels of two values are binary, text is multi-class and
            other numbers are regressions.
        strengths: How many strengths the path has.
        folds: The folds of the cross-validation.
        one_standard_error: Whether to take the largest strength whose held-out
            loss is within one standard error of the smallest.
        tolerance: By how much the conditions of the minimum may be violated.
        seed: Of the folds.

    Attributes:
        coef_: The weights of the features as they come, (D, K).
        intercept_: The intercepts, (K,).
        standard_coef_: The weights of standardized features, (D, K). Zeros are
            zeros.
        output_names_: A name for each of the K outputs: a multi-class task has
            one per class.
        strength_: The strength.
        choice_: What cross-validation found along the path; None for a given
            strength.
        path_: The weights along the path, (S, D, K), or None.
        clusters_: The cluster of each output, or None.
        residual_: By how much the conditions of the minimum are violated.
        rank_: The number of features that are not sums of others.
    """

    strength: float | None = None
    kinds: Mapping[str, str] | None = None
    strengths: int = 30
    folds: int = 5
    one_standard_error: bool = False
    tolerance: float = 1e-7
    seed: int = 0

    @abstractmethod
    def _penalty(self, outputs: int) -> Penalty:
        """Return the penalty, of any strength, for a number of outputs."""

    def fit(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        groups: Any = None,
    ) -> Self:
        """Fit the model.

        Args:
            x: The features, (N, D), finite numbers.
            y: By task name labels of shape (N,), or an array of shape (N,) or
                (N, T). NaN or None is missing.
            sample_weight: What each row counts, (N,).
            groups: Rows of one number are in one fold, (N,).

        Returns:
            The model itself.

        Raises:
            ValueError: When settings, features or labels can't serve.
        """
        features, targets = read_arrays(x, y, self.kinds)
        self._check()
        outputs = sum(len(target.output_names) for target in targets)
        penalty = self._penalty(outputs)
        weights = read_sample_weight(sample_weight, targets, len(features))
        folds = None
        if self.strength is None:
            folds = target_folds(targets, self.folds, self.seed, groups)
        found = fit_linear(
            features,
            [target.to_task(weights) for target in targets],
            penalty,
            self.strength,
            folds,
            self.strengths,
            self.one_standard_error,
            self.tolerance,
        )
        self._set(found, targets, isinstance(y, Mapping))
        return self

    def _scores(self, features: np.ndarray) -> np.ndarray:
        return features @ self.coef_ + self.intercept_

    def _check(self) -> None:
        wrong = []
        if self.strength is not None and not is_not_negative(self.strength):
            wrong.append(("strength", "a finite number of 0 or more, or None"))
        for name in ("strengths", "folds"):
            if not is_integer_from(getattr(self, name), 2):
                wrong.append((name, "an integer of 2 or more"))
        if not is_positive(self.tolerance):
            wrong.append(("tolerance", "a finite number above 0"))
        raise_invalid(self, wrong)

    def _set(self, found: LinearFit, targets: list[Target], by_name: bool) -> None:
        scales, means = output_units(targets)
        self.targets_ = targets
        self.by_name_ = by_name
        self.coef_ = found.weights * scales
        self.intercept_ = found.intercepts * scales + means
        self.standard_coef_ = found.standard_weights
        self.output_names_ = [name for each in targets for name in each.output_names]
        self.strength_ = found.penalty.strength
        self.choice_ = found.choice
        self.path_ = found.path
        self.clusters_ = found.clusters
        self.residual_ = found.residual
        self.rank_ = found.rank
        self.n_features_in_ = len(found.weights)
