"""Penalties on the weights of linear multi-task models.

The weights W, (d, K), have one row per feature and one column per output. A binary or
regression task has one output, a multi-class task has one output per class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from keras_mtl.linear.proximal import (
    capped_shares,
    clip_rows,
    shrink_rows,
    shrink_singular_values,
    soft_threshold,
)

__all__ = [
    "Clustered",
    "Dirty",
    "GroupSparse",
    "Lasso",
    "LowRank",
    "MeanRegularised",
    "Penalty",
    "Quadratic",
    "Ridge",
]


@dataclass(frozen=True)
class Penalty(ABC):
    """A convex penalty with an exact proximal operator.

    The variable has shape (parts, d, K), for d features and K outputs, and the weights
    are the sum over the parts. There is one part, except for penalties that split the
    weights.

    Args:
        strength: The factor of the penalty.
    """

    # Whether each feature's row has a separate penalty, so that rows of zeros can be
    # left out of computations.
    by_rows: ClassVar[bool] = False
    parts: ClassVar[int] = 1

    strength: float = 1.0

    def with_strength(self, strength: float) -> Self:
        """Return the same penalty with another strength."""
        return replace(self, strength=float(strength))

    @abstractmethod
    def value(self, variable: np.ndarray) -> float:
        """Return the penalty."""

    @abstractmethod
    def prox(self, variable: np.ndarray, step: float) -> np.ndarray:
        """Apply the proximal operator."""

    @abstractmethod
    def zero_from(self, gradient: np.ndarray) -> float | None:
        """Return the smallest strength at which all weights are zero.

        Args:
            gradient: The gradient of the loss at weights of zero, (d, K).

        Returns:
            The strength; None if no strength makes all weights zero.
        """


@dataclass(frozen=True)
class Lasso(Penalty):
    """The sum of the absolute weights: each output selects its own features."""

    by_rows: ClassVar[bool] = True

    def value(self, variable: np.ndarray) -> float:
        return self.strength * float(np.abs(variable).sum())

    def prox(self, variable: np.ndarray, step: float) -> np.ndarray:
        return soft_threshold(variable, step * self.strength)

    def zero_from(self, gradient: np.ndarray) -> float:
        return float(np.abs(gradient).max(initial=0.0))


@dataclass(frozen=True)
class GroupSparse(Penalty):
    """The sum of the norms of the rows: a feature is used by all outputs or none.

    See Argyriou, Evgeniou and Pontil 2008; Obozinski, Taskar and Jordan 2010.
    """

    by_rows: ClassVar[bool] = True

    def value(self, variable: np.ndarray) -> float:
        return self.strength * float(np.sqrt((variable**2).sum(axis=-1)).sum())

    def prox(self, variable: np.ndarray, step: float) -> np.ndarray:
        return shrink_rows(variable[0], step * self.strength)[None]

    def zero_from(self, gradient: np.ndarray) -> float:
        return float(np.sqrt((gradient**2).sum(axis=1)).max(initial=0.0))


@dataclass(frozen=True)
class Dirty(Penalty):
    """Weights P + Q: a row of P is used by all outputs, an entry of Q by one output.

    The penalty is `strength (shared sum_j max_k |P_jk| + sum |Q_jk|)` (Jalali,
    Ravikumar, Sanghavi and Ruan 2010).

    Args:
        strength: The factor of the penalty.
        shared: The factor of the penalty on rows of P, relative to that on entries of
            Q. With 1 or less Q is zero; with K or more P is zero.
    """

    by_rows: ClassVar[bool] = True
    parts: ClassVar[int] = 2

    shared: float = 2.0

    def value(self, variable: np.ndarray) -> float:
        rows = np.abs(variable[0]).max(axis=1).sum()
        entries = np.abs(variable[1]).sum()
        return self.strength * float(self.shared * rows + entries)

    def prox(self, variable: np.ndarray, step: float) -> np.ndarray:
        threshold = step * self.strength
        return np.stack(
            [
                clip_rows(variable[0], threshold * self.shared),
                soft_threshold(variable[1], threshold),
            ]
        )

    def zero_from(self, gradient: np.ndarray) -> float:
        sizes = np.abs(gradient)
        rows = sizes.sum(axis=1).max(initial=0.0)
        return float(max(sizes.max(initial=0.0), rows / self.shared))


@dataclass(frozen=True)
class LowRank(Penalty):
    """The sum of the singular values: the outputs share a few directions.

    See Ji and Ye 2009.
    """

    def value(self, variable: np.ndarray) -> float:
        sizes = np.linalg.svd(variable[0], compute_uv=False)
        return self.strength * float(sizes.sum())

    def prox(self, variable: np.ndarray, step: float) -> np.ndarray:
        return shrink_singular_values(variable[0], step * self.strength)[None]

    def zero_from(self, gradient: np.ndarray) -> float:
        return float(np.linalg.norm(gradient, 2))


@dataclass(frozen=True)
class Quadratic(Penalty):
    """A penalty `(apart ||W - mean||^2 + together ||mean||^2) / 2`.

    The mean is that of the outputs, subtracted from each column. A quadratic loss with
    this penalty is minimized in closed form.
    """

    @property
    @abstractmethod
    def curvatures(self) -> tuple[float, float]:
        """The factors `apart` and `together`."""

    def value(self, variable: np.ndarray) -> float:
        apart, together = self.curvatures
        mean = variable[0].mean(axis=1, keepdims=True)
        outputs = variable.shape[-1]
        within = ((variable[0] - mean) ** 2).sum()
        return 0.5 * float(apart * within + together * outputs * (mean**2).sum())

    def prox(self, variable: np.ndarray, step: float) -> np.ndarray:
        apart, together = self.curvatures
        mean = variable.mean(axis=-1, keepdims=True)
        return (variable - mean) / (1 + step * apart) + mean / (1 + step * together)

    def zero_from(self, gradient: np.ndarray) -> None:
        del gradient


@dataclass(frozen=True)
class Ridge(Quadratic):
    """Half the squared weights: each output is independent."""

    @property
    def curvatures(self) -> tuple[float, float]:
        return self.strength, self.strength


@dataclass(frozen=True)
class MeanRegularised(Quadratic):
    """Half the squared distances of the outputs' weights from their mean.

    The penalty is `(strength sum_k ||w_k - mean||^2 + ridge ||W||^2) / 2`. It is
    equivalent to the kernel `(1 / mu + [k = l]) <x, x'>` with `mu = K ridge / strength`
    (Evgeniou and Pontil 2004).

    Args:
        strength: The factor of the distance from the mean. 0 is a ridge regression per
            output; a large value approaches one pooled model.
        ridge: The factor of the squared weights.
    """

    ridge: float = 0.01

    @property
    def curvatures(self) -> tuple[float, float]:
        return self.strength + self.ridge, self.ridge


@dataclass(frozen=True)
class Clustered(Penalty):
    """Penalty on the distance of weights from the means of learned clusters.

    For outputs in known clusters, the penalty would be `strength / 2` times the squared
    distances of the weights from the means of their clusters, plus `strength ridge / 2`
    times all squared weights. Its convex relaxation over all clusterings of the outputs
    is the minimum of `strength / 2 ridge (1 + ridge) tr(W (ridge I + M)^-1 W')` over
    symmetric M with eigenvalues between 0 and 1 and trace `clusters` (Jacob, Bach and
    Vert 2008; Zhou, Chen and Ye 2011).

    Args:
        strength: The factor of the penalty.
        clusters: The number of clusters.
        ridge: The factor of the squared weights, relative to the strength.
    """

    clusters: int = 2
    ridge: float = 0.1

    def value(self, variable: np.ndarray) -> float:
        sizes = np.linalg.svd(variable[0], compute_uv=False)
        shares = capped_shares(sizes, self.ridge, self.clusters)
        factor = self.strength * self.ridge * (1 + self.ridge)
        return 0.5 * factor * float((sizes**2 / (self.ridge + shares)).sum())

    def prox(self, variable: np.ndarray, step: float) -> np.ndarray:
        # M has the right singular vectors of W, and the result has the singular vectors
        # of the argument, so only K numbers remain to be computed.
        left, sizes, right = np.linalg.svd(variable[0], full_matrices=False)
        offset = step * self.strength * self.ridge * (1 + self.ridge)
        shares = capped_shares(sizes, self.ridge + offset, self.clusters)
        kept = sizes * (self.ridge + shares) / (self.ridge + shares + offset)
        return ((left * kept) @ right)[None]

    def zero_from(self, gradient: np.ndarray) -> None:
        del gradient
