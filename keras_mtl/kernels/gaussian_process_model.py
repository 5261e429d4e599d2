"""A multi-task Gaussian process of arrays, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from sklearn.base import BaseEstimator

from keras_mtl._core.errors import UserError
from keras_mtl.kernels.kernel_function import KernelFunction, median_distance
from keras_mtl.kernels.marginal_likelihood import (
    ProcessParameters,
    negative_log_likelihood,
)
from keras_mtl.linear.scored_model import fitted_features, raise_invalid, read_arrays

__all__ = ["GaussianProcessModel"]

# A covariance of so many labels takes 0.2 GB, and each step some seconds.
MOST_LABELS = 5000
# Bounds of logarithms of variances and lengths of standardized labels and rows.
SMALLEST, LARGEST = np.log(1e-6), np.log(1e4)


@dataclass(eq=False, repr=False)
class GaussianProcessModel(BaseEstimator):
    """A Gaussian process of several regressions that learns how alike they are.

    The kernel is `B[s, t] exp(-||x - x'||^2 / (2 length_scale^2))` of
    standardized features, with `B = V V^T + diag(kappa)`. B, the length scale and
    the noise of each task are those of the largest marginal likelihood (Bonilla,
    Chai and Williams 2008). Each row may lack the labels of some tasks. The
    answers are exact; all tasks together have at most 5,000 labels.

    Args:
        rank: The number of columns of V, what all tasks have in common.
        iterations: The most steps of L-BFGS.
        parameters: What `parameters_` of another fit is, in place of learning.

    Attributes:
        parameters_: What was learned, a `ProcessParameters` for standardized
            labels.
        task_covariance_: B for standardized labels, (T, T).
        length_scale_: The length scale for standardized features.
        noise_: The variance of the noise of standardized labels, (T,).
        log_marginal_likelihood_: The logarithm of the marginal likelihood of the
            standardized labels.
        names_: The names of the tasks.

    Example:

    >>> x = np.linspace(0, 6, 30)[:, None]
    >>> y = np.hstack([np.sin(x), 2 * np.sin(x)])
    >>> y[15:, 1] = np.nan
    >>> model = GaussianProcessModel().fit(x, y)
    >>> bool(np.abs(model.predict(x)[:, 1] - 2 * np.sin(x[:, 0])).max() < 0.5)
    True
    """

    rank: int = 1
    iterations: int = 200
    parameters: ProcessParameters | None = None

    def fit(self, x: Any, y: Any) -> Self:
        """Fit the process.

        Args:
            x: The features, (N, D), finite numbers.
            y: By task name labels of shape (N,), or an array of shape (N,) or
                (N, T). NaN is missing.

        Returns:
            The model itself.

        Raises:
            ValueError: When settings, features or labels can't serve.
            UserError: When there are more than 5,000 labels.
        """
        positive = ("rank", "iterations")
        raise_invalid(
            self,
            [(name, "1 or more") for name in positive if int(getattr(self, name)) < 1],
        )
        names = [*y] if isinstance(y, Mapping) else range(_columns(y))
        kinds = {str(name): "regression" for name in names}
        features, targets = read_arrays(x, y, kinds)
        labels = np.stack(
            [(each.labels - each.mean) / each.scale for each in targets], axis=1
        )
        where, self._tasks_of = np.nonzero(np.isfinite(labels))
        if len(where) > MOST_LABELS:
            raise UserError(
                f"gaussian process: expected at most {MOST_LABELS} labels of all "
                f"tasks together; received {len(where)}. Fit it to a sample of the "
                "rows, or use keras_mtl.kernels.KernelModel, which approximates "
                "many rows."
            )
        self._means = features.mean(axis=0)
        scales = features.std(axis=0)
        constant = scales <= 1e-7 * np.maximum(1.0, np.abs(self._means))
        self._scales = np.where(constant, 1.0, scales)
        rows = (features - self._means) / self._scales
        self._rows = rows[where]
        known = labels[where, self._tasks_of]
        arguments = (self._rows, self._tasks_of, known, len(targets))
        found = self.parameters
        if found is None:
            found = self._learn(arguments, median_distance(rows))
        self.parameters_ = found
        value, _ = negative_log_likelihood(found.to_vector(), *arguments)
        self.log_marginal_likelihood_ = -value
        self.task_covariance_ = found.task_covariance
        self.length_scale_ = found.length_scale
        self.noise_ = found.noise
        covariance = self._covariance(self._rows, self._tasks_of)
        covariance[np.diag_indices_from(covariance)] += found.noise[self._tasks_of]
        self._factor = cho_factor(covariance, lower=True)
        self._answers = cho_solve(self._factor, known)
        self.targets_ = targets
        self.names_ = [target.name for target in targets]
        self.by_name_ = isinstance(y, Mapping)
        self.n_features_in_ = features.shape[1]
        return self

    def predict(self, x: Any, return_variance: bool = False) -> Any:
        """Predict numbers, and how uncertain they are.

        Args:
            x: The features, (N, D).
            return_variance: Whether to return the variances of labels too: that
                of the function and that of the noise.

        Returns:
            By task name predictions of shape (N,), or, of a model that was fitted
            to an array of labels, an array of shape (N, T). With
            `return_variance` a pair of such predictions and variances.
        """
        features = fitted_features(self, x)
        rows = (features - self._means) / self._scales
        means, variances = {}, {}
        for index, target in enumerate(self.targets_):
            across = self._covariance(rows, np.full(len(rows), index))
            means[target.name] = target.mean + target.scale * (across @ self._answers)
            if return_variance:
                known = cho_solve(self._factor, across.T)
                own = self.task_covariance_[index, index] + self.noise_[index]
                # Rounding may explain more than there is.
                rest = np.maximum(
                    own - (across.T * known).sum(axis=0), self.noise_[index]
                )
                variances[target.name] = target.scale**2 * rest
        if not self.by_name_:
            columns = [
                np.stack([*each.values()], axis=1)
                for each in (means, variances)
                if each
            ]
            return tuple(columns) if return_variance else columns[0]
        return (means, variances) if return_variance else means

    def _learn(self, arguments: tuple, length: float) -> ProcessParameters:
        tasks = arguments[-1]
        # Equal columns of V would stay equal.
        loadings = 0.1 * np.random.default_rng(0).normal(size=(tasks, self.rank))
        loadings[:, 0] = 0.7
        start = ProcessParameters(
            loadings,
            np.full(tasks, np.log(0.5)),
            np.full(tasks, np.log(0.1)),
            float(np.log(length)),
        ).to_vector()
        bounds = [(None, None)] * loadings.size
        bounds += [(SMALLEST, LARGEST)] * (len(start) - loadings.size)
        found = minimize(
            negative_log_likelihood,
            start,
            args=arguments,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": self.iterations},
        )
        return ProcessParameters.from_vector(found.x, tasks)

    def _covariance(self, rows: np.ndarray, tasks_of: np.ndarray) -> np.ndarray:
        kernel = KernelFunction("rbf", self.length_scale_)
        alike = self.task_covariance_[np.ix_(tasks_of, self._tasks_of)]
        return kernel(rows, self._rows) * alike


def _columns(y: Any) -> int:
    shape = np.shape(y)
    return shape[1] if len(shape) == 2 else 1
