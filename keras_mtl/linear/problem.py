"""The loss of several tasks as a function of linear weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.special import expit, log_softmax, logit, softmax

from keras_mtl.linear.curvature import Curvature, curvature_block

__all__ = ["LinearProblem", "LinearTask", "LossKind"]

LossKind = Literal["squared", "logistic", "softmax"]

# Up to this size, the classes of a multi-class task share one matrix.
LARGEST_BLOCK = 2000
# The approximate number of rows for second derivatives, which is enough for fast
# updates.
SAMPLED_ROWS = 8192


@dataclass(frozen=True)
class LinearTask:
    """The labels of a task, its loss and the weights of its rows.

    Args:
        loss: `"squared"`, half the squared error; `"logistic"`, for labels between 0
            and 1; or `"softmax"`, with one column of labels per class.
        labels: The labels, of shape (N, outputs). Labels of rows with weight 0 are
            ignored.
        weights: The weight of each row in the loss, (N,); 0 where the label is missing.
            If the weights sum to 1, the loss is a mean.
    """

    loss: LossKind
    labels: np.ndarray
    weights: np.ndarray

    @property
    def outputs(self) -> int:
        """The number of columns of weights."""
        return self.labels.shape[1]


class LinearProblem:
    """The loss of a linear multi-task model: the sum of the tasks' losses.

    Args:
        features: The features X, of shape (N, d). The scores are `X W + b`.
        tasks: The tasks, whose outputs are the columns of W in their order.

    Example:

    >>> features = np.array([[1.0], [-1.0]])
    >>> labels, weights = np.array([[2.0], [0.0]]), np.array([0.5, 0.5])
    >>> problem = LinearProblem(features, [LinearTask("squared", labels, weights)])
    >>> problem.value(np.array([[1.0]]), np.array([1.0]))
    0.0
    """

    def __init__(self, features: np.ndarray, tasks: Sequence[LinearTask]) -> None:
        self.features = np.ascontiguousarray(features, "float64")
        self.tasks = tuple(tasks)
        edges = np.cumsum([0, *[task.outputs for task in self.tasks]])
        self.columns = [slice(int(first), int(last)) for first, last in pairwise(edges)]
        self.outputs = int(edges[-1])
        # A missing label may be NaN, and NaN times 0 is not 0.
        self._labels = [
            np.where(task.weights[:, None] > 0, task.labels, 0.0) for task in self.tasks
        ]

    @property
    def width(self) -> int:
        """The number of features."""
        return self.features.shape[1]

    @property
    def is_quadratic(self) -> bool:
        """Whether the loss is quadratic, with the same curvature everywhere."""
        return all(task.loss == "squared" for task in self.tasks)

    def base_intercepts(self) -> np.ndarray:
        """Return the best intercepts if all weights are zero, (K,)."""
        intercepts = np.zeros(self.outputs)
        for task, labels, columns in self._each():
            total = task.weights.sum()
            if total <= 0:
                continue
            means = task.weights @ labels / total
            if task.loss != "squared":
                # For labels of only one class, the best intercept would be infinite.
                means = np.clip(means, 1e-8, 1.0 - 1e-8)
            if task.loss == "logistic":
                means = logit(means)
            elif task.loss == "softmax":
                means = np.log(means) - np.log(means).mean()
            intercepts[columns] = means
        return intercepts

    def scores(self, weights: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        """Return `X W + b`, (N, K)."""
        return self.features @ weights + intercepts

    def task_values(self, scores: np.ndarray) -> np.ndarray:
        """Return each task's loss at scores, (T,)."""
        return np.array(
            [
                float(task.weights @ _row_losses(task.loss, labels, scores[:, columns]))
                for task, labels, columns in self._each()
            ]
        )

    def value(self, weights: np.ndarray, intercepts: np.ndarray) -> float:
        """Return the loss."""
        return float(self.task_values(self.scores(weights, intercepts)).sum())

    def gradient(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients by weights, (d, K), and by intercepts, (K,)."""
        errors = np.empty_like(scores)
        for task, labels, columns in self._each():
            errors[:, columns] = task.weights[:, None] * (
                _answers(task.loss, scores[:, columns]) - labels
            )
        return self.features.T @ errors, errors.sum(axis=0)

    def curvature(self, scores: np.ndarray) -> Curvature:
        """Return the curvature of the loss at the given scores.

        With many rows, the curvature is estimated from evenly spaced rows. The minimum
        does not depend on the estimate, since gradients always use all rows. For a
        quadratic loss, the curvature is exact.
        """
        step = 1 if self.is_quadratic else max(1, len(scores) // SAMPLED_ROWS)
        rows = slice(None, None, step)
        features = self.features[rows]
        # Outputs with the same weights of rows share one matrix, as without missing
        # labels.
        alone: dict[bytes, tuple[np.ndarray, list[list[int]]]] = {}
        blocks = []
        for task, _, columns in self._each():
            outputs = [*range(self.outputs)[columns]]
            answers = _answers(task.loss, scores[rows, columns])
            weights = task.weights[rows]
            if step > 1:
                weights = weights * (task.weights.sum() / max(weights.sum(), 1e-12))
            if task.loss == "softmax" and len(outputs) * self.width <= LARGEST_BLOCK:
                factors = -answers[:, :, None] * answers[:, None, :]
                diagonal = np.arange(len(outputs))
                factors[:, diagonal, diagonal] += answers
                factors *= weights[:, None, None]
                blocks.append(curvature_block(features, factors, [outputs]))
                continue
            slopes = weights[:, None] * _slopes(task.loss, answers)
            for output, column in zip(outputs, slopes.T, strict=True):
                alone.setdefault(column.tobytes(), (column, []))[1].append([output])
        blocks += [
            curvature_block(features, column[:, None, None], outputs)
            for column, outputs in alone.values()
        ]
        return Curvature(tuple(blocks))

    def _each(self):
        return zip(self.tasks, self._labels, self.columns, strict=True)


def _row_losses(loss: LossKind, labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    if loss == "squared":
        return 0.5 * ((scores - labels) ** 2).sum(axis=1)
    if loss == "logistic":
        # `logaddexp` takes five times as long. The rounding of 1 + exp is less than the
        # last bit of a sum of losses.
        above = np.maximum(scores, 0.0) + np.log(1.0 + np.exp(-np.abs(scores)))
        return (above - labels * scores).sum(axis=1)
    return -(labels * log_softmax(scores, axis=1)).sum(axis=1)


def _answers(loss: LossKind, scores: np.ndarray) -> np.ndarray:
    if loss == "squared":
        return scores
    return expit(scores) if loss == "logistic" else softmax(scores, axis=1)


def _slopes(loss: LossKind, answers: np.ndarray) -> np.ndarray:
    """Return the second derivatives of the rows' losses by their own scores."""
    if loss == "squared":
        return np.ones_like(answers)
    slopes = answers * (1.0 - answers)
    if loss == "softmax":
        # The scores of classes interact. This factor compensates for ignoring the
        # interaction, exactly for equal probabilities or two classes.
        slopes *= slopes.shape[1] / max(slopes.shape[1] - 1, 1)
    # A row that is already certain must not make the step infinite.
    return np.maximum(slopes, 1e-6)
