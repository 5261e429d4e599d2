"""The known labels of several tasks, their latent values, and their likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit, log_softmax, softmax

from keras_mtl.linear import LinearTask

__all__ = ["LatentLabels", "LikelihoodSlopes", "latent_labels"]


@dataclass(frozen=True)
class LikelihoodSlopes:
    """Derivatives of the log likelihood by the latent values.

    Attributes:
        gradient: The first derivatives, (n,).
        curvature: W, the negative second derivatives, (n, n), with one positive
            semidefinite block per label.
        root: R with `R R^T = W`, likewise.
    """

    gradient: np.ndarray
    curvature: csr_matrix
    root: csr_matrix


@dataclass(frozen=True)
class LatentLabels:
    """The known labels of several tasks, with their latent values.

    A label of a regression has one latent value, its mean. A label of a binary task has
    one latent value, its logit. A label of several classes has one latent value per
    class, whose softmax is the probability. Missing labels have no latent values.

    Attributes:
        rows: The row of each latent value, (n,).
        outputs: The output of each latent value, (n,).
        labels: The label of each latent value, (n,); for a class, a number from 0 to 1.
        weights: The weight of each label, (n,).
        parts: For each task, its loss, its latent values, and their number per label.
    """

    rows: np.ndarray
    outputs: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    parts: tuple[tuple[str, slice, int], ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_gaussian(self) -> bool:
        """Whether all tasks are regressions."""
        return all(loss == "squared" for loss, _, _ in self.parts)

    def log_likelihood(self, values: np.ndarray, noise: np.ndarray) -> float:
        """Return the log likelihood.

        Args:
            values: The latent values, (n,).
            noise: The noise variance of each output, (K,).
        """
        total = 0.0
        for loss, here, classes in self.parts:
            found, labels = values[here], self.labels[here]
            weights = self.weights[here]
            if loss == "squared":
                variances = noise[self.outputs[here]] / weights
                errors = (labels - found) ** 2 / variances
                total -= 0.5 * float((errors + np.log(2 * np.pi * variances)).sum())
            elif loss == "logistic":
                logs = labels * found - np.logaddexp(0.0, found)
                total += float((weights * logs).sum())
            else:
                logs = log_softmax(found.reshape(-1, classes), axis=1).ravel()
                total += float((weights * labels * logs).sum())
        return total

    def slopes(self, values: np.ndarray, noise: np.ndarray) -> LikelihoodSlopes:
        """Return the derivatives of the log likelihood.

        Args:
            values: The latent values, (n,).
            noise: The noise variance of each output, (K,).
        """
        gradient = np.empty(len(self))
        curves, roots = _Blocks(len(self)), _Blocks(len(self))
        for loss, here, classes in self.parts:
            found, labels = values[here], self.labels[here]
            weights = self.weights[here]
            if loss == "squared":
                precision = weights / noise[self.outputs[here]]
                gradient[here] = precision * (labels - found)
                curves.add(here, precision[:, None, None])
                roots.add(here, np.sqrt(precision)[:, None, None])
            elif loss == "logistic":
                yes = expit(found)
                slope = weights * yes * (1.0 - yes)
                gradient[here] = weights * (labels - yes)
                curves.add(here, slope[:, None, None])
                roots.add(here, np.sqrt(slope)[:, None, None])
            else:
                likely = softmax(found.reshape(-1, classes), axis=1)
                gradient[here] = weights * (labels - likely.ravel())
                counted = weights.reshape(-1, classes)[:, :1, None]
                own = np.eye(classes)
                both = likely[:, :, None] * likely[:, None, :]
                curves.add(here, counted * (likely[:, :, None] * own - both))
                # diag(p) - p p^T is R R^T for R = diag(r) (I - r r^T), r = sqrt(p).
                root = np.sqrt(likely)
                rest = own - root[:, :, None] * root[:, None, :]
                roots.add(here, np.sqrt(counted) * root[:, :, None] * rest)
        return LikelihoodSlopes(gradient, curves.to_matrix(), roots.to_matrix())

    def curvature_slopes(self, values: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Return the derivatives of `tr(S W)` by the latent values, (n,).

        Args:
            values: The latent values, (n,).
            spread: S, symmetric, (n, n). Only its blocks of one label are used.
        """
        slopes = np.zeros(len(self))
        for loss, here, classes in self.parts:
            found, weights = values[here], self.weights[here]
            if loss == "logistic":
                yes = expit(found)
                own = np.diagonal(spread)[here]
                slopes[here] = weights * own * yes * (1.0 - yes) * (1.0 - 2.0 * yes)
            elif loss == "softmax":
                likely = softmax(found.reshape(-1, classes), axis=1)
                first = np.arange(here.start, here.stop, classes)
                places = first[:, None] + np.arange(classes)
                blocks = spread[places[:, :, None], places[:, None, :]]
                inner = np.einsum("nab,nb->na", blocks, likely)
                change = np.einsum("naa->na", blocks) - 2.0 * inner
                change -= (likely * change).sum(axis=1, keepdims=True)
                slopes[here] = weights * (likely * change).ravel()
        return slopes


