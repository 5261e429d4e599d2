"""The marginal likelihood of a multi-task Gaussian process, and its gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.distance import cdist

__all__ = ["ProcessParameters", "negative_log_likelihood"]


@dataclass(frozen=True)
class ProcessParameters:
    """What is learned of a Gaussian process of T tasks.

    The covariance of task s at row x with task t at row x' is `B[s, t] exp(-||x -
    x'||^2 / (2 length_scale^2))`, with `B = V V^T + diag(kappa)`; each label of
    task t has noise of variance `noise[t]` on top (Bonilla, Chai and Williams
    2008).

    Attributes:
        loadings: V, (T, q).
        log_kappa: The logarithms of kappa, (T,).
        log_noise: The logarithms of the variances of the noise, (T,).
        log_length: The logarithm of the length scale.
    """

    loadings: np.ndarray
    log_kappa: np.ndarray
    log_noise: np.ndarray
    log_length: float

    @property
    def task_covariance(self) -> np.ndarray:
        """B, (T, T)."""
        own = np.diag(np.exp(self.log_kappa))
        return np.asarray(self.loadings @ self.loadings.T + own)

    @property
    def noise(self) -> np.ndarray:
        """The variances of the noise, (T,)."""
        return np.exp(self.log_noise)

    @property
    def length_scale(self) -> float:
        """The length scale."""
        return float(np.exp(self.log_length))

    def to_vector(self) -> np.ndarray:
        """Return all parameters, one after the other."""
        return np.concatenate(
            [
                self.loadings.ravel(),
                self.log_kappa,
                self.log_noise,
                [self.log_length],
            ]
        )

    @classmethod
    def from_vector(cls, vector: np.ndarray, tasks: int) -> ProcessParameters:
        """Return the parameters of what `to_vector` returned.

        Args:
            vector: The parameters.
            tasks: The number of tasks, T.
        """
        first = len(vector) - 2 * tasks - 1
        return cls(
            vector[:first].reshape(tasks, -1),
            vector[first : first + tasks],
            vector[first + tasks : -1],
            float(vector[-1]),
        )


def negative_log_likelihood(
    vector: np.ndarray,
    rows: np.ndarray,
    tasks_of: np.ndarray,
    labels: np.ndarray,
    tasks: int,
) -> tuple[float, np.ndarray]:
    """Return the negative logarithm of the marginal likelihood, and its gradient.

    Args:
        vector: See `ProcessParameters.to_vector`.
        rows: The row of each label, (n, d): one of each pair of row and task
            whose label is known.
        tasks_of: The index of each label's task, (n,).
        labels: Shape (n,).
        tasks: The number of tasks.

    Returns:
        The value, infinite where the covariance has no Cholesky factor, and its
        gradient on `vector`.
    """
    parameters = ProcessParameters.from_vector(vector, tasks)
    squares = cdist(rows, rows, "sqeuclidean") / parameters.length_scale**2
    alike = np.exp(-0.5 * squares)
    covariance = alike * parameters.task_covariance[np.ix_(tasks_of, tasks_of)]
    signal = covariance.copy()
    covariance[np.diag_indices_from(covariance)] += parameters.noise[tasks_of]
    try:
        factor = cho_factor(covariance, lower=True)
    except np.linalg.LinAlgError:
        return np.inf, np.zeros_like(vector)
    answers = cho_solve(factor, labels)
    value = 0.5 * labels @ answers + np.log(np.diag(factor[0])).sum()
    value += 0.5 * len(labels) * np.log(2.0 * np.pi)
    # Half the derivative of the value on each entry of the covariance.
    slopes = cho_solve(factor, np.eye(len(labels)))
    slopes -= np.outer(answers, answers)
    slopes *= 0.5
    members = np.eye(tasks)[tasks_of]
    on_tasks = members.T @ (slopes * alike) @ members
    gradient = ProcessParameters(
        2.0 * on_tasks @ parameters.loadings,
        np.diag(on_tasks) * np.exp(parameters.log_kappa),
        members.T @ np.diag(slopes) * parameters.noise,
        float((slopes * signal * squares).sum()),
    )
    return float(value), gradient.to_vector()
