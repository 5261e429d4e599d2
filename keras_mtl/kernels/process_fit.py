"""A multi-task Gaussian process of arrays, from features to predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from scipy.special import expit, logit, softmax
from threadpoolctl import threadpool_limits

from keras_mtl._core.errors import UserError
from keras_mtl.kernels.kernel_basis import KernelBasis, kernel_basis, support_count
from keras_mtl.kernels.kernel_function import KernelFunction
from keras_mtl.kernels.laplace import laplace
from keras_mtl.kernels.latent_labels import LatentLabels, latent_labels
from keras_mtl.kernels.learn_process import learn_process
from keras_mtl.kernels.marginal_likelihood import latent_covariance
from keras_mtl.kernels.newton import KernelWeights, solve_kernel_weights
from keras_mtl.kernels.process_parameters import ProcessParameters
from keras_mtl.kernels.task_covariance import covariance_root
from keras_mtl.linear import LinearTask
from keras_mtl.linear.uncertain_noise import noise_factor

__all__ = ["ProcessFit", "average_scores", "fit_process", "process_support"]

# Up to this number of latent values, the fit is exact and inverts their covariance.
EXACT_VALUES = 2000
# The number of support rows for more values, and the largest number of support rows
# times outputs.
DEFAULT_RANK = 500
MOST_WEIGHTS = 5000
# The largest number of latent values that the parameters are learned from.
LEARNED_VALUES = 500
# The number of rows for counting the degrees of freedom.
FREEDOM_ROWS = 500
# The smallest share of a kernel's direction; smaller ones would make the variances
# inexact.
SMALLEST = 1e-8


@dataclass(frozen=True)
class ProcessFit:
    """Result of `fit_process`: a Gaussian process of K outputs.

    With k, the kernel of `(x - means) / (scales lengths)` with the support rows, output
    o at row x has the mean `k @ coefficients[:, o] + intercepts[o]` and the variance
    `variances[o] - k @ forms[o] @ k`.

    Attributes:
        parameters: The learned parameters.
        means: The features' means, (d,).
        scales: The features' standard deviations, (d,); 1 for a constant feature.
        support: The support rows, standardized and divided by the length
            scales, (M, d).
        coefficients: The coefficients of the support rows, (M, K).
        intercepts: The intercepts, (K,): 0 for a regression of standardized labels, and
            the logarithm of its odds or share among the labels for a class.
        variances: The prior variances, (K,).
        forms: The quadratic forms of the variance that the support rows explain, (K, M,
            M).
        is_exact: Whether all rows are support rows.
        log_evidence: The log marginal likelihood of all labels; None for a Nystroem
            approximation.
        residual: The approximate error of the scores at the mode.
        learned_from: The number of latent values that the parameters were learned from;
            0 for given parameters.
        noise_factors: The factors of the variances of predicted labels for learned
            noise, (K,); see `noise_factor`. 1 for classes and for given parameters.
    """

    parameters: ProcessParameters
    means: np.ndarray
    scales: np.ndarray
    support: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray
    variances: np.ndarray
    forms: np.ndarray
    is_exact: bool
    log_evidence: float | None
    residual: float
    learned_from: int
    noise_factors: np.ndarray

    def latent(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the means and variances of latent values, (N, K) each.

        Args:
            features: The features in their own units, (N, d).
        """
        rows = (features - self.means) / self.scales / self.parameters.lengths
        kernel = KernelFunction("rbf", 1.0)(rows, self.support)
        explained = np.stack(
            [np.einsum("nm,nm->n", kernel @ form, kernel) for form in self.forms],
            axis=1,
        )
        # Rounding may make the variance negative.
        variances = np.maximum(self.variances - explained, 0.0)
        return kernel @ self.coefficients + self.intercepts, variances