def latent_labels(tasks: Sequence[LinearTask], most: int, seed: int) -> LatentLabels:
    """Return the known labels of tasks, or a sample of them.

    If there are too many labels, each task keeps at most a common number of labels, so
    a task with few labels keeps all of them. Tasks keep the same rows if these have
    labels of both.

    Args:
        tasks: The tasks. The weights of a task's rows are divided by the mean weight of
            its labels.
        most: The largest number of latent values.
        seed: The seed of the sample.
    """
    known = [np.flatnonzero(task.weights > 0) for task in tasks]
    sizes = np.array([task.outputs for task in tasks])
    counts = np.array([len(each) for each in known])
    if (counts * sizes).sum() > most:
        order = np.random.default_rng(seed).permutation(len(tasks[0].weights))
        place = np.argsort(order)
        limit = _common_limit(counts, sizes, most)
        known = [np.sort(rows[np.argsort(place[rows])[:limit]]) for rows in known]
    rows, outputs, labels, weights, parts = [], [], [], [], []
    first = column = 0
    for task, here in zip(tasks, known, strict=True):
        classes = task.outputs
        counted = task.weights[here]
        counted = counted / counted.mean() if len(here) else counted
        rows.append(np.repeat(here, classes))
        outputs.append(np.tile(np.arange(column, column + classes), len(here)))
        labels.append(task.labels[here].ravel())
        weights.append(np.repeat(counted, classes))
        stop = first + len(here) * classes
        parts.append((task.loss, slice(first, stop), classes))
        first, column = stop, column + classes
    return LatentLabels(
        np.concatenate(rows),
        np.concatenate(outputs),
        np.concatenate(labels).astype("float64"),
        np.concatenate(weights).astype("float64"),
        tuple(parts),
    )


def _common_limit(counts: np.ndarray, sizes: np.ndarray, most: int) -> int:
    """Return the largest number of labels per task within the limit."""
    low, high = 1, int(counts.max())
    while low < high:
        middle = (low + high + 1) // 2
        if (np.minimum(counts, middle) * sizes).sum() <= most:
            low = middle
        else:
            high = middle - 1
    return low


class _Blocks:
    """A sparse matrix with square blocks on its diagonal."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, here: slice, blocks: np.ndarray) -> None:
        """Add consecutive blocks of one size, (N, c, c), at the positions `here`."""
        width = blocks.shape[1]
        first = here.start + width * np.arange(len(blocks))
        places = first[:, None] + np.arange(width)
        down = np.broadcast_to(places[:, :, None], blocks.shape)
        along = np.broadcast_to(places[:, None, :], blocks.shape)
        self._entries.append((blocks.ravel(), down.ravel(), along.ravel()))

    def to_matrix(self) -> csr_matrix:
        """Return the matrix."""
        values, down, along = (
            np.concatenate(each) for each in zip(*self._entries, strict=True)
        )
        return csr_matrix((values, (down, along)), shape=(self.size, self.size))
