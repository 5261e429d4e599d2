"""Second derivatives of the loss of linear models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["Curvature", "CurvatureBlock", "curvature_block"]

# The number of rows whose products are computed at once, to save memory.
CHUNK = 16384
# Up to this number of weights, one product is faster than one product per block.
SMALL = 400


@dataclass(frozen=True)
class CurvatureBlock:
    """Second derivatives of the loss for outputs that interact.

    The derivatives are those at the best intercepts, so they depend on the differences
    of rows from their mean. The weights of m outputs are one column of m d numbers, one
    output after the other.

    Attributes:
        matrix: The second derivatives, (m d, m d).
        outputs: The outputs whose weights the matrix is for: the m outputs of each
            copy, (copies, m). Squared errors of several tasks with all labels are
            copies with one matrix.
        pull: The negative derivatives of the best intercepts by the weights, (m, m d).
        inverse: The pseudo-inverse of the intercepts' own second derivatives, (m, m).
    """

    matrix: np.ndarray
    outputs: np.ndarray
    pull: np.ndarray
    inverse: np.ndarray

    def take(self, weights: np.ndarray) -> np.ndarray:
        """Return the block's weights from weights (d, K), as (m d, copies)."""
        picked = weights[:, self.outputs]
        return picked.transpose(2, 0, 1).reshape(-1, len(self.outputs))

    def put(self, columns: np.ndarray, weights: np.ndarray) -> None:
        """Write columns, (m d, copies), to their positions in weights (d, K)."""
        copies, size = self.outputs.shape
        weights[:, self.outputs] = columns.reshape(size, -1, copies).transpose(1, 2, 0)


@dataclass(frozen=True)
class Curvature:
    """Second derivatives of a loss on the weights, at the best intercepts.

    Attributes:
        blocks: The blocks of outputs that interact; each output is in one block.
    """

    blocks: tuple[CurvatureBlock, ...]

    @cached_property
    def _whole(self) -> np.ndarray | None:
        """The matrix of all outputs, one after the other; None if it is large."""
        outputs = sum(block.outputs.size for block in self.blocks)
        width = len(self.blocks[0].matrix) // self.blocks[0].outputs.shape[1]
        if outputs * width > SMALL:
            return None
        whole = np.zeros((outputs, width, outputs, width))
        for block in self.blocks:
            size = block.outputs.shape[1]
            parts = block.matrix.reshape(size, width, size, width)
            for copy in block.outputs:
                whole[np.ix_(copy, range(width), copy, range(width))] = parts
        return whole.reshape(outputs * width, outputs * width)

    @cached_property
    def _stack(self) -> np.ndarray | None:
        """The matrices of separate outputs, in order; None if outputs interact."""
        order = [block.outputs.ravel().tolist() for block in self.blocks]
        if order == [[output] for output in range(len(order))]:
            return np.stack([block.matrix for block in self.blocks])
        return None

    def apply(self, weights: np.ndarray) -> np.ndarray:
        """Multiply weights, (d, K), by the second derivatives."""
        first = self.blocks[0]
        if len(first.outputs) == weights.shape[1]:
            return first.matrix @ weights
        if self._whole is not None:
            return (self._whole @ weights.T.ravel()).reshape(weights.T.shape).T
        if self._stack is not None:
            return np.matmul(self._stack, weights.T[:, :, None])[:, :, 0].T
        product = np.empty_like(weights)
        for block in self.blocks:
            block.put(block.matrix @ block.take(weights), product)
        return product

    def reduce(self, gradient: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        """Return the gradient on the weights if the intercepts are always the best.

        Args:
            gradient: The gradient on the weights, (d, K).
            intercepts: The gradient on the intercepts, (K,).
        """
        reduced = np.empty_like(gradient)
        for block in self.blocks:
            follow = block.pull.T @ intercepts[block.outputs].T
            block.put(block.take(gradient) - follow, reduced)
        return reduced

    def intercept_step(self, gradient: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the change of the intercepts to the best ones.

        Args:
            gradient: The gradient on the intercepts, (K,).
            weights: The change of the weights, (d, K).
        """
        change = np.empty_like(gradient)
        for block in self.blocks:
            own = block.inverse @ gradient[block.outputs].T
            change[block.outputs] = -(own + block.pull @ block.take(weights)).T
        return change

    def of_rows(self, rows: np.ndarray) -> Curvature:
        """Return the curvature for some features only."""
        blocks = []
        for block in self.blocks:
            size = block.outputs.shape[1]
            width = len(block.matrix) // size
            kept = (np.arange(size)[:, None] * width + rows).ravel()
            matrix = np.ascontiguousarray(block.matrix[np.ix_(kept, kept)])
            blocks.append(
                CurvatureBlock(
                    matrix, block.outputs, block.pull[:, kept], block.inverse
                )
            )
        return Curvature(tuple(blocks))

    def largest(self) -> float:
        """Return the largest eigenvalue."""
        return max(
            float(np.linalg.eigvalsh(block.matrix)[-1]) if len(block.matrix) else 0.0
            for block in self.blocks
        )


def curvature_block(
    features: np.ndarray, factors: np.ndarray, outputs: Sequence[Sequence[int]]
) -> CurvatureBlock:
    """Build the block of m outputs that interact.

    Args:
        features: The features, (N, d).
        factors: The second derivatives of each row's loss by its m scores, (N, m, m),
            symmetric.
        outputs: The outputs of each copy.
    """
    size, width = factors.shape[1], features.shape[1]
    matrix = np.zeros((size, width, size, width))
    cross = np.zeros((size, width, size))
    for start in range(0, len(features), CHUNK):
        rows, part = features[start : start + CHUNK], factors[start : start + CHUNK]
        for one in range(size):
            for other in range(one + 1):
                weighted = rows * part[:, one, other, None]
                product = weighted.T @ rows
                matrix[one, :, other] += product
                cross[one, :, other] += weighted.sum(axis=0)
                if one != other:
                    matrix[other, :, one] += product
                    cross[other, :, one] += weighted.sum(axis=0)
    flat = cross.reshape(size * width, size)
    inverse = np.linalg.pinv(factors.sum(axis=0), rcond=1e-12, hermitian=True)
    pull = inverse @ flat.T
    whole = matrix.reshape(size * width, size * width) - flat @ pull
    return CurvatureBlock(0.5 * (whole + whole.T), np.array(outputs), pull, inverse)