def average_scores(means: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Return scores whose probabilities approximate mean probabilities.

    The mean of the logistic function of a normal variable is approximately the logistic
    function of `mean / sqrt(1 + pi variance / 8)` (MacKay 1992).

    Args:
        means: The means of the scores, of any shape.
        variances: The variances of the scores, of the same shape.

    Example:

    >>> float(average_scores(2.0, 0.0))
    2.0
    >>> float(average_scores(2.0, 9.0).round(2))
    0.94
    """
    return np.asarray(means / np.sqrt(1.0 + np.pi * variances / 8.0))


def process_support(tasks: Sequence[LinearTask], rank: int | None) -> int:
    """Return the number of support rows; all rows for an exact fit.

    Args:
        tasks: The tasks.
        rank: The requested number. None for all rows with at most 2,000 labels, and for
            at most 500 rows with more labels.

    Raises:
        UserError: If the support rows do not fit in memory.
    """
    rows = len(tasks[0].weights)
    outputs = sum(task.outputs for task in tasks)
    values = sum(task.outputs * int((task.weights > 0).sum()) for task in tasks)
    # The forms of all outputs may be as large as one form of 4,000 rows.
    fits = values <= EXACT_VALUES and outputs * rows**2 <= (2 * EXACT_VALUES) ** 2
    if fits and (rank is None or rank >= rows):
        return rows
    count = min(rows, DEFAULT_RANK if rank is None else rank)
    if rank is None:
        count = max(1, min(count, EXACT_VALUES // outputs))
    if count * outputs > MOST_WEIGHTS:
        raise UserError(
            f"gaussian process: expected a rank of at most {MOST_WEIGHTS // outputs}, "
            f"as {count} support rows of {outputs} outputs have a covariance of "
            f"{8e-9 * (count * outputs) ** 2:.1f} GB; received rank={count}. Ask for "
            f"rank={max(1, EXACT_VALUES // outputs)}, or leave it out."
        )
    return support_count(rows, count, "gaussian process")


def fit_process(
    features: np.ndarray,
    tasks: Sequence[LinearTask],
    factors: int = 1,
    automatic_relevance: bool = False,
    rank: int | None = None,
    iterations: int = 100,
    parameters: ProcessParameters | None = None,
    seed: int = 0,
) -> ProcessFit:
    """Fit a Gaussian process of several outputs.

    The kernel, B and the noise of each regression maximize the marginal likelihood
    (`ProcessParameters`) of at most 500 latent values. The fit uses all labels: it is
    exact for regressions, and Laplace's approximation for classes. With more than 2,000
    latent values, it is a Nystroem approximation with `rank` support rows, whose
    variances include the part that the support rows do not explain.

    Args:
        features: The features, (N, d), without missing values.
        tasks: The tasks; regressions have standardized labels. The weight of a row is
            relative to the mean weight of the task's labels, and divides a regression's
            noise.
        factors: The number of columns of V.
        automatic_relevance: Whether each feature has its own length scale; see
            `learn_process`.
        rank: The number of support rows; see `process_support`.
        iterations: The largest number of steps of the search for parameters.
        parameters: The parameters, in place of learning them.
        seed: The seed of samples and of the start.

    Raises:
        UserError: If the kernel's values do not fit in memory.
    """
    means = features.mean(axis=0, dtype="float64")
    scales = features.std(axis=0, dtype="float64")
    # The rounding errors of a constant are not a signal.
    scales = np.where(scales <= 1e-7 * np.maximum(1.0, np.abs(means)), 1.0, scales)
    rows = (np.asarray(features, "float64") - means) / scales
    count = process_support(tasks, rank)
    intercepts = _prior_means(tasks)
    learned_from = 0
    if parameters is None:
        sample = latent_labels(tasks, LEARNED_VALUES, seed)
        learned_from = len(sample)
        parameters = learn_process(
            rows,
            sample,
            intercepts,
            factors,
            rows.shape[1] if automatic_relevance else 1,
            iterations,
            seed,
        )
    scaled = rows / parameters.lengths
    evidence = None
    labels = latent_labels(tasks, len(rows) * len(intercepts), seed)
    is_exact = count == len(rows) and len(labels) <= EXACT_VALUES
    if is_exact:
        # Products of small matrices are faster in one thread.
        with threadpool_limits(1 if len(labels) < 1000 else None):
            covariance, _ = latent_covariance(parameters, rows, labels)
            found = laplace(
                covariance, intercepts[labels.outputs], labels, parameters.noise
            )
            coefficients, forms = _exact_answers(
                parameters, labels, found.answers, found.precision, len(rows)
            )
        support, residual = scaled, found.residual
        evidence = found.log_evidence
    else:
        basis = kernel_basis(
            KernelFunction("rbf", 1.0), scaled, count, seed, False, SMALLEST
        )
        support = basis.support
        coefficients, forms, residual = _nystroem_answers(
            parameters, tasks, basis, intercepts
        )
    fit = ProcessFit(
        parameters,
        means,
        scales,
        support,
        coefficients,
        intercepts,
        np.diagonal(parameters.task_covariance).copy(),
        forms,
        is_exact,
        evidence,
        residual,
        learned_from,
        np.ones(len(intercepts)),
    )
    if learned_from:
        fit = replace(fit, noise_factors=_noise_factors(fit, features, tasks))
    return fit


def _noise_factors(
    fit: ProcessFit, features: np.ndarray, tasks: Sequence[LinearTask]
) -> np.ndarray:
    """Return the factors of the variances of labels for uncertain noise, (K,)."""
    factors = np.ones(len(fit.intercepts))
    column = 0
    for task in tasks:
        known = np.flatnonzero(task.weights > 0)
        if task.loss == "squared" and len(known):
            some = known[:: -(-len(known) // FREEDOM_ROWS)]
            counts = task.weights[some] / task.weights[known].mean()
            _, variances = fit.latent(features[some])
            # The effective number of parameters: the trace of the smoother.
            shares = variances[:, column] * counts / fit.parameters.noise[column]
            determined = len(known) * float(shares.mean())
            factors[column] = noise_factor(len(known), determined)
        column += task.outputs
    return factors


def _prior_means(tasks: Sequence[LinearTask]) -> np.ndarray:
    """Return the prior mean of each output, from the shares of classes."""
    means: list[float] = []
    for task in tasks:
        known = task.weights > 0
        labels, weights = task.labels[known], task.weights[known]
        if task.loss == "squared":
            means.append(0.0)
            continue
        # One additional label of each class, since no class is impossible.
        total, classes = len(labels), max(task.outputs, 2)
        share = weights @ labels / max(weights.sum(), 1e-300)
        share = (share * total + 1.0) / (total + classes)
        if task.loss == "logistic":
            means.append(float(logit(share[0])))
        else:
            means += np.log(share).tolist()
    return np.array(means)


def _exact_answers(
    parameters: ProcessParameters,
    labels: LatentLabels,
    answers: np.ndarray,
    precision: np.ndarray,
    rows: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients (M, K) and forms (K, M, M) at the rows themselves."""
    covariance = parameters.task_covariance
    places = np.arange(len(labels))
    coefficients, forms = [], []
    for alike in covariance:
        # The matrix from latent values to the kernel of their rows, for this output.
        gather = csr_matrix(
            (alike[labels.outputs], (labels.rows, places)), shape=(rows, len(labels))
        )
        coefficients.append(gather @ answers)
        forms.append(gather @ (gather @ precision).T)
    return np.stack(coefficients, axis=1), np.stack(forms)


def _nystroem_answers(
    parameters: ProcessParameters,
    tasks: Sequence[LinearTask],
    basis: KernelBasis,
    intercepts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return coefficients, forms and the residual for a Nystroem approximation.

    The scores are `features @ weights @ root + intercepts` with a standard normal prior
    of the weights, whose posterior is Laplace's approximation.
    """
    root = covariance_root(parameters.task_covariance)
    features = basis.features
    start = KernelWeights(np.zeros((features.shape[1], len(root))), intercepts, np.inf)
    weighed = _likelihoods(tasks, parameters.noise)
    found = solve_kernel_weights(
        features, weighed, root, 1.0, start, 1e-7, intercept=False
    )
    weights = found.weights @ root
    curvature = np.eye(features.shape[1] * len(root)).reshape(
        features.shape[1], len(root), features.shape[1], len(root)
    )
    scores = features @ weights + intercepts
    column = 0
    for task in weighed:
        here = slice(column, column + task.outputs)
        for first, second, slope in _curvature(task, scores[:, here]):
            both = features.T @ (slope[:, None] * features)
            tasks_of = np.outer(root[:, column + first], root[:, column + second])
            curvature += np.einsum("ab,qr->aqbr", both, tasks_of)
        column += task.outputs
    size = features.shape[1] * len(root)
    factor = cho_factor(curvature.reshape(size, size), lower=True, overwrite_a=True)
    forms = []
    own = np.eye(features.shape[1])
    for output in range(root.shape[1]):
        # The covariance of the weights of this output's function.
        seen = np.kron(own, root[:, [output]])
        covariance = seen.T @ cho_solve(factor, seen)
        prior = float(root[:, output] @ root[:, output])
        inner = prior * own - 0.5 * (covariance + covariance.T)
        forms.append(basis.projection @ inner @ basis.projection.T)
    return basis.projection @ weights, np.stack(forms), found.residual


def _likelihoods(tasks: Sequence[LinearTask], noise: np.ndarray) -> list[LinearTask]:
    """Return tasks whose losses are negative log likelihoods."""
    found, column = [], 0
    for task in tasks:
        known = task.weights > 0
        weights = task.weights / (task.weights[known].mean() if known.any() else 1.0)
        if task.loss == "squared":
            weights = weights / noise[column]
        found.append(LinearTask(task.loss, task.labels, weights))
        column += task.outputs
    return found


def _curvature(
    task: LinearTask, scores: np.ndarray
) -> list[tuple[int, int, np.ndarray]]:
    """Return the second derivatives of a task's loss, by pair of its outputs."""
    if task.loss == "squared":
        return [(0, 0, task.weights)]
    if task.loss == "logistic":
        yes = expit(scores[:, 0])
        return [(0, 0, task.weights * yes * (1.0 - yes))]
    likely = softmax(scores, axis=1)
    return [
        (
            first,
            second,
            task.weights
            * likely[:, first]
            * (float(first == second) - likely[:, second]),
        )
        for first in range(task.outputs)
        for second in range(task.outputs)
    ]
