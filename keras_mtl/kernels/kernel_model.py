"""Multi-task kernel models of arrays, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from keras_mtl.kernels.arrays import checked_features
from keras_mtl.kernels.kernel_fit import KernelGrid, fit_kernel
from keras_mtl.kernels.kernel_function import KernelKind
from keras_mtl.kernels.task_covariance import check_task_covariance
from keras_mtl.linear.targets import read_targets
from keras_mtl.splits import fold_rows, label_strata

__all__ = ["KernelModel"]


@dataclass(eq=False, repr=False)
class KernelModel(BaseEstimator):
    """Functions of several tasks by a kernel `k(x, x') B[s, t]`.

    Kernel ridge regression for numbers and kernel logistic regression for
    classes. Tasks may be mixed, and each row may lack the labels of some tasks,
    as in `keras_mtl.linear`, whose losses these models minimize too. What is None
    is chosen by cross-validation.

    Args:
        kernel: `"rbf"` or `"linear"`.
        strength: The factor of half the squared norm, above 0.
        length_scale: Of an RBF kernel of standardized features. By default the
            median distance of rows, times a factor that is chosen.
        sharing: How alike the tasks are: 0 fits each alone, 1 one pooled
            function with an intercept for each.
        task_covariance: B, (K, K), in place of `sharing`.
        rank: The number of support rows of a Nystroem approximation. By default
            all rows are support rows up to 5,000, and 1,000 of more.
        kinds: By task name `"binary"`, `"multiclass"` or `"regression"`.
        folds: The folds of the cross-validation.
        one_standard_error: Whether to take the largest strength whose held-out
            loss is within one standard error of the smallest.
        seed: Of folds and of drawn support rows.

    Attributes:
        strength_: The strength.
        length_scale_: The length scale.
        task_covariance_: B, (K, K), by the order of `output_names_`.
        output_names_: A name for each of the K outputs: a multi-class task has
            one per class.
        rank_: The number of support rows.
        choice_: What cross-validation found along the strengths, or None.
        residual_: About by how much scores may be off the minimum's.

    Example:

    >>> x = np.linspace(-3, 3, 40)[:, None]
    >>> y = {"wave": np.sin(x[:, 0]), "up": np.sin(x[:, 0]) > 0}
    >>> model = KernelModel(strength=1e-4, length_scale=0.5, sharing=0.5).fit(x, y)
    >>> model.predict(np.array([[1.5]]))["wave"].round(1)
    array([1.])
    """

    kernel: KernelKind = "rbf"
    strength: float | None = None
    length_scale: float | None = None
    sharing: float | None = None
    task_covariance: Any = None
    rank: int | None = None
    kinds: Mapping[str, str] | None = None
    folds: int = 5
    one_standard_error: bool = False
    seed: int = 0

    def fit(self, x: Any, y: Any, groups: Any = None) -> Self:
        """Fit the model.

        Args:
            x: The features, (N, D), finite numbers.
            y: By task name labels of shape (N,), or an array of shape (N,) or
                (N, T). NaN or None is missing.
            groups: Rows of one number are in one fold, (N,).

        Returns:
            The model itself.

        Raises:
            ValueError: When settings, features or labels can't serve.
            UserError: When the kernel's values do not fit in memory.
        """
        features = checked_features(x)
        targets = read_targets(y, self.kinds)
        for target in targets:
            if len(target.labels) != len(features):
                raise ValueError(
                    "Invalid value received for argument `y`. Expected a label for "
                    f"each of {len(features)} rows. Received: {len(target.labels)} "
                    f"of task {target.name!r}"
                )
        self._check()
        names = [name for target in targets for name in target.output_names]
        covariance = None
        if self.task_covariance is not None:
            covariance = check_task_covariance(self.task_covariance, len(names))
        labels = {target.name: target.labels for target in targets}
        folds = fold_rows(
            label_strata(labels),
            folds=self.folds,
            seed=self.seed,
            groups=groups,
            labels=labels,
        )
        ones = np.ones(len(features))
        self.fit_ = fit_kernel(
            features,
            [target.to_task(ones) for target in targets],
            self.kernel,
            self.strength,
            self.length_scale,
            self.sharing,
            covariance,
            folds,
            self.rank,
            KernelGrid(one_standard_error=self.one_standard_error),
            self.seed,
        )
        self.targets_ = targets
        self.by_name_ = isinstance(y, Mapping)
        self.output_names_ = names
        self.strength_ = self.fit_.strength
        self.length_scale_ = self.fit_.kernel.length_scale
        self.task_covariance_ = self.fit_.task_covariance
        self.rank_ = len(self.fit_.support)
        self.choice_ = self.fit_.choice
        self.residual_ = self.fit_.residual
        self.n_features_in_ = features.shape[1]
        return self

    def predict(self, x: Any) -> Any:
        """Predict classes and numbers.

        Args:
            x: The features, (N, D).

        Returns:
            By task name predictions of shape (N,); or, of a model that was
            fitted to an array of labels, an array of shape (N, T).
        """
        found = {}
        for target, columns in self._scores(x):
            if target.kind == "regression":
                found[target.name] = columns[:, 0] * target.scale + target.mean
            elif target.kind == "binary":
                found[target.name] = target.classes[(columns[:, 0] > 0).astype(int)]
            else:
                found[target.name] = target.classes[columns.argmax(axis=1)]
        return found if self.by_name_ else np.stack([*found.values()], axis=1)

    def predict_proba(self, x: Any) -> dict[str, np.ndarray]:
        """Predict the probabilities of the classes.

        Args:
            x: The features, (N, D).

        Returns:
            By the name of each binary or multi-class task probabilities in the
            order of its classes, (N, classes).
        """
        found = {}
        for target, columns in self._scores(x):
            if target.kind == "binary":
                yes = expit(columns)
                found[target.name] = np.concatenate([1.0 - yes, yes], axis=1)
            elif target.kind == "multiclass":
                found[target.name] = softmax(columns, axis=1)
        return found

    def _scores(self, x: Any):
        check_is_fitted(self, "fit_")
        features = checked_features(x)
        if features.shape[1] != self.n_features_in_:
            raise ValueError(
                "Invalid value received for argument `x`. Expected "
                f"{self.n_features_in_} features, as in `fit`. Received: "
                f"{features.shape[1]}"
            )
        scores = self.fit_.scores(features)
        edges = np.cumsum([len(target.output_names) for target in self.targets_])
        return zip(self.targets_, np.split(scores, edges[:-1], axis=1), strict=True)

    def _check(self) -> None:
        wrong = []
        if self.kernel not in ("rbf", "linear"):
            wrong.append(("kernel", "'rbf' or 'linear'"))
        for name in ("strength", "length_scale"):
            value = getattr(self, name)
            if value is not None and not 0 < value < np.inf:
                wrong.append((name, "a finite number above 0, or None"))
        if self.sharing is not None and not 0 <= self.sharing <= 1:
            wrong.append(("sharing", "a number from 0 to 1, or None"))
        if self.rank is not None and int(self.rank) < 1:
            wrong.append(("rank", "1 or more, or None"))
        if int(self.folds) < 2:
            wrong.append(("folds", "2 or more"))
        if wrong:
            raise ValueError(
                " ".join(
                    f"Invalid value received for argument `{name}`. Expected {what}. "
                    f"Received: {name}={getattr(self, name)}."
                    for name, what in wrong
                )
            )
