"""Multi-task kernel models of arrays, in the style of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from keras_mtl.kernels.kernel_fit import KernelGrid, fit_kernel
from keras_mtl.kernels.kernel_function import KernelKind
from keras_mtl.kernels.task_covariance import check_task_covariance
from keras_mtl.linear.scored_model import (
    ScoredModel,
    output_units,
    raise_invalid,
    read_arrays,
    target_folds,
)
from keras_mtl.linear.setting_ranges import (
    is_integer_from,
    is_not_negative,
    is_positive,
)

__all__ = ["KernelModel"]


@dataclass(eq=False, repr=False)
class KernelModel(ScoredModel):
    """Kernel ridge and logistic regression of several tasks.

    The kernel of row x of task s with row x' of task t is `k(x, x') B[s, t]`. Numbers
    are predicted by kernel ridge regression and classes by kernel logistic regression,
    with the losses of `keras_mtl.linear`. Tasks of these kinds can be mixed, and labels
    may be missing for any task in any row. Settings that are None are chosen by
    cross-validation.

    Args:
        kernel: `"rbf"` or `"linear"`.
        strength: The factor of half the squared norm, above 0.
        length_scale: The length scale of an RBF kernel, for standardized features. By
            default the median distance of rows, times a factor that cross-validation
            chooses.
        sharing: The similarity of the tasks: 0 fits each task alone, 1 fits one pooled
            function with one intercept per task.
        task_covariance: B, (K, K), in place of `sharing`.
        rank: The number of support rows of a Nystroem approximation. By default all
            rows up to 5,000, and 1,000 if there are more.
        kinds: The kind of each task by name: `"binary"`, `"multiclass"` or
            `"regression"`. By default inferred as in `keras_mtl.linear.LinearModel`.
        folds: The number of folds of the cross-validation.
        one_standard_error: Whether to choose the largest strength whose held-out loss
            is within one standard error of the smallest loss.
        seed: The seed of the folds and of the random support rows.

    Attributes:
        strength_: The strength.
        length_scale_: The length scale.
        task_covariance_: B, (K, K), in the order of `output_names_`.
        output_names_: The names of the K outputs. A multi-class task has one output per
            class.
        rank_: The number of support rows.
        choice_: The result of the cross-validation, or None.
        residual_: An estimate of the error of the scores, relative to the exact
            minimum.

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
            y: The labels: a dict by task name of arrays of shape (N,), or an array of
                shape (N,) or (N, T). NaN or None is missing.
            groups: Group numbers of the rows, (N,). Rows of the same group are in the
                same fold.

        Returns:
            The model itself.

        Raises:
            ValueError: If settings, features or labels are invalid.
            UserError: If the kernel matrix does not fit in memory.
        """
        features, targets = read_arrays(x, y, self.kinds)
        self._check()
        names = [name for target in targets for name in target.output_names]
        covariance = None
        if self.task_covariance is not None:
            covariance = check_task_covariance(self.task_covariance, len(names))
        ones = np.ones(len(features))
        self.fit_ = fit_kernel(
            features,
            [target.to_task(ones) for target in targets],
            self.kernel,
            self.strength,
            self.length_scale,
            self.sharing,
            covariance,
            lambda: target_folds(targets, self.folds, self.seed, groups),
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

    def _scores(self, features: np.ndarray) -> np.ndarray:
        scales, means = output_units(self.targets_)
        return self.fit_.scores(features) * scales + means

    def _check(self) -> None:
        wrong = []
        if self.kernel not in ("rbf", "linear"):
            wrong.append(("kernel", "'rbf' or 'linear'"))
        for name in ("strength", "length_scale"):
            value = getattr(self, name)
            if value is not None and not is_positive(value):
                wrong.append((name, "a finite number above 0, or None"))
        if self.sharing is not None and not (
            is_not_negative(self.sharing) and self.sharing <= 1
        ):
            wrong.append(("sharing", "a number from 0 to 1, or None"))
        if self.rank is not None and not is_integer_from(self.rank, 1):
            wrong.append(("rank", "an integer of 1 or more, or None"))
        if not is_integer_from(self.folds, 2):
            wrong.append(("folds", "an integer of 2 or more"))
        raise_invalid(self, wrong)
