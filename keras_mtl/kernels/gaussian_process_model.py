"""A multi-task Gaussian process of arrays, in the style of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.stats import norm

from keras_mtl.kernels.process_fit import average_scores, fit_process
from keras_mtl.kernels.process_parameters import ProcessParameters
from keras_mtl.linear.scored_model import (
    ScoredModel,
    fitted_features,
    output_units,
    raise_invalid,
    read_arrays,
)
from keras_mtl.linear.setting_ranges import is_integer_from
from keras_mtl.linear.targets import Target

__all__ = ["GaussianProcessModel"]


@dataclass(eq=False, repr=False)
class GaussianProcessModel(ScoredModel):
    """Gaussian process of several tasks that learns the covariance between tasks.

    The kernel of tasks s and t is `B[s, t] exp(-sum_d (x_d - x'_d)^2 / (2 length_d^2))`
    for standardized features, with `B = V V^T + diag(kappa)`. B, the length scales and
    the noise of each regression maximize the marginal likelihood (Bonilla, Chai and
    Williams 2008). Binary, multi-class and regression tasks can be mixed, and labels
    may be missing for any task in any row.

    Inference is exact for regressions, and by Laplace's approximation for classes. A
    binary task has one latent function. A multi-class task has one latent function per
    class, whose softmax is the probability. Predicted probabilities are means over the
    latent functions, by MacKay's approximation.

    Args:
        factors: The number of columns of V, that is, of common factors of the tasks.
        automatic_relevance: Whether each feature has its own length scale, with a
            log-normal prior around the median distance of rows.
        rank: The number of support rows of a Nystroem approximation. By default there
            is no approximation for up to 2,000 labels, where a multi-class label counts
            once per class, and at most 500 support rows for more labels.
        kinds: The kind of each task by name: `"binary"`, `"multiclass"` or
            `"regression"`. By default inferred as in `keras_mtl.linear.LinearModel`.
        iterations: The largest number of steps of the optimizer of the parameters.
        parameters: The `parameters_` of another fit, which are used and not learned
            again.
        seed: The seed of samples of rows and of initial parameters.

    Attributes:
        parameters_: The learned `ProcessParameters`, for standardized labels.
        task_covariance_: B for standardized labels, (K, K), in the order of
            `output_names_`.
        output_names_: A name for each of the K outputs.
        length_scales_: The length scales for standardized features, (1,) or
            (D,): the shorter, the more the feature matters.
        noise_: The noise variance of each output, (K,), in units of the variance of the
            task's labels; NaN for classes.
        log_marginal_likelihood_: The logarithm of the marginal likelihood of the
            standardized labels; None for a Nystroem approximation.
        rank_: The number of support rows.

    Example:

    >>> x = np.linspace(0, 6, 30)[:, None]
    >>> y = np.hstack([np.sin(x), 2 * np.sin(x)])
    >>> y[15:, 1] = np.nan
    >>> model = GaussianProcessModel().fit(x, y)
    >>> bool(np.abs(model.predict(x)[:, 1] - 2 * np.sin(x[:, 0])).mean() < 0.3)
    True
    """

    factors: int = 1
    automatic_relevance: bool = False
    rank: int | None = None
    kinds: Mapping[str, str] | None = None
    iterations: int = 100
    parameters: ProcessParameters | None = None
    seed: int = 0

    def fit(self, x: Any, y: Any) -> Self:
        """Fit the model.

        Args:
            x: The features, (N, D), finite numbers.
            y: The labels: a dict by task name of arrays of shape (N,), or an array of
                shape (N,) or (N, T). NaN or None is missing.

        Returns:
            The model itself.

        Raises:
            ValueError: If settings, features or labels are invalid.
            UserError: If the kernel matrix does not fit in memory.
        """
        self._check()
        features, targets = read_arrays(x, y, self.kinds)
        names = [name for target in targets for name in target.output_names]
        if self.parameters is not None:
            _check_parameters(self.parameters, len(names), features.shape[1])
        ones = np.ones(len(features))
        self.fit_ = fit_process(
            features,
            [target.to_task(ones) for target in targets],
            self.factors,
            self.automatic_relevance,
            self.rank,
            self.iterations,
            self.parameters,
            self.seed,
        )
        self.targets_ = targets
        self.by_name_ = isinstance(y, Mapping)
        self.output_names_ = names
        self.parameters_ = self.fit_.parameters
        self.task_covariance_ = self.parameters_.task_covariance
        self.length_scales_ = self.parameters_.lengths
        self.noise_ = np.where(_is_number(targets), self.parameters_.noise, np.nan)
        self.log_marginal_likelihood_ = self.fit_.log_evidence
        self.rank_ = len(self.fit_.support)
        self.n_features_in_ = features.shape[1]
        return self

    def predict(self, x: Any, return_variance: bool = False) -> Any:
        """Predict classes and numbers, and optionally the variances of the numbers.

        Args:
            x: The features, (N, D).
            return_variance: Whether to return the variances of regression labels too.
                They include the variance of the function and the variance of the noise.
                If the noise is learned, they are variances of Student's t distribution.

        Returns:
            A dict by task name of predictions of shape (N,); or an array of shape (N,
            T) if the labels of the fit were an array. With `return_variance`, a pair of
            predictions and variances. Classes have no variance: they are NaN in an
            array and left out of a dict.
        """
        predictions = super().predict(x)
        if not return_variance:
            return predictions
        found = {}
        _, variances = self.predict_latent(x)
        column = 0
        for target in self.targets_:
            if target.kind == "regression":
                label = variances[:, column] + self.noise_[column]
                label = label * self.fit_.noise_factors[column]
                found[target.name] = target.scale**2 * label
            column += len(target.output_names)
        if self.by_name_:
            return predictions, found
        missing = np.full(len(variances), np.nan)
        columns = [found.get(target.name, missing) for target in self.targets_]
        return predictions, np.stack(columns, axis=1)

    def predict_interval(
        self, x: Any, coverage: float = 0.9
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Predict intervals that contain the labels of regressions.

        Args:
            x: The features, (N, D).
            coverage: The probability that an interval contains the label, if the model
                is correct.

        Returns:
            A dict by name of the regression of the lower and the upper ends, each of
            shape (N,).

        Raises:
            ValueError: If the coverage is not a probability.
        """
        if not 0 < coverage < 1:
            raise ValueError(
                "Invalid value received for argument `coverage`. Expected a number "
                f"between 0 and 1. Received: coverage={coverage}"
            )
        means, variances = self.predict(x, return_variance=True)
        half = float(norm.ppf(0.5 + 0.5 * coverage))
        found = {}
        for index, target in enumerate(self.targets_):
            if target.kind == "regression":
                key: Any = target.name if self.by_name_ else (slice(None), index)
                width = half * np.sqrt(variances[key])
                found[target.name] = (means[key] - width, means[key] + width)
        return found

    def predict_latent(self, x: Any) -> tuple[np.ndarray, np.ndarray]:
        """Predict the latent functions: standardized labels, and scores of classes.

        Args:
            x: The features, (N, D).

        Returns:
            The means and the variances of the latent functions, without noise, each of
            shape (N, K).
        """
        return self.fit_.latent(fitted_features(self, x))

    def _scores(self, features: np.ndarray) -> np.ndarray:
        means, variances = self.fit_.latent(features)
        averaged = average_scores(means, variances)
        scores = np.where(_is_number(self.targets_), means, averaged)
        scales, centers = output_units(self.targets_)
        return np.asarray(scores * scales + centers)

    def _check(self) -> None:
        wrong = [
            (name, "an integer of 1 or more")
            for name in ("factors", "iterations")
            if not is_integer_from(getattr(self, name), 1)
        ]
        if self.rank is not None and not is_integer_from(self.rank, 1):
            wrong.append(("rank", "an integer of 1 or more, or None"))
        raise_invalid(self, wrong)


def _is_number(targets: Any) -> np.ndarray:
    """Return whether the task of each output is a regression, (K,)."""
    each: list[Target] = list(targets)
    counts = [len(target.output_names) for target in each]
    return np.repeat([target.kind == "regression" for target in each], counts)


def _check_parameters(
    parameters: ProcessParameters, outputs: int, features: int
) -> None:
    sizes = [
        len(each)
        for each in (parameters.loadings, parameters.log_kappa, parameters.log_noise)
    ]
    lengths = len(parameters.log_lengths)
    if set(sizes) != {outputs} or lengths not in (1, features):
        raise ValueError(
            "Invalid value received for argument `parameters`. Expected loadings, "
            f"kappa and noise of {outputs} outputs, and 1 or {features} length scales. "
            f"Received: {sizes} and {lengths}"
        )
