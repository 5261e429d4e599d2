"""A multi-task kernel model of arrays, from features to coefficients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from keras_mtl.kernels.kernel_basis import KernelBasis, kernel_basis, support_count
from keras_mtl.kernels.kernel_function import (
    KernelFunction,
    KernelKind,
    median_distance,
)
from keras_mtl.kernels.newton import KernelWeights, solve_kernel_weights
from keras_mtl.kernels.task_covariance import covariance_root, shared_covariance
from keras_mtl.linear import LinearProblem, LinearTask, StrengthChoice
from keras_mtl.linear.path import choose_strength, tasks_of_rows

__all__ = ["KernelFit", "KernelGrid", "fit_kernel"]

# The largest number of support rows for comparing settings. The ranking is similar to
# that with all rows, in a tenth of the time.
COMPARED_SUPPORT = 200
COMPARED_TOLERANCE = 1e-3


@dataclass(frozen=True)
class KernelGrid:
    """Grid of settings for the cross-validation.

    Args:
        strengths: The number of strengths, from a strength at which the features have
            no effect down to 0.00001 times that strength.
        length_factors: Length scales of an RBF kernel, as factors of the median
            distance of rows.
        sharings: Values of the argument `sharing` of `shared_covariance`.
        one_standard_error: Whether to choose the largest strength whose held-out loss
            is within one standard error of the smallest loss.
    """

    strengths: int = 10
    length_factors: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    sharings: tuple[float, ...] = (0.0, 0.5, 0.9)
    one_standard_error: bool = False


@dataclass(frozen=True)
class KernelFit:
    """Result of `fit_kernel`: `k(rows, support) @ coefficients + intercepts`.

    Attributes:
        kernel: The kernel of standardized rows.
        means: The features' means, (d,).
        scales: The standard deviations of the features, (d,); 1 for a constant feature.
        support: The standardized support rows, (M, d).
        coefficients: The coefficients of the support rows, (M, K).
        intercepts: The intercepts, (K,).
        task_covariance: The matrix B of the similarities of the outputs, (K, K).
        strength: The factor of half the squared norm.
        sharing: The argument of `shared_covariance`; None if B was given.
        residual: An estimate of the error of the scores, relative to the exact minimum.
        is_exact: Whether all rows are support rows.
        choice: The result of the cross-validation; None for a given strength.
    """

    kernel: KernelFunction
    means: np.ndarray
    scales: np.ndarray
    support: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray
    task_covariance: np.ndarray
    strength: float
    sharing: float | None
    residual: float
    is_exact: bool
    choice: StrengthChoice | None = None

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Return the scores of rows in the original units of the features, (N, K)."""
        standard = (features - self.means) / self.scales
        return self.kernel(standard, self.support) @ self.coefficients + self.intercepts


