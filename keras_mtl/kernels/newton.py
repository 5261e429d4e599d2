"""Newton's method for the loss of several tasks on a kernel's features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import expit, softmax

from keras_mtl.linear import LinearProblem, LinearTask

__all__ = ["KernelWeights", "solve_kernel_weights"]

MOST_STEPS = 60
MOST_PRODUCTS = 2000


@dataclass(frozen=True)
class KernelWeights:
    """The weights of a kernel's features at the minimum.

    Attributes:
        weights: The weights of features and of the rows of the root of B, (r, q).
        intercepts: The intercepts, (K,).
        residual: The length of the gradient, in units of the curvature: the approximate
            error of the scores.
    """

    weights: np.ndarray
    intercepts: np.ndarray
    residual: float


def solve_kernel_weights(
    features: np.ndarray,
    tasks: Sequence[LinearTask],
    root: np.ndarray,
    strength: float,
    start: KernelWeights | None = None,
    tolerance: float = 1e-9,
    intercept: bool = True,
) -> KernelWeights:
    """Minimize the tasks' losses plus `strength / 2` times the squared weights.

    The scores are `features @ weights @ root + intercepts`, a function in the space of
    the kernel `<features, features'> (root^T root)[s, t]`, and the squared weights are
    its squared norm. Conjugate gradients solve for each step of Newton's method. They
    converge fast, since the features are uncorrelated and the curvature is nearly
    diagonal.

    Args:
        features: The features, (N, r), nearly uncorrelated.
        tasks: The tasks, whose outputs are the K columns of `root`.
        root: The root of B, (q, K).
        strength: The factor of half the squared weights, above 0.
        start: The initial weights.
        tolerance: The tolerance of the residual.
        intercept: Whether to fit intercepts; otherwise they are zero.
    """
    problem = LinearProblem(features, tasks)
    if start is None:
        intercepts = problem.base_intercepts() * float(intercept)
        start = KernelWeights(
            np.zeros((features.shape[1], len(root))), intercepts, np.inf
        )
    weights, intercepts = start.weights, start.intercepts
    squares = features**2
    edges = np.cumsum([0, *[task.outputs for task in tasks]])
    columns = [slice(int(first), int(last)) for first, last in pairwise(edges)]
    value = np.inf
    residual = np.inf
    for _ in range(MOST_STEPS):
        scores = features @ (weights @ root) + intercepts
        value = problem.task_values(scores).sum() + 0.5 * strength * (weights**2).sum()
        on_features, on_intercepts = problem.gradient(scores)
        gradient = np.concatenate(
            [
                (on_features @ root.T + strength * weights).ravel(),
                on_intercepts * float(intercept),
            ]
        )
        curve, slopes = _curvature(tasks, columns, scores)
        diagonal = np.concatenate(
            [
                (squares.T @ (slopes @ (root**2).T) + strength).ravel(),
                np.maximum(slopes.sum(axis=0), 1e-12),
            ]
        )
        residual = float(np.sqrt((gradient**2 / diagonal).sum()))
        if residual <= tolerance:
            break
        size, shape = weights.size, weights.shape

        def product(
            step: np.ndarray, curve=curve, size=size, shape=shape
        ) -> np.ndarray:
            own = step[:size].reshape(shape)
            errors = curve(features @ (own @ root) + step[size:])
            back = features.T @ errors @ root.T + strength * own
            total = errors.sum(axis=0) * float(intercept)
            return np.concatenate([back.ravel(), total])

        # Steps are more exact close to the minimum.
        exactness = min(1e-2, residual) * residual
        step = _conjugate_gradients(product, -gradient, diagonal, exactness)
        for task, here in zip(tasks, columns, strict=True):
            # The loss does not depend on the mean of the classes' intercepts, so the
            # mean does not change.
            if task.loss == "softmax":
                step[weights.size :][here] -= step[weights.size :][here].mean()
        slope = float(gradient @ step)
        length = 1.0
        while length > 1e-8:
            moved = weights + length * step[: weights.size].reshape(weights.shape)
            moved_intercepts = intercepts + length * step[weights.size :]
            scores = features @ (moved @ root) + moved_intercepts
            new = problem.task_values(scores).sum()
            new += 0.5 * strength * (moved**2).sum()
            # Close to the minimum, the difference of values is a rounding error.
            if new <= value + 1e-4 * length * slope + 1e-14 * abs(value):
                break
            length *= 0.5
        else:
            break
        weights, intercepts = moved, moved_intercepts
    return KernelWeights(weights, intercepts, residual)


def _curvature(
    tasks: Sequence[LinearTask], columns: Sequence[slice], scores: np.ndarray
) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """Return a product with the curvature by scores, and its diagonal, (N, K)."""
    slopes = np.empty_like(scores)
    answers: list[np.ndarray | None] = []
    for task, here in zip(tasks, columns, strict=True):
        weights = task.weights[:, None]
        if task.loss == "squared":
            slopes[:, here] = weights
            answers.append(None)
            continue
        likely = expit if task.loss == "logistic" else _softmax
        found = likely(scores[:, here])
        slopes[:, here] = weights * found * (1.0 - found)
        answers.append(found if task.loss == "softmax" else None)

    def curve(change: np.ndarray) -> np.ndarray:
        errors = slopes * change
        for task, here, found in zip(tasks, columns, answers, strict=True):
            if found is not None:
                moved = change[:, here]
                mean = (found * moved).sum(axis=1, keepdims=True)
                errors[:, here] = task.weights[:, None] * found * (moved - mean)
        return errors

    return curve, slopes


def _softmax(scores: np.ndarray) -> np.ndarray:
    return np.asarray(softmax(scores, axis=1))


def _conjugate_gradients(
    product: Callable[[np.ndarray], np.ndarray],
    target: np.ndarray,
    diagonal: np.ndarray,
    tolerance: float,
) -> np.ndarray:
    """Solve a positive definite system by conjugate gradients."""
    solution = np.zeros_like(target)
    rest = target.copy()
    scaled = rest / diagonal
    direction = scaled
    size = float(rest @ scaled)
    for _ in range(MOST_PRODUCTS):
        image = product(direction)
        bend = float(direction @ image)
        if bend <= 0:
            break
        step = size / bend
        solution += step * direction
        rest -= step * image
        scaled = rest / diagonal
        new = float(rest @ scaled)
        if new <= tolerance**2:
            break
        direction = scaled + (new / size) * direction
        size = new
    return solution
