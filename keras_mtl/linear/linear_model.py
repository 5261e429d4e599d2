"""Base class of linear multi-task models, in the style of scikit-learn."""

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
    """Base class of linear models of several tasks with a common penalty.

    Binary, multi-class and regression tasks can be mixed, and labels may be missing for
    any task in any row. Features and labels of regressions are standardized internally,
    so strengths are comparable between data sets. The loss of a task is a mean over its
    labeled rows: of half the squared error, or of the cross-entropy.

    Args:
        strength: The factor of the penalty. None chooses it by cross-validation along a
            path.
        kinds: The kind of each task by name: `"binary"`, `"multiclass"` or
            `"regression"`. By default labels with two values are binary, text is
            multi-class and other numbers are regressions.
        strengths: The number of strengths on the path.
        folds: The number of folds of the cross-validation.
        one_standard_error: Whether to choose the largest strength whose held-out loss
            is within one standard error of the smallest loss.
        tolerance: The largest violation of the optimality conditions; see
            `kkt_residual`.
        seed: The seed of the folds.

    Attributes:
        coef_: The weights of the features in their own units, (D, K).
        intercept_: The intercepts, (K,).
        standard_coef_: The weights of standardized features, (D, K). Weights that the
            penalty removes are exactly 0.
        output_names_: The names of the K outputs. A multi-class task has one output per
            class.
        strength_: The strength.
        choice_: The result of the cross-validation along the path; None for a given
            strength.
        path_: The weights along the path, (S, D, K), or None.
        clusters_: The cluster of each output, or None.
        residual_: The violation of the optimality conditions.
        rank_: The number of linearly independent features.
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
        """Return the penalty for a number of outputs, with any strength."""

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
            y: The labels: a dict by task name of arrays of shape (N,), or an array of
                shape (N,) or (N, T). NaN or None is missing.
            sample_weight: The weight of each row, (N,).
            groups: Group numbers of the rows, (N,). Rows of the same group are in the
                same fold.

        Returns:
            The model itself.

        Raises:
            ValueError: If settings, features or labels are invalid.
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