def fit_kernel(
    features: np.ndarray,
    tasks: Sequence[LinearTask],
    kind: KernelKind = "rbf",
    strength: float | None = None,
    length_scale: float | None = None,
    sharing: float | None = None,
    task_covariance: np.ndarray | None = None,
    folds: np.ndarray | Callable[[], np.ndarray] | None = None,
    rank: int | None = None,
    grid: KernelGrid | None = None,
    seed: int = 0,
    intercept: bool = True,
    tolerance: float = 1e-9,
) -> KernelFit:
    """Fit a function of several outputs with the kernel `k(x, x') B[s, t]`.

    The function minimizes the sum of the tasks' losses plus `strength / 2` times its
    squared norm. This is kernel ridge regression for squared errors, and kernel
    logistic regression for classes (Evgeniou, Micchelli and Pontil 2005).

    Settings that are None are chosen by cross-validation: first the length scale
    together with the strength, then the sharing together with the strength.

    Args:
        features: The features, of shape (N, d), without missing values.
        tasks: The tasks.
        kind: `"linear"` or `"rbf"`.
        strength: The factor of half the squared norm, above 0.
        length_scale: The length scale of an RBF kernel, for standardized features.
        sharing: The similarity of the outputs, from 0 to 1; see `shared_covariance`.
        task_covariance: B, in place of `sharing`, (K, K).
        folds: The fold of each row, integers of shape (N,), for the cross-validation;
            or a function that returns the folds, which is called only if they are
            needed.
        rank: The number of support rows. By default all rows up to 5,000, and 1,000 if
            there are more.
        grid: The settings to compare.
        seed: The seed of the random support rows.
        intercept: Whether each output has an unpenalized intercept.
        tolerance: The tolerance of the solver.

    Raises:
        UserError: If the kernel's values do not fit in memory.
        ValueError: If a setting has to be chosen without folds.
    """
    grid = grid or KernelGrid()
    outputs = sum(task.outputs for task in tasks)
    means = features.mean(axis=0, dtype="float64")
    scales = features.std(axis=0, dtype="float64")
    # The rounding errors of a constant are not a signal.
    scales = np.where(scales <= 1e-7 * np.maximum(1.0, np.abs(means)), 1.0, scales)
    rows = (np.asarray(features, "float64") - means) / scales
    count = support_count(len(rows), rank)
    if outputs == 1 or task_covariance is not None:
        sharing = 0.0 if sharing is None else sharing
    lengths = [1.0] if length_scale is None else [float(length_scale)]
    if kind == "rbf" and length_scale is None:
        middle = median_distance(rows, seed)
        lengths = [factor * middle for factor in grid.length_factors]
    choice = None
    if strength is None or len(lengths) > 1 or sharing is None:
        if callable(folds):
            folds = folds()
        if folds is None:
            raise ValueError(
                "Invalid value received for argument `folds`. Expected the fold of "
                "each row, to choose settings by. Received: None without a "
                "`strength`, a `length_scale` and a `sharing`"
            )
        search = _Search(rows, tasks, kind, folds, grid, seed, task_covariance)
        # First choose the other settings with a guess of the sharing, and then the
        # sharing.
        guess = 0.5 if sharing is None else sharing
        length, choice = min(
            (
                (each, search.losses(each, guess, strength, intercept))
                for each in lengths
            ),
            key=lambda pair: pair[1].loss.min(),
        )
        if sharing is None:
            sharing, choice = min(
                (
                    (each, search.losses(length, each, strength, intercept))
                    for each in grid.sharings
                ),
                key=lambda pair: pair[1].loss.min(),
            )
        lengths = [length]
        strength = float(choice.strengths[choice.chosen])
    assert strength is not None
    assert sharing is not None
    kernel = KernelFunction(kind, lengths[0])
    covariance = task_covariance
    if covariance is None:
        covariance = shared_covariance(outputs, sharing)
    root = covariance_root(covariance)
    basis = kernel_basis(kernel, rows, count, seed, center=intercept)
    found = solve_kernel_weights(
        basis.features, tasks, root, strength, None, tolerance, intercept
    )
    weights = found.weights @ root
    return KernelFit(
        kernel,
        means,
        scales,
        basis.support,
        basis.projection @ weights,
        found.intercepts - basis.offset @ weights,
        covariance,
        strength,
        None if task_covariance is not None else sharing,
        found.residual,
        count == len(rows),
        choice,
    )


class _Search:
    """Held-out losses of settings; each fold has one set of features per length."""

    def __init__(self, rows, tasks, kind, folds, grid, seed, covariance) -> None:
        self.rows, self.tasks, self.kind = rows, tasks, kind
        self.folds, self.grid, self.seed = folds, grid, seed
        self.covariance = covariance
        self._bases: dict[tuple[float, int], KernelBasis] = {}

    def losses(
        self, length: float, sharing: float, strength: float | None, intercept: bool
    ) -> StrengthChoice:
        """Return the held-out losses along the strengths."""
        kernel = KernelFunction(self.kind, length)
        numbers = np.unique(self.folds)
        size = 1.0
        if self.kind == "linear":
            size = max(float((self.rows**2).sum(axis=1).mean()), 1e-12)
        strengths = size * np.geomspace(1.0, 1e-5, self.grid.strengths)
        if strength is not None:
            strengths = np.array([strength])
        outputs = sum(task.outputs for task in self.tasks)
        covariance = self.covariance
        if covariance is None:
            covariance = shared_covariance(outputs, sharing)
        root = covariance_root(covariance)
        losses = np.full((len(numbers), len(strengths), len(self.tasks)), np.nan)
        for position, number in enumerate(numbers):
            rest = np.flatnonzero(self.folds != number)
            held = np.flatnonzero(self.folds == number)
            if (length, number) not in self._bases:
                count = min(COMPARED_SUPPORT, len(rest))
                self._bases[length, number] = kernel_basis(
                    kernel, self.rows[rest], count, self.seed, intercept
                )
            basis = self._bases[length, number]
            training = tasks_of_rows(self.tasks, rest)
            test = LinearProblem(
                basis(self.rows[held]), tasks_of_rows(self.tasks, held)
            )
            known = [task.weights.sum() > 0 for task in test.tasks]
            last: KernelWeights | None = None
            for index, each in enumerate(strengths):
                # Products of small matrices are faster in one thread.
                with threadpool_limits(1):
                    last = solve_kernel_weights(
                        basis.features,
                        training,
                        root,
                        float(each),
                        last,
                        COMPARED_TOLERANCE,
                        intercept,
                    )
                scores = test.scores(last.weights @ root, last.intercepts)
                losses[position, index, known] = test.task_values(scores)[known]
        return choose_strength(strengths, losses, self.grid.one_standard_error)
